"""What a user who sends too much is answered, and what it costs those who do not (ADR 0146)."""

import dataclasses
import hashlib
import re
import uuid
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

from api import contract
from api.repositories.items import unmarshal
from api.repositories.rate_limits import RateLimitRepository
from api.services.rate_limits import RateLimits
from api.settings import Settings
from tests.integration.api.client import Client, Handler, Reply

if TYPE_CHECKING:
    from fastapi import FastAPI
    from mypy_boto3_dynamodb import DynamoDBClient

pytestmark = pytest.mark.account

TASKS = "/api/v1/tasks"
LIMIT = 30  # taken three at a time


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return settings.model_copy(update={"requests_per_minute": LIMIT})


@pytest.fixture(autouse=True)
def _in_one_minute(monkeypatch: pytest.MonkeyPatch) -> None:
    """The requests of a test are in one window, however long they take."""
    monkeypatch.setattr("api.application.RateLimits", _stopped)


def _stopped(counts: RateLimitRepository, limit: int) -> RateLimits:
    return RateLimits(counts, limit, clock=lambda: 1_800_000_018.0)


def process_of(settings: Settings) -> Handler:
    """A further process of the function."""
    from api.application import build
    from api.entrypoint import adapt

    return adapt(build(settings))


def count_of(client: Client) -> contract.Key:
    """The key of a user's count."""
    return contract.rate_limit_key(hashlib.sha256(client.user_id.encode()).hexdigest(), 1_800_000_018 // 60)


def remaining(reply: Reply) -> int:
    """What `RateLimit` says is left."""
    found = re.fullmatch(r'"user";r=(\d+);t=42', reply.headers["ratelimit"])
    assert found, reply.headers["ratelimit"]
    assert reply.headers["ratelimit-policy"] == f'"user";q={LIMIT};w=60'
    return int(found[1])


def test_every_answer_says_what_is_left_and_a_first_create_stays_one_call(alice: Client, calls: list[str]) -> None:
    alice.created("Profile")
    calls.clear()
    reply = alice.send("POST", TASKS, {"title": "One call"}, idempotency_key=uuid.uuid4().hex)
    assert (reply.status, remaining(reply)) == (201, LIMIT - 2)
    assert calls == ["TransactWriteItems"]
    missing = alice.send("GET", f"{TASKS}/01ARZ3NDEKTSV4RRFFQ69G5FAV")
    assert (missing.status, remaining(missing)) == (404, LIMIT - 3)


def test_beyond_the_limit_nothing_is_done(alice: Client, bob: Client, calls: list[str]) -> None:
    left = [remaining(alice.send("GET", TASKS, query={"limit": 1})) for _ in range(LIMIT)]
    assert left == list(range(LIMIT - 1, -1, -1))
    assert calls.count("UpdateItem") == 9
    calls.clear()
    reply = alice.send("POST", TASKS, {"title": "Too many"}, idempotency_key=uuid.uuid4().hex)
    assert (reply.status, reply.problem_type, reply.headers["retry-after"]) == (429, "rate-limited", "42")
    assert remaining(reply) == 0
    assert calls == []
    assert bob.send("GET", TASKS).status == 200


def test_processes_share_the_count(alice: Client, settings: Settings) -> None:
    other = dataclasses.replace(alice, handler=process_of(settings))
    statuses = [client.send("GET", TASKS, query={"limit": 1}).status for _ in range(LIMIT) for client in (alice, other)]
    assert statuses.count(200) == LIMIT
    assert statuses.count(429) == LIMIT


def test_the_count_names_nobody_and_expires(alice: Client, dynamodb: "DynamoDBClient", table: str) -> None:
    for _ in range(5):
        alice.send("GET", TASKS, query={"limit": 1})
    key = count_of(alice)
    item = unmarshal(dynamodb.get_item(TableName=table, Key=key.typed())["Item"])
    assert alice.user_id not in str(item)
    assert (item["requests"], item[contract.TTL_ATTRIBUTE]) == (6, 1_800_000_060)


def test_a_table_that_refuses_the_count_refuses_no_request(
    alice: Client, dynamodb: "DynamoDBClient", table: str, app: "FastAPI"
) -> None:
    def misdirect(params: dict[str, Any], **_: Any) -> None:
        params["TableName"] = f"{table}-that-is-not-there"

    app.state.dynamodb.meta.events.register("provide-client-params.dynamodb.UpdateItem", misdirect)
    assert {alice.send("GET", TASKS, query={"limit": 1}).status for _ in range(LIMIT + 10)} == {200}
    key = count_of(alice)
    assert "Item" not in dynamodb.get_item(TableName=table, Key=key.typed())


def test_nobody_has_no_limit(alice: Client) -> None:
    reply = dataclasses.replace(alice, claims=None).send("GET", TASKS)
    assert reply.status == 401
    assert "ratelimit" not in reply.headers


def test_without_a_setting_there_is_no_limit(someone: Callable[..., Client], settings: Settings) -> None:
    handler = process_of(settings.model_copy(update={"requests_per_minute": 0}))
    client = dataclasses.replace(someone(), handler=handler)
    replies = [client.send("GET", TASKS, query={"limit": 1}) for _ in range(LIMIT + 1)]
    assert {reply.status for reply in replies} == {200}
    assert "ratelimit" not in replies[0].headers
