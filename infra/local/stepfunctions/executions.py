"""How an execution ends: once, with an output only when it succeeded, and at the latest when its time is up.

One that runs when the account stops has failed after the restart, in its history as well as in its description.

https://docs.aws.amazon.com/step-functions/latest/apireference/API_DescribeExecution.html
https://docs.aws.amazon.com/step-functions/latest/dg/statemachine-structure.html
"""

import json
from typing import Any

from ministack.core.responses import now_iso
from ministack.services import stepfunctions

from infra.local.hooks import after_restoring, hook, in_background, replace
from infra.local.stepfunctions.tasks import ExecutionEnded

ENDED_WITH_ACCOUNT = "The execution ended with the account that ran it."
# how the emulator marks what it found running when it loaded its state
INTERRUPTED = "States.ServiceRestart"
DETAILS = ("taskScheduled", "taskSubmitted", "taskSucceeded", "taskFailed")


def _time_limit(execution: dict[str, Any]) -> float | None:
    machine = stepfunctions._state_machines.get(execution["stateMachineArn"])
    try:
        limit = json.loads(machine["definition"]).get("TimeoutSeconds") if machine else None
    except ValueError:  # the interpreter reports it
        return None
    return float(limit) if limit is not None else None


def _time_out(execution: dict[str, Any]) -> None:
    if execution["status"] != "RUNNING":
        return
    execution.update(status="TIMED_OUT", stopDate=now_iso())
    stepfunctions._add_event(execution, "ExecutionTimedOut", {"executionTimedOutEventDetails": {}})
    stepfunctions._emit_execution_status_event(execution)


def _end_interrupted() -> None:
    for execution in list(stepfunctions._executions.values()):
        if execution.get("error") != INTERRUPTED or execution["events"][-1]["type"] == "ExecutionFailed":
            continue
        execution["cause"] = ENDED_WITH_ACCOUNT
        details = {"error": INTERRUPTED, "cause": ENDED_WITH_ACCOUNT}
        stepfunctions._add_event(execution, "ExecutionFailed", {"executionFailedEventDetails": details})


def _named(details: dict[str, Any]) -> dict[str, Any]:
    """History splits `arn:aws:states:::glue:startJobRun.sync` into type `glue` and resource `startJobRun.sync`."""
    resource = details.get("resource", "")
    if not resource.startswith("arn:aws:states:::"):
        return details
    kind, _, action = resource.removeprefix("arn:aws:states:::").rpartition(":")
    return {**details, "resourceType": kind, "resource": action}


def apply() -> None:
    """Put the completion in place."""

    def run_execution(exec_arn: str) -> None:
        execution = stepfunctions._executions.get(exec_arn)
        limit = _time_limit(execution) if execution else None
        timer = in_background(_time_out, execution, delay=limit) if limit is not None else None
        try:
            original_run(exec_arn)
        except ExecutionEnded:  # the record says how; a nested execution must not take its parent's thread along
            return
        finally:
            if timer:
                timer.cancel()

    def fail_execution(execution: dict[str, Any], error: str, cause: str) -> None:
        if execution["status"] == "RUNNING":
            original_fail(execution, error, cause)

    def describe_execution(data: dict[str, Any]) -> Any:
        status, headers, body = original_describe(data)
        answer = json.loads(body)
        if answer.get("status") == "SUCCEEDED" or status >= 400:
            return status, headers, body
        return stepfunctions.json_response(
            {name: value for name, value in answer.items() if name not in ("output", "outputDetails")}
        )

    def add_event(execution: dict[str, Any], event_type: str, details: dict[str, Any] | None = None) -> Any:
        if execution["status"] != "RUNNING" and not event_type.startswith("Execution"):
            return {}  # what a thread does after the execution's end is not part of its history
        for name in (f"{kind}EventDetails" for kind in DETAILS):
            if details and name in details:
                details = {**details, name: _named(details[name])}
        return original_add(execution, event_type, details)

    hook(stepfunctions, "_emit_execution_status_event", "execution")
    original_run = replace(stepfunctions, "_run_execution", "exec_arn", run_execution)
    original_fail = replace(stepfunctions, "_fail_execution", "execution error cause", fail_execution)
    original_describe = replace(stepfunctions, "_describe_execution", "data", describe_execution)
    original_add = replace(stepfunctions, "_add_event", "execution event_type details", add_event)
    after_restoring(stepfunctions, stepfunctions._executions, _end_interrupted)
