"""RedriveExecution: an execution that failed, was stopped or timed out goes on at the state that it ended in.

AWS: the same execution runs on, with the same definition and the same input of the state; what succeeded before is not
run again, and variables keep their values. A Task state is scheduled anew without being entered anew; its retries begin
again at zero. A Fail state fails again. `RedriveCount` and `RedriveTime` appear in the context object, and the time
limit of the execution begins again. A redrive counts in ExecutionsRedriven, not in ExecutionsStarted.
https://docs.aws.amazon.com/step-functions/latest/dg/redrive-executions.html
https://docs.aws.amazon.com/step-functions/latest/apireference/API_RedriveExecution.html

The emulator does not know the action. Parallel and Map states, of which AWS redrives only the branches that failed, are
refused here.
"""

import datetime as dt
import json
import threading
from collections.abc import Callable
from typing import Any

from ministack.core.responses import error_response_json, json_response, now_iso
from ministack.services import stepfunctions

from infra.local.account.hooks import hook, in_background, replace

ENDED_BADLY = ("FAILED", "TIMED_OUT", "ABORTED")
REDRIVABLE_DAYS = 14
MAX_EVENTS = 24_999
TASK_LIKE = ("Task", "Parallel", "Map")
Execution = dict[str, Any]


class Walk:
    """The rest of one execution.

    Args:
        execution: its record.
        definition: its state machine's, parsed.
    """

    def __init__(self, execution: Execution, definition: dict[str, Any]) -> None:
        self.execution, self.states = execution, definition["States"]
        self.context = {
            "QueryLanguage": definition.get("QueryLanguage", "JSONPath"),
            "Execution": {
                "Id": execution["executionArn"],
                "Input": json.loads(execution["input"]),
                "Name": execution["name"],
                "StartTime": execution["startDate"],
                "RedriveCount": execution["redriveCount"],
                "RedriveTime": execution["redriveDate"],
            },
            "StateMachine": {
                "Id": execution["stateMachineArn"],
                "Name": execution["stateMachineArn"].rsplit(":", 1)[-1],
            },
            "variables": execution.get("variables", {}),
        }

    def go_on(self, name: str, value: Any) -> None:
        """Run from the state `name`, with the input `value`, to the execution's end."""
        try:
            reached, output = self._from(name, value)
        except stepfunctions._ExecutionError as failure:
            stepfunctions._fail_execution(self.execution, failure.error, failure.cause)
            return
        if reached:
            text = json.dumps(output)
            self.execution.update(status="SUCCEEDED", output=text, stopDate=now_iso())
            self._event("ExecutionSucceeded", "executionSucceeded", output=text)
            stepfunctions._emit_execution_status_event(self.execution)

    def _from(self, name: str | None, value: Any) -> tuple[bool, Any]:
        scheduled_anew = True
        while name and self.execution["status"] == "RUNNING":
            state = self.states[name]
            kind = state["Type"]
            self.context["State"] = {"Name": name, "EnteredTime": now_iso(), "RetryCount": 0}
            if not (scheduled_anew and kind == "Task"):
                self._event(f"{kind}StateEntered", "stateEntered", name=name, input=json.dumps(value))
            scheduled_anew = False
            next_state, value = self._run(state, kind, value)
            self._event(f"{kind}StateExited", "stateExited", name=name, output=json.dumps(value))
            name = next_state
        return self.execution["status"] == "RUNNING", value

    def _run(self, state: dict[str, Any], kind: str, value: Any) -> tuple[str | None, Any]:
        if kind == "Fail":
            raise stepfunctions._ExecutionError(*stepfunctions._fail_state_error(state, value, self.context))
        if kind == "Succeed":
            inside = stepfunctions._apply_input_path(state, value, self.context)
            return None, stepfunctions._apply_output_path(state, inside, self.context)
        handler = getattr(stepfunctions, f"_execute_{kind.lower()}")
        arguments = (self.execution, self.context) if kind in TASK_LIKE else (self.context,)
        output, next_state = handler(state, value, *arguments)
        return next_state, output

    def _event(self, kind: str, details: str, **values: Any) -> None:
        stepfunctions._add_event(self.execution, kind, {f"{details}EventDetails": values})


def refusal(execution: Execution) -> str | None:
    """Why an execution cannot be redriven, in AWS's words; None when it can."""
    status = execution["status"]
    if status not in ENDED_BADLY:
        return f"Execution is {status} and cannot be redriven"
    if _days_since(execution["stopDate"]) > REDRIVABLE_DAYS:
        return "Execution redrivable period exceeded"
    if len(execution["events"]) >= MAX_EVENTS:
        return "Execution history event limit exceeded"
    return None


def described(execution: Execution) -> dict[str, Any]:
    """What DescribeExecution says about redrives."""
    reason = refusal(execution)
    fields: dict[str, Any] = {"redriveCount": execution.get("redriveCount", 0)}
    if execution.get("redriveDate"):
        fields["redriveDate"] = execution["redriveDate"]
    fields["redriveStatus"] = "NOT_REDRIVABLE" if reason else "REDRIVABLE"
    return {**fields, "redriveStatusReason": reason} if reason else fields


def unsuccessful(execution: Execution) -> tuple[str, Any]:
    """The state that an execution ended in, and its input."""
    entered = [event for event in execution["events"] if event["type"].endswith("StateEntered")]
    if not entered:
        return "", None
    details = entered[-1]["stateEnteredEventDetails"]
    return details["name"], json.loads(details["input"])


def _days_since(moment: str) -> float:
    ended = dt.datetime.fromisoformat(moment.replace("Z", "+00:00"))
    return (dt.datetime.now(dt.UTC) - ended).total_seconds() / 86_400


def _redrive(data: dict[str, Any], watched: Callable[[Execution, Callable[[], None]], None]) -> Any:
    execution = stepfunctions._executions.get(data.get("executionArn"))
    if execution is None:
        arn = data.get("executionArn")
        return error_response_json("ExecutionDoesNotExist", f"Execution Does Not Exist: '{arn}'", 400)
    if reason := refusal(execution):
        return error_response_json("ExecutionNotRedrivable", reason, 400)
    definition = json.loads(execution["definition"])
    name, value = unsuccessful(execution)
    name = name or definition["StartAt"]
    if definition["States"][name]["Type"] in ("Parallel", "Map"):
        return error_response_json("InvalidAction", f"the local account redrives no {name}: it has branches", 400)
    date = now_iso()
    execution.update(redriveCount=execution.get("redriveCount", 0) + 1, redriveDate=date, status="PENDING_REDRIVE")

    def go_on() -> None:
        ending = THREADS.get(execution["executionArn"])
        if ending:
            ending.join()  # what was stopped may still be waiting for its state's end
        THREADS[execution["executionArn"]] = threading.current_thread()
        execution.update(status="RUNNING", stopDate=None)
        for left in ("error", "cause", "output"):
            execution[left] = None
        count = {"executionRedrivenEventDetails": {"redriveCount": execution["redriveCount"]}}
        stepfunctions._add_event(execution, "ExecutionRedriven", count)
        stepfunctions._emit_execution_status_event(execution)
        watched(execution, lambda: Walk(execution, definition).go_on(name, value))

    in_background(go_on)
    return json_response({"redriveDate": date})


# the thread that runs, or ran, an execution
THREADS: dict[str, threading.Thread] = {}


def _remembering(name: str, parameters: str) -> None:
    """Keep a reference to the variables of an execution in its record, from its first state on."""

    def execute(state: dict[str, Any], value: Any, *rest: Any) -> Any:
        context = rest[-1]
        record = stepfunctions._executions.get((context.get("Execution") or {}).get("Id"))
        if record is not None:
            record["variables"] = context.setdefault("variables", {})
        return original(state, value, *rest)

    original = replace(stepfunctions, name, parameters, execute)


def apply(watched: Callable[[Execution, Callable[[], None]], None]) -> None:
    """Put the completion in place.

    Args:
        watched: runs an execution's work under its time limit.
    """
    for kind in ("pass", "choice", "wait"):
        _remembering(f"_execute_{kind}", "state_def raw_input ctx")
    for kind in ("task", "parallel", "map"):
        _remembering(f"_execute_{kind}", "state_def raw_input execution ctx")
    hook(stepfunctions, "_fail_state_error", "state_def raw_input ctx")
    hook(stepfunctions, "_apply_input_path", "state_def data ctx")
    hook(stepfunctions, "_apply_output_path", "state_def data ctx")

    async def handle_request(method: str, path: str, headers: dict[str, str], body: bytes, query_params: Any) -> Any:
        if headers.get("x-amz-target", "").endswith(".RedriveExecution"):
            return stepfunctions._finalize_response(_redrive(json.loads(body), watched))
        return await original(method, path, headers, body, query_params)

    original = replace(stepfunctions, "handle_request", "method path headers body query_params", handle_request)
