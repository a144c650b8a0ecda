"""Two users on every route: nothing crosses. And identity is what API Gateway verified, nothing else."""

import dataclasses
from collections.abc import Callable
from typing import Any

import pytest

from tests.integration.api.client import Client

pytestmark = pytest.mark.account

Items = Callable[[str], list[dict[str, Any]]]


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
    ]
    assert [(reply.status, reply.problem_type) for reply in attempts] == [(404, "task-not-found")] * 6
    unknown = bob.send("GET", "/api/v1/tasks/01ARZ3NDEKTSV4RRFFQ69G5FAV")
    assert attempts[0].json() | {"request_id": ""} == unknown.json() | {"request_id": ""}
    assert items_of(alice.user_id) == before


def test_lists_and_profiles_are_the_caller_s(alice: Client, bob: Client) -> None:
    task = alice.created("alice's", category="shared")
    other = bob.created("bob's", category="shared")
    assert alice.send("GET", "/api/v1/tasks", query={"category": "shared"}).json() == [task]
    assert bob.send("GET", "/api/v1/tasks", query={"category": "shared"}).json() == [other]
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
        nobody.send("GET", "/api/v1/tasks"),
        nobody.send("POST", "/api/v1/tasks", {"title": "x"}, idempotency_key="k"),
        nobody.send("POST", "/api/v1/tasks", {"wrong": 1}),
        nobody.send("GET", path),
        nobody.send("PUT", path, {"title": "x"}),
        nobody.send("DELETE", path),
        nobody.send("GET", "/api/v1/users"),
    ]
    for reply in attempts:
        assert (reply.status, reply.problem_type) == (401, "unauthenticated")
        assert reply.headers["www-authenticate"] == "Bearer"
    assert alice.send("GET", path).json()["version"] == 1
