"""The state machine as a document: every way through it ends well, or measured, reported and named."""

import json
import pathlib
from collections.abc import Iterator
from typing import Any

import jsonata
import pytest

from orchestration.contract import STATE_FAILED

ROOT = pathlib.Path(__file__).resolve().parents[3]
MACHINE: dict[str, Any] = json.loads((ROOT / "orchestration" / "pipeline.asl.json").read_text())
STATES: dict[str, dict[str, Any]] = MACHINE["States"]
FAILURE_PATH = ["HandleFailure", "RecordFailure", "NotifyOperators", "Failed"]
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
    # SNS's own: https://docs.aws.amazon.com/sns/latest/api/API_Publish.html#API_Publish_Errors
    "InternalErrorException",
    "ThrottledException",
    "KMSThrottlingException",
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
def test_the_last_state_distinguishes_a_redrive_from_the_failure(now: int | None, error: str) -> None:
    execution: dict[str, int] = {} if now is None else {"RedriveCount": now}
    before = 0 if now is None else 1
    states: dict[str, Any] = {"context": {"Execution": execution}}
    given = STATES["Failed"]["Arguments"]["Error"]
    assert evaluate(given, failedState="BuildGold", redrives=before, states=states) == error
    assert evaluate(STATES["HandleFailure"]["Assign"]["redrives"], states=states) == (now or 0)


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
    assert STATES["HasLock"]["Default"] == "HandleFailure"
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
    assert caught["Next"] == "HandleFailure"


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
    ("crawl", "next_states"), [("none", "Summarize"), ("failed", "HandleFailure"), ("started", "PollCrawl")]
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
    assert choice["Default"] == "HandleFailure"
    assert choice["Assign"]["failedState"] == "CrawlBronze"
    assert [rule["Assign"]["failedState"] for rule in choice["Choices"] if rule["Next"] == "HandleFailure"] == [
        "CrawlBronze"
    ]


def reported(failed: str, lost: set[str], deaf: bool) -> tuple[list[str], bool]:
    """Walk the failure path of state `failed`, where the metrics of the states in `lost` cannot be written, and, if
    `deaf`, the operators cannot be notified.

    Returns:
        the states that metrics were recorded for, and whether the operators were notified.
    """
    variables: dict[str, Any] = {
        "failedState": failed,
        "notified": False,
        "toRecord": failed,
        "reason": "{}",
        "states": {"result": {"Payload": {"error": "JobFailed", "reason": "no bronze"}}},
    }
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
    assert variables["reason"] == ("no bronze" if notified else "{}")
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


@pytest.mark.parametrize(
    ("caught", "reason"), [({"Cause": '{"Id": "jr_1"}'}, '{"Id": "jr_1"}'), ({}, "no cause was given")]
)
def test_a_failed_state_passes_its_cause_on_as_it_is(caught: dict[str, str], reason: str) -> None:
    assigned = STATES["HandleFailure"]["Assign"]
    assert evaluate(assigned["reason"], caught=caught) == reason
    payload = STATES["NotifyOperators"]["Arguments"]["Payload"]
    given = {"failedState": "BuildSilver", "caught": {"Error": "States.TaskFailed"}, "reason": reason}
    given["states"] = {"context": {"Execution": {"Id": "arn"}, "StateMachine": {"Name": "pipeline"}}}
    assert {name: evaluate(text, **given) for name, text in payload.items()} == {
        "machine": "pipeline",
        "execution": "arn",
        "state": "BuildSilver",
        "error": "States.TaskFailed",
        "cause": reason,
    }


def test_expressions_are_short_enough_to_read() -> None:
    assert max(map(len, expressions(MACHINE))) < 240


def test_the_metric_has_the_dimensions_that_the_alarms_watch() -> None:
    arguments = STATES["RecordFailure"]["Arguments"]
    (datum,) = arguments["MetricData"]
    assert arguments["Namespace"] == "${MetricsNamespace}"
    assert (datum["MetricName"], datum["Value"]) == (STATE_FAILED, 1)
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
