"""The state machine as a document: every way through it ends well, or measured, reported and named."""

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
STAGES = ["CrawlBronze", "BuildSilver", "BuildGold", "PublishInsights"]
# the classes that a function's calls of other services end with when these are busy, as boto3 raises them
BUSY = {
    "ThrottlingException",
    "ProvisionedThroughputExceededException",
    "RequestLimitExceeded",
    "TooManyRequestsException",
    "InternalServerError",
    "InternalServerException",
    "EndpointConnectionError",
    "ConnectTimeoutError",
    "ReadTimeoutError",
}
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
        next_states = list(ways_on(state))
        assert set(next_states) <= set(STATES), name
        assert next_states or state["Type"] == "Succeed", f"{name} leads nowhere"


def test_every_state_can_be_reached() -> None:
    reached: set[str] = set()
    pending = [MACHINE["StartAt"]]
    while pending:
        name = pending.pop()
        if name not in reached:
            reached.add(name)
            pending += ways_on(STATES[name])
    assert reached == set(STATES)


def walked(*left_out: str, stage: int = 1) -> list[str]:
    """The stages that a run goes through from `stage` on, when its plan leaves some out."""
    variables: dict[str, Any] = {"stage": stage, "plan": {"left_out": list(left_out)}}
    taken: list[str] = []
    while True:
        choices = STATES["NextStage"]["Choices"]
        next_states = (rule["Next"] for rule in choices if evaluate(rule["Condition"], **variables))
        name = next(next_states, STATES["NextStage"]["Default"])
        if name == "CheckCrawl":
            return taken
        taken.append(name)
        ends = STATES[name]
        assert ends["Next"] == "NextStage"
        variables["stage"] = ends["Assign"]["stage"]


def test_the_stages_run_in_order() -> None:
    assert MACHINE["StartAt"] == "Begin"
    assert STATES["Begin"]["Next"] == "ResolveWindow"
    assert walked() == STAGES


def test_a_run_leaves_out_what_its_plan_does() -> None:
    assert walked("CrawlBronze") == STAGES[1:]
    assert walked(*STAGES) == []


def test_a_redriven_run_goes_on_with_the_stage_that_failed() -> None:
    assert walked(stage=3) == ["BuildGold", "PublishInsights"]
    (caught,) = STATES["Failed"]["Catch"]
    assert (caught["ErrorEquals"], caught["Next"]) == (["Redriven"], "ResolveWindow")
    resuming = STATES["ResolveWindow"]["Arguments"]["Payload"]["resuming"]
    assert [evaluate(resuming, stage=stage) for stage in (0, 1, 3)] == [False, True, True]


@pytest.mark.parametrize(("now", "error"), [(None, "BuildGold"), (1, "BuildGold"), (2, "Redriven")])
def test_the_last_state_tells_a_redrive_from_the_failure(now: int | None, error: str) -> None:
    execution: dict[str, int] = {} if now is None else {"RedriveCount": now}
    before = 0 if now is None else 1
    states: dict[str, Any] = {"context": {"Execution": execution}}
    given = STATES["Failed"]["Arguments"]["Error"]
    assert evaluate(given, failedState="BuildGold", redrives=before, states=states) == error
    assert evaluate(STATES["ReadCause"]["Assign"]["redrives"], states=states) == (now or 0)


@pytest.mark.parametrize(("waits", "holder", "next_states"), [(0, "me", "NextStage"), (9, "it", "WaitForLock")])
def test_a_second_run_waits_for_the_lock(waits: int, holder: str, next_states: str) -> None:
    states = {"context": {"Execution": {"Id": "me"}}}
    choices = STATES["HasLock"]["Choices"]
    taken = [rule["Next"] for rule in choices if evaluate(rule["Condition"], waits=waits, holder=holder, states=states)]
    assert taken[0] == next_states


def test_a_lock_that_is_held_for_an_hour_fails_the_run() -> None:
    waited, waits = 0, 0
    second = STATES["HasLock"]["Choices"][1]["Condition"]
    while evaluate(second, waits=waits):
        waited += evaluate(STATES["WaitForLock"]["Seconds"], waits=waits)
        waits += 1
    assert 3000 < waited < 3660
    assert STATES["HasLock"]["Default"] == "ReadCause"
    assert STATES["HasLock"]["Assign"]["failedState"] == "ResolveWindow"


@pytest.mark.parametrize("name", TASKS)
def test_a_task_cannot_run_for_ever(name: str) -> None:
    assert 0 < STATES[name]["TimeoutSeconds"] < MACHINE["TimeoutSeconds"]


@pytest.mark.parametrize("name", TASKS)
def test_a_task_retries_what_passes_by_itself_and_nothing_else(name: str) -> None:
    retried = [error for retry in STATES[name]["Retry"] for error in retry["ErrorEquals"]]
    service = {
        "glue": "Glue",
        "codebuild": "CodeBuild",
        "cloudwatch": "CloudWatch",
        "sns": "SNS",
        "lambda": "Lambda",
        "sfn": "Sfn",
    }[STATES[name]["Resource"].removeprefix("arn:aws:states:::").removeprefix("aws-sdk:").split(":")[0]]
    assert retried
    passing = BUSY if service == "Lambda" else set()
    assert all(error.startswith(f"{service}.") or error in passing for error in retried)


@pytest.mark.parametrize("name", [name for name in WORK if name != "CrawlBronze"])
def test_a_failed_task_is_remembered_by_its_own_name(name: str) -> None:
    (caught,) = STATES[name]["Catch"]
    assert caught["ErrorEquals"] == ["States.ALL"]
    assert caught["Assign"] == {"failedState": name, "caught": "{% $states.errorOutput %}"}
    assert caught["Next"] == "ReadCause"


def test_a_crawl_runs_beside_the_other_stages_and_stops_none_of_them() -> None:
    crawl = STATES["CrawlBronze"]
    assert crawl["Next"] == "NextStage"
    running, failed = crawl["Catch"]
    assert running["ErrorEquals"] == ["Glue.CrawlerRunningException"]
    assert failed["ErrorEquals"] == ["States.ALL"]
    assert [(one["Assign"]["crawl"], one["Next"]) for one in (running, failed)] == [
        ("started", "NextStage"),
        ("failed", "NextStage"),
    ]
    assert STATES["NextStage"]["Default"] == "CheckCrawl"


@pytest.mark.parametrize(
    ("crawl", "next_states"), [("none", "Summarize"), ("failed", "ReadCause"), ("started", "PollCrawl")]
)
def test_the_crawl_is_looked_at_when_the_stages_are_done(crawl: str, next_states: str) -> None:
    choice = STATES["CheckCrawl"]
    taken = (rule["Next"] for rule in choice["Choices"] if evaluate(rule["Condition"], crawl=crawl))
    assert next(taken, choice["Default"]) == next_states


@pytest.mark.parametrize(
    ("failed", "next_states"), [("CrawlBronze", "Summarize"), ("PollCrawl", "Summarize"), ("BuildGold", "Failed")]
)
def test_a_crawl_that_failed_is_reported_and_the_run_succeeds(failed: str, next_states: str) -> None:
    choice = STATES["IsReported"]
    variables = {"notified": True, "toRecord": "", "failedState": failed}
    taken = (rule["Next"] for rule in choice["Choices"] if evaluate(rule["Condition"], **variables))
    assert next(taken, choice["Default"]) == next_states


def test_a_failed_crawl_is_a_failure_of_the_state_that_began_it() -> None:
    choice = STATES["IsCrawled"]
    assert choice["Default"] == "ReadCause"
    assert choice["Assign"]["failedState"] == "CrawlBronze"
    assert [rule["Assign"]["failedState"] for rule in choice["Choices"] if rule["Next"] == "ReadCause"] == [
        "CrawlBronze"
    ]


def reported(failed: str, lost: set[str], deaf: bool) -> tuple[list[str], bool]:
    """Walk the failure path of state `failed`, where the metrics of the states in `lost` cannot be written, and, if
    `deaf`, the operators cannot be notified.

    Returns:
        the states that metrics were recorded for, and whether the operators were notified.
    """
    variables: dict[str, Any] = {"failedState": failed, "notified": False, "toRecord": failed}
    recorded, notified, state, steps = [], False, "RecordFailure", 0
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
        notified = notified or (state == "NotifyOperators" and not fails)
        way = definition["Catch"][0] if fails else definition
        variables |= {name: evaluate(value, **variables) for name, value in way["Assign"].items()}
        state = way["Next"]
    return recorded, notified


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
    assert STATES["Failed"]["Resource"] == "arn:aws:states:::aws-sdk:sfn:sendTaskFailure.waitForTaskToken"
    assert STATES["Failed"]["Arguments"]["Cause"] == "{% $reason %}"


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


def explained(error: str, cause: str | None) -> tuple[str, str]:
    """Kind and reason that the two Pass states make of an error as Step Functions gives it."""
    caught = {"Error": error} if cause is None else {"Error": error, "Cause": cause}
    states: dict[str, Any] = {"context": {"Execution": {}}}
    read = {
        name: evaluate(text, caught=caught, failedState="BuildSilver", states=states)
        for name, text in STATES["ReadCause"]["Assign"].items()
    }
    assigned = STATES["ExplainFailure"]["Assign"]
    return evaluate(assigned["error"], **read), evaluate(assigned["reason"], **read)


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


def exported(value: str, kind: str = "") -> dict[str, Any]:
    variables = {"DBT_FAILURES": value, "DBT_ERROR": kind}
    return {
        **BUILD,
        "ExportedEnvironmentVariables": [{"Name": name, "Value": text} for name, text in variables.items()],
    }


@pytest.mark.parametrize(
    ("error", "cause", "kind", "reason"),
    [
        pytest.param(
            "States.TaskFailed",
            json.dumps({"Id": "jr_1", "JobName": "todo-silver", "JobRunState": "FAILED", "ErrorMessage": "no bronze"}),
            "JobFailed",
            "no bronze (job run jr_1)",
            id="a job that raised",
        ),
        pytest.param(
            "States.TaskFailed",
            json.dumps({"Id": "jr_2", "JobName": "todo-silver", "JobRunState": "TIMEOUT"}),
            "JobFailed",
            "the job run ended TIMEOUT (job run jr_2)",
            id="a job without a message",
        ),
        pytest.param(
            "States.TaskFailed",
            json.dumps(exported("test unique_users: Got 2 results; model kpis: bad column", "DbtTestFailed")),
            "DbtTestFailed",
            "test unique_users: Got 2 results; model kpis: bad column (log: https://logs.example/b1)",
            id="dbt tests that failed",
        ),
        pytest.param(
            "States.TaskFailed",
            json.dumps({"Build": exported("")}),
            "BuildFailed",
            "BUILD: dbt build exited with 1 (log: https://logs.example/b1)",
            id="a build that failed outside dbt",
        ),
        pytest.param(
            "Glue.EntityNotFoundException",
            "Crawler todo-bronze-crawler not found",
            "Glue.EntityNotFoundException",
            "Glue.EntityNotFoundException: Crawler todo-bronze-crawler not found",
            id="a service that refused",
        ),
        pytest.param(
            "States.TaskFailed",
            json.dumps(
                {"Id": "jr_3", "JobRunState": "FAILED", "ErrorMessage": "RejectsOverThreshold: 3 of 20 envelopes"}
            ),
            "RejectsOverThreshold",
            "RejectsOverThreshold: 3 of 20 envelopes (job run jr_3)",
            id="a job that refused too many rejects",
        ),
        pytest.param(
            "InvalidInput",
            json.dumps({"errorMessage": "unknown field form", "errorType": "InvalidInput", "stackTrace": ["  File …"]}),
            "InvalidInput",
            "InvalidInput: unknown field form",
            id="a function that raised",
        ),
        pytest.param(
            "States.Timeout",
            None,
            "States.Timeout",
            "States.Timeout: no cause was given",
            id="a timeout without a cause",
        ),
        pytest.param("States.TaskFailed", '{"cut off', "States.TaskFailed", '{"cut off', id="JSON that was cut off"),
        pytest.param(
            "CrawlFailed", "{bad pattern}", "CrawlFailed", "CrawlFailed: {bad pattern}", id="text that looks like JSON"
        ),
    ],
)
def test_the_reason_is_what_an_operator_needs(error: str, cause: str | None, kind: str, reason: str) -> None:
    assert explained(error, cause) == (kind, reason)


def test_a_long_reason_is_cut() -> None:
    cause = json.dumps({"Id": "jr_1", "JobRunState": "FAILED", "ErrorMessage": "x" * 9000})
    assert len(explained("States.TaskFailed", cause)[1]) < 1600
