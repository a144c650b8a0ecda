"""Subtasks: one level, of live tasks of the same user, whatever happens to the parent meanwhile."""

import random
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest
from fastapi import FastAPI

from api.contract import task_key
from tests.integration.api.client import Client, Reply

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

pytestmark = pytest.mark.account

TASKS = "/api/v1/tasks"
NO_TASK = "01ARZ3NDEKTSV4RRFFQ69G5FAV"


def path(task: dict[str, Any]) -> str:
    return f"{TASKS}/{task['id']}"


def code(reply: Reply) -> str:
    assert (reply.status, reply.problem_type) == (422, "validation-failed"), reply.text
    (error,) = reply.json()["errors"]
    assert error["field"] == "parent_id"
    return str(error["code"])


def titles(client: Client, **query: str) -> list[str]:
    return [task["title"] for task in client.send("GET", TASKS, query={"sort": "created_at", **query}).json()]


def test_a_parent_lists_its_subtasks(alice: Client) -> None:
    parent, other = alice.created("move house"), alice.created("other")
    alice.created("boxes", parent_id=parent["id"])
    alice.created("van", parent_id=parent["id"], priority="high")
    alice.created("elsewhere", parent_id=other["id"])
    assert titles(alice, parent_id=parent["id"]) == ["boxes", "van"]
    assert titles(alice, parent_id=parent["id"], priority="high") == ["van"]
    assert titles(alice, parent_id=NO_TASK) == []
    assert alice.send("GET", TASKS, query={"parent_id": "x"}).fields == {"parent_id"}
    assert alice.send("GET", path(parent)).json() == parent


def test_a_parent_is_a_live_task_of_the_same_user_and_no_subtask(alice: Client, bob: Client) -> None:
    parent, deleted, theirs = alice.created(), alice.created(), bob.created("bob's")
    child = alice.created(parent_id=parent["id"])
    alice.send("DELETE", path(deleted))
    assert code(alice.create(parent_id=NO_TASK)) == "parent_not_found"
    assert code(alice.create(parent_id=theirs["id"])) == "parent_not_found"
    assert code(alice.create(parent_id=deleted["id"])) == "parent_not_found"
    assert code(alice.create(parent_id=child["id"])) == "parent_is_subtask"
    assert len(titles(alice)) == 2
    alice.send("POST", f"{path(deleted)}/restore", idempotency_key="k")
    assert alice.create(parent_id=deleted["id"]).status == 201


def test_a_subtask_moves_and_becomes_a_task_of_its_own_which_no_other_does(alice: Client) -> None:
    first, second = alice.created(), alice.created()
    child, sibling = alice.created(parent_id=first["id"]), alice.created(parent_id=first["id"])
    assert alice.send("PATCH", path(child), {"parent_id": second["id"]}).json()["parent_id"] == second["id"]
    assert code(alice.send("PATCH", path(child), {"parent_id": sibling["id"]})) == "parent_is_subtask"
    assert code(alice.send("PATCH", path(child), {"parent_id": child["id"]})) == "parent_is_subtask"
    assert code(alice.send("PUT", path(child), {"parent_id": NO_TASK})) == "parent_not_found"
    assert code(alice.send("PATCH", path(second), {"parent_id": first["id"]})) == "not_a_subtask"
    assert alice.send("PUT", path(child), {"parent_id": None}).json()["parent_id"] == second["id"]
    assert alice.send("PATCH", path(child), {"parent_id": None}).json()["parent_id"] is None
    assert code(alice.send("PATCH", path(child), {"parent_id": first["id"]})) == "not_a_subtask"
    assert alice.create(parent_id=child["id"]).status == 201


def test_what_happens_to_a_parent_leaves_its_subtasks_alone(alice: Client) -> None:
    parent = alice.created()
    child = alice.created("child", parent_id=parent["id"])
    assert alice.send("PATCH", path(parent), {"status": "completed"}).status == 200
    assert alice.send("GET", path(child)).json() == child
    assert alice.create(parent_id=parent["id"]).status == 201
    assert alice.send("DELETE", path(parent)).status == 204
    assert alice.send("GET", path(child)).json() == child
    # an edit that leaves the parent as it is needs no live parent, nor does a restore
    assert alice.send("PATCH", path(child), {"title": "x", "parent_id": parent["id"]}).status == 200
    alice.send("DELETE", path(child))
    assert alice.send("POST", f"{path(child)}/restore", idempotency_key="k").json()["parent_id"] == parent["id"]


def test_a_create_is_repeated_for_its_key_although_the_parent_is_gone(alice: Client) -> None:
    parent = alice.created()
    first = alice.create("child", key="k", parent_id=parent["id"])
    alice.send("DELETE", path(parent))
    again = alice.create("child", key="k", parent_id=parent["id"])
    assert (again.status, again.json()) == (201, first.json())
    assert again.headers["idempotency-replayed"] == "true"
    assert code(alice.create("child", key="other", parent_id=parent["id"])) == "parent_not_found"


def test_a_parent_that_is_deleted_while_its_subtask_is_created_gets_none(
    alice: Client, app: FastAPI, dynamodb: "DynamoDBClient", table: str
) -> None:
    parent = alice.created()
    key = task_key(alice.user_id, parent["id"]).typed()

    def delete_parent(**_: Any) -> None:
        dynamodb.update_item(
            TableName=table,
            Key=key,
            UpdateExpression="SET deleted_at = :at, expiration_timestamp = :never",
            ExpressionAttributeValues={":at": {"S": parent["updated_at"]}, ":never": {"N": "9999999999"}},
        )

    events = app.state.dynamodb.meta.events
    events.register("before-call.dynamodb.TransactWriteItems", delete_parent, unique_id="race")
    try:
        refused = alice.create(parent_id=parent["id"])
    finally:
        events.unregister("before-call.dynamodb.TransactWriteItems", unique_id="race")
    assert code(refused) == "parent_not_found"
    assert titles(alice, parent_id=parent["id"]) == []


def test_a_create_is_one_call_with_a_parent_and_without(alice: Client, calls: list[str]) -> None:
    parent = alice.created()
    calls.clear()
    alice.created()
    alice.created(parent_id=parent["id"])
    assert calls == ["TransactWriteItems", "TransactWriteItems"]


def test_a_batch_checks_parents_that_it_writes_and_parents_that_it_does_not(alice: Client) -> None:
    parent, other = alice.created(), alice.created()
    child = alice.created(parent_id=other["id"])

    def batch(*operations: dict[str, Any]) -> Reply:
        return alice.send("POST", f"{TASKS}/batch", {"operations": operations}, idempotency_key=str(random.random()))

    def create(parent_id: str) -> dict[str, Any]:
        return {"op": "create", "task": {"title": "x", "parent_id": parent_id}}

    rename = {"op": "update", "id": parent["id"], "task": {"title": "renamed"}}
    done = batch(create(parent["id"]), rename, create(other["id"]), create(other["id"]))
    assert [one["status"] for one in done.json()["results"]] == [201, 200, 201, 201]
    promoted = batch({"op": "update", "id": child["id"], "task": {"parent_id": None}}, create(child["id"]))
    assert promoted.status == 200
    refused = batch(create(NO_TASK), {"op": "delete", "id": parent["id"]}, create(other["id"]))
    assert (refused.problem_type, refused.fields) == ("batch-refused", {"operations.0.task.parent_id"})
    refused = batch({"op": "delete", "id": parent["id"]}, create(parent["id"]))
    assert (refused.problem_type, refused.fields) == ("batch-refused", {"operations.1.task.parent_id"})
    assert len(titles(alice, parent_id=parent["id"])) == 1


def test_a_batch_with_a_parent_for_each_of_its_tasks_is_bounded_by_the_transaction(alice: Client) -> None:
    parents = [alice.created()["id"] for _ in range(50)]
    operations = [{"op": "create", "task": {"title": "x", "parent_id": one}} for one in parents]
    body = {"operations": operations}
    refused = alice.send("POST", f"{TASKS}/batch", body, idempotency_key="k")
    assert (refused.problem_type, refused.fields) == ("batch-refused", {"operations.49.task.parent_id"})
    body = {"operations": operations[:49]}
    assert alice.send("POST", f"{TASKS}/batch", body, idempotency_key="k").status == 200


@pytest.mark.parametrize("seed", range(3))
def test_after_any_history_there_is_one_level(alice: Client, items_of: Callable[[str], Any], seed: int) -> None:
    chance, ids = random.Random(seed), [alice.created()["id"]]
    for _ in range(60):
        one, other = chance.choice(ids), chance.choice([*ids, None])
        match chance.randrange(5):
            case 0 | 1:
                made = alice.create(parent_id=other)
                ids += [made.json()["id"]] if made.status == 201 else []
            case 2:
                alice.send("PATCH", f"{TASKS}/{one}", {"parent_id": other})
            case 3:
                alice.send("DELETE", f"{TASKS}/{one}")
            case _:
                alice.send("POST", f"{TASKS}/{one}/restore", idempotency_key=str(chance.random()))
    parents = {item["id"]: item.get("parent_id") for item in items_of(alice.user_id) if item["entity_type"] == "TASK"}
    named = [parent for parent in parents.values() if parent]
    assert named
    assert [parent for parent in named if parents[parent] is not None] == []
