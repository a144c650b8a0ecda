"""A failure queue, read in batches; a message leaves it only by `delete`.

What has been received is hidden from other readers until `release`, or for `VISIBILITY_TIMEOUT_SECONDS` if the replay
is killed.
"""

import itertools
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from ingestion.errors import RefusedError
from ingestion.replay.source import Message

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

VISIBILITY_TIMEOUT_SECONDS = 15 * 60
BATCH_MESSAGES = 200
# https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-messages.html
MAX_BATCH_ENTRIES = 10


class Queue:
    """A queue by name.

    Args:
        client: an SQS client.
        name: the queue's name.

    Raises:
        RefusedError: there is no such queue.
    """

    def __init__(self, client: "SQSClient", name: str) -> None:
        self.name = name
        self._client = client
        try:
            self._url = client.get_queue_url(QueueName=name)["QueueUrl"]
        except client.exceptions.QueueDoesNotExist:
            raise RefusedError(f"there is no queue {name} in this account and region: deploy first") from None
        self._in_hand: dict[str, Message] = {}

    def count_messages(self) -> int:
        """About how many messages can be received."""
        found = self._client.get_queue_attributes(QueueUrl=self._url, AttributeNames=["ApproximateNumberOfMessages"])
        return int(found["Attributes"]["ApproximateNumberOfMessages"])

    def arn(self) -> str:
        """The queue's ARN."""
        found = self._client.get_queue_attributes(QueueUrl=self._url, AttributeNames=["QueueArn"])
        return found["Attributes"]["QueueArn"]

    def read_batches(self) -> Iterator[list[Message]]:
        """Everything in the queue, in batches of at most `BATCH_MESSAGES` messages."""
        messages = self._messages()
        while batch := list(itertools.islice(messages, BATCH_MESSAGES)):
            yield batch

    def delete(self, messages: Sequence[Message]) -> dict[str, str]:
        """Take messages out of the queue for good.

        Returns:
            message id -> why SQS did not delete it; the message is received again.
            https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_DeleteMessageBatch.html
        """
        failed: dict[str, str] = {}
        for start in range(0, len(messages), MAX_BATCH_ENTRIES):
            part = messages[start : start + MAX_BATCH_ENTRIES]
            result = self._client.delete_message_batch(
                QueueUrl=self._url,
                Entries=[{"Id": str(n), "ReceiptHandle": message.receipt} for n, message in enumerate(part)],
            )
            failed |= {part[int(one["Id"])].id: one.get("Message", one["Code"]) for one in result.get("Failed", [])}
            for message in part:
                if message.id not in failed:
                    self._in_hand.pop(message.id, None)
        return failed

    def release(self) -> None:
        """Give back what was received and not deleted: anybody may receive it again."""
        kept = list(self._in_hand.values())
        for start in range(0, len(kept), MAX_BATCH_ENTRIES):
            part = kept[start : start + MAX_BATCH_ENTRIES]
            self._client.change_message_visibility_batch(
                QueueUrl=self._url,
                Entries=[
                    {"Id": str(n), "ReceiptHandle": message.receipt, "VisibilityTimeout": 0}
                    for n, message in enumerate(part)
                ],
            )
        self._in_hand.clear()

    def _messages(self) -> Iterator[Message]:
        # a long poll asks every server of the queue, so that an empty answer means an empty queue
        while found := self._client.receive_message(
            QueueUrl=self._url,
            MaxNumberOfMessages=MAX_BATCH_ENTRIES,
            WaitTimeSeconds=1,
            VisibilityTimeout=VISIBILITY_TIMEOUT_SECONDS,
        ).get("Messages", []):
            for one in found:
                message = Message(one["MessageId"], one["Body"], one["ReceiptHandle"])
                if message.id in self._in_hand:  # hidden too short: it would go round for ever
                    return
                self._in_hand[message.id] = message
                yield message
