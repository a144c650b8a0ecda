"""Which requests are the same, and what is kept of them."""

import pytest

from api.identity import Caller
from api.models.task import NewTask
from api.models.write_result import WriteResult
from api.problems import IdempotencyKeyReused, WriteConflict
from api.repositories.dynamodb import VersionConflict
from api.repositories.idempotency import put, unexpired
from api.services.write_request import (
    DEADLINE_SECONDS,
    MAX_BACKOFF_SECONDS,
    WriteRequest,
    fingerprint,
    idempotency_record,
    replay,
    retry_on_conflict,
)

REQUEST = WriteRequest(Caller("user"), "request", "key")
RESULT = WriteResult(201, '{"title":"🥛"}'.encode(), {"ETag": '"1"', "Location": "tasks/x"})


def test_the_order_of_fields_does_not_matter_but_everything_else_does() -> None:
    same = fingerprint("create", "", {"title": "x", "category": None})
    assert same == fingerprint("create", "", {"category": None, "title": "x"})
    others = [
        fingerprint("create", "", {"title": "y", "category": None}),
        fingerprint("create", "", {"title": "x"}),
        fingerprint("update", "", {"title": "x", "category": None}),
        fingerprint("create", "id", {"title": "x", "category": None}),
    ]
    assert len({same, *others}) == 5


def test_a_fingerprint_is_stable_over_releases() -> None:
    # records outlive a deployment: a change here would answer 422 to honest retries
    assert fingerprint("create", "", {"title": "x"}) == (
        "35e1f37509433845167f1d0f56bc539b0a4aff8d9110fcfb7ad029949bd448ad"
    )


def test_no_key_makes_no_record() -> None:
    assert idempotency_record(WriteRequest(Caller("user"), "request"), "f", RESULT, 0) is None


def test_a_record_comes_back_from_the_table_as_a_replay_until_it_expires() -> None:
    record = idempotency_record(REQUEST, "f", RESULT, 1000)
    assert record
    item = put("table", record, 1000).item
    assert (item["PK"], item["SK"]) == ({"S": "IDEMPOTENCY#user"}, {"S": "key"})
    assert item["expiration_timestamp"] == {"N": str(1000 + 24 * 3600)}
    found = unexpired(item, "user", "key", 1000 + 24 * 3600)
    assert found
    assert replay(found, "f") == WriteResult(RESULT.status, RESULT.body, RESULT.headers, replayed=True)
    assert unexpired(item, "user", "key", 1000 + 24 * 3600 + 1) is None
    assert unexpired(None, "user", "key", 0) is None


def test_another_request_under_the_key_is_refused() -> None:
    record = idempotency_record(REQUEST, "f", RESULT, 0)
    assert record
    with pytest.raises(IdempotencyKeyReused):
        replay(record, "g")


def test_a_record_of_a_usual_task_fits_in_one_write_unit_s_kilobyte() -> None:
    body = b'{"id":"01ARZ3NDEKTSV4RRFFQ69G5FAV","title":"' + "Überweisung Miete".encode() + b'","description":"'
    answer = WriteResult(201, body + b"Lorem ipsum dolor sit amet. " * 30 + b'"}', RESULT.headers)
    record = idempotency_record(REQUEST, "f" * 64, answer, 1_795_000_000)
    assert record
    item = put("table", record, 0).item
    size = sum(len(name) + len(next(iter(typed.values()))) for name, typed in item.items())
    assert size < 1024


class Time:
    """A clock that moves when somebody sleeps."""

    def __init__(self) -> None:
        self.now = 0.0
        self.pauses: list[float] = []

    def clock(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.pauses.append(seconds)
        self.now += seconds


def test_attempts_back_off_with_jitter_until_a_deadline_that_all_of_them_share() -> None:
    waits: list[list[float]] = []
    for _ in range(5):
        time = Time()
        attempts: list[float] = []

        def attempt(time: Time = time, attempts: list[float] = attempts) -> WriteResult:
            attempts.append(time.now)
            raise VersionConflict

        with pytest.raises(WriteConflict):
            retry_on_conflict("f", attempt, clock=time.clock, sleep=time.sleep)
        assert len(attempts) > 8
        assert attempts[-1] < DEADLINE_SECONDS <= 28
        assert all(pause <= MAX_BACKOFF_SECONDS for pause in time.pauses)
        assert sum(time.pauses[-5:]) > sum(time.pauses[:3])
        waits.append(time.pauses)
    # no two writers wait alike
    assert len({tuple(pauses) for pauses in waits}) == 5


def test_a_field_that_a_later_release_adds_changes_no_fingerprint() -> None:
    body = {"title": "x", "priority": "high"}
    before = fingerprint("create", "", NewTask.model_validate(body).model_dump(mode="json", exclude_unset=True))

    class LaterTask(NewTask):
        color: str = "none"

    after = fingerprint("create", "", LaterTask.model_validate(body).model_dump(mode="json", exclude_unset=True))
    assert before == after == fingerprint("create", "", body)
