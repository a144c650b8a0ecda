"""Two users on every route: nothing crosses. And identity is what API Gateway verified, nothing else."""

import dataclasses
from collections.abc import Callable
from typing import Any

import pytest

from tests.integration.api.client import Client

pytestmark = pytest.mark.account

Items = Callable[[str], list[dict[str, Any]]]
WEBHOOKS = "/api/v1/webhooks"
BATCH: dict[str, Any] = {"operations": [{"op": "create", "task": {"title": "x"}}]}


def every_route(task: str, webhook: str = f"{WEBHOOKS}/01ARZ3NDEKTSV4RRFFQ69G5FAV") -> list[tuple[str, str, Any]]:
    """Method, path and a good body of every route that is about the caller; `task` and `webhook` are paths of one."""
    return [
        ("GET", "/api/v1/tasks", None),
        ("POST", "/api/v1/tasks", {"title": "x"}),
        ("GET", "/api/v1/tasks/changes", None),
        ("GET", "/api/v1/tasks/counts", None),
        ("POST", "/api/v1/tasks/batch", BATCH),
        ("GET", task, None),
        ("PUT", task, {"title": "x"}),
        ("PATCH", task, {"title": "x"}),
        ("POST", f"{task}/restore", None),
        ("DELETE", task, None),
        ("GET", WEBHOOKS, None),
        ("POST", WEBHOOKS, {"url": "https://example.com/"}),
        ("GET", webhook, None),
        ("PATCH", webhook, {"enabled": True}),
        ("DELETE", webhook, None),
        ("POST", f"{webhook}/test", None),
        ("POST", f"{webhook}/rotate-secret", None),
        ("GET", f"{webhook}/deliveries", None),
        ("GET", "/api/v1/export", None),
        ("POST", "/api/v1/import", {"lines": []}),
        ("GET", "/api/v1/insights", None),
        ("GET", "/api/v1/users", None),
        ("POST", "/api/v1/users", {}),
        ("PUT", "/api/v1/users", {}),
        ("PATCH", "/api/v1/users", {}),
        ("DELETE", "/api/v1/users", None),
    ]


def test_the_list_of_routes_is_complete(alice: Client) -> None:
    paths = alice.send("GET", "/openapi.json").json()["paths"]
    stated = {(method.upper(), path) for path, methods in paths.items() for method in methods if path != "/health"}
    assert {
        (method, path) for method, path, _ in every_route("/api/v1/tasks/{task_id}", f"{WEBHOOKS}/{{webhook_id}}")
    } == stated


def test_another_user_s_task_does_not_exist(alice: Client, bob: Client, items_of: Items) -> None:
    task = alice.created("private")
    path = f"/api/v1/tasks/{task['id']}"
    bob.created("bob's")
    before = items_of(alice.user_id)
    attempts = [
        bob.send("GET", path),
        bob.send("GET", path, if_none_match="*"),
        bob.send("PUT", path, {"title": "stolen"}),
        bob.send("PUT", path, {"title": "stolen"}, idempotency_key="k", if_match='"1"'),
        bob.send("DELETE", path),
        bob.send("DELETE", path, idempotency_key="k", if_match="*"),
        bob.send("PATCH", path, {"title": "stolen"}),
        bob.send("PATCH", path, {"title": "stolen"}, idempotency_key="k", if_match='"1"'),
        bob.send("POST", f"{path}/restore", idempotency_key="k"),
    ]
    assert [(reply.status, reply.problem_type) for reply in attempts] == [(404, "task-not-found")] * len(attempts)
    operations = [{"op": "update", "id": task["id"], "task": {"title": "x"}}, {"op": "delete", "id": task["id"]}]
    for operation in operations:
        refused = bob.send("POST", "/api/v1/tasks/batch", {"operations": [operation]}, idempotency_key="k")
        assert (refused.problem_type, refused.fields) == ("batch-refused", {"operations.0.id"})
    for reply in (bob.create(parent_id=task["id"]), bob.create(parent_id="01ARZ3NDEKTSV4RRFFQ69G5FAV")):
        assert (reply.status, reply.json()["errors"][0]["code"]) == (422, "parent_not_found")
    assert bob.send("GET", "/api/v1/tasks", query={"parent_id": task["id"]}).json() == []
    unknown = bob.send("GET", "/api/v1/tasks/01ARZ3NDEKTSV4RRFFQ69G5FAV")
    assert attempts[0].json() | {"request_id": ""} == unknown.json() | {"request_id": ""}
    assert items_of(alice.user_id) == before


def test_another_user_s_deleted_task_cannot_be_restored(alice: Client, bob: Client, items_of: Items) -> None:
    task = alice.created()
    alice.send("DELETE", f"/api/v1/tasks/{task['id']}")
    before = items_of(alice.user_id)
    assert bob.send("POST", f"/api/v1/tasks/{task['id']}/restore", idempotency_key="k").status == 404
    assert items_of(alice.user_id) == before


def test_writes_reach_the_caller_s_items_only(alice: Client, bob: Client, items_of: Items) -> None:
    alice.created("alice's", due_date="2026-12-01", key="k")
    before = items_of(alice.user_id)
    done = [
        bob.create("alice's", key="k", due_date="2026-12-01"),
        bob.send("POST", "/api/v1/tasks/batch", BATCH, idempotency_key="b"),
        bob.send("POST", "/api/v1/users", {"name": "Bob"}, idempotency_key="u"),
        bob.send("PUT", "/api/v1/users", {"name": "Bobby"}),
        bob.send("DELETE", "/api/v1/users"),
    ]
    assert [reply.status for reply in done] == [201, 200, 200, 200, 204]
    assert "idempotency-replayed" not in done[0].headers
    assert items_of(alice.user_id) == before


def test_lists_and_profiles_are_the_caller_s(alice: Client, bob: Client) -> None:
    task = alice.created("alice's", category="shared", labels=["shared"], due_date="2020-01-01")
    other = bob.created("bob's", category="shared", labels=["shared"], due_date="2020-01-01")
    for client, own in ((alice, task), (bob, other)):
        filters = ({"category": "shared"}, {"label": "shared"}, {"q": "'s"}, {"overdue": "true"})
        for query in (*filters, {"sort": "due_date"}, {}):
            assert client.send("GET", "/api/v1/tasks", query=query).json() == [own], query
        assert client.send("GET", "/api/v1/tasks/changes").json()["changes"] == [own]
    assert alice.send("GET", "/api/v1/users").json()["user_id"] == alice.user_id
    assert bob.send("GET", "/api/v1/users").json()["user_id"] == bob.user_id


def test_identity_headers_are_ignored(alice: Client, bob: Client) -> None:
    task = alice.created("alice's")
    headers = {
        "authorization": "Bearer x",
        "x-user-id": alice.user_id,
        "x-amzn-oidc-identity": alice.user_id,
        "x-forwarded-user": alice.user_id,
        "sub": alice.user_id,
    }
    assert bob.send("GET", "/api/v1/tasks", also=headers).json() == []
    assert bob.send("GET", f"/api/v1/tasks/{task['id']}", also=headers).status == 404
    nobody = dataclasses.replace(alice, claims=None)
    assert nobody.send("GET", "/api/v1/tasks", also=headers).status == 401


@pytest.mark.parametrize(
    "claims", [None, {}, {"email": "a@example.com"}, {"sub": ""}, {"sub": "a#b"}, {"sub": "a:b"}, {"sub": "x" * 129}]
)
def test_without_a_verified_subject_every_route_is_401(alice: Client, claims: dict[str, str] | None) -> None:
    path = f"/api/v1/tasks/{alice.created()['id']}"
    nobody = dataclasses.replace(alice, claims=claims)
    attempts = [
        nobody.send("POST", "/api/v1/tasks", {"wrong": 1}),
        *(nobody.send(method, address, body, idempotency_key="k") for method, address, body in every_route(path)),
    ]
    for reply in attempts:
        assert (reply.status, reply.problem_type) == (401, "unauthenticated")
        assert reply.headers["www-authenticate"] == "Bearer"
    assert alice.send("GET", path).json()["version"] == 1
