"""AWS/SQS metrics, dimension QueueName."""

import logging
import threading
import time
from typing import Any

from ministack.services import cloudwatch, sqs

from infra.local.account.credentials import settings
from infra.local.account.hooks import account_scopes, hook, in_scope

REPEAT_SECONDS = 30.0
"""A value that has not changed is written again after this time, so that each minute has a data point."""

KEPT_SECONDS = 24 * 3600.0
NAMESPACE = "AWS/SQS"
_ATTRIBUTES = {
    "ApproximateNumberOfMessagesVisible": "ApproximateNumberOfMessages",
    "ApproximateNumberOfMessagesNotVisible": "ApproximateNumberOfMessagesNotVisible",
    "ApproximateNumberOfMessagesDelayed": "ApproximateNumberOfMessagesDelayed",
}

log = logging.getLogger(__name__)


def measure(queue: dict[str, Any], now: float) -> dict[str, tuple[float, str]]:
    """A queue's metrics: name -> value and unit.

    Args:
        queue: MiniStack's record of it.
        now: seconds since the epoch.
    """
    with sqs._queues_lock:
        sqs._refresh_counts(queue)
        counts = {metric: (float(queue["attributes"][name]), "Count") for metric, name in _ATTRIBUTES.items()}
        oldest = min((message["sent_at"] for message in queue["messages"]), default=now)
    return {**counts, "ApproximateAgeOfOldestMessage": (max(now - oldest, 0.0), "Seconds")}


def _record(queue: dict[str, Any]) -> None:
    now = time.time()
    for metric, (value, unit) in measure(queue, now).items():
        dimensions = {"QueueName": queue["name"]}
        points = cloudwatch._metrics.get((NAMESPACE, metric, cloudwatch._dims_key(dimensions))) or []
        latest = points[-1] if points else None
        if latest and latest["Value"] == value and now - latest["Timestamp"] < REPEAT_SECONDS:
            continue
        while points and points[0]["Timestamp"] < now - KEPT_SECONDS:
            points.pop(0)
        cloudwatch.record_metric(NAMESPACE, metric, value, unit, dimensions)


def _record_all() -> None:
    for queue in list(sqs._queues.values()):
        try:
            _record(queue)
        except Exception:  # one queue must not keep the others from being measured
            log.exception("the queue %s could not be measured", queue.get("name"))


def _run() -> None:
    while True:
        time.sleep(settings().alarm_seconds)
        for account, region in account_scopes(sqs._queues):
            in_scope(account, region, _record_all)


def apply() -> None:
    """Start the thread that measures."""
    hook(sqs, "_refresh_counts", "q")
    hook(cloudwatch, "_dims_key", "dims")
    hook(cloudwatch, "record_metric", "namespace metric_name value unit dimensions")
    threading.Thread(target=_run, name="sqs-metrics", daemon=True).start()
