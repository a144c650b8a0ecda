"""A batch of stream records: as far as it can be delivered, in order, and where it stopped."""

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ingestion.cdc.transform import BadRecordError, envelope, line


@dataclasses.dataclass(frozen=True)
class Outcome:
    """How far a batch came.

    Args:
        delivered: how many of its records, counted from the first, are in the delivery stream.
        reason: why the next one is not; None if there is no next one.
    """

    delivered: int
    reason: str | None = None


def process(
    records: Sequence[Mapping[str, Any]], deliver: Callable[[Sequence[bytes]], int], ingested_at: str
) -> Outcome:
    """Deliver `records` up to the first that cannot be transformed or delivered.

    Nothing behind that one is sent: the event source mapping repeats the batch from there on, so that sending more
    would only make duplicates.

    Args:
        records: the `Records` of a DynamoDB stream event.
        deliver: takes lines and tells how many, counted from the first, were accepted.
        ingested_at: the time of capture, RFC 3339.
    """
    lines: list[bytes] = []
    reason = None
    for record in records:
        try:
            lines.append(line(envelope(record, ingested_at)))
        except BadRecordError as error:
            reason = str(error)
            break
    delivered = deliver(lines) if lines else 0
    if delivered < len(lines):
        reason = "refused by the delivery stream"
    return Outcome(delivered, reason)
