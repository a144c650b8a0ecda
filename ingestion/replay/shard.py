"""Records of a table's stream, read again from their shard.

A stream keeps records for 24 hours; what is older is trimmed, and in the end its shard goes too
(https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Streams.html).
"""

import contextlib
import dataclasses
import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from ingestion.backfill.wire_format import to_wire_format

if TYPE_CHECKING:
    from mypy_boto3_dynamodbstreams import DynamoDBStreamsClient

Record = dict[str, Any]

# a page may be empty though more follow, and a shard that is still written to has no last page
# https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_streams_GetRecords.html
EMPTY_PAGE_SECONDS = 0.25
MAX_EMPTY_SECONDS = 30.0


@dataclasses.dataclass(frozen=True)
class Gap:
    """Records of a stream that follow each other.

    Args:
        stream_arn: the table's stream.
        shard_id: the shard.
        start: sequence number of the first record.
        end: sequence number of the last one.
    """

    stream_arn: str
    shard_id: str
    start: str
    end: str


class ShardNotReadError(Exception):
    """The shard went on without the records looked for; whether they are still to come is not known."""


@dataclasses.dataclass(frozen=True)
class Found:
    """What is left of a gap.

    Args:
        records: as a Lambda function gets them, in order.
        complete: whether that is all of the gap; else the rest has aged out of the stream.
    """

    records: list[Record]
    complete: bool


def read(client: "DynamoDBStreamsClient", gap: Gap, sleep: Callable[[float], None] = time.sleep) -> Found:
    """The records of a gap that the stream still has.

    Args:
        client: a DynamoDB Streams client.
        gap: what to read.
        sleep: waits so many seconds.

    Raises:
        ShardNotReadError: nothing but empty pages came for MAX_EMPTY_SECONDS, and the shard has no end yet.
        botocore.exceptions.ClientError: a call failed otherwise than because of the records' age.
    """
    gone = (client.exceptions.TrimmedDataAccessException, client.exceptions.ResourceNotFoundException)
    try:
        records = list(_from(client, gap, "AT_SEQUENCE_NUMBER", sleep))
        return Found(records, bool(records) and int(records[-1]["dynamodb"]["SequenceNumber"]) == int(gap.end))
    except gone:
        left: list[Record] = []
        # what is incomplete is exported from the table, so that a quiet shard may end the search
        with contextlib.suppress(*gone, ShardNotReadError):
            left.extend(_from(client, gap, "TRIM_HORIZON", sleep))
        return Found(left, complete=False)


def find(client: "DynamoDBStreamsClient", stream_arn: str, sequence_number: str) -> Record | None:
    """The record with a sequence number, whichever shard it is in; None if it has aged out.

    Raises:
        ShardNotReadError: as `read`.
        botocore.exceptions.ClientError: as `read`.
    """
    for shard_id in _shards(client, stream_arn, int(sequence_number)):
        found = read(client, Gap(stream_arn, shard_id, sequence_number, sequence_number))
        if found.complete:
            return found.records[0]
    return None


def _from(client: "DynamoDBStreamsClient", gap: Gap, where: Any, sleep: Callable[[float], None]) -> Iterator[Record]:
    position = {"SequenceNumber": gap.start} if where == "AT_SEQUENCE_NUMBER" else {}
    iterator: str | None = client.get_shard_iterator(
        StreamArn=gap.stream_arn, ShardId=gap.shard_id, ShardIteratorType=where, **position
    )["ShardIterator"]
    empty = 0.0
    while iterator:
        page = client.get_records(ShardIterator=iterator)
        for record in page["Records"]:
            number = int(record["dynamodb"]["SequenceNumber"])
            if number > int(gap.end):
                return
            if number >= int(gap.start):
                yield lambda_record(record, gap.stream_arn)
            if number == int(gap.end):
                return
        if page["Records"]:
            empty = 0.0
        elif empty >= MAX_EMPTY_SECONDS:
            raise ShardNotReadError(f"shard {gap.shard_id} had only empty pages for {empty:.0f} s; try again")
        else:
            empty += EMPTY_PAGE_SECONDS
            sleep(EMPTY_PAGE_SECONDS)
        iterator = page.get("NextShardIterator")


def _shards(client: "DynamoDBStreamsClient", stream_arn: str, number: int) -> Iterator[str]:
    """The shards that may hold a sequence number."""
    after: dict[str, Any] = {}
    while True:
        try:
            described = client.describe_stream(StreamArn=stream_arn, **after)["StreamDescription"]
        except client.exceptions.ResourceNotFoundException:
            return
        for shard in described.get("Shards", []):
            limits = shard.get("SequenceNumberRange", {})
            first, last = limits.get("StartingSequenceNumber"), limits.get("EndingSequenceNumber")
            if (first is None or int(first) <= number) and (last is None or number <= int(last)):
                yield shard["ShardId"]
        if not described.get("LastEvaluatedShardId"):
            return
        after = {"ExclusiveStartShardId": described["LastEvaluatedShardId"]}


def lambda_record(record: Any, stream_arn: str) -> Record:
    """A record of the Streams API as Lambda hands it to a function.

    Args:
        record: as boto3 gives it.
        stream_arn: the stream it is from, which the API leaves out.
    """
    change = dict(record["dynamodb"])
    for name in ("Keys", "NewImage", "OldImage"):
        if name in change:
            change[name] = to_wire_format(change[name])
    change["ApproximateCreationDateTime"] = change["ApproximateCreationDateTime"].timestamp()
    made = {**record, "dynamodb": change, "eventSourceARN": stream_arn}
    if identity := record.get("userIdentity"):
        made["userIdentity"] = {"principalId": identity.get("PrincipalId"), "type": identity.get("Type")}
    return made
