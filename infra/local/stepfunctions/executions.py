"""How an execution ends: once, with an output only when it succeeded, and at the latest when its time is up.

One that runs when the account stops has failed after the restart, in its history as well as in its description.

https://docs.aws.amazon.com/step-functions/latest/apireference/API_DescribeExecution.html
https://docs.aws.amazon.com/step-functions/latest/dg/statemachine-structure.html
"""

import contextlib
import json
import threading
from collections.abc import Callable
from typing import Any

from ministack.core.responses import now_iso
from ministack.services import stepfunctions

from infra.local.account.hooks import after_restoring, hook, in_background, replace
from infra.local.stepfunctions import redrive
from infra.local.stepfunctions.tasks import ExecutionEnded

ENDED_WITH_ACCOUNT = "The execution ended with the account that ran it."
# how the emulator marks what it found running when it loaded its state
INTERRUPTED = "States.ServiceRestart"
DETAILS = ("taskScheduled", "taskSubmitted", "taskSucceeded", "taskFailed")


def _time_limit(execution: dict[str, Any]) -> float | None:
    try:
        limit = json.loads(execution.get("definition") or "{}").get("TimeoutSeconds")
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


def watched(execution: dict[str, Any], work: Callable[[], None]) -> None:
    """Do an execution's work until its end, at the latest until its time is up."""
    limit = _time_limit(execution)
    timer = in_background(_time_out, execution, delay=limit) if limit is not None else None
    try:
        # the record says how it ended; a nested execution must not take its parent's thread along
        with contextlib.suppress(ExecutionEnded):
            work()
    finally:
        if timer:
            timer.cancel()


def apply() -> None:
    """Put the completion in place."""

    def run_execution(exec_arn: str) -> None:
        execution = stepfunctions._executions.get(exec_arn)
        if execution is None:
            return
        redrive.THREADS[exec_arn] = threading.current_thread()
        machine = stepfunctions._state_machines.get(execution["stateMachineArn"])
        execution["definition"] = machine["definition"] if machine else None
        watched(execution, lambda: original_run(exec_arn))

    def fail_execution(execution: dict[str, Any], error: str, cause: str) -> None:
        if execution["status"] == "RUNNING":
            original_fail(execution, error, cause)

    def describe_execution(data: dict[str, Any]) -> Any:
        status, headers, body = original_describe(data)
        answer = json.loads(body)
        if status >= 400:
            return status, headers, body
        left_out = () if answer["status"] == "SUCCEEDED" else ("output", "outputDetails")
        shown = {name: value for name, value in answer.items() if name not in left_out}
        return stepfunctions.json_response(shown | redrive.described(stepfunctions._executions[answer["executionArn"]]))

    def list_executions(data: dict[str, Any]) -> Any:
        status, headers, body = original_list(data)
        answer = json.loads(body)
        for listed in answer.get("executions", []):
            shown = redrive.described(stepfunctions._executions[listed["executionArn"]])
            listed.update({name: shown[name] for name in ("redriveCount", "redriveDate") if name in shown})
        return (status, headers, body) if status >= 400 else stepfunctions.json_response(answer)

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
    original_list = replace(stepfunctions, "_list_executions", "data", list_executions)
    original_add = replace(stepfunctions, "_add_event", "execution event_type details", add_event)
    redrive.apply(watched)
    after_restoring(stepfunctions, stepfunctions._executions, _end_interrupted)
