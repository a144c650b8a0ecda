"""DELETE /users: nothing of the caller is left in the table but the request itself; whatever stops it, it can go on."""

import concurrent.futures
import re

import pytest
from fastapi import FastAPI

from tests.integration.api.client import Client, in_own_loop
from tests.integration.api.settled import TASKS, USERS, Erasures, Items, kinds

pytestmark = pytest.mark.account


def test_nothing_is_left_but_the_request(settled: Client, bob: Client, items_of: Items, erasure_of: Erasures) -> None:
    bob.created("bob's", key="b")
    others = items_of(bob.user_id)
    assert kinds(items_of(settled.user_id)) == {"TASK", "IDEMPOTENCY", "INSIGHTS", "COUNTS", "WEBHOOK", "USER"}
    generation = settled.send("GET", USERS).json()["created_at"]
    reply = settled.send("DELETE", USERS, x_request_id="erase-me")
    assert (reply.status, reply.text) == (204, "")
    assert items_of(settled.user_id) == []
    request = erasure_of(settled.user_id)
    assert request
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", request["requested_at"])
    assert request == {
        "PK": "ERASURE",
        "SK": settled.user_id,
        "entity_type": "ERASURE",
        "erasure_id": request["erasure_id"],
        "generation": generation,
        "requested_at": request["requested_at"],
        "request_id": "erase-me",
    }
    assert items_of(bob.user_id) == others


def test_the_profile_goes_in_the_transaction_that_writes_the_request(settled: Client, calls: list[str]) -> None:
    calls.clear()
    settled.send("DELETE", USERS)
    # read both; request and profile; tasks, twice; webhooks; records; figures; done
    assert calls[:2] == ["TransactGetItems", "TransactWriteItems"]
    assert calls[-1] == "PutItem"
    assert set(calls[2:-1]) == {"Query", "BatchWriteItem"}


def test_an_erasure_costs_what_the_user_has_and_a_repetition_next_to_nothing(
    settled: Client, calls: list[str], erasure_of: Erasures
) -> None:
    settled.send("DELETE", USERS)
    first = erasure_of(settled.user_id)
    calls.clear()
    assert settled.send("DELETE", USERS, x_request_id="again").status == 204
    assert calls == ["TransactGetItems", "Query", "Query", "Query"]
    assert erasure_of(settled.user_id) == first


def test_each_request_of_a_user_who_came_back_has_an_id_of_its_own(settled: Client, erasure_of: Erasures) -> None:
    found = []
    for _ in range(2):
        settled.created("back")
        # a correlation id is the client's to choose, so it identifies no request
        assert settled.send("DELETE", USERS, x_request_id="same").status == 204
        found.append(erasure_of(settled.user_id))
    first, second = found
    assert first
    assert second
    assert first["erasure_id"] < second["erasure_id"]
    assert first["generation"] < second["generation"]


def test_repeating_it_does_no_harm(settled: Client, items_of: Items) -> None:
    for _ in range(2):
        assert settled.send("DELETE", USERS, idempotency_key="same").status == 204
        assert items_of(settled.user_id) == []


def test_who_comes_back_starts_afresh_and_can_be_erased_again(
    settled: Client, items_of: Items, erasure_of: Erasures
) -> None:
    settled.send("DELETE", USERS)
    first = erasure_of(settled.user_id)
    task = settled.created("back")
    assert settled.send("GET", TASKS).json() == [task]
    assert settled.send("GET", USERS).json()["version"] == 1
    settled.send("DELETE", USERS)
    assert items_of(settled.user_id) == []
    second = erasure_of(settled.user_id)
    assert first
    assert second
    assert second["requested_at"] > first["requested_at"]


def test_more_than_one_request_can_do_is_done_by_several(
    settled: Client, items_of: Items, erasure_of: Erasures, app: FastAPI
) -> None:
    now = [0.0]

    def slow() -> float:
        now[0] += 7
        return now[0]

    app.state.services.erasure._clock = slow
    left = [len(items_of(settled.user_id))]
    while (reply := settled.send("DELETE", USERS)).status == 503:
        assert (reply.problem_type, reply.headers["retry-after"]) == ("erasure-unfinished", "1")
        request = erasure_of(settled.user_id)
        assert request
        assert "deleting_since" in request
        left.append(len(items_of(settled.user_id)))
        assert len(left) < 10
    # each request goes on where the one before stopped
    assert left == sorted(set(left), reverse=True)
    assert len(left) > 1
    assert items_of(settled.user_id) == []


def test_what_dynamodb_did_not_get_to_is_not_taken_for_deleted(
    settled: Client, app: FastAPI, monkeypatch: pytest.MonkeyPatch, items_of: Items
) -> None:
    with monkeypatch.context() as busy:
        busy.setattr(app.state.dynamodb, "batch_write_item", lambda **_: {"UnprocessedItems": {"t": []}})
        assert settled.send("DELETE", USERS).problem_type == "erasure-unfinished"
    assert settled.send("DELETE", USERS).status == 204
    assert items_of(settled.user_id) == []


def test_it_can_be_held_to_a_version_of_the_profile(settled: Client, items_of: Items) -> None:
    before = items_of(settled.user_id)
    tag = settled.send("GET", USERS).headers["etag"]
    assert settled.send("DELETE", USERS, if_match='"2"').problem_type == "precondition-failed"
    assert items_of(settled.user_id) == before
    assert settled.send("DELETE", USERS, if_match=tag).status == 204
    # it is done already (RFC 9110, section 13.1.1)
    assert settled.send("DELETE", USERS, if_match=tag).status == 204
    assert settled.send("DELETE", USERS, if_match="1").problem_type == "invalid-header"


def test_two_at_once_erase_once(settled: Client, items_of: Items) -> None:
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        erase = lambda _: in_own_loop(lambda: settled.send("DELETE", USERS)).status  # noqa: E731
        assert list(pool.map(erase, range(2))) == [204, 204]
    assert items_of(settled.user_id) == []
