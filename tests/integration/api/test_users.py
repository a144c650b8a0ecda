"""Profiles: one per user, from the first token, filled in by the first ID token."""

import dataclasses
from collections.abc import Callable
from typing import Any

import pytest

from tests.integration.api.client import Client

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


def test_the_profile_is_asked_for_once_per_process(alice: Client, items_of: Items, calls: list[str]) -> None:
    for _ in range(3):
        alice.send("GET", "/api/v1/tasks")
    assert calls.count("PutItem") == 1
    assert profile_of(alice, items_of)["version"] == 1


def test_an_access_token_makes_a_profile_that_an_id_token_fills_in_once(
    alice: Client, items_of: Items, calls: list[str]
) -> None:
    access = dataclasses.replace(alice, claims={"sub": alice.user_id, "token_use": "access", "username": "x"})
    first = access.send("GET", USERS).json()
    assert (first["email"], first["name"], first["version"]) == (None, None, 1)
    access.created()
    assert calls.count("PutItem") == 1
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
    app.state.users._met.clear()
    alice.created()
    assert profile_of(alice, items_of) == before


def test_the_answer_has_the_contract_s_fields(alice: Client) -> None:
    reply = alice.send("GET", USERS)
    assert reply.status == 200
    assert reply.json().keys() == {"user_id", "email", "name", "created_at", "updated_at", "version"}


def test_a_profile_that_vanished_is_written_again(alice: Client, dynamodb: Any, table: str) -> None:
    alice.send("GET", USERS)
    dynamodb.delete_item(TableName=table, Key={"PK": {"S": f"USER#{alice.user_id}"}, "SK": {"S": "METADATA"}})
    assert alice.send("GET", USERS).json()["user_id"] == alice.user_id
