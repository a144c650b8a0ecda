"""What the messages of the failure queues come to."""

import datetime as dt
import json
from collections.abc import Callable
from typing import Any

import pytest

from ingestion.cdc.quarantine import format_message
from ingestion.replay.changes import Resolved, Resolver
from ingestion.replay.messages import Gap, UnknownMessageError, parse
from ingestion.replay.shard import ShardNotReadError, find, lambda_record, read
from tests.unit.ingestion.stream import STREAM, record, task_image

SHARD = "shardId-00000000000000000000-00000000"


class TrimmedError(Exception):
    pass


class GoneError(Exception):
    pass


class Streams:
    """A stream of one shard whose records before `horizon` are trimmed; pages of two, now and then an empty one."""

    class exceptions:  # noqa: N801 - as a client has it
        TrimmedDataAccessException = TrimmedError
        ResourceNotFoundException = GoneError

    def __init__(self, sequences: range, horizon: int = 0, *, gone: bool = False) -> None:
        self.numbers = [number for number in sequences if number >= horizon]
        self.gone = gone

    def describe_stream(self, **_: Any) -> dict[str, Any]:
        limits = {"StartingSequenceNumber": str(self.numbers[0])} if self.numbers else {}
        return {"StreamDescription": {"Shards": [{"ShardId": SHARD, "SequenceNumberRange": limits}]}}

    def get_shard_iterator(self, **request: Any) -> dict[str, Any]:
        if self.gone:
            raise GoneError
        if request["ShardIteratorType"] == "TRIM_HORIZON":
            return {"ShardIterator": "0"}
        number = int(request["SequenceNumber"])
        if number not in self.numbers:
            raise TrimmedError
        return {"ShardIterator": str(self.numbers.index(number))}

    def get_records(self, *, ShardIterator: str) -> dict[str, Any]:  # noqa: N803
        position, second, _ = ShardIterator.partition("+")
        if not second:
            return {"Records": [], "NextShardIterator": f"{position}+"}
        page = [self.record(number) for number in self.numbers[int(position) : int(position) + 2]]
        return {"Records": page, "NextShardIterator": str(int(position) + len(page))}

    @staticmethod
    def record(number: int) -> dict[str, Any]:
        given = record(task_image(version={"N": str(number)}), sequence=number)
        moment = dt.datetime(2026, 11, 24, 10, tzinfo=dt.UTC)
        change = {**given["dynamodb"], "ApproximateCreationDateTime": moment, "SequenceNumber": str(number)}
        return {name: value for name, value in {**given, "dynamodb": change}.items() if name != "eventSourceARN"}


class Table:
    """A table of one item, or none."""

    def __init__(self, item: dict[str, Any] | None = None) -> None:
        self.item = item

    def get_item(self, **request: Any) -> dict[str, Any]:
        assert (request["TableName"], request["ConsistentRead"]) == ("todo-app-data", True)
        return {"Item": self.item} if self.item else {}


def gap(start: int, end: int) -> str:
    batch = {"streamArn": STREAM, "shardId": SHARD, "startSequenceNumber": str(start), "endSequenceNumber": str(end)}
    return json.dumps({"requestContext": {"condition": "RetryAttemptsExhausted"}, "DDBStreamBatchInfo": batch})


def still(_seconds: float) -> None:
    pass


def resolve(body: str, streams: Any, table: Any = Table()) -> Resolved:  # noqa: B008 - it holds nothing
    return Resolver(streams, table).resolve(body)


def versions(resolved: Resolved) -> list[int]:
    return [json.loads(line)["new_image"]["version"] for line in resolved.lines]


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ingestion.replay.shard.EMPTY_PAGE_SECONDS", 0.001)
    monkeypatch.setattr("ingestion.replay.shard.MAX_EMPTY_SECONDS", 0.02)


def test_a_batch_that_lambda_gave_up_is_read_again_to_its_last_record() -> None:
    resolved = resolve(gap(3, 6), Streams(range(1, 10)))
    assert versions(resolved) == [3, 4, 5, 6]
    assert (resolved.unresolved, resolved.export) == (None, False)


def test_what_has_aged_out_asks_for_an_export_and_the_rest_is_read() -> None:
    resolved = resolve(gap(3, 6), Streams(range(1, 10), horizon=5))
    assert versions(resolved) == [5, 6]
    assert resolved.export


@pytest.mark.parametrize("streams", [Streams(range(0)), Streams(range(1, 10), gone=True)])
def test_a_shard_that_is_gone_asks_for_an_export(streams: Streams) -> None:
    assert resolve(gap(3, 6), streams) == Resolved(export=True)


def test_records_that_change_capture_does_not_want_are_not_read_again(monkeypatch: pytest.MonkeyPatch) -> None:
    original: Callable[[int], dict[str, Any]] = Streams.record

    def mixed(number: int) -> dict[str, Any]:
        made = original(number)
        if number % 2:
            made["dynamodb"]["Keys"] = {"PK": {"S": "IDEMPOTENCY#u-1"}, "SK": {"S": "METADATA"}}
        return made

    monkeypatch.setattr(Streams, "record", staticmethod(mixed))
    assert versions(resolve(gap(3, 6), Streams(range(1, 10)))) == [4, 6]


def test_a_record_of_the_streams_api_becomes_the_one_that_lambda_gives() -> None:
    expiry = {"PrincipalId": "dynamodb.amazonaws.com", "Type": "Service"}
    given = {**Streams.record(1), "userIdentity": expiry}
    made = lambda_record(given, STREAM)
    assert made["userIdentity"] == {"principalId": "dynamodb.amazonaws.com", "type": "Service"}
    assert (
        made["dynamodb"]["ApproximateCreationDateTime"] == given["dynamodb"]["ApproximateCreationDateTime"].timestamp()
    )
    assert made["eventSourceARN"] == STREAM


def test_a_record_in_quarantine_is_tried_as_it_is() -> None:
    huge = record(task_image(description={"S": "x" * 1_200_000}, version={"N": "3"}))
    assert versions(resolve(format_message(huge, "too long"), Streams(range(0)))) == [3]


def test_a_damaged_record_is_replaced_by_the_streams_own() -> None:
    damaged = {**record(task_image(), sequence=4), "eventName": "BROKEN"}
    assert versions(resolve(format_message(damaged, "why"), Streams(range(1, 10)))) == [4]


def test_a_record_that_is_bad_in_the_stream_too_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    bad = {**Streams.record(4), "eventName": "BROKEN"}
    monkeypatch.setattr(Streams, "record", staticmethod(lambda _number: bad))
    damaged = {**record(task_image(), sequence=4), "eventName": "BROKEN"}
    assert "neither an insert" in str(resolve(format_message(damaged, "why"), Streams(range(4, 5))).unresolved)


def damaged(event_name: str = "MODIFY") -> str:
    quarantined = json.loads(format_message(record(task_image(), sequence=4), "why"))
    return json.dumps({**quarantined, "event_name": event_name, "record": None})


def test_what_has_aged_out_is_taken_from_the_table_by_its_key() -> None:
    resolved = resolve(damaged(), Streams(range(0)), Table(task_image(version={"N": "9"})))
    assert versions(resolved) == [9]
    assert json.loads(resolved.lines[0])["event_id"].startswith("backfill-")


def test_an_item_that_is_gone_was_removed_by_a_later_change_unless_the_removal_is_what_is_lost() -> None:
    assert resolve(damaged(), Streams(range(0))) == Resolved()
    assert resolve(damaged("REMOVE"), Streams(range(0))).export  # which tells what is gone from the table


@pytest.mark.parametrize("body", ["", "no JSON", "[]", "{}", '{"quarantine_version": 1}', '{"DDBStreamBatchInfo": {}}'])
def test_a_message_of_another_kind_stays_with_a_reason(body: str) -> None:
    with pytest.raises(UnknownMessageError):
        parse(body)
    assert resolve(body, Streams(range(0))).unresolved


def test_a_run_of_empty_pages_is_not_the_end_of_a_shard() -> None:
    class Sparse(Streams):
        """Fifteen empty pages before each page with records."""

        def get_records(self, *, ShardIterator: str) -> dict[str, Any]:  # noqa: N803
            position, _, pages = ShardIterator.partition("+")
            if len(pages) < 15:
                return {"Records": [], "NextShardIterator": f"{position}+{pages}."}
            return super().get_records(ShardIterator=f"{position}+.")

    streams: Any = Sparse(range(1, 10))
    found = read(streams, Gap(STREAM, SHARD, "2", "7"), sleep=still)
    assert [int(one["dynamodb"]["SequenceNumber"]) for one in found.records] == [2, 3, 4, 5, 6, 7]


def test_the_rest_of_a_gap_beyond_the_end_of_an_open_shard_is_still_to_come() -> None:
    streams: Any = Streams(range(1, 4))
    found = read(streams, Gap(STREAM, SHARD, "2", "3"), sleep=still)
    assert [int(one["dynamodb"]["SequenceNumber"]) for one in found.records] == [2, 3]
    assert found.complete
    with pytest.raises(ShardNotReadError, match="try again"):
        read(streams, Gap(STREAM, SHARD, "2", "9"), sleep=still)
    assert find(streams, STREAM, "7") is None
    assert "try again" in str(resolve(gap(2, 9), streams).unresolved)


def test_a_gap_of_a_closed_shard_ends_with_the_shard() -> None:
    class Closed(Streams):
        def get_records(self, *, ShardIterator: str) -> dict[str, Any]:  # noqa: N803
            page = super().get_records(ShardIterator=ShardIterator)
            at_end = not page["Records"] and int(ShardIterator.partition("+")[0]) >= len(self.numbers)
            return {"Records": []} if at_end else page

    streams: Any = Closed(range(1, 4))
    found = read(streams, Gap(STREAM, SHARD, "2", "9"), sleep=still)
    assert [int(one["dynamodb"]["SequenceNumber"]) for one in found.records] == [2, 3]
    assert not found.complete
    assert find(streams, STREAM, "7") is None
