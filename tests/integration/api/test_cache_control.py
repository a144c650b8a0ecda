"""No cache shows one user what another one may see."""

import pytest

from tests.integration.api.client import Client, Reply

pytestmark = pytest.mark.account

TASKS, USERS = "/api/v1/tasks", "/api/v1/users"


def replies(client: Client) -> dict[str, Reply]:
    """One reply of every kind: success, creation, list, 304, refusals of all layers."""
    made = client.create("x", key="k")
    path = f"{TASKS}/{made.json()['id']}"
    return {
        "created": made,
        "replayed": client.create("x", key="k"),
        "read": client.send("GET", path),
        "not modified": client.send("GET", path, if_none_match="*"),
        "precondition failed": client.send("GET", path, if_match='"9"'),
        "list": client.send("GET", TASKS),
        "changes": client.send("GET", f"{TASKS}/changes"),
        "profile": client.send("GET", USERS),
        "no insights": client.send("GET", "/api/v1/insights"),
        "no such task": client.send("GET", f"{TASKS}/{'0' * 26}"),
        "no such address": client.send("GET", "/api/v1/nothing"),
        "no such method": client.send("TRACE", path),
        "invalid": client.send("GET", TASKS, query={"limit": "x"}),
        "malformed": client.send("PUT", path, raw="{"),
        "updated": client.send("PUT", path, {"title": "y"}),
        "deleted": client.send("DELETE", path),
        "erased": client.send("DELETE", USERS),
    }


def test_every_reply_is_private_and_varies_with_the_token(alice: Client) -> None:
    anonymous = Client(alice.handler, None)
    found = {**replies(alice), "unauthenticated": anonymous.send("GET", TASKS)}
    assert found["not modified"].status == 304
    assert found["unauthenticated"].status == 401
    for kind, reply in found.items():
        assert reply.headers["cache-control"] == "private, no-cache", kind
        assert "authorization" in reply.headers["vary"].lower(), kind


def test_two_users_profiles_never_have_the_same_entity_tag(alice: Client, bob: Client) -> None:
    first, second = alice.send("GET", USERS), bob.send("GET", USERS)
    assert first.json()["version"] == second.json()["version"] == 1
    assert first.headers["etag"] != second.headers["etag"]
    revalidated = bob.send("GET", USERS, if_none_match=first.headers["etag"])
    assert (revalidated.status, revalidated.json()["user_id"]) == (200, bob.user_id)


def test_a_user_who_comes_back_has_another_entity_tag(alice: Client) -> None:
    before = alice.send("GET", USERS).headers["etag"]
    alice.send("DELETE", USERS)
    alice.send("PUT", USERS, {})
    after = alice.send("GET", USERS)
    assert after.json()["version"] == 1
    assert after.headers["etag"] != before
    assert alice.send("GET", USERS, if_none_match=before).status == 200
