"""What waits in the queue: one event for one webhook, and how often it was tried."""

import concurrent.futures
import dataclasses
from collections.abc import Sequence
from typing import TYPE_CHECKING, Self

import orjson

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient
    from mypy_boto3_sqs.type_defs import SendMessageBatchRequestEntryTypeDef

# "The length of time, in seconds, for which to delay a specific message": 0 to 900
# https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessage.html
MAX_DELAY_SECONDS = 900
# "The maximum number of messages in a batch"; together they are far below its 1 MiB
# https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessageBatch.html
_IN_ONE_REQUEST = 10
# within botocore's pool of connections
_AT_ONCE = 10


@dataclasses.dataclass(frozen=True)
class Message:
    """An event on its way to a webhook.

    Args:
        user_id: the owner of both.
        webhook_id: where it goes.
        webhook_created_at: so that a webhook of a later life of the same user is not taken for it.
        event_id: `webhook-id` of the request.
        event_type: as `Event.type`.
        occurred_at: RFC 3339.
        payload: the body of the request.
        queued_at: seconds since 1970 of the first attempt, or shortly before.
        task_id: of the task, if it is about one.
        attempts: how often it was sent.
        not_before: seconds since 1970 before which it is not sent again.
    """

    user_id: str
    webhook_id: str
    webhook_created_at: str
    event_id: str
    event_type: str
    occurred_at: str
    payload: str
    queued_at: int
    task_id: str | None = None
    attempts: int = 0
    not_before: int = 0

    def body(self) -> str:
        """The message's text."""
        return orjson.dumps(dataclasses.asdict(self)).decode()

    def tried(self, not_before: int) -> "Message":
        """The same after one more attempt."""
        return dataclasses.replace(self, attempts=self.attempts + 1, not_before=not_before)

    @classmethod
    def parse(cls, body: str) -> Self:
        """The inverse of `body`.

        Raises:
            ValueError, TypeError: it is no message of this form.
        """
        return cls(**orjson.loads(body))


class Queue:
    """The queue of deliveries.

    Messages name their webhook as message group, so that SQS hands out those of others first when many of one webhook
    wait: https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-fair-queues.html

    Args:
        client: of SQS.
        url: the queue's.
    """

    def __init__(self, client: "SQSClient", url: str) -> None:
        self._client = client
        self._url = url

    def send(self, message: Message, delay: float = 0) -> None:
        """Put one message into the queue.

        Args:
            message: it.
            delay: seconds for which nobody sees it; cut to what SQS allows.
        """
        seconds = max(0, min(MAX_DELAY_SECONDS, round(delay + 0.5)))
        self._client.send_message(
            QueueUrl=self._url, MessageBody=message.body(), DelaySeconds=seconds, MessageGroupId=message.webhook_id
        )

    def send_all(self, messages: Sequence[Message]) -> set[int]:
        """Put messages into the queue, ten in a request, requests side by side.

        Returns:
            the indexes of those that the queue did not take: it refused them, or the request failed after all retries.
        """
        if not messages:
            return set()
        starts = range(0, len(messages), _IN_ONE_REQUEST)
        with concurrent.futures.ThreadPoolExecutor(_AT_ONCE) as pool:
            futures = [pool.submit(self._send_ten, messages, start) for start in starts]
        refused: set[int] = set()
        for start, future in zip(starts, futures, strict=True):
            if future.exception():
                refused.update(range(start, min(start + _IN_ONE_REQUEST, len(messages))))
            else:
                refused |= future.result()
        return refused

    def _send_ten(self, messages: Sequence[Message], start: int) -> set[int]:
        places = range(start, min(start + _IN_ONE_REQUEST, len(messages)))
        entries: list[SendMessageBatchRequestEntryTypeDef] = [
            {"Id": str(place), "MessageBody": messages[place].body(), "MessageGroupId": messages[place].webhook_id}
            for place in places
        ]
        answer = self._client.send_message_batch(QueueUrl=self._url, Entries=entries)
        return {int(one["Id"]) for one in answer.get("Failed", [])}
