"""Each state of the pipeline by itself, by Step Functions' own TestState: what it is given, asks for, keeps and leaves.

In an account the same calls go to AWS: `definition`, `input`, `variables` and `mock` are TestState's.
Names of errors: https://docs.aws.amazon.com/step-functions/latest/dg/concepts-error-handling.html#error-handling-error-representation
and, for services, their exceptions after the SDK's name of the service
(https://docs.aws.amazon.com/step-functions/latest/dg/supported-services-awssdk.html#sdk-integration-error-names).
"""

import json
import pathlib
from collections.abc import Callable
from typing import Any

import pytest
from botocore.config import Config

from infra.stacks.pipeline import SUBSTITUTIONS, substituted
from tests.conftest import Account
from tests.integration.conftest import RoleFactory

pytestmark = pytest.mark.account

MACHINE = json.loads(substituted(SUBSTITUTIONS))
TASKS = [name for name, state in MACHINE["States"].items() if state["Type"] == "Task"]
PLAN = {
    "run": "r",
    "objects": 3,
    "left_out": [],
    "silver_arguments": {"--manifest": "m"},
    "select": "",
    "exclude": "",
    "refresh_gold": False,
    "unread_since": "2026-11-23 08",
}
VARIABLES: dict[str, Any] = {
    "stage": 1,
    "waits": 0,
    "polls": 0,
    "plan": PLAN,
    "seconds": {},
    "workers": 2,
    "crawl": "started",
    "crawlError": {},
    "crawlDeadline": 9e15,
    "summary": {"objects": 3},
    "holder": "test",
    "failedState": "BuildGold",
    "toRecord": "BuildGold",
    "caught": {"Error": "States.TaskFailed", "Cause": "why"},
    "reason": "why",
    "notified": False,
    "redrives": 0,
}
Tested = dict[str, Any]
Tester = Callable[..., Tested]


@pytest.fixture(scope="module")
def tested(account: Account, role_of_module: RoleFactory) -> Tester:
    """`tested("HasLock", holder="other")` is what comes of a state, with its variables and arguments as objects."""
    # TestState has a host of its own on AWS; the local account has one for everything
    client: Any = account.session.client("stepfunctions", config=Config(inject_host_prefix=False))
    role = role_of_module("states")

    def run(
        name: str, given: Any = None, result: Any = None, error: str = "", attempts: int = 0, **variables: Any
    ) -> Tested:
        mock: dict[str, Any] = {}
        if result is not None:
            mock = {"mock": {"result": json.dumps(result)}}
        elif error:
            mock = {"mock": {"errorOutput": {"error": error, "cause": "why"}}}
        context = {
            "Execution": {"Id": "test", "Input": {}, "StartTime": "2026-01-01T00:00:00Z"},
            "Task": {"Token": "t"},
        }
        context["State"] = {"Name": name, "EnteredTime": "2026-01-01T00:00:00Z", "RetryCount": attempts}
        answer: Tested = client.test_state(
            definition=json.dumps(MACHINE),
            stateName=name,
            roleArn=role,
            input=json.dumps(given or {}),
            variables=json.dumps({**VARIABLES, **variables}),
            context=json.dumps({**context, "StateMachine": {"Name": "todo-insights-pipeline"}}),
            inspectionLevel="DEBUG",
            stateConfiguration={"retrierRetryCount": attempts},
            **mock,
        )
        inspection = answer["inspectionData"]
        answer["variables"] = json.loads(inspection["variables"])
        answer["arguments"] = json.loads(inspection.get("afterArguments", "null"))
        return answer

    return run


@pytest.mark.parametrize(
    ("state", "result", "next_state", "left"),
    [
        (
            "ResolveWindow",
            {"Payload": {"holder": "test", "plan": {"objects": 1}}},
            "HasLock",
            {"holder": "test", "plan": {"objects": 1}},
        ),
        ("ResolveWindow", {"Payload": {"holder": "another"}}, "HasLock", {"holder": "another", "plan": PLAN}),
        ("CrawlBronze", {}, "NextStage", {"stage": 2, "crawl": "started"}),
        ("BuildSilver", {"NumberOfWorkers": 4}, "NextStage", {"stage": 3, "workers": 4}),
        ("BuildSilver", {}, "NextStage", {"stage": 3, "workers": 0}),
        ("BuildGold", {"Build": {}}, "NextStage", {"stage": 4}),
        (
            "PublishInsights",
            {"Payload": {"users": 2}},
            "NextStage",
            {"stage": 5, "summary": {"objects": 3, "left_out": [], "published": {"users": 2}}},
        ),
        ("PollCrawl", {"Crawler": {"State": "RUNNING"}}, "IsCrawled", {"polls": 1}),
        ("RecordFailure", {}, "IsReported", {"toRecord": ""}),
        (
            "NotifyOperators",
            {"Payload": {"error": "JobFailed", "reason": "no bronze"}},
            "IsReported",
            {"notified": True, "reason": "no bronze"},
        ),
    ],
)
def test_a_task_that_succeeds_leads_on_and_keeps_what_later_states_need(
    tested: Tester, state: str, result: Any, next_state: str, left: dict[str, Any]
) -> None:
    answer = tested(state, result=result)
    assert (answer["status"], answer["nextState"]) == ("SUCCEEDED", next_state)
    assert {name: answer["variables"][name] for name in left} == left


def test_the_operators_function_gets_the_cause_as_it_is(tested: Tester) -> None:
    answer = tested("HandleFailure", caught={"Error": "States.TaskFailed", "Cause": '{"Id": "jr_1"}'})
    assert (answer["variables"]["reason"], answer["variables"]["notified"]) == ('{"Id": "jr_1"}', False)
    payload = {"error": "JobFailed", "reason": "no bronze"}
    assert tested("NotifyOperators", result={"Payload": payload})["arguments"]["Payload"] == {
        "machine": "todo-insights-pipeline",
        "execution": "test",
        "state": "BuildGold",
        "error": "States.TaskFailed",
        "cause": "why",
    }


def test_each_task_asks_for_what_its_service_takes(tested: Tester) -> None:
    silver = tested("BuildSilver", result={})["arguments"]
    assert silver == {"JobName": "todo-silver", "Arguments": {"--manifest": "m"}}
    gold = tested("BuildGold", result={})["arguments"]
    assert {each["Name"]: each["Value"] for each in gold["EnvironmentVariablesOverride"]} == {
        "DBT_SELECT": "",
        "DBT_EXCLUDE": "",
        "DBT_FULL_REFRESH": "false",
        "DBT_BRONZE_UNREAD_SINCE": "2026-11-23 08",
        "RUN_ID": "r",
    }
    metric = tested("RecordFailure", result={})["arguments"]["MetricData"][0]
    assert {each["Name"]: each["Value"] for each in metric["Dimensions"]} == {
        "StateMachine": "todo-insights-pipeline",
        "State": "BuildGold",
    }


@pytest.mark.parametrize("state", TASKS)
def test_what_passes_by_itself_is_tried_again_until_the_attempts_are_spent(tested: Tester, state: str) -> None:
    for index, retrier in enumerate(MACHINE["States"][state].get("Retry", [])):
        for error in retrier["ErrorEquals"]:
            answer = tested(state, error=error)
            assert answer["status"] == "RETRIABLE", error
            assert answer["inspectionData"]["errorDetails"]["retryIndex"] == index
            assert tested(state, error=error, attempts=retrier["MaxAttempts"])["status"] != "RETRIABLE", error


@pytest.mark.parametrize(
    ("state", "next_state", "left"),
    [
        *(
            (state, "HandleFailure", {"failedState": state})
            for state in ("ResolveWindow", "BuildSilver", "BuildGold", "PublishInsights", "PollCrawl")
        ),
        ("CrawlBronze", "NextStage", {"stage": 2, "crawl": "failed"}),
        ("RecordFailure", "IsReported", {"toRecord": "RecordFailure"}),
        ("NotifyOperators", "IsReported", {"notified": True}),
    ],
)
@pytest.mark.parametrize("error", ["States.TaskFailed", "States.Timeout", "Lambda.Unknown", "ValueError"])
def test_any_other_error_is_caught_and_remembered(
    tested: Tester, state: str, next_state: str, left: dict[str, Any], error: str
) -> None:
    answer = tested(state, error=error)
    assert (answer["status"], answer["nextState"]) == ("CAUGHT_ERROR", next_state)
    assert {name: answer["variables"][name] for name in left} == left
    if next_state == "HandleFailure":
        assert answer["variables"]["caught"] == {"Error": error, "Cause": "why"}


def test_a_crawl_that_is_under_way_is_no_failure(tested: Tester) -> None:
    answer = tested("CrawlBronze", error="Glue.CrawlerRunningException")
    assert (answer["nextState"], answer["variables"]["crawl"]) == ("NextStage", "started")


@pytest.mark.parametrize(
    ("state", "given", "variables", "next_state"),
    [
        ("Begin", {}, {}, "ResolveWindow"),
        ("HasLock", {}, {}, "NextStage"),
        ("HasLock", {}, {"holder": "another"}, "WaitForLock"),
        ("HasLock", {}, {"holder": "another", "waits": 130}, "HandleFailure"),
        ("WaitForLock", {}, {}, "ResolveWindow"),
        ("NextStage", {}, {}, "CrawlBronze"),
        ("NextStage", {}, {"plan": {**PLAN, "left_out": ["CrawlBronze", "BuildSilver"]}}, "BuildGold"),
        ("NextStage", {}, {"stage": 4}, "PublishInsights"),
        ("NextStage", {}, {"stage": 5}, "CheckCrawl"),
        ("CheckCrawl", {}, {"crawl": "none"}, "Summarize"),
        ("CheckCrawl", {}, {"crawl": "failed"}, "HandleFailure"),
        ("CheckCrawl", {}, {}, "PollCrawl"),
        ("WaitForCrawl", {}, {}, "PollCrawl"),
        ("IsCrawled", {"state": "READY", "lastCrawl": {"Status": "SUCCEEDED"}}, {}, "Summarize"),
        ("IsCrawled", {"state": "READY", "lastCrawl": {"Status": "FAILED"}}, {}, "HandleFailure"),
        ("IsCrawled", {"state": "RUNNING", "lastCrawl": {}}, {}, "WaitForCrawl"),
        ("IsCrawled", {"state": "RUNNING", "lastCrawl": {}}, {"crawlDeadline": 0}, "HandleFailure"),
        ("Summarize", {}, {}, "Done"),
        ("HandleFailure", {}, {}, "RecordFailure"),
        ("IsReported", {}, {}, "NotifyOperators"),
        ("IsReported", {}, {"notified": True}, "RecordFailure"),
        ("IsReported", {}, {"notified": True, "toRecord": ""}, "Failed"),
        ("IsReported", {}, {"notified": True, "toRecord": "", "failedState": "PollCrawl"}, "Summarize"),
    ],
)
def test_the_other_states_lead_where_their_input_and_variables_say(
    tested: Tester, state: str, given: Any, variables: dict[str, Any], next_state: str
) -> None:
    answer = tested(state, given, **variables)
    assert (answer["status"], answer["nextState"]) == ("SUCCEEDED", next_state), answer.get("cause")


def test_the_end_of_a_run_is_its_summary(tested: Tester) -> None:
    assert json.loads(tested("Summarize")["output"]) == {"objects": 3}
    assert tested("Done")["status"] == "SUCCEEDED"


def test_the_last_state_fails_the_execution_unless_it_is_redriven(tested: Tester) -> None:
    assert tested("Failed", result={})["arguments"] == {"TaskToken": "t", "Error": "BuildGold", "Cause": "why"}
    assert (tested("Failed", error="BuildGold")["status"], tested("Failed", error="BuildGold")["error"]) == (
        "FAILED",
        "BuildGold",
    )
    assert tested("Failed", error="Redriven")["nextState"] == "ResolveWindow"


def test_every_state_is_tested_here() -> None:
    text = pathlib.Path(__file__).read_text()
    assert [name for name in MACHINE["States"] if f'"{name}"' not in text] == []
