"""A table's item, or the fact that it is gone, as an envelope that stands for a change nobody saw.

It looks like the insert of the item as it is, or like the removal of the item as it was, and says that it is synthetic:
its event id begins with `backfill-` and is the same whenever the same version of the item is exported; its sequence
number is 0, older than any real change.
"""

import hashlib
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from api import contract
from ingestion.cdc.attributes import Plain, plain
from ingestion.cdc.transform import BadRecordError, Envelope
from ingestion.contract import BACKFILL_EVENT_PREFIX, INSERT, REMOVE, SCHEMA_VERSION

SEQUENCE_NUMBER = "0"


def is_captured(keys: Mapping[str, Mapping[str, Any]]) -> bool:
    """Whether change capture takes an item with these keys (in wire format); idempotency records stay in the table."""
    return contract.entity_type_of(str(keys["PK"].get("S", ""))) in contract.CAPTURED_ENTITY_TYPES


def make_backfill_envelope(item: Mapping[str, Mapping[str, Any]], table_name: str, ingested_at: str) -> Envelope:
    """The envelope of an item that `is_captured`.

    Args:
        item: in wire format, binary as base64 text.
        table_name: the table that holds it.
        ingested_at: the time of the export, RFC 3339.

    Raises:
        BadRecordError: the item has no version, or no time of its last update, or is in no known format.
    """
    try:
        image = plain(item)
        keys: dict[str, Plain] = {name: image[name] for name in ("PK", "SK")}
        version = image["version"]
        event_time = _instant(image["updated_at"])
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
        raise BadRecordError(f"not an item as expected: {type(error).__name__}") from None
    request_id = image.get("last_request_id")
    return {
        "schema_version": SCHEMA_VERSION,
        "event_id": _event_id(keys["PK"], keys["SK"], version),
        "event_name": INSERT,
        "sequence_number": SEQUENCE_NUMBER,
        "event_time": event_time,
        "ingested_at": ingested_at,
        "table_name": table_name,
        "entity_type": contract.entity_type_of(str(keys["PK"])),
        "keys": keys,
        "new_image": image,
        "old_image": None,
        "actor": "user",
        "request_id": request_id if isinstance(request_id, str) else None,
    }


def make_removal_envelope(image: Mapping[str, Plain], table_name: str, noticed_at: str) -> Envelope:
    """The envelope of an item that is gone.

    Args:
        image: the item's attributes as they were last known, its keys among them.
        table_name: the table that held it.
        noticed_at: when it was seen to be gone, RFC 3339.
    """
    keys: dict[str, Plain] = {name: image[name] for name in ("PK", "SK")}
    return {
        "schema_version": SCHEMA_VERSION,
        "event_id": _event_id(keys["PK"], keys["SK"], image["version"], "removed"),
        "event_name": REMOVE,
        "sequence_number": SEQUENCE_NUMBER,
        "event_time": noticed_at,
        "ingested_at": noticed_at,
        "table_name": table_name,
        "entity_type": contract.entity_type_of(str(keys["PK"])),
        "keys": keys,
        "new_image": None,
        "old_image": dict(image),
        "actor": "user",
        "request_id": None,
    }


def _event_id(*identity: Plain) -> str:
    return f"{BACKFILL_EVENT_PREFIX}{hashlib.sha256(chr(0).join(map(str, identity)).encode()).hexdigest()[:32]}"


def _instant(value: Plain) -> str:
    if not isinstance(value, str):
        raise TypeError("a time is text")
    moment = datetime.fromisoformat(value)
    if moment.tzinfo is None:
        raise ValueError("a time without its zone")
    return moment.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
