"""HEAD answers as GET does, without the body (RFC 9110, section 9.3.2), on every route that has GET."""

import dataclasses

import pytest

from tests.integration.api.client import Client

pytestmark = pytest.mark.account

# `since` tokens, request ids and the like differ from one answer to the next
VARIABLE = {"x-request-id", "content-length"}


def readable(alice: Client, *, problems: bool) -> list[str]:
    """A path for each GET of the API that answers 200, or one for each that answers a problem."""
    if problems:
        return ["/nothing", "/docs/nothing.js", "/api/v1/tasks/01ARZ3NDEKTSV4RRFFQ69G5FAV", "/api/v1/insights"]
    task = alice.created()
    return [
        "/health",
        "/docs",
        "/docs/start.js",
        "/docs/swagger-ui.css",
        "/docs/swagger-ui-bundle.js",
        "/openapi.json",
        "/api/v1/tasks",
        "/api/v1/tasks/changes",
        f"/api/v1/tasks/{task['id']}",
        "/api/v1/users",
    ]


@pytest.mark.parametrize("problems", [False, True], ids=["successes", "problems"])
def test_head_answers_as_get_does_without_the_body(alice: Client, problems: bool) -> None:
    for path in readable(alice, problems=problems):
        got, head = alice.send("GET", path), alice.send("HEAD", path)
        assert (got.status >= 400) == problems, path
        assert got.text, path
        assert (head.status, head.text) == (got.status, ""), path
        assert {name: value for name, value in head.headers.items() if name not in VARIABLE} == {
            name: value for name, value in got.headers.items() if name not in VARIABLE
        }, path
        assert "content-length" not in head.headers, path


def test_head_evaluates_preconditions_as_get_does(alice: Client) -> None:
    path = f"/api/v1/tasks/{alice.created()['id']}"
    tag = alice.send("HEAD", path).headers["etag"]
    assert alice.send("HEAD", path, if_none_match=tag).status == 304


def test_head_needs_a_verified_caller_as_get_does(alice: Client) -> None:
    assert dataclasses.replace(alice, claims=None).send("HEAD", "/api/v1/tasks").status == 401


def test_head_is_refused_where_there_is_no_get(alice: Client) -> None:
    for path in ("/api/v1/tasks/batch", "/api/v1/tasks/01ARZ3NDEKTSV4RRFFQ69G5FAV/restore"):
        reply = alice.send("HEAD", path)
        assert (reply.status, reply.headers["allow"]) == (405, "POST")
