"""One thread per event source mapping: reads batches, invokes, retries, and moves the mapping's position.

The position moves after each part of a batch that is done (or given up, once that is reported), never before: a stop in
the middle of an invocation repeats at most that invocation. What fails because the account is stopping, or has not
begun to serve, is no failure of the function: it is neither counted nor given up.
"""

import logging
import threading
import time
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from infra.local.account import hooks
from infra.local.account.credentials import role_session
from infra.local.account.health import is_serving
from infra.local.lambda_ import record
from infra.local.streams import delivery, destination, permission, records
from infra.local.streams.delivery import Batch, Mapping

log = logging.getLogger(__name__)

RETRY_SECONDS = 0.25
MAX_RETRY_SECONDS = 10.0
IDLE_SECONDS = 1.0
ACCESS_SECONDS = 2.0
THROTTLED_SECONDS = 1.0


class Readers:
    """The threads of all mappings."""

    def __init__(self) -> None:
        self._readers: dict[str, Reader] = {}

    def attend(self) -> bool:
        """Start a reader for each mapping that has none and wake the others.

        Returns:
            False: the caller has nothing more to do until something changes.
        """
        from ministack.services import lambda_svc

        for account, region, mapping in lambda_svc._iter_all_esms():
            if ":dynamodb:" not in mapping.get("EventSourceArn", ""):
                continue
            reader = self._readers.get(mapping["UUID"])
            if reader is None or not reader.running:
                self._readers[mapping["UUID"]] = reader = Reader(mapping)
                hooks.in_scope(account, region, hooks.in_background, reader.run)
            reader.wake.set()
        self._readers = {key: reader for key, reader in self._readers.items() if reader.running}
        return False


class Reader:
    """The thread of one mapping.

    Args:
        mapping: MiniStack's record of it, which UpdateEventSourceMapping changes in place.
    """

    def __init__(self, mapping: Mapping) -> None:
        self.mapping = mapping
        self.wake = threading.Event()
        self.running = True
        self._pending: list[Batch] = []
        self._window_began: float | None = None

    def run(self) -> None:
        """Deliver until the mapping is deleted or disabled."""
        try:
            while self._is_enabled():
                try:
                    pause = self._step() if is_serving() else RETRY_SECONDS
                except Exception:
                    log.exception("%s: reading the stream failed", self.mapping["FunctionName"])
                    pause = IDLE_SECONDS
                if pause:
                    self._rest(pause)
        finally:
            self.running = False

    def _is_enabled(self) -> bool:
        from ministack.services import lambda_svc

        enabled = str(self.mapping.get("Enabled", True)).lower() != "false"
        return enabled and lambda_svc._esms.get(self.mapping["UUID"]) is self.mapping

    def _rest(self, seconds: float) -> None:
        """Wait; a change in the stream ends the wait only when there is nothing in hand."""
        if self._pending:
            time.sleep(seconds)
        else:
            self.wake.wait(seconds)
            self.wake.clear()

    def _step(self) -> float:
        """Do one thing; returns the seconds to wait before the next."""
        from ministack.services import dynamodb, lambda_svc

        function, _ = lambda_svc._get_func_record_for_qualifier(
            self.mapping["FunctionName"], self.mapping.get("Qualifier")
        )
        table_name = self.mapping["EventSourceArn"].split("/stream/")[0].rsplit("/", 1)[-1]
        table = dynamodb._tables.get(table_name)
        if function is None or not table or table.get("LatestStreamArn") != self.mapping["EventSourceArn"]:
            return IDLE_SECONDS
        if not self._may_read(function["config"]):
            return ACCESS_SECONDS
        if not self._pending:
            return self._read(table_name)
        return self._deliver(function)

    def _may_read(self, config: dict[str, Any]) -> bool:
        arn = self.mapping["EventSourceArn"]
        action = permission.refused(config, arn)
        if action:
            problem = f"PROBLEM: Cannot access stream {arn}: the function's role is not allowed {action}"
            if self.mapping.get("LastProcessingResult") != problem:
                log.warning("%s: %s", config["FunctionName"], problem)
            self.mapping["LastProcessingResult"] = problem
        return action is None

    def _read(self, table_name: str) -> float:
        from ministack.services import lambda_svc

        position = lambda_svc._dynamodb_stream_positions.get(self.mapping["UUID"])
        if position is None:
            self._move(records.starting_position(table_name, self.mapping))
            return 0
        size = int(self.mapping.get("BatchSize") or 100)
        position, found = records.read(table_name, position, size)
        if not found:
            return IDLE_SECONDS
        window = float(self.mapping.get("MaximumBatchingWindowInSeconds") or 0)
        self._window_began = self._window_began or time.monotonic()
        left = self._window_began + window - time.monotonic()
        if len(found) < size and left > 0:
            return min(left, IDLE_SECONDS)
        self._window_began = None
        end = position + len(found)
        selected = {id(record) for record in lambda_svc._apply_filter_criteria(list(found), self.mapping)}
        kept = [(record, position + index) for index, record in enumerate(found) if id(record) in selected]
        if kept:
            self._pending = [Batch([record for record, _ in kept], [at for _, at in kept], end)]
        else:
            self._move(end)
        return 0

    def _deliver(self, function: dict[str, Any]) -> float:
        from ministack.services import lambda_svc

        batch = self._pending[0]
        config = function["config"]
        if too_old := delivery.expired(self.mapping, batch):
            return self._give_up(config, too_old, "RecordAgeExceeded", {})
        batch.invocations += 1
        record(config["FunctionName"], IteratorAge=(records.age(batch.records[-1]) * 1000, "Milliseconds"))
        result = lambda_svc._execute_function(function, {"Records": batch.records})
        if result.get("throttle"):
            return THROTTLED_SECONDS
        failed_at = delivery.first_failure(self.mapping, batch, result)
        if failed_at is None:
            self._done(batch)
            self.mapping["LastProcessingResult"] = "OK"
            return 0
        if not is_serving():
            return RETRY_SECONDS
        self.mapping["LastProcessingResult"] = "PROBLEM: Function call failed"
        what = result["body"] if result.get("error") else "it named records that failed"
        log.warning("%s failed on %d records: %s", config["FunctionName"], len(batch.records), what)
        return self._retry(config, batch, failed_at, result)

    def _retry(self, config: dict[str, Any], batch: Batch, failed_at: int, result: dict[str, Any]) -> float:
        if failed_at:
            done, batch = batch.split(failed_at)
            self._pending[:1] = [done, batch]
            self._done(done)
            return RETRY_SECONDS
        if self.mapping.get("BisectBatchOnFunctionError") and len(batch.records) > 1:
            self._pending[:1] = batch.split(len(batch.records) // 2)
            return 0
        batch.failures += 1
        if delivery.exhausted(self.mapping, batch):
            return self._give_up(config, len(batch.records), "RetryAttemptsExhausted", result)
        return min(RETRY_SECONDS * 2.0 ** (batch.failures - 1), MAX_RETRY_SECONDS)

    def _give_up(self, config: dict[str, Any], count: int, condition: str, result: dict[str, Any]) -> float:
        """Tell the destination about the first `count` records of the batch in hand and go on behind them."""
        batch = self._pending[0]
        if count < len(batch.records):
            batch, rest = batch.split(count)
            self._pending[:1] = [batch, rest]
        name = config["FunctionName"]
        log.warning("%s: gave up on %d records (%s)", name, len(batch.records), condition)
        description = destination.invocation_record(self.mapping, config, batch, condition, result)
        try:
            destination.send(role_session(config["Role"], name), config["Role"], self.mapping, batch, description)
        except (ClientError, BotoCoreError, PermissionError, ValueError) as error:
            if not is_serving():
                return RETRY_SECONDS
            # as on AWS, where the batch is gone then
            log.error("%s: the on-failure destination was not notified: %s", name, error)
            record(name, DestinationDeliveryFailures=(1, "Count"))
        self._done(batch)
        return 0

    def _done(self, batch: Batch) -> None:
        self._pending.remove(batch)
        self._move(batch.end)

    def _move(self, position: int) -> None:
        from ministack.services import lambda_svc

        with lambda_svc._dynamodb_stream_positions_lock:
            # a mapping that was deleted meanwhile has no position any more
            if lambda_svc._esms.get(self.mapping["UUID"]) is self.mapping:
                lambda_svc._dynamodb_stream_positions[self.mapping["UUID"]] = position
