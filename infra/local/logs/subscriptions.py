"""Subscription filters whose destination is a Firehose delivery stream.

AWS: matching events go to the stream as one gzip-compressed JSON document per PutLogEvents, as the filter's role, which
has to be allowed `firehose:PutRecord`; the document's shape is in "Log group-level subscription filters" of the
CloudWatch Logs user guide. A filter whose destination does not exist is refused.
"""

import base64
import gzip
import json
import logging
import time
import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from infra.local.iam.roles import is_allowed
from infra.local.logs.patterns import PatternError, compiled

log = logging.getLogger(__name__)

Event = Mapping[str, Any]
Filter = Mapping[str, Any]
Refusal = tuple[str, str]

NO_STREAM = (
    "Could not deliver test message to specified Firehose stream. "
    "Check if the given Firehose stream is in ACTIVE state."
)
# a document is one record of the stream: its limit, with room for text that hardly compresses
DOCUMENT_BYTES = 512 * 1024


def stream_of(filter_: Filter) -> str | None:
    """The name of the delivery stream that a filter (or a request for one) sends to; None for other destinations."""
    _, found, name = str(filter_.get("destinationArn", "")).partition(":deliverystream/")
    return name if found else None


def refused(request: Filter) -> Refusal | None:
    """Error code and message when PutSubscriptionFilter asks for what cannot work."""
    from ministack.services import firehose

    try:
        compiled(str(request.get("filterPattern") or ""))
    except PatternError as error:
        return "InvalidParameterException", f"Invalid filter pattern: {error}"
    name = stream_of(request)
    if name is None:
        return None
    if not request.get("roleArn"):
        return "InvalidParameterException", "roleArn is required for a delivery stream."
    stream = firehose._streams.get(name)
    if stream is None or stream["status"] != "ACTIVE":
        return "InvalidParameterException", NO_STREAM
    return None


def deliver(group: str, log_stream: str, events: Sequence[Event], filters: Sequence[Filter]) -> None:
    """Offer events that were just stored to the filters of their group."""
    for filter_ in filters:
        name = stream_of(filter_)
        if name is None:
            continue
        matches = compiled(str(filter_.get("filterPattern") or ""))
        matching = [event for event in events if matches(str(event.get("message") or ""))]
        if matching:
            _put(filter_, name, [_document(group, log_stream, filter_, part) for part in _parts(matching)])


def _put(filter_: Filter, name: str, documents: Sequence[bytes]) -> None:
    from ministack.services import firehose

    destination = str(filter_["destinationArn"])
    if not is_allowed(str(filter_["roleArn"]), "firehose:PutRecord", destination):
        log.warning("%s: its role may not firehose:PutRecord on %s", filter_["filterName"], destination)
        return
    for document in documents:
        request = {"DeliveryStreamName": name, "Record": {"Data": base64.b64encode(document).decode()}}
        status, _, body = firehose._put_record(request)
        if status != 200:
            log.warning("%s: %s did not take it: %s", filter_["filterName"], destination, body.decode())


def _parts(events: Sequence[Event]) -> list[list[Event]]:
    parts: list[list[Event]] = [[]]
    size = 0
    for event in events:
        size += len(str(event.get("message") or ""))
        if size > DOCUMENT_BYTES and parts[-1]:
            parts.append([])
            size = len(str(event.get("message") or ""))
        parts[-1].append(event)
    return parts


def _document(group: str, log_stream: str, filter_: Filter, events: Sequence[Event]) -> bytes:
    from ministack.core.responses import get_account_id

    now = int(time.time() * 1000)
    document = {
        "messageType": "DATA_MESSAGE",
        "owner": get_account_id(),
        "logGroup": group,
        "logStream": log_stream,
        "subscriptionFilters": [filter_["filterName"]],
        "logEvents": [
            {
                "id": str(uuid.uuid4().int)[:38],
                "timestamp": event.get("timestamp", now),
                "message": event.get("message", ""),
            }
            for event in events
        ],
    }
    return gzip.compress(json.dumps(document).encode())
