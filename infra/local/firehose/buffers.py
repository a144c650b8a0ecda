"""What waits for delivery: one open buffer per delivery stream, and batches that are closed but not yet in S3.

A batch leaves only when all of it is in S3, so a stop at any moment loses nothing; its identity decides its objects'
names, so a delivery that is repeated after a stop overwrites what the first one wrote.
"""

import base64
import dataclasses
import threading
import time
import uuid
from typing import Any

from infra.local.account.credentials import settings
from infra.local.firehose import metrics

Stream = dict[str, Any]
Key = tuple[str, str, str]


@dataclasses.dataclass
class Batch:
    """Records of one delivery stream that are delivered together.

    Args:
        account: account of the stream.
        region: region of the stream.
        name: of the stream.
        version: the stream's version, part of the objects' names.
        config: the S3 destination's configuration when the first record came.
        id: makes the objects' names unique.
        opened: arrival of the first record, seconds since the epoch.
        records: record id, data, and arrival in seconds since the epoch.
    """

    account: str
    region: str
    name: str
    version: int
    config: dict[str, Any]
    id: str = dataclasses.field(default_factory=lambda: str(uuid.uuid4()))
    opened: float = dataclasses.field(default_factory=time.time)
    records: list[tuple[str, bytes, float]] = dataclasses.field(default_factory=list)
    size: int = 0

    @property
    def arn(self) -> str:
        """ARN of the delivery stream."""
        return f"arn:aws:firehose:{self.region}:{self.account}:deliverystream/{self.name}"

    def is_full(self) -> bool:
        """Whether SizeInMBs is reached."""
        return self.size >= int(self._hints().get("SizeInMBs") or 5) << 20

    def is_due(self) -> bool:
        """Whether IntervalInSeconds, or the local cap on it, has passed."""
        seconds = float(self._hints().get("IntervalInSeconds", 300))
        return time.time() - self.opened >= min(seconds, settings().firehose_seconds)

    def _hints(self) -> dict[str, Any]:
        return self.config.get("BufferingHints") or {}


class Buffers:
    """The buffers of all delivery streams; safe to use from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._open: dict[Key, Batch] = {}
        self._closed: list[Batch] = []

    def add(self, stream: Stream, dest: dict[str, Any], records: list[tuple[str, bytes]]) -> None:
        """Take records that were put into `stream`, in place of MiniStack's delivery.

        Args:
            stream: MiniStack's record of the delivery stream.
            dest: that of its S3 destination.
            records: record id and data.
        """
        from ministack.core.responses import get_account_id, get_region

        dest["records"] = []  # MiniStack's own copy of everything that ever came
        metrics.arrived(stream["name"], [data for _, data in records])
        key = (get_account_id(), get_region(), stream["name"])
        with self._lock:
            for record_id, data in records:
                batch = self._open.get(key)
                if batch is None:
                    batch = Batch(*key, version=int(stream.get("version", 1)), config=dest["config"])
                    self._open[key] = batch
                batch.records.append((record_id, data, time.time()))
                batch.size += len(data)
                if batch.is_full():
                    self._closed.append(self._open.pop(key))

    def due(self) -> list[Batch]:
        """Close what is due; returns every closed batch, in the order in which they were closed."""
        with self._lock:
            for key in [key for key, batch in self._open.items() if batch.is_due()]:
                self._closed.append(self._open.pop(key))
            return list(self._closed)

    def remove(self, batch: Batch) -> None:
        """Forget a batch, which is in S3 or has been given up."""
        with self._lock:
            self._closed.remove(batch)

    def state(self) -> list[dict[str, Any]]:
        """All that is not delivered yet, ready for JSON."""
        with self._lock:
            batches = [*self._closed, *self._open.values()]
            return [{**vars(batch), "records": [_encoded(*record) for record in batch.records]} for batch in batches]

    def restore(self, state: list[dict[str, Any]]) -> None:
        """Take up what `state` wrote; it is delivered at once, under the same names."""
        with self._lock:
            for saved in state:
                records = [(record_id, base64.b64decode(data), at) for record_id, data, at in saved["records"]]
                self._closed.append(Batch(**{**saved, "records": records}))


def _encoded(record_id: str, data: bytes, arrived: float) -> tuple[str, str, float]:
    return record_id, base64.b64encode(data).decode(), arrived
