"""Step Functions on the local account: how executions run, retry and end."""

import datetime as dt
import json

import pytest

from tests.conftest import Account
from tests.integration.local.stepfunctions.machines import MachineFactory, State, allow, task

pytestmark = pytest.mark.account


def test_a_failed_execution_has_an_error_and_no_output(machine: MachineFactory) -> None:
    fail = {"Type": "Fail", "Error": "{% 'Pipeline' & 'Failed' %}", "Cause": "{% $string({'state': 'X'}) %}"}
    ended = machine({"Failed": fail}).run()
    assert (ended["status"], ended["error"], ended["cause"]) == ("FAILED", "PipelineFailed", '{"state":"X"}')
    assert "output" not in ended


def test_a_pipeline_in_jsonata_retries_by_name_catches_and_remembers(
    account: Account, machine: MachineFactory, unique: str
) -> None:
    """What orchestration/pipeline.asl.json is made of, in one machine."""
    glue = account.session.client("glue")
    crawl = {
        "Type": "Task",
        "Resource": "arn:aws:states:::aws-sdk:glue:startCrawler",
        "Arguments": {"Name": f"no-crawler-{unique}"},
        "TimeoutSeconds": 30,
        "Retry": [
            {"ErrorEquals": ["Glue.CrawlerRunningException"], "MaxAttempts": 9, "IntervalSeconds": 30},
            {"ErrorEquals": ["Glue.EntityNotFoundException"], "MaxAttempts": 2, "IntervalSeconds": 1},
        ],
        "Catch": [
            {
                "ErrorEquals": ["States.ALL"],
                "Assign": {"failedState": "{% $states.context.State.Name %}", "error": "{% $states.errorOutput %}"},
                "Output": {"caught": "{% $states.errorOutput.Error %}"},
                "Next": "Failed",
            }
        ],
        "Next": "Never",
    }
    states: dict[str, State] = {
        "Window": {
            "Type": "Pass",
            "Assign": {
                "execution": "{% $states.context.Execution.Id %}",
                "since": "{% $exists($states.input.since) ? $states.input.since : 'ever' %}",
            },
            "Next": "Crawl",
        },
        "Crawl": crawl,
        "Never": {"Type": "Succeed"},
        "Failed": {
            "Type": "Fail",
            "Error": "{% $failedState & 'Failed' %}",
            "Cause": "{% $string({'execution': $execution, 'since': $since, 'caught': $states.input.caught}) %}",
        },
    }
    pipeline = machine(states, allow("glue:StartCrawler"))
    begun = pipeline.start({"since": "2026-01-01"})
    ended = pipeline.ended(begun)
    assert ended["error"] == "CrawlFailed"
    assert json.loads(ended["cause"]) == {
        "execution": begun,
        "since": "2026-01-01",
        "caught": "Glue.EntityNotFoundException",
    }
    assert [event["type"] for event in pipeline.events(begun)].count("TaskFailed") == 3
    assert glue.get_crawlers()["Crawlers"] is not None


def test_a_retry_waits_no_longer_than_its_longest_delay(machine: MachineFactory) -> None:
    retry = {"ErrorEquals": ["States.ALL"], "IntervalSeconds": 1, "BackoffRate": 10, "MaxDelaySeconds": 1}
    failing = task("arn:aws:states:::aws-sdk:glue:startCrawler", {"Name": "none"}, Retry=[{**retry, "MaxAttempts": 3}])
    execution = machine({"Fails": failing}, allow("glue:StartCrawler"))
    begun = execution.start()
    ended = execution.ended(begun)
    assert ended["error"] == "Glue.EntityNotFoundException"
    assert [event["type"] for event in execution.events(begun)].count("TaskFailed") == 4
    assert 3 <= (ended["stopDate"] - ended["startDate"]).total_seconds() < 10


def test_an_assign_sees_the_values_from_before_it(machine: MachineFactory) -> None:
    states: dict[str, State] = {
        "First": {"Type": "Pass", "Assign": {"a": 1, "b": 2}, "Next": "Swap"},
        "Swap": {"Type": "Pass", "Assign": {"a": "{% $b %}", "b": "{% $a %}"}, "Next": "Show"},
        "Show": {"Type": "Pass", "Output": {"a": "{% $a %}", "b": "{% $b %}"}, "End": True},
    }
    assert json.loads(machine(states).run()["output"]) == {"a": 2, "b": 1}


def test_executions_are_counted_and_timed(account: Account, machine: MachineFactory) -> None:
    choose = {
        "Type": "Choice",
        "Choices": [{"Condition": "{% $states.input.fail = true %}", "Next": "Failed"}],
        "Default": "Wait",
    }
    states: dict[str, State] = {
        "Choose": choose,
        "Wait": {"Type": "Wait", "Seconds": 1, "End": True},
        "Failed": {"Type": "Fail", "Error": "Wanted"},
    }
    counted = machine(states)
    assert counted.run()["status"] == "SUCCEEDED"
    assert counted.run({"fail": True})["status"] == "FAILED"

    now = dt.datetime.now(dt.UTC)

    def total(metric: str, statistic: str) -> float:
        points = account.session.client("cloudwatch").get_metric_statistics(
            Namespace="AWS/States",
            MetricName=metric,
            Dimensions=[{"Name": "StateMachineArn", "Value": counted.arn}],
            StartTime=now - dt.timedelta(minutes=5),
            EndTime=now + dt.timedelta(minutes=1),
            Period=600,
            Statistics=[statistic],  # type: ignore[list-item]
        )["Datapoints"]
        return sum(point[statistic] for point in points)  # type: ignore[literal-required]

    names = ("ExecutionsStarted", "ExecutionsSucceeded", "ExecutionsFailed", "ExecutionsAborted")
    assert [total(name, "Sum") for name in names] == [2, 1, 1, 0]
    assert 1000 <= total("ExecutionTime", "Maximum") < 10_000
