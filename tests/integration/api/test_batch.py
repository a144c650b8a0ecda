"""Several writes in one request: all of them, or none."""

import concurrent.futures
import json
import uuid
from collections.abc import Callable
from typing import Any

import pytest
from fastapi import FastAPI

from tests.integration.api.client import Client, Reply, in_own_loop

pytestmark = pytest.mark.account

Items = Callable[[str], list[dict[str, Any]]]
TASKS = "/api/v1/tasks"


def batch(client: Client, *operations: dict[str, Any], key: str | None = None) -> Reply:
    return client.send("POST", f"{TASKS}/batch", {"operations": operations}, idempotency_key=key or uuid.uuid4().hex)


def create(title: str, **fields: Any) -> dict[str, Any]:
    return {"op": "create", "task": {"title": title, **fields}}


def update(task: dict[str, Any], **fields: Any) -> dict[str, Any]:
    return {"op": "update", "id": task["id"], "task": fields}


def delete(task: dict[str, Any]) -> dict[str, Any]:
    return {"op": "delete", "id": task["id"]}


def by_id(client: Client) -> dict[str, dict[str, Any]]:
    return {task["id"]: task for task in client.send("GET", TASKS).json()}


def test_results_are_in_the_order_of_the_operations(alice: Client, calls: list[str]) -> None:
    kept, gone = alice.created("kept", category="c"), alice.created("gone")
    calls.clear()
    reply = batch(alice, create("new", priority="high"), update(kept, category=None, status="completed"), delete(gone))
    assert calls == ["TransactGetItems", "TransactWriteItems"]
    assert reply.status == 200
    created, updated, deleted = reply.json()["results"]
    assert [created["status"], updated["status"], deleted["status"]] == [201, 200, 204]
    assert deleted["task"] is None
    assert (created["task"]["title"], created["task"]["version"]) == ("new", 1)
    assert (updated["task"]["id"], updated["task"]["category"], updated["task"]["version"]) == (kept["id"], None, 2)
    assert updated["task"]["completed_at"] == updated["task"]["updated_at"]
    assert by_id(alice) == {task["id"]: task for task in (created["task"], updated["task"])}


def test_fifty_operations_are_the_most_and_lists_keep_their_order(alice: Client, calls: list[str]) -> None:
    alice.send("GET", TASKS)
    calls.clear()
    reply = batch(alice, *(create(str(number)) for number in range(50)))
    # the user's first create in a process counts the tasks that there are
    assert calls == ["Query", "TransactWriteItems"]
    made = [result["task"]["id"] for result in reply.json()["results"]]
    assert len(set(made)) == 50
    listed = alice.send("GET", TASKS, query={"sort": "created_at"}).json()
    assert [task["title"] for task in listed] == [str(number) for number in range(50)]
    tasks = list(by_id(alice).values())
    assert batch(alice, *(delete(task) for task in tasks)).status == 200
    assert by_id(alice) == {}
    refused = batch(alice, *(create("x") for _ in range(51)))
    assert (refused.status, refused.fields) == (422, {"operations"})


def test_one_that_fails_keeps_all_from_happening(alice: Client, bob: Client, items_of: Items) -> None:
    mine, moved = alice.created("mine"), alice.created("moved")
    alice.send("PUT", f"{TASKS}/{moved['id']}", {"title": "moved since"})
    others = bob.created("bob's")
    before = items_of(alice.user_id), items_of(bob.user_id)
    reply = batch(
        alice,
        create("new"),
        update(mine, title="changed"),
        delete(others),
        delete(moved) | {"if_match": '"1"'},
        update({"id": "01ARZ3NDEKTSV4RRFFQ69G5FAV"}, title="x"),
    )
    assert (reply.status, reply.problem_type) == (422, "batch-refused")
    assert [(error["field"], error["code"]) for error in reply.json()["errors"]] == [
        ("operations.2.id", "task_not_found"),
        ("operations.3.if_match", "version_mismatch"),
        ("operations.4.id", "task_not_found"),
    ]
    assert (items_of(alice.user_id), items_of(bob.user_id)) == before


@pytest.mark.parametrize(
    ("operation", "field"),
    [
        ({"op": "create", "task": {"title": ""}}, "operations.1.task.title"),
        ({"op": "create", "task": {"title": "x", "colour": "red"}}, "operations.1.task.colour"),
        ({"op": "create", "task": {"title": "x"}, "id": "01ARZ3NDEKTSV4RRFFQ69G5FAV"}, "operations.1.id"),
        ({"op": "create"}, "operations.1.task"),
        ({"op": "update", "id": "1", "task": {}}, "operations.1.id"),
        ({"op": "update", "id": "01ARZ3NDEKTSV4RRFFQ69G5FAV", "task": {"title": None}}, "operations.1.task.title"),
        ({"op": "delete", "id": "01ARZ3NDEKTSV4RRFFQ69G5FAV", "task": {}}, "operations.1.task"),
        ({"op": "delete", "id": "01ARZ3NDEKTSV4RRFFQ69G5FAV", "if_match": "1"}, "operations.1.if_match"),
        ({"op": "delete"}, "operations.1.id"),
        ({"op": "upsert"}, "operations.1.op"),
        ({"op": ["create"]}, "operations.1.op"),
        ({}, "operations.1.op"),
        (5, "operations.1"),
    ],
)
def test_what_is_wrong_with_an_operation_is_named_by_its_index(
    alice: Client, items_of: Items, operation: Any, field: str
) -> None:
    reply = batch(alice, create("fine"), operation)
    assert (reply.status, reply.problem_type) == (422, "validation-failed")
    assert reply.fields == {field}
    assert "upsert" not in reply.text
    assert [item for item in items_of(alice.user_id) if item["PK"].startswith("TASK#")] == []


def test_a_task_is_in_one_operation_only(alice: Client) -> None:
    task = alice.created()
    reply = batch(alice, update(task, title="x"), create("new"), delete(task))
    assert reply.problem_type == "batch-refused"
    assert reply.fields == {"operations.0.id", "operations.2.id"}
    assert by_id(alice) == {task["id"]: task}


def test_no_operation_is_no_batch(alice: Client) -> None:
    assert batch(alice).fields == {"operations"}


def test_a_batch_sent_again_gives_the_first_answer(alice: Client, calls: list[str]) -> None:
    task = alice.created()
    for operations in ([create("a"), create("b")], [create("c"), update(task, title="d")]):
        key = uuid.uuid4().hex
        first = batch(alice, *operations, key=key)
        calls.clear()
        again = batch(alice, *operations, key=key)
        assert (again.status, again.text, again.headers["idempotency-replayed"]) == (200, first.text, "true")
        assert len(calls) == 1
        assert batch(alice, create("other"), key=key).problem_type == "idempotency-key-reused"
    assert sorted(task["title"] for task in by_id(alice).values()) == ["a", "b", "c", "d"]


def test_an_operation_without_effect_writes_no_version(alice: Client) -> None:
    same, other = alice.created("same"), alice.created("other")
    results = batch(alice, update(same, title="same"), update(other, title="new")).json()["results"]
    assert results[0]["task"] == same
    assert results[1]["task"]["version"] == 2
    assert by_id(alice)[same["id"]] == same


def test_an_operation_without_effect_is_held_to_what_it_read(alice: Client, app: FastAPI) -> None:
    same, other = alice.created("same"), alice.created("other")
    client = app.state.dynamodb
    interfered: list[int] = []

    def interfere(**_: Any) -> None:
        if not interfered:
            interfered.append(1)
            # from a thread, as this one's event loop is busy with the batch
            put = lambda: alice.send("PUT", f"{TASKS}/{same['id']}", {"title": "moved"})  # noqa: E731
            with concurrent.futures.ThreadPoolExecutor() as pool:
                interfered.append(pool.submit(in_own_loop, put).result().status)

    client.meta.events.register("before-call.dynamodb.TransactWriteItems", interfere)
    results = batch(alice, update(same, title="same"), update(other, title="new")).json()["results"]
    assert interfered == [1, 200]
    assert (results[0]["task"]["title"], results[0]["task"]["version"]) == ("same", 3)


def test_a_batch_of_the_longest_texts_fits(alice: Client) -> None:
    # 50 tasks of 1,200 characters of four bytes are 240,000 bytes, just below the most that a body may have
    operations = [create("🥛" * 200, description="🥛" * 1000) for _ in range(50)]
    raw = json.dumps({"operations": operations}, ensure_ascii=False)
    reply = alice.send("POST", f"{TASKS}/batch", raw=raw, idempotency_key="k")
    assert reply.status == 200, reply.text[:500]
