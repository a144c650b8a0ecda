"""A write that is sent again is carried out once."""

import concurrent.futures
import uuid
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest
from fastapi import FastAPI

from api.models.fields import moment
from api.repositories.items import attribute
from tests.integration.api.client import Client, Reply, in_own_loop

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

pytestmark = pytest.mark.account

Items = Callable[[str], list[dict[str, Any]]]
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


def test_twenty_identical_creates_at_once_make_one_task(alice: Client, items_of: Items) -> None:
    with concurrent.futures.ThreadPoolExecutor(20) as pool:
        replies = list(pool.map(lambda _: in_own_loop(lambda: alice.create("burst", key="k")), range(20)))
    assert {reply.status for reply in replies} <= {201, 409}
    (task,) = tasks(items_of(alice.user_id))
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


def test_a_crash_after_the_commit_is_healed_by_sending_again(
    alice: Client, items_of: Items, monkeypatch: pytest.MonkeyPatch
) -> None:
    import api.services.tasks as service

    def crash(metric: str) -> None:
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

    client = app.state.lists._tasks._client
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
