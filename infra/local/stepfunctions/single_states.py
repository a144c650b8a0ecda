"""TestState: one state by itself, with variables and, for a task, a result or an error in place of the service's.

AWS: evaluates a state as an execution would, up to its end: arguments, the mocked result or error, retriers before
catchers, Assign and Output. It answers with the next state, and at inspection level DEBUG with the variables that the
state leaves, the arguments, and which retrier or catcher took the error.
https://docs.aws.amazon.com/step-functions/latest/apireference/API_TestState.html
https://docs.aws.amazon.com/step-functions/latest/dg/test-state-isolation.html

MiniStack 1.5.33 knows neither variables nor Assign here, treats a task of a JSONata machine as one of JSONPath, and
asks catchers before retriers. States of JSONPath, and tasks without a mock, are left to it.

Hook: `_test_state`.
"""

import json
from typing import Any

from ministack.core.responses import error_response_json, json_response
from ministack.services import stepfunctions

from infra.local.account.hooks import hook, replace

State = dict[str, Any]
SUPPORTED = ("Pass", "Choice", "Wait", "Succeed", "Task")


def run(state: State, given: Any, context: dict[str, Any], mock: dict[str, Any] | None, attempts: int) -> State:
    """What TestState answers, with `inspectionData` as DEBUG has it.

    Args:
        state: of a JSONata machine, of one of the types `SUPPORTED`.
        given: the state's input.
        context: of the execution, with its `variables`; they are changed as the state changes them.
        mock: of a task.
        attempts: how often the state has been retried before.
    """
    inspection: dict[str, Any] = {"input": json.dumps(given)}
    try:
        if state["Type"] == "Task":
            answer = _task(state, given, context, mock or {}, attempts, inspection)
        else:
            output, next_state = _other(state, given, context)
            answer = {"status": "SUCCEEDED", "output": json.dumps(output)}
            answer |= {"nextState": next_state} if next_state else {}
    except stepfunctions._ExecutionError as error:
        answer = {"status": "FAILED", "error": error.error, "cause": error.cause}
    inspection["variables"] = json.dumps(context["variables"])
    return {**answer, "inspectionData": inspection}


def _other(state: State, given: Any, context: dict[str, Any]) -> tuple[Any, str | None]:
    if state["Type"] == "Pass":
        return stepfunctions._execute_pass(state, given, context)  # type: ignore[no-any-return]
    if state["Type"] == "Choice":
        return stepfunctions._execute_choice(state, given, context)  # type: ignore[no-any-return]
    if state["Type"] == "Wait":
        # evaluated, and not waited for
        stepfunctions._apply_jsonata_template({key: state.get(key) for key in ("Seconds", "Timestamp")}, given, context)
    output = stepfunctions._apply_jsonata_output(state, given, context, default=given)
    stepfunctions._apply_state_assign(state, given, context)
    return output, stepfunctions._next_or_end(state)


def _task(
    state: State, given: Any, context: dict[str, Any], mock: dict[str, Any], attempts: int, inspection: State
) -> State:
    arguments = stepfunctions._apply_jsonata_arguments(state, given, context)
    inspection["afterArguments"] = json.dumps(arguments)
    if "errorOutput" in mock:
        return _failed_task(state, given, context, mock["errorOutput"], attempts, inspection)
    result = json.loads(mock.get("result", "{}"))
    output = stepfunctions._apply_jsonata_output(state, given, context, result=result, default=result)
    stepfunctions._apply_state_assign(state, given, context, result=result)
    return {"status": "SUCCEEDED", "output": json.dumps(output), "nextState": stepfunctions._next_or_end(state)}


def _failed_task(
    state: State, given: Any, context: dict[str, Any], failure: dict[str, str], attempts: int, inspection: State
) -> State:
    error, cause = failure.get("error", "States.TaskFailed"), failure.get("cause", "")
    found = {"error": error, "cause": cause}
    retriers = state.get("Retry", [])
    counts = dict.fromkeys(range(len(retriers)), attempts)
    retrier, index = stepfunctions._find_matching_retrier(retriers, error, counts)
    if retrier is not None:
        seconds = retrier.get("IntervalSeconds", 1)
        inspection["errorDetails"] = {"retryIndex": index, "retryBackoffIntervalSeconds": int(seconds)}
        return {"status": "RETRIABLE", **found}
    catcher = stepfunctions._find_matching_catcher(state.get("Catch", []), error)
    if catcher is None:
        return {"status": "FAILED", **found}
    inspection["errorDetails"] = {"catchIndex": state["Catch"].index(catcher)}
    caught = {"Error": error, "Cause": cause}
    output = stepfunctions._apply_catcher(catcher, given, context, "JSONata", caught)
    return {"status": "CAUGHT_ERROR", **found, "output": json.dumps(output), "nextState": catcher["Next"]}


def apply() -> None:
    """Put the completion in place."""
    for name, parameters in (
        ("_apply_jsonata_arguments", "state_def raw_input ctx"),
        ("_apply_jsonata_output", "state_def raw_input ctx result error_output default"),
        ("_apply_jsonata_template", "value raw_input ctx result error_output"),
        ("_apply_catcher", "catcher raw_input ctx query_language error_output"),
        ("_find_matching_catcher", "catchers error"),
        ("_next_or_end", "state_def"),
    ):
        hook(stepfunctions, name, parameters)

    def test_state(data: dict[str, Any]) -> Any:
        try:
            definition = json.loads(data.get("definition") or "{}")
            given, variables = json.loads(data.get("input") or "{}"), json.loads(data.get("variables") or "{}")
            context = json.loads(data.get("context") or "{}")
        except ValueError as error:
            return error_response_json("InvalidDefinition", f"not JSON: {error}", 400)
        name = data.get("stateName") or definition.get("StartAt", "State")
        state = definition["States"].get(name, {}) if "States" in definition else definition
        language = state.get("QueryLanguage", definition.get("QueryLanguage"))
        mocked = bool(data.get("mock"))
        if language != "JSONata" or state.get("Type") not in SUPPORTED or (state["Type"] == "Task" and not mocked):
            return original(data)
        context = {
            "Execution": {"Id": "test", "Name": "test", "Input": given, "StartTime": "2026-01-01T00:00:00Z"},
            "StateMachine": {"Id": "test", "Name": "test"},
            **context,
            "QueryLanguage": "JSONata",
            "variables": variables,
        }
        context.setdefault("State", {"Name": name, "EnteredTime": "2026-01-01T00:00:00Z", "RetryCount": 0})
        attempts = int((data.get("stateConfiguration") or {}).get("retrierRetryCount", 0))
        answer = run(state, given, context, data.get("mock"), attempts)
        if data.get("inspectionLevel") not in ("DEBUG", "TRACE"):
            del answer["inspectionData"]
        return json_response(answer)

    original = replace(stepfunctions, "_test_state", "data", test_state)
