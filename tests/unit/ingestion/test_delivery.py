from collections.abc import Callable
from typing import Any, cast

import pytest
from botocore.exceptions import ClientError
from hypothesis import given
from hypothesis import strategies as st
from mypy_boto3_firehose import FirehoseClient

from ingestion.cdc import delivery
from ingestion.cdc.delivery import ATTEMPTS, MAX_BYTES, MAX_RECORDS, chunks, deliver

STREAM = "todo-cdc"


class Firehose:
    """Accepts what `accepts(line, attempt)` says; keeps what was sent and what was accepted."""

    def __init__(self, accepts: Callable[[bytes, int], bool] = lambda _line, _attempt: True) -> None:
        self.accepts = accepts
        self.calls: list[list[bytes]] = []
        self.accepted: list[bytes] = []
        self.attempts: dict[bytes, int] = {}

    def put_record_batch(self, *, DeliveryStreamName: str, Records: list[dict[str, bytes]]) -> dict[str, Any]:  # noqa: N803
        assert DeliveryStreamName == STREAM
        lines = [entry["Data"] for entry in Records]
        self.calls.append(lines)
        outcomes: list[dict[str, str]] = []
        for line in lines:
            self.attempts[line] = self.attempts.get(line, 0) + 1
            if self.accepts(line, self.attempts[line]):
                self.accepted.append(line)
                outcomes.append({"RecordId": "1"})
            else:
                outcomes.append({"ErrorCode": "ServiceUnavailableException", "ErrorMessage": "Slow down."})
        failed = sum("ErrorCode" in outcome for outcome in outcomes)
        return {"FailedPutCount": failed, "RequestResponses": outcomes}


def put(firehose: Firehose, lines: list[bytes]) -> tuple[int, list[float]]:
    pauses: list[float] = []
    return deliver(cast("FirehoseClient", firehose), STREAM, lines, sleep=pauses.append), pauses


def numbered(count: int) -> list[bytes]:
    return [b"%d\n" % i for i in range(count)]


def test_everything_is_put_in_order_in_calls_of_at_most_500() -> None:
    firehose = Firehose()
    assert put(firehose, numbered(1201)) == (1201, [])
    assert [len(call) for call in firehose.calls] == [500, 500, 201]
    assert firehose.accepted == numbered(1201)


@given(st.lists(st.integers(1, 1000 * 1024), max_size=30), st.integers(0, 600))
def test_no_chunk_breaks_a_limit_and_together_they_are_everything(sizes: list[int], small: int) -> None:
    lines = [bytes(size) for size in sizes] + [b"\n"] * small
    sections = list(chunks(lines))
    assert [i for start, end in sections for i in range(start, end)] == list(range(len(lines)))
    for start, end in sections:
        assert 0 < end - start <= MAX_RECORDS
        assert sum(map(len, lines[start:end])) <= MAX_BYTES


def test_a_call_is_filled_up_to_four_mebibytes_exactly() -> None:
    quarter = bytes(MAX_BYTES // 5)
    assert list(chunks([quarter] * 5)) == [(0, 5)]
    assert list(chunks([quarter] * 5 + [b"12345"])) == [(0, 5), (5, 6)]


def test_only_the_refused_entries_are_sent_again_and_the_pauses_grow() -> None:
    firehose = Firehose(lambda line, attempt: line not in (b"2\n", b"4\n") or attempt == 3)
    delivered, pauses = put(firehose, numbered(6))
    assert delivered == 6
    assert firehose.calls == [numbered(6), [b"2\n", b"4\n"], [b"2\n", b"4\n"]]
    assert sorted(firehose.accepted) == numbered(6)
    assert len(pauses) == 2
    assert all(0 <= pause <= delivery.FIRST_PAUSE_SECONDS * 2**n for n, pause in enumerate(pauses, start=1))


def test_entries_that_stay_refused_end_the_delivery_at_the_first_of_them() -> None:
    firehose = Firehose(lambda line, _attempt: line not in (b"3\n", b"5\n"))
    delivered, pauses = put(firehose, numbered(8))
    assert delivered == 3
    assert len(firehose.calls) == ATTEMPTS
    assert len(pauses) == ATTEMPTS - 1
    assert firehose.accepted == [b"0\n", b"1\n", b"2\n", b"4\n", b"6\n", b"7\n"]


def test_when_everything_is_refused_nothing_counts_and_later_chunks_are_not_tried() -> None:
    firehose = Firehose(lambda _line, _attempt: False)
    delivered, _ = put(firehose, numbered(700))
    assert delivered == 0
    assert firehose.accepted == []
    assert all(call == numbered(500) for call in firehose.calls)


def test_a_later_chunk_that_fails_leaves_the_earlier_ones_delivered() -> None:
    firehose = Firehose(lambda line, _attempt: line != b"510\n")
    assert put(firehose, numbered(700))[0] == 510


def test_a_service_that_is_too_busy_for_a_call_refuses_its_records() -> None:
    class Busy(Firehose):
        calls_until_idle = 2

        def put_record_batch(self, **request: Any) -> dict[str, Any]:
            self.calls_until_idle -= 1
            if self.calls_until_idle >= 0:
                raise ClientError({"Error": {"Code": "ServiceUnavailableException"}}, "PutRecordBatch")
            return super().put_record_batch(**request)

    firehose = Busy()
    delivered, pauses = put(firehose, numbered(3))
    assert (delivered, len(pauses), firehose.accepted) == (3, 2, numbered(3))
    firehose.calls_until_idle = ATTEMPTS
    assert put(firehose, numbered(3))[0] == 0


def test_a_call_that_fails_as_a_whole_is_the_callers_to_know() -> None:
    class Denied(Firehose):
        def put_record_batch(self, **_: Any) -> dict[str, Any]:
            raise PermissionError("no")

    with pytest.raises(PermissionError):
        put(Denied(), numbered(1))
