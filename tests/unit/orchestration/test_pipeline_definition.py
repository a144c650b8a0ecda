"""The state machine as a document: every way through it ends well, or measured, told and named."""

import json
import pathlib
from collections.abc import Iterator
from typing import Any

import jsonata
import pytest

ROOT = pathlib.Path(__file__).resolve().parents[3]
MACHINE: dict[str, Any] = json.loads((ROOT / "orchestration" / "pipeline.asl.json").read_text())
STATES: dict[str, dict[str, Any]] = MACHINE["States"]
FAILURE_PATH = ["ReadCause", "ExplainFailure", "RecordFailure", "NotifyOperators", "Failed"]
TASKS = [name for name, state in STATES.items() if state["Type"] == "Task"]
WORK = [name for name in TASKS if name not in FAILURE_PATH]


def ways_on(state: dict[str, Any]) -> Iterator[str]:
    """Every state that may follow."""
    for holder in (state, *state.get("Choices", []), *state.get("Catch", [])):
        for field in ("Next", "Default"):
            if field in holder:
                yield holder[field]


def expressions(node: Any) -> Iterator[str]:
    """Every JSONata expression in a part of the document."""
    if isinstance(node, dict):
        for value in node.values():
            yield from expressions(value)
    elif isinstance(node, list):
        for value in node:
            yield from expressions(value)
    elif isinstance(node, str) and node.startswith("{%"):
        assert node.endswith("%}"), node
        yield node[2:-2].strip()


def evaluate(expression: Any, **variables: Any) -> Any:
    if not (isinstance(expression, str) and expression.startswith("{%")):
        return expression
    compiled = jsonata.Jsonata.jsonata(expression[2:-2].strip())
    compiled.register_lambda("parse", json.loads)
    return compiled.evaluate(None, variables)


def test_every_transition_leads_to_a_state() -> None:
    assert MACHINE["StartAt"] in STATES
    for name, state in STATES.items():
        following = list(ways_on(state))
        assert set(following) <= set(STATES), name
        assert following or state["Type"] in ("Succeed", "Fail"), f"{name} leads nowhere"


def test_every_state_can_be_reached() -> None:
    reached: set[str] = set()
    waiting = [MACHINE["StartAt"]]
    while waiting:
        name = waiting.pop()
        if name not in reached:
            reached.add(name)
            waiting += ways_on(STATES[name])
    assert reached == set(STATES)


def test_the_stages_run_in_order() -> None:
    order, name = [], MACHINE["StartAt"]
    while name != "Done":
        order.append(name)
        state = STATES[name]
        name = state["Next"] if "Next" in state else state["Choices"][0]["Next"]
    assert [stage for stage in order if stage in WORK] == ["CrawlBronze", "PollCrawl", "BuildSilver", "BuildGold"]


@pytest.mark.parametrize("name", TASKS)
def test_a_task_cannot_run_for_ever(name: str) -> None:
    assert 0 < STATES[name]["TimeoutSeconds"] < MACHINE["TimeoutSeconds"]


@pytest.mark.parametrize("name", TASKS)
def test_a_task_retries_what_passes_by_itself_and_nothing_else(name: str) -> None:
    retried = [error for retry in STATES[name]["Retry"] for error in retry["ErrorEquals"]]
    service = {"glue": "Glue", "codebuild": "CodeBuild", "cloudwatch": "CloudWatch", "sns": "SNS"}[
        STATES[name]["Resource"].removeprefix("arn:aws:states:::").removeprefix("aws-sdk:").split(":")[0]
    ]
    assert retried
    assert all(error.startswith(f"{service}.") for error in retried)


@pytest.mark.parametrize("name", WORK)
def test_a_failed_task_is_remembered_by_its_own_name(name: str) -> None:
    (caught,) = STATES[name]["Catch"]
    assert caught["ErrorEquals"] == ["States.ALL"]
    assert caught["Assign"] == {"failedState": name, "caught": "{% $states.errorOutput %}"}
    assert caught["Next"] == "ReadCause"


def test_a_failed_crawl_is_a_failure_of_the_state_that_began_it() -> None:
    choice = STATES["IsCrawled"]
    assert choice["Default"] == "ReadCause"
    assert choice["Assign"]["failedState"] == "CrawlBronze"
    assert [rule["Assign"]["failedState"] for rule in choice["Choices"] if rule["Next"] == "ReadCause"] == [
        "CrawlBronze"
    ]


def reported(failed: str, lost: set[str], deaf: bool) -> tuple[list[str], bool]:
    """Walk the failure path of state `failed`, where the metrics of the states in `lost` cannot be written, and, if
    `deaf`, the operators cannot be told.

    Returns:
        the states that metrics were recorded for, and whether the operators were told.
    """
    variables: dict[str, Any] = {"failedState": failed, "told": False, "toRecord": failed}
    recorded, told, state, steps = [], False, "RecordFailure", 0
    while state != "Failed":
        steps += 1
        assert steps < 10, "the failure path does not end"
        definition = STATES[state]
        if definition["Type"] == "Choice":
            taken = (rule["Next"] for rule in definition["Choices"] if evaluate(rule["Condition"], **variables))
            state = next(taken, definition["Default"])
            continue
        fails = deaf if state == "NotifyOperators" else variables["toRecord"] in lost
        if state == "RecordFailure" and not fails:
            recorded.append(variables["toRecord"])
        told = told or (state == "NotifyOperators" and not fails)
        way = definition["Catch"][0] if fails else definition
        variables |= {name: evaluate(value, **variables) for name, value in way["Assign"].items()}
        state = way["Next"]
    return recorded, told


@pytest.mark.parametrize(
    ("lost", "deaf", "recorded"),
    [
        (set(), False, ["BuildSilver"]),
        (set(), True, ["BuildSilver", "NotifyOperators"]),
        ({"BuildSilver"}, False, ["RecordFailure"]),
        ({"BuildSilver"}, True, ["NotifyOperators"]),
        ({"BuildSilver", "RecordFailure"}, False, []),
        ({"BuildSilver", "NotifyOperators"}, True, []),
    ],
)
def test_the_failure_path_ends_and_records_what_fails_in_it(lost: set[str], deaf: bool, recorded: list[str]) -> None:
    assert reported("BuildSilver", lost, deaf) == (recorded, not deaf)


def test_the_execution_is_named_after_the_state_that_failed() -> None:
    for name in ("RecordFailure", "NotifyOperators"):
        assert STATES[name]["Catch"][0]["ErrorEquals"] == ["States.ALL"]
    assert STATES["Failed"]["Type"] == "Fail"
    assert STATES["Failed"]["Error"] == "{% $failedState %}"


def test_the_metric_has_the_dimensions_that_the_alarms_watch() -> None:
    arguments = STATES["RecordFailure"]["Arguments"]
    (datum,) = arguments["MetricData"]
    assert arguments["Namespace"] == "TodoInsights"
    assert (datum["MetricName"], datum["Value"]) == ("StateFailed", 1)
    assert [dimension["Name"] for dimension in datum["Dimensions"]] == ["StateMachine", "State"]


def test_every_expression_is_jsonata() -> None:
    found = list(expressions(MACHINE))
    assert len(found) > 15
    for expression in found:
        jsonata.Jsonata.jsonata(expression)


def test_every_state_says_what_it_is_for() -> None:
    assert [name for name, state in STATES.items() if len(state.get("Comment", "")) < 20] == []


@pytest.mark.parametrize(("polls", "seconds"), [(0, 1), (1, 2), (9, 10), (400, 10)])
def test_polls_come_quickly_at_first_and_then_less_often(polls: int, seconds: int) -> None:
    assert evaluate(STATES["WaitForCrawl"]["Seconds"], polls=polls) == seconds


def reason(error: str, cause: str | None) -> str:
    """What the two Pass states make of an error as Step Functions gives it."""
    caught = {"Error": error} if cause is None else {"Error": error, "Cause": cause}
    read = {
        name: evaluate(text, caught=caught, failedState="BuildSilver")
        for name, text in STATES["ReadCause"]["Assign"].items()
    }
    told: str = evaluate(STATES["ExplainFailure"]["Assign"]["reason"], **read)
    return told


BUILD = {
    "BuildStatus": "FAILED",
    "Phases": [
        {"PhaseType": "INSTALL", "PhaseStatus": "SUCCEEDED", "Contexts": [{"Message": "", "StatusCode": ""}]},
        {
            "PhaseType": "BUILD",
            "PhaseStatus": "FAILED",
            "Contexts": [{"Message": "dbt build exited with 1", "StatusCode": "COMMAND_EXECUTION_ERROR"}],
        },
    ],
    "Logs": {"GroupName": "/aws/codebuild/todo-dbt", "StreamName": "b1", "DeepLink": "https://logs.example/b1"},
}


def exported(value: str) -> dict[str, Any]:
    return {**BUILD, "ExportedEnvironmentVariables": [{"Name": "DBT_FAILURES", "Value": value}]}


@pytest.mark.parametrize(
    ("error", "cause", "told"),
    [
        pytest.param(
            "States.TaskFailed",
            json.dumps({"Id": "jr_1", "JobName": "todo-silver", "JobRunState": "FAILED", "ErrorMessage": "no bronze"}),
            "no bronze (job run jr_1)",
            id="a job that raised",
        ),
        pytest.param(
            "States.TaskFailed",
            json.dumps({"Id": "jr_2", "JobName": "todo-silver", "JobRunState": "TIMEOUT"}),
            "the job run ended TIMEOUT (job run jr_2)",
            id="a job without a message",
        ),
        pytest.param(
            "States.TaskFailed",
            json.dumps(exported("test unique_users: Got 2 results; model kpis: bad column")),
            "test unique_users: Got 2 results; model kpis: bad column (log: https://logs.example/b1)",
            id="dbt tests that failed",
        ),
        pytest.param(
            "States.TaskFailed",
            json.dumps({"Build": exported("")}),
            "BUILD: dbt build exited with 1 (log: https://logs.example/b1)",
            id="a build that failed outside dbt",
        ),
        pytest.param(
            "Glue.EntityNotFoundException",
            "Crawler todo-bronze-crawler not found",
            "Glue.EntityNotFoundException: Crawler todo-bronze-crawler not found",
            id="a service that refused",
        ),
        pytest.param("States.Timeout", None, "States.Timeout: no cause was given", id="a timeout without a cause"),
        pytest.param("States.TaskFailed", '{"cut off', '{"cut off', id="JSON that was cut off"),
        pytest.param("CrawlFailed", "{bad pattern}", "CrawlFailed: {bad pattern}", id="text that looks like JSON"),
    ],
)
def test_the_reason_is_what_an_operator_needs(error: str, cause: str | None, told: str) -> None:
    assert reason(error, cause) == told


def test_a_long_reason_is_cut() -> None:
    cause = json.dumps({"Id": "jr_1", "JobRunState": "FAILED", "ErrorMessage": "x" * 9000})
    assert len(reason("States.TaskFailed", cause)) < 1600
