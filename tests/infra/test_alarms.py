"""Nobody has to watch the pipeline: each of its task states has an alarm, and every alarm tells the operators."""

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest

from infra import ROOT
from infra.stacks import pipeline
from tests.infra.conftest import Resource, Templates, joined

pytestmark = pytest.mark.slow

# metrics that exist: an alarm on a misspelt one would stay silent for ever
METRICS = {
    ("TodoInsights", "StateFailed"),
    ("TodoInsights", "StateDuration"),
    ("TodoInsights", "ReconcileDifferences"),
    ("TodoInsights", "MaintenanceFailed"),
    ("AWS/States", "ExecutionsStarted"),
    ("AWS/States", "ExecutionsFailed"),
    ("AWS/States", "ExecutionsTimedOut"),
    ("AWS/States", "ExecutionsAborted"),
    ("AWS/States", "ExecutionThrottled"),
    ("AWS/Lambda", "Errors"),
    ("AWS/Lambda", "IteratorAge"),
    ("AWS/SQS", "ApproximateNumberOfMessagesVisible"),
}


def tasks(part: Any) -> Iterator[str]:
    """Every Task state anywhere in a definition, found without regard to its structure."""
    if isinstance(part, dict):
        for name, value in part.items():
            if isinstance(value, dict) and value.get("Type") == "Task":
                yield name
            yield from tasks(value)
    elif isinstance(part, list):
        for value in part:
            yield from tasks(value)


def alarms(templates: Templates) -> dict[str, Resource]:
    return {alarm.properties["AlarmName"]: alarm for alarm in templates.resources("AWS::CloudWatch::Alarm")}


def test_every_task_state_of_the_pipeline_has_its_alarm(deployed: Templates) -> None:
    states = list(tasks(json.loads((ROOT / "orchestration" / "pipeline.asl.json").read_text())))
    found = alarms(deployed)

    assert {"BuildSilver", "BuildGold", "CrawlBronze"} <= set(states)
    for state in states:
        alarm = found[f"todo-insights-pipeline-{state}-failed"].properties
        assert (alarm["Namespace"], alarm["MetricName"]) == ("TodoInsights", "StateFailed")
        assert {item["Name"]: item["Value"] for item in alarm["Dimensions"]} == {
            "StateMachine": "todo-insights-pipeline",
            "State": state,
        }
        assert (alarm["Statistic"], alarm["Period"], alarm["EvaluationPeriods"]) == ("Sum", 60, 1)
        assert (alarm["Threshold"], alarm["ComparisonOperator"]) == (1, "GreaterThanOrEqualToThreshold")
        assert alarm["TreatMissingData"] == "notBreaching"
    of_states = [name for name in found if name.startswith("todo-insights-pipeline-") and name.endswith("-failed")]
    assert len([name for name in of_states if "-executions-" not in name]) == len(states)


def test_every_task_state_of_the_pipeline_has_an_alarm_on_its_duration(deployed: Templates) -> None:
    machine = pipeline.definition()
    found = alarms(deployed)
    states = list(pipeline.task_states(machine))
    for state in states:
        alarm = found[f"todo-insights-pipeline-{state}-slow"].properties
        assert (alarm["Namespace"], alarm["MetricName"]) == ("TodoInsights", "StateDuration")
        assert {item["Name"]: item["Value"] for item in alarm["Dimensions"]} == {
            "StateMachine": "todo-insights-pipeline",
            "State": state,
        }
        assert alarm["Statistic"] == "Maximum"
        # it goes off before the execution's time is up
        assert 60 <= alarm["Threshold"] < machine["TimeoutSeconds"]
    assert len([name for name in found if name.endswith("-slow")]) == len(states)


def test_a_pipeline_that_nobody_starts_is_noticed_after_26_hours(deployed: Templates) -> None:
    alarm = alarms(deployed)["todo-insights-pipeline-not-started"].properties
    assert alarm["MetricName"] == "ExecutionsStarted"
    assert alarm["Period"] * alarm["EvaluationPeriods"] == 26 * 3600
    assert (alarm["Threshold"], alarm["ComparisonOperator"]) == (1, "LessThanThreshold")
    assert alarm["TreatMissingData"] == "breaching"


def test_every_other_alarm_takes_no_data_for_no_failure(deployed: Templates) -> None:
    treated = {name: alarm.properties["TreatMissingData"] for name, alarm in alarms(deployed).items()}
    assert {name for name, how in treated.items() if how != "notBreaching"} == {"todo-insights-pipeline-not-started"}


def test_task_states_inside_parallel_and_map_states_count_too() -> None:
    task, inner = {"Type": "Task"}, {"States": {"Inner": {"Type": "Task"}, "Wait": {"Type": "Wait"}}}
    machine = {
        "States": {
            "First": task,
            "Both": {"Type": "Parallel", "Branches": [{"States": {"Left": task}}, {"States": {"Right": task}}]},
            "Each": {"Type": "Map", "ItemProcessor": inner},
        }
    }
    assert list(pipeline.task_states(machine)) == ["First", "Left", "Right", "Inner"]


def test_every_alarm_notifies_the_operators_about_a_metric_that_exists(deployed: Templates) -> None:
    topic = deployed.one("AWS::SNS::Topic", TopicName="todo-alerts")
    for name, alarm in alarms(deployed).items():
        assert alarm.properties["AlarmActions"] == [{"Ref": topic.id}], name
        assert alarm.properties.get("ActionsEnabled", True) is True, name
        assert (alarm.properties["Namespace"], alarm.properties["MetricName"]) in METRICS, name


def test_the_machine_itself_has_an_alarm_for_each_bad_end(deployed: Templates) -> None:
    metrics = {
        alarm.properties["MetricName"]
        for alarm in alarms(deployed).values()
        if alarm.properties["Namespace"] == "AWS/States"
        and joined(alarm.properties["Dimensions"][0]["Value"]).endswith(":stateMachine:todo-insights-pipeline")
    }
    assert metrics == {
        "ExecutionsFailed",
        "ExecutionsTimedOut",
        "ExecutionsAborted",
        "ExecutionThrottled",
        "ExecutionsStarted",
    }


def test_alarms_may_publish_to_the_encrypted_topic(deployed: Templates) -> None:
    topic = deployed.one("AWS::SNS::Topic", TopicName="todo-alerts")
    key = deployed.one("AWS::KMS::Key")
    policy = deployed.one("AWS::SNS::TopicPolicy").properties["PolicyDocument"]["Statement"]
    publishers = [item["Principal"] for item in policy if item["Effect"] == "Allow" and item["Action"] == "sns:Publish"]
    users = [
        set(item["Action"])
        for item in key.properties["KeyPolicy"]["Statement"]
        if item["Principal"] == {"Service": "cloudwatch.amazonaws.com"}
    ]

    assert topic.properties["KmsMasterKeyId"] == {"Fn::GetAtt": [key.id, "Arn"]}
    assert publishers == [{"Service": "cloudwatch.amazonaws.com"}]
    assert users == [{"kms:Decrypt", "kms:GenerateDataKey"}]
    assert any(
        item["Condition"] == {"Bool": {"aws:SecureTransport": "false"}} for item in policy if "Condition" in item
    )


def test_every_alarm_has_its_line_in_the_operators_page(deployed: Templates) -> None:
    page = (ROOT / "docs" / "operate.md").read_text()
    for name in alarms(deployed):
        of_state = re.sub(r"(?<=^todo-insights-pipeline-)[A-Z]\w*", "<State>", name)
        kind = re.sub(r"(?<=^todo-insights-pipeline-executions-)\w+", "<ending>", of_state)
        assert f"`{kind}`" in page, f"docs/operate.md does not say what to do when {name} goes off"
