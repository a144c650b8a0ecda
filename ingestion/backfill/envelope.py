"""A table's item as an envelope that stands for a change nobody saw.

It looks like the insert of the item as it is, and says that it is synthetic: its event id begins with `backfill-` and
is the same whenever the same version of the item is exported; its sequence number is 0, older than any real change.
"""

import hashlib
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from api import contract
from ingestion.cdc.attributes import Plain, plain
from ingestion.cdc.transform import BadRecordError, Envelope
from ingestion.contract import BACKFILL_EVENT_PREFIX, INSERT, SCHEMA_VERSION

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
    identity = hashlib.sha256("\0".join([str(keys["PK"]), str(keys["SK"]), str(version)]).encode()).hexdigest()
    return {
        "schema_version": SCHEMA_VERSION,
        "event_id": f"{BACKFILL_EVENT_PREFIX}{identity[:32]}",
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


def _instant(value: Plain) -> str:
    if not isinstance(value, str):
        raise TypeError("a time is text")
    moment = datetime.fromisoformat(value)
    if moment.tzinfo is None:
        raise ValueError("a time without its zone")
    return moment.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
