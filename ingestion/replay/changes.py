"""Changes that change capture did not deliver, brought to bronze.

The way is that of change capture: the same transform makes the same envelope, with the same event id, so that a change
that is replayed twice, or was delivered after all, is one change in silver.
"""

import dataclasses
import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ParamValidationError

from ingestion.backfill.envelope import is_captured, make_backfill_envelope
from ingestion.backfill.wire_format import to_wire_format
from ingestion.bronze import Bronze
from ingestion.cdc.quarantine import Quarantined, unpack_record
from ingestion.cdc.transform import BadRecordError, encode_line_of_any_length, make_envelope, rfc3339
from ingestion.contract import REMOVE
from ingestion.discarded import DiscardedBatch
from ingestion.replay import shard
from ingestion.replay.erased import Erased
from ingestion.replay.messages import parse
from ingestion.replay.run import SOURCE, Destination, Summary, UnresolvedError
from ingestion.replay.source import Message

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_dynamodbstreams import DynamoDBStreamsClient


@dataclasses.dataclass(frozen=True)
class Resolved:
    """What is to be done about a message.

    Args:
        lines: to write to bronze; the message may go when they are there.
        unresolved: why the message has to stay all the same; None if it may go.
        export: whether the whole table, and what is gone from it, has to be exported before the message may go.
    """

    lines: list[bytes] = dataclasses.field(default_factory=list)
    unresolved: str | None = None
    export: bool = False


def resolve_batch(body: str) -> Resolved:
    """The changes of a batch that Lambda discarded: the object has its records.

    Raises:
        UnresolvedError: the object is none that Lambda has written.
    """
    try:
        batch = DiscardedBatch.parse(body)
    except ValueError as error:
        raise UnresolvedError(str(error)) from None
    lines: list[bytes] = []
    reason = None
    for record in batch.records:
        try:
            if is_captured(record["dynamodb"]["Keys"]):
                lines.append(_line(record))
        except (BadRecordError, KeyError, TypeError) as error:
            reason = f"one of its records is none of a table's stream: {error}"
    return Resolved(lines, reason)


class QuarantineResolver:
    """Finds the changes that messages of the quarantine queue are about.

    Args:
        streams: a DynamoDB Streams client.
        dynamodb: a DynamoDB client.
    """

    def __init__(self, streams: "DynamoDBStreamsClient", dynamodb: "DynamoDBClient") -> None:
        self._streams, self._dynamodb = streams, dynamodb

    def resolve(self, body: str) -> Resolved:
        """What a message comes to.

        Raises:
            UnresolvedError: nothing, and why.
            botocore.exceptions.ClientError: a call failed.
        """
        quarantined = parse(body)
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
            raise UnresolvedError(str(error)) from None

    def _in_stream(self, quarantined: Quarantined) -> dict[str, Any] | None:
        if not quarantined["stream_arn"] or not (quarantined["sequence_number"] or "").isdecimal():
            return None
        try:
            return shard.find(self._streams, quarantined["stream_arn"], str(quarantined["sequence_number"]))
        except shard.ShardNotReadError as error:
            raise UnresolvedError(str(error)) from None
        except ParamValidationError:
            raise UnresolvedError("names no stream or sequence number that there can be") from None

    def _from_table(self, quarantined: Quarantined, reason: str) -> Resolved:
        """The item as it is now, since the change itself is nowhere any more; an export shows what is gone."""
        if not quarantined["keys"] or not quarantined["stream_arn"]:
            raise UnresolvedError(f"{reason}; the stream no longer has it, and its key is not known")
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
            raise UnresolvedError(str(error)) from None


class Changes(Destination[Resolved]):
    """Writes changes to bronze.

    Args:
        resolve: what a message comes to, or UnresolvedError.
        erased: finds the changes of users who have been erased, which are left out.
        bronze: where they go.
        export: exports the table and returns how many items that were; called once at most, for all that has aged out.
    """

    def __init__(
        self, resolve: Callable[[str], Resolved], erased: Erased, bronze: Bronze, export: Callable[[], int]
    ) -> None:
        self._resolve, self._erased, self._bronze, self._export = resolve, erased, bronze, export
        self._aged_out: list[Message] = []

    def read(self, body: str) -> Resolved:
        """The changes that a message is about."""
        return self._resolve(body)

    def deliver(self, batch: Sequence[tuple[Message, Resolved]], summary: Summary, *, dry_run: bool) -> list[Message]:
        """Write the lines of a batch as one object."""
        lines = [line for _, resolved in batch for line in resolved.lines]
        kept = self._erased.drop_erased(lines)
        summary.erased += len(lines) - len(kept)
        summary.records += len(kept)
        summary.unresolved |= {message.id: one.unresolved for message, one in batch if one.unresolved}
        self._aged_out += [message for message, one in batch if one.export and not one.unresolved]
        if kept and not dry_run:
            self._bronze.write(SOURCE, kept)
        return [message for message, one in batch if not (one.unresolved or one.export)]

    def finish(self, summary: Summary, *, dry_run: bool) -> list[Message]:
        """Export the table, if something has aged out of the stream."""
        if self._aged_out and not dry_run:
            summary.exported = self._export()
        return self._aged_out


def _line(record: dict[str, Any]) -> bytes:
    return encode_line_of_any_length(make_envelope(record, rfc3339(time.time())))
