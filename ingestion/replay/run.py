"""A replay: batch by batch from a source to a destination; nothing leaves its source before it is delivered."""

import abc
import dataclasses
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

from ingestion.replay.source import Message, Source

SOURCE = "replay"
Read = TypeVar("Read")


class UnresolvedError(Exception):
    """A message cannot be delivered and stays where it is; the text says why."""


@dataclasses.dataclass
class Summary:
    """What a replay came to.

    Args:
        messages: how many were read.
        replayed: how many were delivered and deleted from their source (or would have been, in a dry run).
        records: what they held: lines for bronze, executions, events.
        erased: changes left out because their user has been erased since.
        exported: items that were written because changes had aged out of the stream.
        unresolved: message id to the reason why it is still in its source.
    """

    messages: int = 0
    replayed: int = 0
    records: int = 0
    erased: int = 0
    exported: int = 0
    unresolved: dict[str, str] = dataclasses.field(default_factory=dict)

    def count_deleted(self, source: Source, delivered: Sequence[Message]) -> None:
        """Delete what was delivered; what is not deleted is unresolved, and a later replay delivers it again."""
        failed = source.delete(delivered)
        self.replayed += len(delivered) - len(failed)
        for message_id, reason in failed.items():
            self.unresolved[message_id] = f"it was delivered, but could not be deleted: {reason}"


class Destination(abc.ABC, Generic[Read]):
    """Where messages go."""

    @abc.abstractmethod
    def read(self, body: str) -> Read:
        """What a message says.

        Raises:
            UnresolvedError: it says nothing that can be delivered.
        """

    @abc.abstractmethod
    def deliver(self, batch: Sequence[tuple[Message, Read]], summary: Summary, *, dry_run: bool) -> list[Message]:
        """Deliver a batch, or only say what would be delivered.

        Args:
            batch: the messages, and what they say.
            summary: counts records, and gets the reasons of messages that stay.
            dry_run: change nothing.

        Returns:
            the messages that may be deleted.

        Raises:
            botocore.exceptions.ClientError: a call failed.
        """

    def finish(self, _summary: Summary, *, dry_run: bool) -> list[Message]:  # noqa: ARG002 - most have nothing to do
        """Deliver what had to wait for the last batch; the messages that may be deleted."""
        return []


def replay(source: Source, destination: Destination[Read], seen: Callable[[int], None], *, dry_run: bool) -> Summary:
    """Bring the messages of a source to a destination.

    Args:
        source: what to empty.
        destination: where they go.
        seen: called with how many messages more have been looked at.
        dry_run: deliver nothing and leave every message where it is.

    Raises:
        botocore.exceptions.ClientError: a call failed; what is not delivered is still in the source.
    """
    summary = Summary()

    def count(delivered: Sequence[Message]) -> None:
        if dry_run:
            summary.replayed += len(delivered)
        else:
            summary.count_deleted(source, delivered)

    try:
        for batch in source.read_batches():
            read: list[tuple[Message, Read]] = []
            for message in batch:
                summary.messages += 1
                try:
                    read.append((message, destination.read(message.body)))
                except UnresolvedError as error:
                    summary.unresolved[message.id] = str(error)
                seen(1)
            count(destination.deliver(read, summary, dry_run=dry_run))
        count(destination.finish(summary, dry_run=dry_run))
    finally:
        source.release()
    return summary
