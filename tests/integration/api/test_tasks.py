"""Tasks from a client's point of view, and what is in the table afterwards."""

import re
import uuid
from collections.abc import Callable
from typing import Any

import pytest

from api.models.fields import moment
from tests.integration.api.client import Client

pytestmark = pytest.mark.account

Items = Callable[[str], list[dict[str, Any]]]
FIELDS = {
    "id", "title", "description", "status", "priority", "category",
    "labels", "parent_id", "recurrence", "previous_id", "next_id",
    "due_date", "due_at", "created_at", "updated_at", "completed_at", "version",
}  # fmt: skip
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z")


def test_a_created_task_has_the_contract_s_fields_and_can_be_read_back(alice: Client) -> None:
    reply = alice.create(
        "Pay the rent",
        description="before noon",
        priority="high",
        category="home",
        due_date="2026-12-01",
    )
    task = reply.json()
    assert reply.status == 201
    assert task.keys() == FIELDS
    assert re.fullmatch(r"[0-7][0-9A-HJKMNP-TV-Z]{25}", task["id"])
    assert TIME.fullmatch(task["created_at"])
    assert task | {"id": "", "created_at": "", "updated_at": ""} == {
        "id": "",
        "title": "Pay the rent",
        "description": "before noon",
        "labels": [],
        **dict.fromkeys(("due_at", "parent_id", "recurrence", "previous_id", "next_id")),
        "status": "pending",
        "priority": "high",
        "category": "home",
        "due_date": "2026-12-01",
        "created_at": "",
        "updated_at": "",
        "completed_at": None,
        "version": 1,
    }
    assert reply.headers["location"] == f"tasks/{task['id']}"
    read = alice.send("GET", f"/api/v1/tasks/{task['id']}")
    assert (read.status, read.json()) == (200, task)
    assert reply.headers["etag"] == read.headers["etag"] == '"1"'


def test_the_item_of_a_task_is_what_ingestion_expects(alice: Client, items_of: Items) -> None:
    task = alice.send(
        "POST",
        "/api/v1/tasks",
        {"title": "x", "due_date": "2026-12-01"},
        idempotency_key="k1",
        x_request_id="req-1",
    ).json()
    (item,) = [item for item in items_of(alice.user_id) if item.get("entity_type") == "TASK"]
    assert item == {
        "PK": f"TASK#{alice.user_id}",
        "SK": f"TASK#{task['id']}",
        "entity_type": "TASK",
        "id": task["id"],
        "user_id": alice.user_id,
        "title": "x",
        "status": "pending",
        "priority": "medium",
        "due_date": "2026-12-01",
        "created_at": task["created_at"],
        "updated_at": task["created_at"],
        "version": 1,
        "last_request_id": "req-1",
        "due_sort": f"2026-12-01#{task['id']}",
        "live_sort": f"{task['created_at']}#{task['id']}",
    }


def test_a_patch_changes_what_it_gives_and_clears_what_it_nulls(alice: Client, items_of: Items) -> None:
    task = alice.created("before", description="d", category="c", due_date="2026-12-01")
    reply = alice.send(
        "PATCH",
        f"/api/v1/tasks/{task['id']}",
        {"title": "after", "due_date": None, "category": None},
        x_request_id="u1",
    )
    changed = reply.json()
    assert reply.status == 200
    assert reply.headers["etag"] == '"2"'
    assert changed["updated_at"] > task["updated_at"]
    assert changed == task | {
        "title": "after",
        "due_date": None,
        "category": None,
        "version": 2,
        "updated_at": changed["updated_at"],
    }
    (item,) = [item for item in items_of(alice.user_id) if item.get("entity_type") == "TASK"]
    assert item["last_request_id"] == "u1"
    assert item["change_sort"] == f"{changed['updated_at']}#{task['id']}"
    assert not item.keys() & {"due_sort", "due_date", "category"}


def test_completing_sets_completed_at_and_reopening_clears_it(alice: Client) -> None:
    path = f"/api/v1/tasks/{alice.created()['id']}"
    done = alice.send("PUT", path, {"status": "completed"}).json()
    assert done["completed_at"] == done["updated_at"]
    renamed = alice.send("PUT", path, {"title": "renamed"}).json()
    assert renamed["completed_at"] == done["completed_at"]
    assert alice.send("PUT", path, {"status": "in_progress"}).json()["completed_at"] is None


def test_a_task_may_be_created_completed(alice: Client) -> None:
    task = alice.created(status="completed")
    assert task["completed_at"] == task["created_at"]


def test_an_update_that_changes_nothing_writes_nothing(alice: Client, calls: list[str]) -> None:
    task = alice.created("same")
    calls.clear()
    for body in ({}, {"title": "same"}):
        reply = alice.send("PUT", f"/api/v1/tasks/{task['id']}", body)
        assert (reply.status, reply.json()) == (200, task)
    assert calls == ["GetItem", "GetItem"]


def test_a_deleted_task_is_nowhere_but_stays_restorable_in_the_table(alice: Client, items_of: Items) -> None:
    task = alice.created(due_date="2026-12-01")
    path = f"/api/v1/tasks/{task['id']}"
    gone = alice.send("DELETE", path)
    assert (gone.status, gone.text) == (204, "")
    for method, body in (("GET", None), ("PUT", {"title": "x"}), ("DELETE", None)):
        assert alice.send(method, path, body).problem_type == "task-not-found"
    assert alice.send("GET", "/api/v1/tasks").json() == []
    (item,) = [item for item in items_of(alice.user_id) if item.get("entity_type") == "TASK"]
    assert item["version"] == 2
    assert item["deleted_at"] == item["updated_at"] > task["updated_at"]
    assert item["due_date"] == "2026-12-01"
    assert not item.keys() & {"due_sort", "live_sort"}
    assert item["change_sort"].startswith(item["deleted_at"])
    assert abs(item["expiration_timestamp"] - moment(item["deleted_at"]).timestamp() - 30 * 86400) <= 1


def test_text_of_any_language_comes_back_as_it_was_sent(alice: Client) -> None:
    title = "קנה חלב 🥛 — مرحبا \u202eabc"
    task = alice.created(title, category="🏠")
    assert alice.send("GET", f"/api/v1/tasks/{task['id']}").json() == task
    assert task["title"] == title
    assert alice.send("GET", "/api/v1/tasks", query={"category": "🏠"}).json() == [task]


def test_two_writers_that_saw_the_same_version_cannot_both_win(alice: Client) -> None:
    path = f"/api/v1/tasks/{alice.created()['id']}"
    first = alice.send("PUT", path, {"title": "first"}, if_match='"1"')
    second = alice.send("PUT", path, {"title": "second"}, if_match='"1"')
    assert first.json()["version"] == 2
    assert (second.status, second.problem_type) == (412, "precondition-failed")
    assert second.headers["etag"] == '"2"'
    assert second.fields == {"If-Match"}
    assert alice.send("GET", path).json()["title"] == "first"
    assert alice.send("DELETE", path, if_match='"1"').status == 412
    assert alice.send("DELETE", path, if_match='"1", "2"').status == 204


def test_a_reader_that_has_the_version_gets_304(alice: Client) -> None:
    path = f"/api/v1/tasks/{alice.created()['id']}"
    known = alice.send("GET", path, if_none_match='"1"')
    assert (known.status, known.text, known.headers["etag"]) == (304, "", '"1"')
    alice.send("PUT", path, {"title": "new"})
    assert alice.send("GET", path, if_none_match='"1"').json()["title"] == "new"
    assert alice.send("GET", path, if_none_match="*").status == 304


def test_operations_cost_as_many_calls_as_promised(alice: Client, calls: list[str]) -> None:
    alice.created()  # the first request of a user also makes the profile
    costs: dict[str, list[str]] = {}

    def cost(of: str, *request: Any, **headers: Any) -> Any:
        calls.clear()
        reply = alice.send(*request, **headers)
        assert reply.status < 300, reply.text
        costs[of] = calls.copy()
        return reply.json() if reply.text else None

    key = uuid.uuid4().hex
    task = cost("create", "POST", "/api/v1/tasks", {"title": "x"}, idempotency_key=key)
    cost("replay", "POST", "/api/v1/tasks", {"title": "x"}, idempotency_key=key)
    path = f"/api/v1/tasks/{task['id']}"
    cost("get", "GET", path)
    cost("list", "GET", "/api/v1/tasks")
    cost("update", "PUT", path, {"title": "y"})
    cost("update with key", "PUT", path, {"title": "z"}, idempotency_key="u")
    cost("update replay", "PUT", path, {"title": "z"}, idempotency_key="u")
    cost("delete", "DELETE", path, idempotency_key="d")
    cost("delete replay", "DELETE", path, idempotency_key="d")
    cost("restore", "POST", f"{path}/restore", idempotency_key="r")
    cost("patch", "PATCH", path, {"title": "p"})
    cost("list by due date", "GET", "/api/v1/tasks", query={"sort": "due_date"})
    cost("user", "GET", "/api/v1/users")
    cost("user update", "PUT", "/api/v1/users", {"name": "x"}, idempotency_key="n")
    assert costs == {
        "create": ["TransactWriteItems"],
        "replay": ["TransactWriteItems"],
        "get": ["GetItem"],
        "list": ["Query"],
        "update": ["GetItem", "PutItem"],
        "update with key": ["TransactGetItems", "TransactWriteItems"],
        "update replay": ["TransactGetItems"],
        "delete": ["TransactGetItems", "TransactWriteItems"],
        "delete replay": ["TransactGetItems"],
        "restore": ["TransactGetItems", "TransactWriteItems"],
        "patch": ["GetItem", "PutItem"],
        "list by due date": ["Query"],
        "user": ["GetItem"],
        "user update": ["TransactGetItems", "TransactWriteItems"],
    }
