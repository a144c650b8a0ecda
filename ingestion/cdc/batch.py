"""A batch of stream records: as far as it can be delivered, in order, with what never can be set aside."""

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ingestion.cdc.transform import BadRecordError, encode_line, make_envelope

Record = Mapping[str, Any]


@dataclasses.dataclass(frozen=True)
class Outcome:
    """How far a batch came.

    Args:
        done: how many of its records, counted from the first, are in the delivery stream or in quarantine.
        quarantined: how many of these are in quarantine.
        reason: why the next one is in neither; None if there is no next one.
    """

    done: int
    quarantined: int = 0
    reason: str | None = None


def process(
    records: Sequence[Record],
    deliver: Callable[[Sequence[bytes]], int],
    quarantine: Callable[[Record, str], bool],
    ingested_at: str,
) -> Outcome:
    """Deliver `records`, and quarantine those that cannot become a line of the delivery stream.

    A bad record holds up nothing behind it. A refusal does: the event source mapping repeats the batch from the first
    refused record on, so nothing behind that one is quarantined either.

    Args:
        records: the `Records` of a DynamoDB stream event.
        deliver: takes lines and returns how many, counted from the first, were accepted.
        quarantine: takes a bad record and the reason, and returns whether the quarantine has it.
        ingested_at: the time of capture, RFC 3339.
    """
    lines: list[bytes] = []
    places: list[int] = []
    bad: list[tuple[int, str]] = []
    for place, record in enumerate(records):
        try:
            lines.append(encode_line(make_envelope(record, ingested_at)))
            places.append(place)
        except BadRecordError as error:
            bad.append((place, str(error)))
    accepted = deliver(lines) if lines else 0
    end, reason = len(records), None
    if accepted < len(lines):
        end, reason = places[accepted], "refused by the delivery stream"
    quarantined = 0
    for place, why in bad:
        if place > end:
            break
        if not quarantine(records[place], why):
            return Outcome(place, quarantined, "refused by the quarantine queue")
        quarantined += 1
    return Outcome(end, quarantined, reason)
