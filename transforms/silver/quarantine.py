"""What queues of failures hold of users who are erased: the messages go, for they carry items whole.

A message of change capture's quarantine is JSON with the item's `keys` and, if it fitted, the stream's `record`, JSON
that is packed by gzip and Base64. One of a webhook's delivery that failed is JSON with `user_id`, `task_id` and the
event; it waits there for 14 days.
"""

import base64
import gzip
import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from transforms.silver.erase import LiveItems
from transforms.silver.traces import Item, mentions

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

VISIBILITY_TIMEOUT_SECONDS = 15 * 60
# https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-messages.html
MAX_BATCH_ENTRIES = 10


def delete_messages_of_erased(sqs: "SQSClient", queue: str, live_items: LiveItems) -> int:
    """Delete the messages about users, but for those about items that they have now; how many.

    Args:
        sqs: the client.
        queue: its name.
        live_items: for each user, the items that are to stay.
    """
    url = sqs.get_queue_url(QueueName=queue)["QueueUrl"]
    to_delete: list[str] = []
    kept: list[str] = []
    for message in _messages(sqs, url):
        (to_delete if is_about_erased(message["Body"], live_items) else kept).append(message["ReceiptHandle"])
    for part in _batches(to_delete):
        sqs.delete_message_batch(QueueUrl=url, Entries=part)
    for part in _batches(kept):
        shown: list[Any] = [{**entry, "VisibilityTimeout": 0} for entry in part]
        sqs.change_message_visibility_batch(QueueUrl=url, Entries=shown)
    return len(to_delete)


def is_about_erased(body: str, live_items: LiveItems) -> bool:
    """Whether a message is about any of some users, unless it is about an item that they have now."""
    record = _record(body)
    text = f"{body} {record}"
    named = [user_id for user_id in live_items if mentions(user_id, text)]
    return any(not _is_live(user_id, record, text, live_items[user_id]) for user_id in named)


def _is_live(user_id: str, record: str, text: str, items: Collection[Item]) -> bool:
    image = _image(record)
    if image:
        return (image.get("id", user_id), image.get("created_at")) in items
    # a record that did not fit: the message has no more of it than the item's key
    return any(mentions(item, text) for item, _ in items)


def _image(record: str) -> dict[str, str]:
    try:
        change = json.loads(record)["dynamodb"]
        image = change.get("NewImage") or change["OldImage"]
        return {name: image[name]["S"] for name in ("id", "created_at") if name in image}
    except (ValueError, KeyError, TypeError, AttributeError):
        return {}


def _record(body: str) -> str:
    """The record in a message as text; empty when it has none that can be read."""
    try:
        return gzip.decompress(base64.b64decode(json.loads(body)["record"], validate=True)).decode(errors="replace")
    except (ValueError, KeyError, TypeError, OSError, EOFError):
        return ""


def _messages(sqs: "SQSClient", url: str) -> Iterator[Mapping[str, Any]]:
    seen: set[str] = set()
    # a long poll asks every server of the queue, so that an empty answer means an empty queue
    while found := sqs.receive_message(
        QueueUrl=url,
        MaxNumberOfMessages=MAX_BATCH_ENTRIES,
        WaitTimeSeconds=1,
        VisibilityTimeout=VISIBILITY_TIMEOUT_SECONDS,
    ).get("Messages", []):
        if any(message["MessageId"] in seen for message in found):  # hidden too short: it would go round for ever
            return
        seen.update(message["MessageId"] for message in found)
        yield from found


def _batches(receipts: Sequence[str]) -> Iterator[list[Any]]:
    for start in range(0, len(receipts), MAX_BATCH_ENTRIES):
        yield [
            {"Id": str(n), "ReceiptHandle": one} for n, one in enumerate(receipts[start : start + MAX_BATCH_ENTRIES])
        ]
