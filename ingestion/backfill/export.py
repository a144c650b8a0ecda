"""The table, scanned in parallel at a bounded rate, written to bronze page by page.

A parallel scan reads each item once, in no order. What changes meanwhile is a change of its own, which change capture
brings to bronze.
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Scan.html#Scan.ParallelScan
"""

import concurrent.futures
import dataclasses
import threading
import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from ingestion.backfill.envelope import is_captured, make_backfill_envelope
from ingestion.backfill.wire_format import to_wire_format
from ingestion.bronze import Bronze
from ingestion.cdc.transform import BadRecordError, encode_line_of_any_length, rfc3339

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

SOURCE = "backfill"
OBJECT_BYTES = 16 * 1024 * 1024


@dataclasses.dataclass
class Exported:
    """What an export came to.

    Args:
        scanned: items read.
        envelopes: items written to bronze; the others are none that change capture wants.
        unusable: items that it wants and that are not what it expects: no version, no time.
        read_units: read capacity that the scan consumed, as far as the table said.
        objects: keys of the objects written.
    """

    scanned: int = 0
    envelopes: int = 0
    unusable: int = 0
    read_units: float = 0.0
    objects: list[str] = dataclasses.field(default_factory=list)


class Pace:
    """Lets threads together spend so many units a second, on average.

    Args:
        units_per_second: the rate.
        clock: seconds, monotonic.
        sleep: waits so many seconds.
    """

    def __init__(
        self,
        units_per_second: float,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._rate, self._clock, self._sleep = units_per_second, clock, sleep
        self._lock = threading.Lock()
        self._paid_until = clock()

    def spend(self, units: float) -> None:
        """Wait until what has been spent, these units included, is paid for."""
        with self._lock:
            now = self._clock()
            self._paid_until = max(now, self._paid_until) + units / self._rate
            pause = self._paid_until - now
        if pause > 0:
            self._sleep(pause)


def export(
    client: "DynamoDBClient",
    table_name: str,
    bronze: Bronze,
    pace: Pace,
    *,
    segments: int,
    seen: Callable[[int], None],
) -> Exported:
    """Write every item that change capture wants to bronze, as a synthetic envelope.

    Args:
        client: a DynamoDB client.
        table_name: what to read.
        bronze: where to.
        pace: how fast the table may be read, in read capacity units.
        segments: how many parts of the table are read side by side.
        seen: called with how many items more have been read.

    Raises:
        botocore.exceptions.ClientError: a call failed; what was written until then stays, and does no harm.
    """
    total = Exported()
    lock = threading.Lock()

    def run(segment: int) -> None:
        for part in _segment(client, table_name, bronze, pace, (segment, segments), seen):
            with lock:
                total.scanned += part.scanned
                total.envelopes += part.envelopes
                total.unusable += part.unusable
                total.read_units += part.read_units
                total.objects += part.objects

    with concurrent.futures.ThreadPoolExecutor(segments, "segment") as pool:
        for done in concurrent.futures.as_completed([pool.submit(run, segment) for segment in range(segments)]):
            done.result()
    return total


def _segment(
    client: "DynamoDBClient",
    table_name: str,
    bronze: Bronze,
    pace: Pace,
    place: tuple[int, int],
    seen: Callable[[int], None],
) -> Iterator[Exported]:
    lines: list[bytes] = []
    size = 0
    pages = client.get_paginator("scan").paginate(
        TableName=table_name, Segment=place[0], TotalSegments=place[1], ReturnConsumedCapacity="TOTAL"
    )
    for page in pages:
        found, unusable = _lines(page["Items"], table_name)
        lines += found
        size += sum(map(len, found))
        units = float((page.get("ConsumedCapacity") or {}).get("CapacityUnits") or 0)
        part = Exported(len(page["Items"]), len(found), unusable, units)
        if size > OBJECT_BYTES:
            part.objects = [bronze.write(SOURCE, lines)]
            lines, size = [], 0
        seen(part.scanned)
        yield part
        pace.spend(units)
    if lines:
        yield Exported(objects=[bronze.write(SOURCE, lines)])


def _lines(items: list[dict[str, Any]], table_name: str) -> tuple[list[bytes], int]:
    lines: list[bytes] = []
    unusable = 0
    now = rfc3339(time.time())
    for item in items:
        if is_captured(item):
            try:
                lines.append(encode_line_of_any_length(make_backfill_envelope(to_wire_format(item), table_name, now)))
            except BadRecordError:
                unusable += 1
    return lines, unusable
