"""The trash: deleted tasks that can be restored, listed, filtered, paged, and restored in a batch."""

import datetime as dt
from typing import TYPE_CHECKING, Any

import pytest

from api.contract import task_key
from api.models.fields import moment
from tests.integration.api.client import Client, Reply
from tests.integration.api.test_list import ids, walk

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

pytestmark = pytest.mark.account

TASKS = "/api/v1/tasks"


def trash(client: Client, **query: Any) -> list[dict[str, Any]]:
    reply = client.send("GET", TASKS, query={"deleted": "true", **query})
    assert reply.status == 200, reply.text
    tasks: list[dict[str, Any]] = reply.json()
    return tasks


def batch(client: Client, *operations: dict[str, Any], key: str = "batch") -> Reply:
    return client.send("POST", f"{TASKS}/batch", {"operations": operations}, idempotency_key=key)


@pytest.fixture
def deleted(alice: Client) -> list[dict[str, Any]]:
    """Five tasks of which the first four were deleted, in the order 2, 0, 3, 1; as they were before."""
    tasks = [alice.created(f"task {number}", category="home" if number < 2 else "work") for number in range(5)]
    alice.send("PUT", f"{TASKS}/{tasks[4]['id']}", {"title": "changed, not deleted"})
    order = [tasks[number] for number in (2, 0, 3, 1)]
    for task in order:
        assert alice.send("DELETE", f"{TASKS}/{task['id']}").status == 204
    return order


def test_the_trash_has_the_last_deleted_first_with_the_times_of_deletion_and_purge(
    alice: Client, deleted: list[dict[str, Any]]
) -> None:
    found = trash(alice)
    assert ids(found) == ids(deleted[::-1])
    for before, task in zip(deleted[::-1], found, strict=True):
        deleted_at = task.pop("deleted_at")
        kept = moment(task.pop("purge_at")) - moment(deleted_at)
        assert dt.timedelta(days=30) - dt.timedelta(seconds=1) <= kept <= dt.timedelta(days=30)
        assert task == before | {"version": 2, "updated_at": deleted_at}


def test_live_tasks_and_the_trash_are_two_lists(alice: Client, bob: Client, deleted: list[dict[str, Any]]) -> None:
    for query in ({}, {"deleted": "false"}):
        (live,) = alice.send("GET", TASKS, query=query).json()
        assert live["title"] == "changed, not deleted"
        assert not live.keys() & {"deleted_at", "purge_at"}
    assert trash(bob) == []
    assert alice.send("GET", f"{TASKS}/{deleted[0]['id']}").status == 404


def test_the_trash_is_filtered_and_paged(alice: Client, deleted: list[dict[str, Any]]) -> None:
    newest_first = ids(deleted[::-1])
    assert [ids(page) for page in walk(alice, deleted="true", limit=3)] == [newest_first[:3], newest_first[3:]]
    assert ids(trash(alice, category="HOME")) == ids([deleted[3], deleted[1]])
    assert ids(trash(alice, q="task 3", status="pending,completed")) == ids([deleted[2]])
    assert trash(alice, priority="urgent") == []
    cursor = alice.send("GET", TASKS, query={"deleted": "true", "limit": 1}).headers["link"].partition("cursor=")[2]
    reply = alice.send("GET", TASKS, query={"cursor": cursor.partition(">")[0]})
    assert (reply.status, reply.problem_type) == (400, "cursor-invalid")


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"deleted": "yes"}, "deleted"),
        ({"deleted": "1"}, "deleted"),
        ({"deleted": "true", "sort": "deleted_at"}, "sort"),
    ],
)
def test_a_bad_parameter_is_named(alice: Client, query: dict[str, str], field: str) -> None:
    reply = alice.send("GET", TASKS, query=query)
    assert (reply.status, reply.problem_type, reply.fields) == (422, "validation-failed", {field})


def test_the_trash_is_sorted_as_lists_are(alice: Client) -> None:
    tasks = [
        alice.created(f"task {number}", priority=priority, due_date=due)
        for number, (priority, due) in enumerate(
            [("low", "2026-12-03"), ("urgent", None), ("low", "2026-12-01"), ("high", "2026-12-02"), ("urgent", None)]
        )
    ]
    alice.created("alive", due_date="2026-12-01", priority="urgent")
    for number in (3, 1, 4, 0, 2):
        alice.send("DELETE", f"{TASKS}/{tasks[number]['id']}")
    for sort, order in {
        "created_at": (0, 1, 2, 3, 4),
        "-created_at": (4, 3, 2, 1, 0),
        "updated_at": (3, 1, 4, 0, 2),
        "-updated_at": (2, 0, 4, 1, 3),
        "due_date": (2, 3, 0),
        "-due_date": (0, 3, 2),
        "priority": (0, 2, 3, 1, 4),
        "-priority": (4, 1, 3, 2, 0),
    }.items():
        expected = [tasks[number]["id"] for number in order]
        assert ids(trash(alice, sort=sort)) == expected, sort
        pages = walk(alice, deleted="true", sort=sort, limit=2)
        assert [task["id"] for page in pages for task in page] == expected, sort
    found = trash(alice, sort="due_date", due_before="2026-12-03", due_after="2026-12-01")
    assert ids(found) == [tasks[3]["id"]]


def test_what_cannot_be_restored_any_more_is_not_shown_although_it_is_there(
    alice: Client, deleted: list[dict[str, Any]], dynamodb: "DynamoDBClient", table: str
) -> None:
    dynamodb.update_item(
        TableName=table,
        Key=task_key(alice.user_id, deleted[0]["id"]).typed(),
        UpdateExpression="SET expiration_timestamp = :past",
        ExpressionAttributeValues={":past": {"N": "1000000000"}},
    )
    assert ids(trash(alice)) == ids(deleted[:0:-1])


def test_a_batch_restores_all_of_its_tasks_or_none(alice: Client, deleted: list[dict[str, Any]]) -> None:
    restored, gone, kept, live = deleted[0], deleted[1], deleted[2], alice.send("GET", TASKS).json()[0]
    unknown = {"op": "restore", "id": "01ARZ3NDEKTSV4RRFFQ69G5FAV"}
    stale = {"op": "restore", "id": kept["id"], "if_match": '"1"'}
    refused = batch(alice, {"op": "restore", "id": restored["id"]}, unknown, stale)
    assert (refused.status, refused.problem_type) == (422, "batch-refused")
    assert refused.fields == {"operations.1.id", "operations.2.if_match"}
    assert len(trash(alice)) == 4
    done = batch(
        alice,
        {"op": "restore", "id": restored["id"], "if_match": '"2"'},
        {"op": "restore", "id": gone["id"]},
        {"op": "restore", "id": live["id"]},
        key="again",
    )
    assert done.status == 200, done.text
    first, second, third = done.json()["results"]
    assert first == {"status": 200, "task": restored | {"version": 3, "updated_at": first["task"]["updated_at"]}}
    assert second["task"]["version"] == 3
    assert third == {"status": 200, "task": live}
    assert ids(trash(alice)) == ids([deleted[3], deleted[2]])
    assert {*ids(alice.send("GET", TASKS).json())} == {restored["id"], gone["id"], live["id"]}
    again = batch(
        alice,
        {"op": "restore", "id": restored["id"], "if_match": '"2"'},
        {"op": "restore", "id": gone["id"]},
        {"op": "restore", "id": live["id"]},
        key="again",
    )
    assert (again.text, again.headers["idempotency-replayed"]) == (done.text, "true")


def test_a_restore_in_a_batch_reaches_the_change_feed(alice: Client, deleted: list[dict[str, Any]]) -> None:
    page = alice.send("GET", f"{TASKS}/changes").json()
    assert batch(alice, {"op": "restore", "id": deleted[0]["id"]}).status == 200
    changes = alice.send("GET", f"{TASKS}/changes", query={"since": page["next"]}).json()["changes"]
    assert [(change["id"], change["version"], change.get("deleted")) for change in changes] == [
        (deleted[0]["id"], 3, None)
    ]


def test_a_page_of_the_trash_takes_one_call(alice: Client, deleted: list[dict[str, Any]], calls: list[str]) -> None:
    calls.clear()
    assert len(trash(alice)) == len(deleted)
    assert calls == ["Query"]
