"""DynamoDB says no: what the client hears, and what the log says."""

import json
from collections.abc import Callable
from typing import Any, cast

import botocore.awsrequest
import pytest
from botocore.exceptions import ConnectTimeoutError
from fastapi import FastAPI

from api.services import write_request
from tests.integration.api.client import Client

pytestmark = pytest.mark.account

Items = Callable[[str], list[dict[str, Any]]]
Printed = Callable[[], list[dict[str, Any]]]
TASKS = "/api/v1/tasks"


class RawBody:
    """What botocore reads a response from."""

    def __init__(self, body: bytes) -> None:
        self._body = body

    def stream(self, **_: Any) -> Any:
        yield self._body


@pytest.fixture
def refuse(app: FastAPI) -> Callable[..., list[str]]:
    """Makes an operation of DynamoDB answer with an error; the list has an entry per attempt on the wire."""

    def inject(operation: str, code: str, status: int = 400, **more: Any) -> list[str]:
        attempts: list[str] = []
        body = json.dumps({"__type": f"com.amazonaws.dynamodb.v20120810#{code}", "message": "injected", **more})

        def answer(request: Any, **_: Any) -> botocore.awsrequest.AWSResponse:
            attempts.append(request.url)
            headers = botocore.awsrequest.HeadersDict({"x-amzn-requestid": "r"})
            return botocore.awsrequest.AWSResponse(request.url, status, cast("Any", headers), RawBody(body.encode()))

        app.state.dynamodb.meta.events.register(f"before-send.dynamodb.{operation}", answer)
        return attempts

    return inject


@pytest.mark.parametrize(
    ("code", "status"),
    [
        ("ProvisionedThroughputExceededException", 400),
        ("ThrottlingException", 400),
        ("RequestLimitExceeded", 400),
        ("InternalServerError", 500),
    ],
)
def test_throttling_is_503_and_says_when_to_come_back(
    alice: Client, refuse: Callable[..., list[str]], code: str, status: int
) -> None:
    alice.created()
    attempts = refuse("Query", code, status)
    reply = alice.send("GET", TASKS)
    assert (reply.status, reply.problem_type, reply.headers["retry-after"]) == (503, "temporarily-unavailable", "1")
    assert "injected" not in reply.text
    assert len(attempts) == 3


def test_a_throttled_create_is_503_and_leaves_nothing(
    alice: Client, refuse: Callable[..., list[str]], items_of: Items
) -> None:
    alice.send("GET", TASKS)
    before = items_of(alice.user_id)
    reasons = [{"Code": "None"}, {"Code": "ThrottlingError", "Message": "busy"}]
    refuse("TransactWriteItems", "TransactionCanceledException", CancellationReasons=reasons)
    reply = alice.create()
    assert (reply.status, reply.headers["retry-after"]) == (503, "1")
    assert items_of(alice.user_id) == before


def test_a_key_that_is_being_used_is_409(alice: Client, refuse: Callable[..., list[str]]) -> None:
    path = f"{TASKS}/{alice.created()['id']}"
    reasons = [{"Code": "None"}, {"Code": "TransactionConflict", "Message": "Transaction is ongoing for the item"}]
    refuse("TransactWriteItems", "TransactionCanceledException", CancellationReasons=reasons)
    for reply in (
        alice.create(),
        alice.send("PUT", path, {"title": "x"}, idempotency_key="u"),
        alice.send("DELETE", path, idempotency_key="d"),
    ):
        assert (reply.status, reply.problem_type, reply.headers["retry-after"]) == (409, "request-in-progress", "1")


@pytest.mark.parametrize("at_fault", [0, 1])
def test_a_read_that_meets_a_transaction_is_409(
    alice: Client, refuse: Callable[..., list[str]], at_fault: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(write_request, "DEADLINE_SECONDS", 0.5)
    path = f"{TASKS}/{alice.created()['id']}"
    reasons = [{"Code": "None"}, {"Code": "None"}]
    reasons[at_fault] = {"Code": "TransactionConflict"}
    attempts = refuse("TransactGetItems", "TransactionCanceledException", CancellationReasons=reasons)
    reply = alice.send("PUT", path, {"title": "x"}, idempotency_key="u")
    # the task is read again, as its writer will be done; a twin under the same key has the answer to wait for
    assert reply.problem_type == ("write-conflict", "request-in-progress")[at_fault]
    assert len(attempts) > 2 if at_fault == 0 else len(attempts) == 1
    assert (reply.status, reply.headers["retry-after"]) == (409, "1")


def test_a_profile_that_is_being_written_keeps_no_reader_out(
    alice: Client, refuse: Callable[..., list[str]], app: FastAPI
) -> None:
    attempts = refuse("TransactWriteItems", "TransactionConflictException")
    assert alice.send("GET", TASKS).status == 200
    assert attempts
    assert alice.user_id not in app.state.services.users._known


def test_endless_contention_is_409(
    alice: Client, refuse: Callable[..., list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(write_request, "DEADLINE_SECONDS", 2)
    path = f"{TASKS}/{alice.created()['id']}"
    attempts = refuse("PutItem", "TransactionConflictException")
    reply = alice.send("PUT", path, {"title": "x"})
    assert (reply.status, reply.problem_type, reply.headers["retry-after"]) == (409, "write-conflict", "1")
    assert len(attempts) > 2


def test_a_full_item_collection_is_507_and_reading_goes_on(alice: Client, refuse: Callable[..., list[str]]) -> None:
    path = f"{TASKS}/{alice.created()['id']}"
    reasons = [{"Code": "ItemCollectionSizeLimitExceeded"}, {"Code": "None"}]
    refuse("TransactWriteItems", "TransactionCanceledException", CancellationReasons=reasons)
    reply = alice.create()
    assert (reply.status, reply.problem_type) == (507, "storage-full")
    assert alice.send("GET", path).status == 200
    refuse("PutItem", "ItemCollectionSizeLimitExceededException")
    assert alice.send("PUT", path, {"title": "x"}).problem_type == "storage-full"


def test_an_update_whose_first_answer_was_lost_is_not_mistaken_for_another_s(alice: Client, app: FastAPI) -> None:
    path = f"{TASKS}/{alice.created()['id']}"
    client = app.state.dynamodb
    lost: list[str] = []

    def lose(**_: Any) -> float | None:
        # the write was carried out; the SDK is made to believe that it was not
        if lost:
            return None
        lost.append("once")
        return 0

    client.meta.events.register_first("needs-retry.dynamodb.PutItem", lose)
    reply = alice.send("PUT", path, {"title": "mine"}, if_match='"1"')
    assert lost
    assert (reply.status, reply.json()["version"]) == (200, 2)
    assert alice.send("GET", path).json() == reply.json()


def test_no_answer_from_dynamodb_is_503(alice: Client, app: FastAPI, monkeypatch: pytest.MonkeyPatch) -> None:
    alice.created()

    def nobody(**_: Any) -> None:
        raise ConnectTimeoutError(endpoint_url="https://internal.example")

    monkeypatch.setattr(app.state.dynamodb, "query", nobody)
    reply = alice.send("GET", TASKS)
    assert (reply.status, reply.headers["retry-after"]) == (503, "1")
    assert "internal.example" not in reply.text


@pytest.mark.parametrize("code", ["AccessDeniedException", "ValidationException", "ResourceNotFoundException"])
def test_an_error_of_ours_is_500_without_internals_and_logged(
    alice: Client, refuse: Callable[..., list[str]], code: str, printed: Printed
) -> None:
    alice.created()
    refuse("Query", code)
    printed()
    reply = alice.send("GET", TASKS, x_request_id="find-me")
    assert (reply.status, reply.problem_type) == (500, "internal-error")
    assert reply.json()["request_id"] == reply.headers["x-request-id"] == "find-me"
    assert code not in reply.text
    logged = printed()
    assert [(line["level"], line["request_id"]) for line in logged] == [("ERROR", "find-me"), ("INFO", "find-me")]
    assert code in logged[0]["exception"]


def test_a_bug_is_500_without_internals_and_logged(
    alice: Client, app: FastAPI, monkeypatch: pytest.MonkeyPatch, printed: Printed
) -> None:
    alice.created()

    def bug(*_: Any) -> None:
        raise ZeroDivisionError("internals")

    monkeypatch.setattr(app.state.services.tasks._tasks, "find", bug)
    printed()
    reply = alice.send("GET", f"{TASKS}/01ARZ3NDEKTSV4RRFFQ69G5FAV")
    assert (reply.status, reply.problem_type) == (500, "internal-error")
    assert "internals" not in reply.text
    error, request = printed()
    assert "ZeroDivisionError" in error["exception"]
    assert request["status_code"] == 500
