"""AWS/States: how many executions of a state machine started and how they ended, and how long they took.

https://docs.aws.amazon.com/step-functions/latest/dg/procedure-cw-metrics.html#cloudwatch-step-functions-execution-metrics
"""

import datetime as dt
from typing import Any

from ministack.services import cloudwatch, stepfunctions

from infra.local.account.hooks import hook, replace

NAMESPACE = "AWS/States"
COUNTS = {
    "RUNNING": "ExecutionsStarted",
    "SUCCEEDED": "ExecutionsSucceeded",
    "FAILED": "ExecutionsFailed",
    "ABORTED": "ExecutionsAborted",
    "TIMED_OUT": "ExecutionsTimedOut",
}


def record(execution: dict[str, Any]) -> None:
    """Count the status that `execution` has just reached; at its end, measure its time (milliseconds)."""
    dimensions = {"StateMachineArn": execution["stateMachineArn"]}
    count = COUNTS[execution["status"]]
    if execution.get("redriveCount"):
        redriven = "ExecutionsRedriven" if execution["status"] == "RUNNING" else f"Redriven{count}"
        cloudwatch.record_metric(NAMESPACE, redriven, 1, "Count", dimensions)
    if not execution.get("redriveCount") or execution["status"] != "RUNNING":
        cloudwatch.record_metric(NAMESPACE, count, 1, "Count", dimensions)
    if execution.get("stopDate"):
        start, stop = (
            dt.datetime.fromisoformat(execution[name].replace("Z", "+00:00")) for name in ("startDate", "stopDate")
        )
        milliseconds = (stop - start).total_seconds() * 1000
        cloudwatch.record_metric(NAMESPACE, "ExecutionTime", milliseconds, "Milliseconds", dimensions)


def apply() -> None:
    """Put the completion in place."""

    def emit(execution: dict[str, Any]) -> None:
        record(execution)
        original(execution)

    hook(cloudwatch, "record_metric", "namespace metric_name value unit dimensions")
    original = replace(stepfunctions, "_emit_execution_status_event", "execution", emit)
