"""Where undelivered messages wait, and what is done with each: the same for queues and for objects."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple, Protocol


class Message(NamedTuple):
    """A message in hand.

    Args:
        id: names it to people.
        body: its text.
        receipt: names it to the place that it is in.
    """

    id: str
    body: str
    receipt: str


class Source(Protocol):
    """A place where messages wait."""

    name: str

    def count_messages(self) -> int:
        """About how many messages wait."""

    def read_batches(self) -> Iterator[list[Message]]:
        """All of them, in batches."""

    def delete(self, messages: Sequence[Message]) -> dict[str, str]:
        """Delete messages; message id -> why it is still there."""

    def release(self) -> None:
        """Give back what was read and not deleted."""
