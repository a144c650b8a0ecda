"""A delete can be undone for 30 days."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

from api.repositories.items import attribute
from tests.integration.api.client import Client, Reply

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

pytestmark = pytest.mark.account

Items = Callable[[str], list[dict[str, Any]]]
TASKS = "/api/v1/tasks"


def restore(client: Client, task_id: str, key: str = "r", if_match: str = "*") -> Reply:
    return client.send("POST", f"{TASKS}/{task_id}/restore", idempotency_key=key, if_match=if_match)


def test_a_restored_task_is_as_it_was_two_versions_later(alice: Client, items_of: Items) -> None:
    task = alice.created("back", due_date="2026-12-01", status="completed")
    alice.send("DELETE", f"{TASKS}/{task['id']}")
    reply = restore(alice, task["id"])
    restored = reply.json()
    assert (reply.status, reply.headers["etag"]) == (200, '"3"')
    assert restored == task | {"version": 3, "updated_at": restored["updated_at"]}
    assert alice.send("GET", TASKS).json() == [restored]
    (item,) = [item for item in items_of(alice.user_id) if item.get("entity_type") == "TASK"]
    assert not item.keys() & {"deleted_at", "expiration_timestamp"}
    assert item["due_sort"] == f"2026-12-01#{task['id']}"
    again = restore(alice, task["id"])
    assert (again.text, again.headers["idempotency-replayed"]) == (reply.text, "true")


def test_a_task_that_lives_stays_as_it_is(alice: Client) -> None:
    task = alice.created()
    assert restore(alice, task["id"]).json() == task


def test_what_was_deleted_too_long_ago_is_gone_before_it_is_purged(
    alice: Client, items_of: Items, dynamodb: "DynamoDBClient", table: str
) -> None:
    task = alice.created()
    alice.send("DELETE", f"{TASKS}/{task['id']}")
    (item,) = [item for item in items_of(alice.user_id) if item.get("entity_type") == "TASK"]
    dynamodb.update_item(
        TableName=table,
        Key={"PK": {"S": item["PK"]}, "SK": {"S": item["SK"]}},
        UpdateExpression="SET expiration_timestamp = :past",
        ExpressionAttributeValues={":past": attribute(item["expiration_timestamp"] - 31 * 86400)},
    )
    assert restore(alice, task["id"]).problem_type == "task-not-found"


def test_a_restore_can_be_held_to_the_version_that_was_deleted(alice: Client) -> None:
    task = alice.created()
    alice.send("DELETE", f"{TASKS}/{task['id']}")
    assert restore(alice, task["id"], "r1", if_match='"1"').problem_type == "precondition-failed"
    assert restore(alice, task["id"], "r2", if_match='"2"').json()["version"] == 3


def test_a_restore_needs_a_key(alice: Client) -> None:
    reply = alice.send("POST", f"{TASKS}/{alice.created()['id']}/restore")
    assert (reply.status, reply.problem_type) == (400, "idempotency-key-missing")
