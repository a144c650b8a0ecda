"""A write that is sent again is carried out once."""

import concurrent.futures
import uuid
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest
from fastapi import FastAPI

from api.models.fields import moment
from api.repositories.items import attribute
from tests.conftest import Account
from tests.integration.api.client import Client, Reply, in_own_loop

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

pytestmark = pytest.mark.account

Items = Callable[[str], list[dict[str, Any]]]
Changes = Callable[[dict[str, Any]], list[tuple[str, int]]]
TASKS = "/api/v1/tasks"


def tasks(items: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [item for item in items if item["PK"].startswith("TASK#")]


def records(items: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [item for item in items if item["PK"].startswith("IDEMPOTENCY#")]


def assert_replays(first: Reply, again: Reply) -> None:
    assert "idempotency-replayed" not in first.headers
    assert again.headers["idempotency-replayed"] == "true"
    assert (again.status, again.text) == (first.status, first.text)
    assert again.headers.get("etag") == first.headers.get("etag")
    assert again.headers.get("location") == first.headers.get("location")


def test_a_create_sent_again_gives_the_first_answer_even_after_the_task_changed(alice: Client, items_of: Items) -> None:
    first = alice.create("once", key="k")
    alice.send("PUT", f"{TASKS}/{first.json()['id']}", {"title": "changed since"})
    again = alice.send("POST", TASKS, raw='{ "title":"once" }', idempotency_key="k")
    assert_replays(first, again)
    assert [item["title"] for item in tasks(items_of(alice.user_id))] == ["changed since"]


def test_updates_and_deletes_are_replayed_too(alice: Client, items_of: Items) -> None:
    path = f"{TASKS}/{alice.created()['id']}"
    # the precondition held the first time; that it would fail now is the first time's own doing
    updates = [alice.send("PUT", path, {"title": "new"}, idempotency_key="u", if_match='"1"') for _ in range(2)]
    assert_replays(*updates)
    deletes = [alice.send("DELETE", path, idempotency_key="d") for _ in range(2)]
    assert_replays(*deletes)
    assert deletes[0].status == 204
    # the update's answer outlives the task
    assert_replays(updates[0], alice.send("PUT", path, {"title": "new"}, idempotency_key="u"))
    assert [item["version"] for item in tasks(items_of(alice.user_id))] == [3]


def test_an_update_without_effect_keeps_its_answer(alice: Client) -> None:
    path = f"{TASKS}/{alice.created('same')['id']}"
    first = alice.send("PUT", path, {"title": "same"}, idempotency_key="u")
    alice.send("PUT", path, {"title": "other"})
    assert_replays(first, alice.send("PUT", path, {"title": "same"}, idempotency_key="u"))
    assert alice.send("GET", path).json()["title"] == "other"


def every_write(live: str, deleted: str) -> list[tuple[str, str, Any]]:
    """Method, path and body of every write that is recorded under its key; `live` and `deleted` are ids of tasks."""
    return [
        ("POST", TASKS, {"title": "x"}),
        ("PUT", f"{TASKS}/{live}", {"title": "put"}),
        ("PATCH", f"{TASKS}/{live}", {"title": "patched"}),
        ("POST", f"{TASKS}/{deleted}/restore", None),
        ("POST", f"{TASKS}/batch", {"operations": [{"op": "create", "task": {"title": "x"}}]}),
        (
            "POST",
            f"{TASKS}/batch",
            {"operations": [{"op": "create", "task": {"title": "x"}}, {"op": "delete", "id": live}]},
        ),
        ("DELETE", f"{TASKS}/{live}", None),
        ("POST", "/api/v1/users", {"name": "posted"}),
        ("PUT", "/api/v1/users", {"name": "put"}),
    ]


WRITES = range(len(every_write("", "")))


@pytest.fixture
def live_and_deleted(alice: Client) -> tuple[str, str]:
    """Alice's two tasks."""
    live, deleted = alice.created("live")["id"], alice.created("deleted")["id"]
    alice.send("DELETE", f"{TASKS}/{deleted}")
    return live, deleted


@pytest.mark.parametrize("index", WRITES)
def test_a_crash_on_either_side_of_the_commit_leaves_both_or_neither(
    alice: Client, items_of: Items, app: FastAPI, live_and_deleted: tuple[str, str], index: int
) -> None:
    method, path, body = every_write(*live_and_deleted)[index]
    events = app.state.dynamodb.meta.events
    before = items_of(alice.user_id)

    def crash(**_: Any) -> None:
        raise RuntimeError("crash")

    events.register("before-call.dynamodb.TransactWriteItems", crash)
    assert alice.send(method, path, body, idempotency_key="crash").problem_type == "internal-error"
    events.unregister("before-call.dynamodb.TransactWriteItems", crash)
    assert items_of(alice.user_id) == before

    events.register("after-call.dynamodb.TransactWriteItems", crash)
    assert alice.send(method, path, body, idempotency_key="crash").problem_type == "internal-error"
    events.unregister("after-call.dynamodb.TransactWriteItems", crash)
    after = items_of(alice.user_id)
    assert len(records(after)) == len(records(before)) + 1
    assert [item for item in after if item not in records(after)] != [
        item for item in before if item not in records(before)
    ]
    healed = alice.send(method, path, body, idempotency_key="crash")
    assert (healed.status < 300, healed.headers["idempotency-replayed"]) == (True, "true")
    assert items_of(alice.user_id) == after


@pytest.mark.parametrize("index", WRITES)
def test_every_write_is_replayed_and_its_key_is_refused_to_others_until_it_expires(
    alice: Client,
    items_of: Items,
    live_and_deleted: tuple[str, str],
    index: int,
    dynamodb: "DynamoDBClient",
    table: str,
) -> None:
    method, path, body = every_write(*live_and_deleted)[index]
    first = alice.send(method, path, body, idempotency_key="k")
    after = items_of(alice.user_id)
    assert_replays(first, alice.send(method, path, body, idempotency_key="k"))
    for other, (method_, path_, body_) in enumerate(every_write(*live_and_deleted)):
        # PUT and PATCH of a task are one operation, but their bodies differ here
        if other != index:
            assert alice.send(method_, path_, body_, idempotency_key="k").problem_type == "idempotency-key-reused"
    assert items_of(alice.user_id) == after
    (record,) = [item for item in records(after) if item["SK"] == "k"]
    dynamodb.update_item(
        TableName=table,
        Key={"PK": {"S": record["PK"]}, "SK": {"S": record["SK"]}},
        UpdateExpression="SET expiration_timestamp = :past",
        ExpressionAttributeValues={":past": attribute(record["expiration_timestamp"] - 25 * 3600)},
    )
    afresh = alice.send(method, path, body, idempotency_key="k")
    assert "idempotency-replayed" not in afresh.headers


def test_a_key_belongs_to_one_request(alice: Client, items_of: Items) -> None:
    task = alice.create("one", key="k").json()
    path = f"{TASKS}/{task['id']}"
    others = [
        alice.create("two", key="k"),
        alice.create("one", key="k", priority="high"),
        alice.send("PUT", path, {"title": "one"}, idempotency_key="k"),
        alice.send("DELETE", path, idempotency_key="k"),
    ]
    for reply in others:
        assert (reply.status, reply.problem_type, reply.fields) == (
            422,
            "idempotency-key-reused",
            {"Idempotency-Key"},
        )
    assert [item["version"] for item in tasks(items_of(alice.user_id))] == [1]


def test_users_do_not_meet_in_each_other_s_keys(alice: Client, bob: Client) -> None:
    first, second = alice.create("same", key="k"), bob.create("same", key="k")
    assert (first.status, second.status) == (201, 201)
    assert first.json()["id"] != second.json()["id"]


def test_the_record_expires_after_a_day_and_counts_as_absent_from_then_on(
    alice: Client, items_of: Items, dynamodb: "DynamoDBClient", table: str
) -> None:
    first = alice.create("x", key="k").json()
    path = f"{TASKS}/{first['id']}"
    alice.send("PUT", path, {"title": "y"}, idempotency_key="u")
    alice.send("PUT", path, {"title": "z"})
    for item in records(items_of(alice.user_id)):
        made = moment(first["created_at"]).timestamp()
        assert abs(item["expiration_timestamp"] - made - 24 * 3600) <= 2
        dynamodb.update_item(
            TableName=table,
            Key={"PK": {"S": item["PK"]}, "SK": {"S": item["SK"]}},
            UpdateExpression="SET expiration_timestamp = :past",
            ExpressionAttributeValues={":past": attribute(int(made) - 1)},
        )
    second = alice.create("x", key="k")
    assert second.status == 201
    assert second.json()["id"] != first["id"]
    assert "idempotency-replayed" not in second.headers
    assert alice.send("PUT", path, {"title": "y"}, idempotency_key="u").json()["version"] == 4


@pytest.fixture
def changes_of(account: Account, dynamodb: "DynamoDBClient", table: str) -> Changes:
    """Reads from the table's stream what happened to an item: kind and version of each change."""
    streams = account.session.client("dynamodbstreams", endpoint_url=account.settings.endpoint)
    stream = dynamodb.describe_table(TableName=table)["Table"]["LatestStreamArn"]

    def read(item: dict[str, Any]) -> list[tuple[str, int]]:
        changes: list[tuple[str, int]] = []
        for shard in streams.describe_stream(StreamArn=stream)["StreamDescription"]["Shards"]:
            position: str | None = streams.get_shard_iterator(
                StreamArn=stream, ShardId=shard["ShardId"], ShardIteratorType="TRIM_HORIZON"
            )["ShardIterator"]
            while position:
                answer = streams.get_records(ShardIterator=position)
                position = answer.get("NextShardIterator") if answer["Records"] else None
                changes += [
                    (record["eventName"], int(record["dynamodb"]["NewImage"]["version"]["N"]))
                    for record in answer["Records"]
                    if record["dynamodb"]["Keys"]["SK"]["S"] == item["SK"]
                ]
        return changes

    return read


def test_twenty_identical_creates_at_once_make_one_task(alice: Client, items_of: Items, changes_of: Changes) -> None:
    with concurrent.futures.ThreadPoolExecutor(20) as pool:
        replies = list(pool.map(lambda _: in_own_loop(lambda: alice.create("burst", key="k")), range(20)))
    assert {reply.status for reply in replies} <= {201, 409}
    (task,) = tasks(items_of(alice.user_id))
    assert changes_of(task) == [("INSERT", 1)]
    answered = [reply for reply in replies if reply.status == 201]
    assert {reply.json()["id"] for reply in answered} == {task["id"]}
    assert sum("idempotency-replayed" not in reply.headers for reply in answered) == 1


def test_a_burst_of_identical_deletes_gives_no_stray_answer(alice: Client, items_of: Items) -> None:
    path = f"{TASKS}/{alice.created()['id']}"
    with concurrent.futures.ThreadPoolExecutor(10) as pool:
        send = lambda _: in_own_loop(lambda: alice.send("DELETE", path, idempotency_key="d"))  # noqa: E731
        replies = list(pool.map(send, range(10)))
    assert {reply.status for reply in replies} <= {204, 409}
    assert [item["version"] for item in tasks(items_of(alice.user_id))] == [2]


def test_concurrent_changes_of_different_fields_are_all_kept(alice: Client) -> None:
    path = f"{TASKS}/{alice.created()['id']}"
    changes: list[dict[str, str]] = [{"title": "t"}, {"priority": "urgent"}, {"category": "c"}]
    with concurrent.futures.ThreadPoolExecutor(3) as pool:
        replies = list(pool.map(lambda body: in_own_loop(lambda: alice.send("PUT", path, body)), changes))
    assert [reply.status for reply in replies] == [200, 200, 200]
    task = alice.send("GET", path).json()
    assert (task["title"], task["priority"], task["category"], task["version"]) == ("t", "urgent", "c", 4)


def test_many_writers_of_one_task_all_get_through(alice: Client) -> None:
    path = f"{TASKS}/{alice.created()['id']}"
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        send = lambda number: in_own_loop(lambda: alice.send("PUT", path, {"title": f"t{number}"}))  # noqa: E731
        replies = list(pool.map(send, range(24)))
    assert [reply.status for reply in replies] == [200] * 24
    assert sorted(reply.json()["version"] for reply in replies) == list(range(2, 26))


def test_a_crash_after_the_commit_is_healed_by_sending_again(
    alice: Client, items_of: Items, monkeypatch: pytest.MonkeyPatch
) -> None:
    import api.services.serialization as service

    def crash(metric: str, _times: int) -> None:
        raise RuntimeError(f"crash before {metric}")

    with monkeypatch.context() as crashing:
        crashing.setattr(service, "count", crash)
        assert alice.create("survivor", key="k").problem_type == "internal-error"
    (task,) = tasks(items_of(alice.user_id))
    again = alice.create("survivor", key="k")
    assert (again.status, again.headers["idempotency-replayed"]) == (201, "true")
    assert again.json()["id"] == task["id"]
    assert len(tasks(items_of(alice.user_id))) == 1


def test_a_crash_before_the_commit_leaves_neither_task_nor_record(
    alice: Client, items_of: Items, monkeypatch: pytest.MonkeyPatch, app: FastAPI
) -> None:
    def crash(**_: Any) -> None:
        raise RuntimeError("crash")

    client = app.state.dynamodb
    with monkeypatch.context() as crashing:
        crashing.setattr(client, "transact_write_items", crash)
        assert alice.create("nothing", key="k").status == 500
    assert tasks(items_of(alice.user_id)) == records(items_of(alice.user_id)) == []
    assert "idempotency-replayed" not in alice.create("nothing", key="k").headers


def test_a_refused_request_leaves_its_key_unused(alice: Client) -> None:
    key = uuid.uuid4().hex
    missing = f"{TASKS}/01ARZ3NDEKTSV4RRFFQ69G5FAV"
    assert alice.send("PUT", missing, {"title": "x"}, idempotency_key=key).status == 404
    assert alice.create(key=key).status == 201
