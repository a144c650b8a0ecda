"""Clients of the original API keep working: each row of the table in ADR 0062, from the original's documentation."""

import uuid

import pytest

from tests.integration.api.client import Client

pytestmark = pytest.mark.account

TASKS, USERS = "/api/v1/tasks", "/api/v1/users"


def key() -> str:
    return uuid.uuid4().hex


def test_a_user_has_an_id(alice: Client) -> None:
    made = alice.send("POST", USERS, {"name": "Alice"}, idempotency_key=key())
    read = alice.send("GET", USERS)
    assert made.json()["id"] == made.json()["user_id"] == read.json()["id"] == read.json()["user_id"] == alice.user_id


@pytest.mark.parametrize(
    "body", [{"id": "mine", "user_id": "x", "created_at": "1999", "version": 7}, {"tags": ["a"], "owner": {"x": 1}}]
)
def test_unknown_fields_of_a_post_and_a_put_are_ignored(alice: Client, body: dict[str, object]) -> None:
    made = alice.send("POST", TASKS, {"title": "x", **body}, idempotency_key=key())
    assert (made.status, made.json()["title"], made.json()["version"]) == (201, "x", 1)
    assert not made.json().keys() & {"tags", "owner", "user_id"}
    path = f"{TASKS}/{made.json()['id']}"
    changed = alice.send("PUT", path, {"title": "y", **body})
    assert (changed.status, changed.json()["title"], changed.json()["id"]) == (200, "y", made.json()["id"])
    assert alice.send("POST", USERS, {"name": "n", **body}, idempotency_key=key()).json()["name"] == "n"
    assert alice.send("PUT", USERS, {"name": "m", **body}).json()["name"] == "m"


def test_unknown_query_parameters_are_ignored(alice: Client) -> None:
    task = alice.created()
    for query in ([("page", "2")], [("x", "1"), ("x", "2")]):
        assert alice.send("GET", TASKS, query=query).json() == [task]
        assert alice.send("GET", f"{TASKS}/{task['id']}", query=query).json() == task
        assert alice.send("GET", USERS, query=query).status == 200
        assert alice.send("PUT", f"{TASKS}/{task['id']}", {}, query=query).json() == task


def test_a_null_in_a_put_leaves_the_field_as_it_is(alice: Client) -> None:
    task = alice.created("x", description="d", category="c", due_date="2026-12-01", priority="high", status="completed")
    path = f"{TASKS}/{task['id']}"
    nulls = dict.fromkeys(("title", "description", "status", "priority", "category", "due_date"))
    assert alice.send("PUT", path, nulls).json() == task
    changed = alice.send("PUT", path, {**nulls, "title": "y"}).json()
    assert changed == task | {"title": "y", "version": 2, "updated_at": changed["updated_at"]}


@pytest.mark.parametrize("method", ["PUT", "PATCH"])
def test_what_was_read_can_be_sent_back(alice: Client, method: str) -> None:
    task = alice.created("x", category="c")
    path = f"{TASKS}/{task['id']}"
    changed = alice.send(method, path, {**task, "title": "y"}).json()
    assert changed == task | {"title": "y", "version": 2, "updated_at": changed["updated_at"]}
    profile = alice.send("GET", USERS).json()
    renamed = alice.send(method, USERS, {**profile, "name": "New"}).json()
    assert renamed == profile | {"name": "New", "version": 2, "updated_at": renamed["updated_at"]}


def test_where_the_original_did_not_exist_what_is_unknown_is_refused(alice: Client) -> None:
    task = alice.created()
    operation = {"op": "update", "id": task["id"], "task": {"titel": "x"}}
    for reply, field in (
        (alice.send("PATCH", f"{TASKS}/{task['id']}", {"titel": "x"}), "titel"),
        (alice.send("PATCH", USERS, {"nmae": "x"}), "nmae"),
        (alice.send("POST", f"{TASKS}/batch", {"operations": [operation]}, idempotency_key=key()), None),
        (alice.send("GET", f"{TASKS}/changes", query={"sicne": "x"}), "sicne"),
    ):
        assert (reply.status, reply.problem_type) == (422, "validation-failed")
        assert field is None or reply.fields == {field}
    assert alice.send("GET", f"{TASKS}/{task['id']}").json() == task
