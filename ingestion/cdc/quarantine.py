"""The quarantine queue: records that can never become a line of the delivery stream, each with the reason.

A message is what `insights replay` needs to bring the change to bronze after all: where the record stands in the
table's stream, the item's key, and the record itself if it fits. Records are mostly text that gzip makes small, so they
fit unless they are both very large and very mixed.
"""

import base64
import gzip
import json
import logging
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypedDict

from botocore.exceptions import BotoCoreError, ClientError

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

log = logging.getLogger(__name__)

MESSAGE_VERSION = 1
# "The minimum message size is 1 byte and the maximum is 1 MiB."
# https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-messages.html
MESSAGE_BYTES = 1024 * 1024


class Quarantined(TypedDict):
    """A message of the queue.

    Args:
        quarantine_version: of this format.
        reason: why the record is here; holds none of its data.
        event_id: the stream record's id, if it has one.
        event_name: INSERT, MODIFY or REMOVE; whatever the record says, if anything.
        stream_arn: the table's stream.
        sequence_number: the record's place in it.
        keys: the item's PK and SK, if they can be read.
        record: the record as the function got it: JSON, gzip, base64; null if it does not fit in a message.
    """

    quarantine_version: int
    reason: str
    event_id: str | None
    event_name: str | None
    stream_arn: str | None
    sequence_number: str | None
    keys: dict[str, str] | None
    record: str | None


def format_message(record: Mapping[str, Any], reason: str) -> str:
    """The body of the message about `record`, no longer than the queue takes."""
    packed = base64.b64encode(gzip.compress(json.dumps(record, separators=(",", ":")).encode())).decode()
    change = record.get("dynamodb")
    change = change if isinstance(change, Mapping) else {}
    body: Quarantined = {
        "quarantine_version": MESSAGE_VERSION,
        "reason": reason,
        "event_id": _text(record.get("eventID")),
        "event_name": _text(record.get("eventName")),
        "stream_arn": _text(record.get("eventSourceARN")),
        "sequence_number": _text(change.get("SequenceNumber")),
        "keys": _keys(change.get("Keys")),
        "record": packed,
    }
    text = json.dumps(body)
    return text if len(text) <= MESSAGE_BYTES else json.dumps({**body, "record": None})


def unpack_record(packed: str) -> dict[str, Any]:
    """The record in a message.

    Raises:
        ValueError: it is not one.
    """
    try:
        record = json.loads(gzip.decompress(base64.b64decode(packed, validate=True)))
    except (OSError, EOFError) as error:
        raise ValueError("not a packed record") from error
    if not isinstance(record, dict):
        raise ValueError("not a packed record")
    return record


def quarantine_record(client: "SQSClient", queue_url: str, record: Mapping[str, Any], reason: str) -> bool:
    """Send the message about `record`.

    Returns:
        whether the queue has it; if not, the record must not count as done.
    """
    try:
        client.send_message(QueueUrl=queue_url, MessageBody=format_message(record, reason))
    except (ClientError, BotoCoreError) as error:
        log.error("the quarantine queue did not take a record: %s", type(error).__name__)
        return False
    return True


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None


def _keys(keys: object) -> dict[str, str] | None:
    try:
        return {name: str(keys[name]["S"]) for name in ("PK", "SK")}  # type: ignore[index]
    except (KeyError, TypeError):
        return None
