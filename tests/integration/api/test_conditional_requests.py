"""Every precondition on every method, in the order of RFC 9110, section 13.2.2, before anything is done."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.integration.api.client import Client, Reply

pytestmark = pytest.mark.account

Items = Callable[[str], list[dict[str, Any]]]
TASKS, USERS = "/api/v1/tasks", "/api/v1/users"
STALE = '"0-stale"'


def assert_failed(reply: Reply, header: str, tag: str | None) -> None:
    assert (reply.status, reply.problem_type) == (412, "precondition-failed"), reply.text
    assert reply.fields == {header}
    assert reply.headers.get("etag") == tag


@pytest.fixture
def task(alice: Client) -> tuple[str, str]:
    """The path of a task, and its entity tag."""
    reply = alice.create("a task")
    return f"{TASKS}/{reply.json()['id']}", reply.headers["etag"]


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE"])
def test_a_write_is_held_to_its_preconditions(
    alice: Client, items_of: Items, task: tuple[str, str], method: str
) -> None:
    path, tag = task
    before = items_of(alice.user_id)
    body = None if method == "DELETE" else {"title": "new"}
    assert_failed(alice.send(method, path, body, if_match=STALE, idempotency_key="a"), "If-Match", tag)
    assert_failed(alice.send(method, path, body, if_match=f"W/{tag}"), "If-Match", tag)
    assert_failed(alice.send(method, path, body, if_none_match="*"), "If-None-Match", tag)
    assert_failed(alice.send(method, path, body, if_none_match=f"W/{tag}"), "If-None-Match", tag)
    # If-Match is evaluated first
    assert_failed(alice.send(method, path, body, if_match=STALE, if_none_match="*"), "If-Match", tag)
    assert_failed(alice.send(method, path, body, if_match=tag, if_none_match="*"), "If-None-Match", tag)
    assert items_of(alice.user_id) == before
    assert alice.send(method, path, body, if_match=f'"x", {tag}', if_none_match=STALE).status in (200, 204)


@pytest.mark.parametrize("method", ["PUT", "PATCH"])
def test_the_profile_is_held_to_its_preconditions(alice: Client, items_of: Items, method: str) -> None:
    tag = alice.send("GET", USERS).headers["etag"]
    before = items_of(alice.user_id)
    for headers, header in (({"if-match": STALE}, "If-Match"), ({"if-none-match": "*"}, "If-None-Match")):
        assert_failed(alice.send(method, USERS, {"name": "x"}, also=headers), header, tag)
        assert_failed(alice.send("POST", USERS, {"name": "x"}, idempotency_key="k", also=headers), header, tag)
        assert_failed(alice.send("DELETE", USERS, also=headers), header, tag)
    assert items_of(alice.user_id) == before
    assert alice.send(method, USERS, {"name": "x"}, if_match=tag).status == 200


@pytest.mark.parametrize("if_match", ["*", STALE])
def test_a_missing_profile_satisfies_no_if_match_and_is_not_made(alice: Client, items_of: Items, if_match: str) -> None:
    for reply in (
        alice.send("PUT", USERS, {"name": "x"}, if_match=if_match),
        alice.send("PATCH", USERS, {"name": "x"}, if_match=if_match),
        alice.send("POST", USERS, {"name": "x"}, if_match=if_match, idempotency_key="k"),
        alice.send("DELETE", USERS, if_match=if_match),
    ):
        assert_failed(reply, "If-Match", None)
    assert items_of(alice.user_id) == []
    assert alice.send("PUT", USERS, {"name": "x"}, if_none_match="*").status == 200


def test_a_read_is_held_to_its_preconditions(alice: Client, task: tuple[str, str]) -> None:
    for path, tag in (task, (USERS, alice.send("GET", USERS).headers["etag"])):
        assert_failed(alice.send("GET", path, if_match=STALE), "If-Match", tag)
        assert_failed(alice.send("GET", path, if_match=f"W/{tag}", if_none_match=tag), "If-Match", tag)
        assert alice.send("GET", path, if_match=tag).status == 200
        for known in (tag, f"W/{tag}", "*", f"{STALE}, {tag}"):
            reply = alice.send("GET", path, if_match="*", if_none_match=known)
            assert (reply.status, reply.text, reply.headers["etag"]) == (304, "", tag)
        assert alice.send("GET", path, if_none_match=STALE).status == 200


@pytest.mark.parametrize("path", [TASKS, f"{TASKS}/changes"])
def test_what_has_no_entity_tag_matches_none(alice: Client, path: str) -> None:
    assert_failed(alice.send("GET", path, if_match=STALE), "If-Match", None)
    assert alice.send("GET", path, if_match="*").status == 200
    assert alice.send("GET", path, if_none_match=STALE).status == 200
    assert alice.send("GET", path, if_none_match="*").status == 304


def test_a_create_is_held_to_the_preconditions_of_its_collection(alice: Client, items_of: Items) -> None:
    alice.send("GET", USERS)
    before = items_of(alice.user_id)
    for headers in ({"if-match": STALE}, {"if-none-match": "*"}):
        assert alice.send("POST", TASKS, {"title": "x"}, idempotency_key="k", also=headers).status == 412
    batch = {"operations": [{"op": "create", "task": {"title": "x"}}]}
    assert alice.send("POST", f"{TASKS}/batch", batch, idempotency_key="k", if_match="*").status == 412
    assert items_of(alice.user_id) == before
    assert alice.send("POST", TASKS, {"title": "x"}, idempotency_key="k", if_match="*").status == 201


def test_what_does_not_exist_is_not_found_whatever_the_preconditions(alice: Client, task: tuple[str, str]) -> None:
    path, _ = task
    alice.send("DELETE", path)
    for method, body in (("GET", None), ("PUT", {"title": "x"}), ("PATCH", {"title": "x"}), ("DELETE", None)):
        for headers in ({"if-match": "*"}, {"if-match": STALE}, {"if-none-match": "*"}):
            assert alice.send(method, path, body, also=headers).problem_type == "task-not-found"


def test_a_repeated_write_is_replayed_whatever_the_preconditions(alice: Client, task: tuple[str, str]) -> None:
    path, tag = task
    first = alice.send("PUT", path, {"title": "x"}, if_match=tag, idempotency_key="k")
    again = alice.send("PUT", path, {"title": "x"}, if_match=tag, idempotency_key="k")
    assert (again.status, again.text, again.headers["idempotency-replayed"]) == (200, first.text, "true")
