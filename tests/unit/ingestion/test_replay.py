"""What the messages of the failure queues come to."""

import datetime as dt
import json
from typing import Any

import pytest

from ingestion.cdc.quarantine import format_message
from ingestion.replay.changes import QuarantineResolver, Resolved, resolve_batch
from ingestion.replay.run import UnresolvedError
from ingestion.replay.shard import Gap, ShardNotReadError, find, lambda_record, read
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


def discarded(*records: dict[str, Any], function: str = "todo-cdc") -> str:
    """The object of a batch that Lambda discarded."""
    return json.dumps(
        {
            "requestContext": {
                "functionArn": f"arn:aws:lambda:us-east-1:000000000000:function:{function}",
                "condition": "RecordAgeExceeded",
            },
            "DDBStreamBatchInfo": {"streamArn": STREAM, "shardId": SHARD, "batchSize": len(records)},
            "payload": json.dumps({"Records": records}),
        }
    )


def still(_seconds: float) -> None:
    pass


def resolve(body: str, streams: Any, table: Any = Table()) -> Resolved:  # noqa: B008 - it holds nothing
    return QuarantineResolver(streams, table).resolve(body)


def versions(resolved: Resolved) -> list[int]:
    return [json.loads(line)["new_image"]["version"] for line in resolved.lines]


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ingestion.replay.shard.EMPTY_PAGE_SECONDS", 0.001)
    monkeypatch.setattr("ingestion.replay.shard.MAX_EMPTY_SECONDS", 0.02)


def test_a_batch_that_lambda_discarded_has_its_records() -> None:
    batch = [record(task_image(version={"N": str(number)}), sequence=number) for number in (3, 4)]
    assert versions(resolve_batch(discarded(*batch))) == [3, 4]
    as_object = {**json.loads(discarded(*batch)), "payload": {"Records": batch}}
    assert versions(resolve_batch(json.dumps(as_object))) == [3, 4]


def test_records_that_change_capture_does_not_want_are_left_out() -> None:
    other = record({"PK": {"S": "IDEMPOTENCY#u-1"}, "SK": {"S": "k"}})
    assert versions(resolve_batch(discarded(other, record(task_image(version={"N": "4"}))))) == [4]


def test_a_batch_with_a_record_of_no_stream_stays_and_the_rest_is_delivered() -> None:
    broken = {**record(task_image(), sequence=4), "eventName": "BROKEN"}
    resolved = resolve_batch(discarded(record(task_image(version={"N": "3"})), broken, {"nothing": "known"}))
    assert versions(resolved) == [3]
    assert "none of a table's stream" in str(resolved.unresolved)


@pytest.mark.parametrize("body", ["", "no JSON", "[]", "{}", '{"payload": 1}', discarded().replace("Records", "R")])
def test_an_object_that_lambda_has_not_written_stays_with_a_reason(body: str) -> None:
    with pytest.raises(UnresolvedError, match="invocation record"):
        resolve_batch(body)


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
    with pytest.raises(UnresolvedError, match="neither an insert"):
        resolve(format_message(damaged, "why"), Streams(range(4, 5)))


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
    with pytest.raises(UnresolvedError):
        resolve(body, Streams(range(0)))


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
