"""Profiles: one per user, from the first token, filled in by the first ID token."""

import concurrent.futures
import dataclasses
from collections.abc import Callable
from typing import Any

import pytest

from tests.integration.api.client import Client, in_own_loop

pytestmark = pytest.mark.account

Items = Callable[[str], list[dict[str, Any]]]
USERS = "/api/v1/users"


def profile_of(client: Client, items_of: Items) -> dict[str, Any]:
    (profile,) = [item for item in items_of(client.user_id) if item["PK"].startswith("USER#")]
    return profile


def test_the_first_request_writes_the_profile_that_ingestion_expects(alice: Client, items_of: Items) -> None:
    alice.send("GET", "/api/v1/tasks", x_request_id="first")
    assert alice.claims
    profile = profile_of(alice, items_of)
    assert profile["created_at"] == profile["updated_at"]
    assert profile == {
        "PK": f"USER#{alice.user_id}",
        "SK": "METADATA",
        "entity_type": "USER",
        "user_id": alice.user_id,
        "email": alice.claims["email"],
        "name": "Some One",
        "created_at": profile["created_at"],
        "updated_at": profile["created_at"],
        "version": 1,
        "last_request_id": "first",
    }


def test_the_profile_is_read_once_per_process(alice: Client, items_of: Items, calls: list[str]) -> None:
    for _ in range(3):
        alice.send("GET", "/api/v1/tasks")
    # looked for, written; then three lists
    assert calls == ["GetItem", "TransactWriteItems", "Query", "Query", "Query"]
    assert profile_of(alice, items_of)["version"] == 1


def test_an_access_token_makes_a_profile_that_an_id_token_fills_in_once(
    alice: Client, items_of: Items, calls: list[str]
) -> None:
    access = dataclasses.replace(alice, claims={"sub": alice.user_id, "token_use": "access", "username": "x"})
    first = access.send("GET", USERS).json()
    assert (first["email"], first["name"], first["version"]) == (None, None, 1)
    written = profile_of(alice, items_of)
    access.created()
    assert calls.count("PutItem") == 0
    assert profile_of(alice, items_of) == written
    filled = alice.send("GET", USERS).json()
    assert alice.claims
    assert (filled["email"], filled["name"], filled["version"]) == (alice.claims["email"], "Some One", 2)
    assert filled["created_at"] == first["created_at"] < filled["updated_at"]
    renamed = dataclasses.replace(alice, claims={**alice.claims, "name": "Another", "email": "new@example.com"})
    assert renamed.send("GET", USERS).json() == access.send("GET", USERS).json() == filled
    assert profile_of(alice, items_of)["version"] == 2


def test_a_known_profile_is_left_alone_by_a_fresh_process(alice: Client, items_of: Items, app: Any) -> None:
    alice.created()
    before = profile_of(alice, items_of)
    app.state.services.users._known.clear()
    alice.created()
    assert profile_of(alice, items_of) == before


def test_the_answer_has_the_contract_s_fields(alice: Client) -> None:
    reply = alice.send("GET", USERS)
    assert reply.status == 200
    assert reply.json()["id"] == reply.json()["user_id"] == alice.user_id
    assert reply.json().keys() == {"id", "user_id", "email", "name", "time_zone", "created_at", "updated_at", "version"}


def test_a_profile_that_vanished_is_written_again(alice: Client, dynamodb: Any, table: str) -> None:
    alice.send("GET", USERS)
    dynamodb.delete_item(TableName=table, Key={"PK": {"S": f"USER#{alice.user_id}"}, "SK": {"S": "METADATA"}})
    assert alice.send("GET", USERS).json()["user_id"] == alice.user_id


def test_post_makes_the_profile_once_and_then_changes_it(alice: Client, items_of: Items) -> None:
    assert alice.claims
    made = alice.send("POST", USERS, {"name": "Alice"}, idempotency_key="a")
    assert (made.status, made.headers["etag"]) == (201, alice.send("GET", USERS).headers["etag"])
    assert (made.json()["email"], made.json()["name"]) == (alice.claims["email"], "Alice")
    again = alice.send("POST", USERS, {"name": "Alice"}, idempotency_key="a")
    assert (again.status, again.text, again.headers["idempotency-replayed"]) == (201, made.text, "true")
    changed = alice.send("POST", USERS, {"name": "Alicia"}, idempotency_key="b")
    assert (changed.status, changed.json()["name"], changed.json()["version"]) == (200, "Alicia", 2)
    same = alice.send("POST", USERS, {}, idempotency_key="c")
    assert (same.status, same.json()) == (200, changed.json())
    assert profile_of(alice, items_of)["version"] == 2


def test_post_without_a_body_makes_the_profile_from_the_token(alice: Client) -> None:
    made = alice.send("POST", USERS, idempotency_key="a")
    assert alice.claims
    assert (made.status, made.json()["email"]) == (201, alice.claims["email"])


def test_put_changes_what_it_names(alice: Client, items_of: Items) -> None:
    before = alice.send("GET", USERS).json()
    reply = alice.send("PUT", USERS, {"email": "alice@example.org"}, x_request_id="p")
    after = reply.json()
    assert (reply.status, reply.headers["etag"]) == (200, alice.send("GET", USERS).headers["etag"])
    assert after == before | {"email": "alice@example.org", "version": 2, "updated_at": after["updated_at"]}
    assert after["updated_at"] > before["updated_at"]
    # PUT leaves what is null, as the original API did; PATCH clears it
    assert alice.send("PUT", USERS, {"name": None, "email": None}).json() == after
    assert alice.send("PATCH", USERS, {"name": None}).json()["name"] is None
    assert alice.send("GET", USERS).json()["version"] == 3
    profile = profile_of(alice, items_of)
    assert profile["email"] == "alice@example.org"
    assert "name" not in profile


def test_what_the_user_wrote_is_not_overwritten_by_a_token(alice: Client) -> None:
    access = dataclasses.replace(alice, claims={"sub": alice.user_id, "token_use": "access"})
    access.send("PUT", USERS, {"name": "My own"})
    filled = alice.send("GET", USERS).json()
    assert alice.claims
    assert (filled["email"], filled["name"]) == (alice.claims["email"], "My own")


def test_a_profile_s_writers_cannot_both_win(alice: Client) -> None:
    read = alice.send("GET", USERS).headers["etag"]
    first = alice.send("PUT", USERS, {"name": "first"}, if_match=read)
    assert first.status == 200
    current = first.headers["etag"]
    second = alice.send("PUT", USERS, {"name": "second"}, if_match=read)
    assert (second.status, second.problem_type, second.headers["etag"]) == (412, "precondition-failed", current)
    known = alice.send("GET", USERS, if_none_match=current)
    assert (known.status, known.text) == (304, "")
    assert alice.send("GET", USERS, if_none_match=read).json()["name"] == "first"


def test_concurrent_changes_of_a_profile_are_all_kept(alice: Client) -> None:
    alice.send("GET", USERS)
    changes: list[dict[str, str]] = [{"name": "n"}, {"email": "e@example.org"}]
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        replies = list(pool.map(lambda body: in_own_loop(lambda: alice.send("PUT", USERS, body)), changes))
    assert [reply.status for reply in replies] == [200, 200]
    profile = alice.send("GET", USERS).json()
    assert (profile["name"], profile["email"], profile["version"]) == ("n", "e@example.org", 3)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("email", 5),
        ("email", "not an address"),
        ("email", "a@b"),
        ("email", "a@\x00.com"),
        ("email", "x" * 250 + "@a.de"),
        ("name", ""),
        ("name", " "),
        ("name", "x" * 201),
        ("name", "\x00"),
    ],
)
def test_a_bad_field_is_named_and_nothing_is_written(alice: Client, items_of: Items, field: str, value: Any) -> None:
    alice.send("GET", USERS)
    before = items_of(alice.user_id)
    for reply in (
        alice.send("PUT", USERS, {field: value}),
        alice.send("PATCH", USERS, {field: value}),
        alice.send("POST", USERS, {field: value}, idempotency_key="k"),
    ):
        assert (reply.status, reply.problem_type, reply.fields) == (422, "validation-failed", {field})
    assert items_of(alice.user_id) == before


def test_patch_refuses_a_null_address_and_unknown_fields(alice: Client, items_of: Items) -> None:
    alice.send("GET", USERS)
    before = items_of(alice.user_id)
    for body, field in (({"email": None}, "email"), ({"nickname": "x"}, "nickname")):
        reply = alice.send("PATCH", USERS, body)
        assert (reply.status, reply.problem_type, reply.fields) == (422, "validation-failed", {field})
    assert items_of(alice.user_id) == before


def test_a_post_needs_a_key(alice: Client) -> None:
    assert alice.send("POST", USERS, {"name": "x"}).problem_type == "idempotency-key-missing"
