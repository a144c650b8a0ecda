"""A CloudWatch Logs document as lines of bronze, whose schema is `request.schema.json` beside this file.

A subscription sends gzip-compressed documents
(https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/SubscriptionFilters.html). Of a request log only the fields of
the schema are taken, each only if it looks as the schema says; whatever else the API may come to log stays behind.
Nothing here reads a clock or calls a service.
"""

import dataclasses
import math
import re
import zlib
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

import orjson

from api.contract import REQUEST_LOG_TYPE
from ingestion.contract import SCHEMA_VERSION

MAX_DOCUMENT_BYTES = 64 * 1024 * 1024


class BadDocumentError(ValueError):
    """What came is no document of CloudWatch Logs; the reason holds none of its data."""


@dataclasses.dataclass(frozen=True)
class Extract:
    """What a document holds.

    Args:
        lines: the request logs, in order, one line of JSON each, newline included.
        malformed: how many events call themselves a request log and are not what the schema says.
    """

    lines: bytes
    malformed: int


def extract(data: bytes) -> Extract:
    """The request logs of one document.

    Args:
        data: as the subscription sent it, gzip-compressed.

    Raises:
        BadDocumentError: it is not gzip, not JSON, or has no log events.
    """
    document = _document(data)
    if document.get("messageType") == "CONTROL_MESSAGE":  # asks whether somebody listens
        return Extract(b"", 0)
    lines: list[bytes] = []
    malformed = 0
    for event in document["logEvents"]:
        found = _request_log(event)
        if found is None:
            continue
        line = request_line(found, event.get("timestamp"))
        if line is None:
            malformed += 1
        else:
            lines.append(line)
    return Extract(b"".join(lines), malformed)


def request_line(logged: Mapping[str, Any], stored_at: object) -> bytes | None:
    """A request log as one line; None if a field is missing or not what the schema says.

    Args:
        logged: what the API logged.
        stored_at: the event's timestamp, milliseconds since the epoch: stands in for a missing time of the log's own.
    """
    fields = {name: logged.get(name) for name in FIELDS}
    occurred_at = _instant(logged.get("timestamp", stored_at))
    if occurred_at is None or not all(allowed(fields[name]) for name, allowed in FIELDS.items()):
        return None
    line = {"schema_version": SCHEMA_VERSION, "request_id": fields.pop("request_id"), "occurred_at": occurred_at}
    return orjson.dumps({**line, **fields}, option=orjson.OPT_APPEND_NEWLINE)


def _document(data: bytes) -> dict[str, Any]:
    try:
        reader = zlib.decompressobj(wbits=zlib.MAX_WBITS | 16)
        text = reader.decompress(data, MAX_DOCUMENT_BYTES)
        if reader.unconsumed_tail or not reader.eof:
            raise BadDocumentError("cut off, or longer than any document of CloudWatch Logs")
        document = orjson.loads(text)
    except (zlib.error, orjson.JSONDecodeError) as error:
        raise BadDocumentError(f"not a document of CloudWatch Logs: {type(error).__name__}") from None
    if not isinstance(document, dict) or not isinstance(document.get("logEvents"), list):
        raise BadDocumentError("not a document of CloudWatch Logs: no log events")
    return document


def _request_log(event: Any) -> dict[str, Any] | None:
    message = event.get("message") if isinstance(event, dict) else None
    if not isinstance(message, str) or not message.startswith("{"):
        return None
    try:
        logged = orjson.loads(message)
    except orjson.JSONDecodeError:
        return None
    return logged if isinstance(logged, dict) and logged.get("log_type") == REQUEST_LOG_TYPE else None


def _instant(value: object) -> str | None:
    try:
        if isinstance(value, str):
            moment = datetime.fromisoformat(value).astimezone(UTC)
        elif isinstance(value, int):
            moment = datetime.fromtimestamp(value / 1000, UTC)
        else:
            return None
    except (ValueError, OverflowError, OSError):
        return None
    return moment.isoformat(timespec="microseconds").replace("+00:00", "Z")


def _text(pattern: str) -> Callable[[Any], bool]:
    allowed = re.compile(pattern, re.ASCII)
    return lambda value: isinstance(value, str) and allowed.fullmatch(value) is not None


def _is_number(value: Any) -> bool:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    # JSON cannot hold infinity, which would be written as null; orjson writes no integer beyond 64 bits
    return value >= 0 and (value < 2**63 if isinstance(value, int) else math.isfinite(value))


def _is_boolean(value: Any) -> bool:
    return isinstance(value, bool)


_is_hash = _text("[0-9a-f]{8,64}")

FIELDS: dict[str, Callable[[Any], bool]] = {
    "request_id": _text(r"[A-Za-z0-9._:=+/@-]{1,128}"),
    "method": _text("[A-Z]{1,16}"),
    "route": _text(r"(?=.{1,200}$)(/[A-Za-z0-9_./{}:+-]*|unmatched)"),
    "status_code": lambda value: _is_number(value) and isinstance(value, int) and 100 <= value <= 599,
    "duration_ms": _is_number,
    "user_hash": lambda value: value is None or _is_hash(value),
    "cold_start": _is_boolean,
    "idempotent_replay": _is_boolean,
}
