"""When batches are delivered, as whom, and what happens when that fails.

Each delivery stream has at most one delivery under way, in a thread of its own, so a stream that cannot deliver holds
up no other. A failed one is tried again with a growing pause, for a day as on AWS; then its records are given up.
"""

import functools
import logging
import threading
import time

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from infra.local.account import hooks
from infra.local.account.credentials import role_session
from infra.local.account.health import is_serving
from infra.local.firehose import metrics
from infra.local.firehose.buffers import Batch, Buffers
from infra.local.firehose.objects import Object, prepare

log = logging.getLogger(__name__)

TICK_SECONDS = 0.1
RETRY_SECONDS = 0.5
MAX_RETRY_SECONDS = 10.0
GIVE_UP_SECONDS = 24 * 60 * 60
SESSION_SECONDS = 30 * 60


class Deliveries:
    """The deliveries of all streams."""

    def __init__(self, buffers: Buffers) -> None:
        self._buffers = buffers
        self._busy: set[str] = set()
        self._prepared: dict[str, list[Object]] = {}
        self._failures: dict[str, int] = {}
        self._failing_since: dict[str, float] = {}
        self._retry_at: dict[str, float] = {}

    def run(self) -> None:
        """Start deliveries as they become due, for ever."""
        while True:
            time.sleep(TICK_SECONDS)
            # asked first: a stream that is done by the time the batches are listed has its batch off that list
            busy = set(self._busy)
            for batch in self._ready():
                if batch.arn not in busy | self._busy and time.monotonic() >= self._retry_at.get(batch.arn, 0):
                    self._busy.add(batch.arn)
                    work = functools.partial(hooks.in_scope, batch.account, batch.region, self._deliver, batch)
                    threading.Thread(target=work, name=f"firehose {batch.name}", daemon=True).start()

    def _ready(self) -> list[Batch]:
        due = self._buffers.due()
        return due if due and is_serving() else []

    def _deliver(self, batch: Batch) -> None:
        try:
            session = _session(batch.config.get("RoleARN", ""), batch.name, int(time.time() // SESSION_SECONDS))
            if batch.id not in self._prepared:
                self._prepared[batch.id] = prepare(session, batch)
            undelivered = self._prepared[batch.id]
            bucket = batch.config["BucketARN"].rpartition(":")[2]
            while undelivered:
                session.client("s3").put_object(Bucket=bucket, Key=undelivered[0].key, Body=undelivered[0].body)
                undelivered.pop(0)
            self._finish(batch, delivered=True)
        except (ClientError, BotoCoreError) as error:
            self._failed(batch, str(error))
        except Exception as error:
            log.exception("%s: a delivery failed", batch.name)
            self._failed(batch, str(error))
        finally:
            self._busy.discard(batch.arn)

    def _finish(self, batch: Batch, delivered: bool) -> None:
        self._buffers.remove(batch)
        self._prepared.pop(batch.id, None)
        self._failing_since.pop(batch.id, None)
        self._failures.pop(batch.arn, None)
        self._retry_at.pop(batch.arn, None)
        if delivered:
            metrics.delivered(batch)

    def _failed(self, batch: Batch, message: str) -> None:
        _session.cache_clear()
        if not is_serving():
            return
        failures = self._failures[batch.arn] = self._failures.get(batch.arn, 0) + 1
        since = self._failing_since.setdefault(batch.id, time.monotonic())
        if time.monotonic() - since > GIVE_UP_SECONDS:
            log.error("%s: gave up on %d records: %s", batch.name, len(batch.records), message)
            self._finish(batch, delivered=False)
            return
        pause = min(RETRY_SECONDS * 2.0 ** (failures - 1), MAX_RETRY_SECONDS)
        log.warning("%s: delivery failed, next try in %g s: %s", batch.name, pause, message)
        metrics.failed(batch)
        self._retry_at[batch.arn] = time.monotonic() + pause


@functools.lru_cache(maxsize=64)
def _session(role_arn: str, name: str, _period: int) -> boto3.Session:
    """A session of the stream's role; `_period` makes that a new one before the credentials end."""
    return role_session(role_arn, name)
