"""Events of webhooks that never came into their queue, or that nobody could take out of it.

A receiver may get an event twice, with the same `webhook-id`.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ingestion.discarded import DiscardedBatch
from ingestion.replay.run import Destination, Summary, UnresolvedError
from ingestion.replay.source import Message
from ingestion.webhooks import message

Records = Sequence[Mapping[str, Any]]


class FanOut(Destination[Records]):
    """Looks up again who wants to hear of the changes that Lambda discarded.

    Args:
        fan_out: queues what records mean; the index of the first one that was not queued whole, or None.
    """

    def __init__(self, fan_out: Callable[[Records], int | None]) -> None:
        self._fan_out = fan_out

    def read(self, body: str) -> Records:
        """The records of a batch."""
        try:
            return DiscardedBatch.parse(body).records
        except ValueError as error:
            raise UnresolvedError(str(error)) from None

    def deliver(self, batch: Sequence[tuple[Message, Records]], summary: Summary, *, dry_run: bool) -> list[Message]:
        """Queue what each batch means."""
        delivered: list[Message] = []
        for one, records in batch:
            reason = None if dry_run else self._queue(records)
            if reason:
                summary.unresolved[one.id] = reason
                continue
            summary.records += len(records)
            delivered.append(one)
        return delivered

    def _queue(self, records: Records) -> str | None:
        """Queue what records mean; why that cannot be done whole, None when it is done."""
        try:
            refused = self._fan_out(records)
        except (KeyError, TypeError, ValueError) as error:
            return f"holds an item that the API has not written: {type(error).__name__}"
        return None if refused is None else "the queue of webhooks did not take all of its events; try again"


class Deliveries(Destination[message.Message]):
    """Puts deliveries that could not be handled into the queue of webhooks again.

    Args:
        webhooks: the queue.
    """

    def __init__(self, webhooks: message.Queue) -> None:
        self._webhooks = webhooks

    def read(self, body: str) -> message.Message:
        """The delivery."""
        try:
            return message.Message.parse(body)
        except (ValueError, TypeError):
            raise UnresolvedError("no delivery of a form that this release knows") from None

    def deliver(
        self, batch: Sequence[tuple[Message, message.Message]], summary: Summary, *, dry_run: bool
    ) -> list[Message]:
        """Queue each."""
        summary.records += len(batch)
        for _, delivery in () if dry_run else batch:
            self._webhooks.send(delivery)
        return [one for one, _ in batch]
