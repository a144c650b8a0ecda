"""What a message of change capture comes to: lines for bronze, or the reason why there are none.

The way is that of change capture: the same transform makes the same envelope, with the same event id, so that a change
that is replayed twice, or was delivered after all, is one change in silver.
"""

import dataclasses
import time
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ParamValidationError

from ingestion.backfill.envelope import is_captured, make_backfill_envelope
from ingestion.backfill.wire_format import to_wire_format
from ingestion.cdc.quarantine import Quarantined, unpack_record
from ingestion.cdc.transform import BadRecordError, encode_line_of_any_length, make_envelope, rfc3339
from ingestion.contract import REMOVE
from ingestion.replay import shard
from ingestion.replay.messages import Gap, UnknownMessageError, parse

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_dynamodbstreams import DynamoDBStreamsClient


@dataclasses.dataclass(frozen=True)
class Resolved:
    """What is to be done about a message.

    Args:
        lines: to write to bronze; the message may go when they are there.
        unresolved: why the message has to stay; None if it may go.
        export: whether the whole table, and what is gone from it, has to be exported before the message may go.
    """

    lines: list[bytes] = dataclasses.field(default_factory=list)
    unresolved: str | None = None
    export: bool = False


class Resolver:
    """Finds the changes that messages are about.

    Args:
        streams: a DynamoDB Streams client.
        dynamodb: a DynamoDB client.
    """

    def __init__(self, streams: "DynamoDBStreamsClient", dynamodb: "DynamoDBClient") -> None:
        self._streams, self._dynamodb = streams, dynamodb

    def resolve(self, body: str) -> Resolved:
        """What a message comes to.

        Raises:
            botocore.exceptions.ClientError: a call failed.
        """
        try:
            about = parse(body)
            return self._gap(about) if isinstance(about, Gap) else self._quarantined(about)
        except (UnknownMessageError, shard.ShardNotReadError) as error:
            return Resolved(unresolved=str(error))
        except ParamValidationError:
            return Resolved(unresolved="names no stream, shard or sequence number that there can be")

    def _gap(self, gap: Gap) -> Resolved:
        found = shard.read(self._streams, gap)
        lines: list[bytes] = []
        reason = None
        for record in found.records:
            try:
                if is_captured(record["dynamodb"]["Keys"]):
                    lines.append(_line(record))
            except BadRecordError as error:
                reason = str(error)
        return Resolved(lines, reason, export=not found.complete)

    def _quarantined(self, quarantined: Quarantined) -> Resolved:
        reason = "the message holds no record"
        if quarantined["record"]:
            try:
                return Resolved([_line(unpack_record(quarantined["record"]))])
            except ValueError as error:  # a record in quarantine may have been damaged on its way, not at its source
                reason = str(error)
        record = self._in_stream(quarantined)
        if record is None:
            return self._from_table(quarantined, reason)
        try:
            return Resolved([_line(record)])
        except BadRecordError as error:
            return Resolved(unresolved=str(error))

    def _in_stream(self, quarantined: Quarantined) -> dict[str, Any] | None:
        if not quarantined["stream_arn"] or not (quarantined["sequence_number"] or "").isdecimal():
            return None
        return shard.find(self._streams, quarantined["stream_arn"], str(quarantined["sequence_number"]))

    def _from_table(self, quarantined: Quarantined, reason: str) -> Resolved:
        """The item as it is now, since the change itself is nowhere any more; an export shows what is gone."""
        if not quarantined["keys"] or not quarantined["stream_arn"]:
            return Resolved(unresolved=f"{reason}; the stream no longer has it, and its key is not known")
        table = quarantined["stream_arn"].split("/")[1]
        key: Any = {name: {"S": value} for name, value in quarantined["keys"].items()}
        item = self._dynamodb.get_item(TableName=table, Key=key, ConsistentRead=True).get("Item")
        if item is None and quarantined["event_name"] == REMOVE:
            return Resolved(export=True)  # silver knows what it was
        if item is None:  # its removal is a later change, which went its own way
            return Resolved()
        try:
            return Resolved(
                [encode_line_of_any_length(make_backfill_envelope(to_wire_format(item), table, rfc3339(time.time())))]
            )
        except BadRecordError as error:
            return Resolved(unresolved=str(error))


def _line(record: dict[str, Any]) -> bytes:
    return encode_line_of_any_length(make_envelope(record, rfc3339(time.time())))
