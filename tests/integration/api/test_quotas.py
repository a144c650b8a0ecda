"""What a user may store, and what still works when it is full (ADR 0105)."""

import dataclasses
import json
import uuid
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, cast

import pytest

from api.settings import Settings
from tests.bench.api.units import size
from tests.integration.api.client import Client, Reply

if TYPE_CHECKING:
    from fastapi import FastAPI
    from mypy_boto3_dynamodb import DynamoDBClient

pytestmark = pytest.mark.account

Items = Callable[[str], list[dict[str, Any]]]
TASKS, BATCH, USERS = "/api/v1/tasks", "/api/v1/tasks/batch", "/api/v1/users"
MAX_TASKS = 3


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return settings.model_copy(update={"max_tasks": MAX_TASKS, "max_gigabytes": 2})


@pytest.fixture
def full(alice: Client) -> tuple[Client, list[dict[str, Any]]]:
    """A user who has as many tasks as one may have."""
    return alice, [alice.created(str(number)) for number in range(MAX_TASKS)]


def batch(client: Client, *operations: dict[str, Any], key: str = "") -> Reply:
    return client.send("POST", BATCH, {"operations": operations}, idempotency_key=key or uuid.uuid4().hex)


def create(title: str) -> dict[str, Any]:
    return {"op": "create", "task": {"title": title}}


def assert_refused(reply: Reply) -> None:
    assert (reply.status, reply.problem_type) == (403, "quota-exceeded"), reply.text
    assert "retry-after" not in reply.headers


def test_a_user_with_as_many_tasks_as_allowed_can_add_none(full: tuple[Client, list[dict[str, Any]]]) -> None:
    alice, tasks = full
    assert_refused(alice.create())
    assert_refused(batch(alice, create("one")))
    assert_refused(batch(alice, create("one"), {"op": "update", "id": tasks[0]["id"], "task": {"title": "x"}}))
    assert len(alice.send("GET", TASKS).json()) == MAX_TASKS
    # one out, one in
    assert batch(alice, {"op": "delete", "id": tasks[0]["id"]}, create("instead")).status == 200
    assert_refused(alice.send("POST", f"{TASKS}/{tasks[0]['id']}/restore", idempotency_key="r"))
    assert alice.send("DELETE", f"{TASKS}/{tasks[1]['id']}").status == 204
    assert alice.send("POST", f"{TASKS}/{tasks[0]['id']}/restore", idempotency_key="r").status == 200
    assert_refused(alice.create())


def test_a_batch_larger_than_what_is_left_is_refused_whole(alice: Client) -> None:
    assert_refused(batch(alice, *(create(str(number)) for number in range(MAX_TASKS + 1))))
    assert alice.send("GET", TASKS).json() == []
    assert batch(alice, *(create(str(number)) for number in range(MAX_TASKS))).status == 200


def test_a_user_over_quota_reads_changes_and_deletes(full: tuple[Client, list[dict[str, Any]]]) -> None:
    alice, (task, *_) = full
    path = f"{TASKS}/{task['id']}"
    assert alice.send("PUT", path, {"title": "longer than before", "description": "x" * 1000}).status == 200
    assert alice.send("GET", path).status == 200
    assert alice.send("DELETE", path).status == 204
    assert alice.create().status == 201


def test_a_repeated_create_is_answered_again_over_quota(alice: Client) -> None:
    first = alice.create("first", key="first")
    many = batch(alice, create("second"), create("third"), key="many")
    assert_refused(alice.create("fourth"))
    for before, again in (
        (first, alice.create("first", key="first")),
        (many, batch(alice, create("second"), create("third"), key="many")),
    ):
        assert (again.status, again.text) == (before.status, before.text)
        assert again.headers["idempotency-replayed"] == "true"
    assert alice.create("another", key="first").problem_type == "idempotency-key-reused"


def test_the_quota_holds_for_a_process_that_has_just_started(
    full: tuple[Client, list[dict[str, Any]]], settings: Settings
) -> None:
    from api.application import build
    from api.entrypoint import adapt

    alice, (task, *_) = full
    other = dataclasses.replace(alice, handler=adapt(build(settings)))
    assert_refused(other.create())
    alice.send("DELETE", f"{TASKS}/{task['id']}")
    assert alice.create().status == 201


def test_what_another_process_deleted_is_counted_before_a_refusal(
    full: tuple[Client, list[dict[str, Any]]], settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    from api.application import build
    from api.entrypoint import adapt
    from api.services import quotas

    alice, (task, *_) = full
    other = dataclasses.replace(alice, handler=adapt(build(settings)))
    assert other.send("DELETE", f"{TASKS}/{task['id']}").status == 204
    assert_refused(alice.create())  # counted less than ten seconds ago
    monkeypatch.setattr(quotas, "_RECOUNT_SECONDS", 0)
    assert alice.create().status == 201


def test_a_create_counts_nothing_and_requests_the_size(alice: Client, calls: list[str], app: "FastAPI") -> None:
    alice.created()
    requested: list[Any] = []

    def note(params: dict[str, Any], **_: Any) -> None:
        requested.append(params["ReturnItemCollectionMetrics"])

    app.state.dynamodb.meta.events.register("before-parameter-build.dynamodb.TransactWriteItems", note)
    calls.clear()
    alice.created()
    assert (calls, requested) == (["TransactWriteItems"], ["SIZE"])


def test_a_user_whose_tasks_take_too_many_bytes_can_add_none(
    alice: Client, app: "FastAPI", monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    lower = 1.0

    def measure(parsed: dict[str, Any], **_: Any) -> None:
        key = {"PK": {"S": f"TASK#{alice.user_id}"}}
        estimate = {"ItemCollectionKey": key, "SizeEstimateRangeGB": [lower, lower + 1]}
        parsed["ItemCollectionMetrics"] = {"todo-app-data": [estimate]}

    app.state.dynamodb.meta.events.register("after-call.dynamodb.TransactWriteItems", measure)
    monkeypatch.setattr(app.state.services.users, "ensure_profile", lambda *_: None)
    lower = 0.0
    alice.created("nothing yet")
    assert "UserGigabytes" not in capsys.readouterr().out
    lower = 1.0
    task = alice.created("1 GB so far")
    lower = 2.0
    alice.created("2 GB so far")
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines() if "UserGigabytes" in line]
    assert [(line["service"], line["UserGigabytes"]) for line in lines] == [("todo-api", [1.0]), ("todo-api", [2.0])]
    assert_refused(alice.create())
    assert_refused(batch(alice, create("one")))
    lower = 1.0
    assert alice.send("DELETE", f"{TASKS}/{task['id']}", idempotency_key="d").status == 204
    assert alice.create().status == 201


@pytest.fixture
def full_collection(app: "FastAPI", dynamodb: "DynamoDBClient", table: str) -> None:
    """A collection at its 10 GB: a write is refused if the entries of its item grow, in the table and its indexes.

    https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/LSI.html#LSI.ItemCollections.SizeLimit
    """
    from api.contract import INDEXES

    def occupied(item: dict[str, Any]) -> int:
        return size(item) * (1 + sum(sort in item for sort in INDEXES.values()))

    def grows(put: dict[str, Any]) -> bool:
        item = put["Item"]
        if not item["PK"]["S"].startswith("TASK#"):
            return False
        before = dynamodb.get_item(TableName=table, Key={name: item[name] for name in ("PK", "SK")}).get("Item")
        return occupied(item) > (occupied(before) if before else 0)

    def answer(request: Any, code: str, **more: Any) -> Any:
        import botocore.awsrequest

        from tests.integration.api.test_failures import RawBody

        body = {"__type": f"com.amazonaws.dynamodb.v20120810#{code}", "message": "injected", **more}
        return botocore.awsrequest.AWSResponse(
            request.url, 400, cast("Any", botocore.awsrequest.HeadersDict()), RawBody(json.dumps(body).encode())
        )

    def one(request: Any, **_: Any) -> Any:
        full = grows(json.loads(request.body))
        return answer(request, "ItemCollectionSizeLimitExceededException") if full else None

    def several(request: Any, **_: Any) -> Any:
        actions = json.loads(request.body)["TransactItems"]
        full = ["Put" in action and grows(action["Put"]) for action in actions]
        reasons = [{"Code": "ItemCollectionSizeLimitExceeded" if item else "None"} for item in full]
        return answer(request, "TransactionCanceledException", CancellationReasons=reasons) if any(full) else None

    events = app.state.dynamodb.meta.events
    events.register("before-send.dynamodb.PutItem", one)
    events.register("before-send.dynamodb.TransactWriteItems", several)


@pytest.mark.parametrize("keyed", [False, True], ids=["without a key", "with a key"])
def test_a_full_collection_takes_deletes_and_what_makes_tasks_smaller(
    alice: Client, keyed: bool, request: pytest.FixtureRequest, items_of: Items
) -> None:
    kept = alice.created("kept", description="x" * 1000)
    gone = alice.created("never changed, no due date")
    path = f"{TASKS}/{kept['id']}"
    alice.send("PUT", path, {"category": "home"})
    request.getfixturevalue("full_collection")

    def key() -> dict[str, str]:
        return {"idempotency-key": uuid.uuid4().hex} if keyed else {}

    longer = alice.send("PUT", path, {"title": "longer" * 9}, also=key())
    for reply in (alice.create(), batch(alice, create("one")), longer):
        assert (reply.status, reply.problem_type) == (507, "storage-full")
    assert alice.send("PATCH", path, {"description": None}, also=key()).status == 200
    deleted = alice.send("DELETE", f"{TASKS}/{gone['id']}", also=key())
    assert deleted.status == 204
    # nothing of it is left, not even for a restore
    assert [item["SK"] for item in items_of(alice.user_id) if item["PK"].startswith("TASK#")] == [f"TASK#{kept['id']}"]
    assert alice.send("GET", f"{TASKS}/{gone['id']}").status == 404
    assert batch(alice, {"op": "delete", "id": kept["id"]}).status == 200
    assert alice.send("GET", TASKS).json() == []


def test_a_full_collection_can_be_erased(alice: Client, request: pytest.FixtureRequest, items_of: Items) -> None:
    alice.created()
    request.getfixturevalue("full_collection")
    assert alice.send("DELETE", USERS).status == 204
    assert [item["PK"] for item in items_of(alice.user_id) if item["PK"].startswith(("TASK#", "USER#"))] == []
