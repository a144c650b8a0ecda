"""One stream record as one line of bronze: envelope v1, whose schema is `envelope.schema.json` beside this file.

The record is what a Lambda function gets from a DynamoDB stream
(https://docs.aws.amazon.com/lambda/latest/dg/with-ddb.html). Nothing here reads a clock or calls a service.
"""

import functools
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, TypedDict

import orjson

from api import contract
from ingestion.cdc.attributes import Plain, plain
from ingestion.contract import EVENT_NAMES, INSERT, REMOVE, SCHEMA_VERSION

# "The maximum size of a record sent to Amazon Data Firehose, before base64-encoding, is 1,000 KiB."
# https://docs.aws.amazon.com/firehose/latest/dev/limits.html
MAX_LINE_BYTES = 1000 * 1024

# https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/time-to-live-ttl-streams.html
TTL_IDENTITY = {"type": "Service", "principalId": "dynamodb.amazonaws.com"}


class Envelope(TypedDict):
    """Envelope v1; the JSON Schema says what each field means."""

    schema_version: int
    event_id: str
    event_name: str
    sequence_number: str
    event_time: str
    ingested_at: str
    table_name: str
    entity_type: str
    keys: dict[str, Plain]
    new_image: dict[str, Plain] | None
    old_image: dict[str, Plain] | None
    actor: str
    request_id: str | None


class BadRecordError(ValueError):
    """A record that can never become a line of bronze, with a reason that holds none of its data."""


def make_envelope(record: Mapping[str, Any], ingested_at: str) -> Envelope:
    """A stream record as envelope v1.

    Args:
        record: one of the event's `Records`, of a stream with new and old images.
        ingested_at: the time of capture, RFC 3339.

    Raises:
        BadRecordError: the record lacks what the envelope needs, or is in no known format.
    """
    try:
        return _envelope(record, ingested_at)
    except (ArithmeticError, AttributeError, LookupError, OSError, TypeError, ValueError) as error:
        if isinstance(error, BadRecordError):
            raise
        raise BadRecordError(f"not a stream record as expected: {type(error).__name__}") from None


def encode_line(event: Envelope) -> bytes:
    """An envelope as one line of JSON, newline included.

    Raises:
        BadRecordError: the line is longer than a delivery stream takes.
    """
    encoded = encode_line_of_any_length(event)
    if len(encoded) > MAX_LINE_BYTES:
        raise BadRecordError(f"{len(encoded)} bytes are more than the {MAX_LINE_BYTES} that a delivery stream takes")
    return encoded


def encode_line_of_any_length(event: Envelope) -> bytes:
    """As `line`, of any length: for what goes to bronze by another way than a delivery stream."""
    try:
        return orjson.dumps(event, option=orjson.OPT_APPEND_NEWLINE)
    except TypeError:  # orjson refuses integers beyond 64 bits and lone surrogates; the standard library takes both
        return json.dumps(event, separators=(",", ":")).encode() + b"\n"


@functools.lru_cache(maxsize=256)
def rfc3339(epoch_seconds: float) -> str:
    """A point in time as RFC 3339 text in UTC, with microseconds.

    Args:
        epoch_seconds: seconds since 1970-01-01T00:00:00Z.
    """
    return datetime.fromtimestamp(epoch_seconds, UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def _envelope(record: Mapping[str, Any], ingested_at: str) -> Envelope:
    change = record["dynamodb"]
    event_name = record["eventName"]
    if event_name not in EVENT_NAMES:
        raise BadRecordError("neither an insert nor a change nor a removal")
    keys = plain(change["Keys"])
    entity_type = contract.entity_type_of(str(keys["PK"]))
    if entity_type not in contract.CAPTURED_ENTITY_TYPES:
        raise BadRecordError("neither a task nor a user")
    new = plain(change["NewImage"]) if event_name != REMOVE else None
    old = plain(change["OldImage"]) if event_name != INSERT else None
    return {
        "schema_version": SCHEMA_VERSION,
        "event_id": record["eventID"],
        "event_name": event_name,
        "sequence_number": change["SequenceNumber"],
        "event_time": _event_time(new) or rfc3339(change["ApproximateCreationDateTime"]),
        "ingested_at": ingested_at,
        "table_name": record["eventSourceARN"].split("/")[1],
        "entity_type": entity_type,
        "keys": keys,
        "new_image": new,
        "old_image": old,
        "actor": "ttl" if _is_expiry(record) else "user",
        "request_id": _request_id(new),
    }


def _event_time(new: Mapping[str, Plain] | None) -> str | None:
    """When an imported change happened at its source; None for a change that happened when it was committed."""
    if new is None or contract.IMPORTED_AT not in new:
        return None
    return rfc3339(datetime.fromisoformat(str(new["updated_at"])).timestamp())


def _request_id(new: Mapping[str, Plain] | None) -> str | None:
    value = new.get("last_request_id") if new else None
    return value if isinstance(value, str) else None


def _is_expiry(record: Mapping[str, Any]) -> bool:
    identity = record.get("userIdentity") or {}
    return {name: identity.get(name) for name in TTL_IDENTITY} == TTL_IDENTITY
