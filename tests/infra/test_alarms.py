"""Nobody has to watch: every alarm is on a metric that exists, belongs to one composite alarm, and says what to do."""

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest

from infra import ROOT
from infra.stacks import pipeline
from infra.stacks.alarms.definition import MAX_DESCRIPTION
from tests.infra.conftest import Resource, Templates, joined

pytestmark = pytest.mark.slow

# metrics that exist, with the dimensions that they have: an alarm on any other would stay silent for ever.
# Sources: each service's "CloudWatch metrics" page, linked in infra/stacks/alarms; ours: where the code emits them
METRICS = {
    ("TodoInsights", "StateFailed", ("State", "StateMachine")),
    ("TodoInsights", "StateDuration", ("State", "StateMachine")),
    ("TodoInsights", "ReconcileDifferences", ()),
    ("TodoInsights", "ReconcileRows", ()),
    ("TodoInsights", "MaintenanceFailed", ()),
    ("TodoInsights", "InsightsRowsSkipped", ()),
    ("TodoInsights", "LinesRejected", ()),
    ("TodoInsights", "ObjectsUnreadable", ()),
    ("TodoInsights", "TestsWarned", ()),
    ("TodoInsights", "RecordsNotTransformed", ("service",)),
    ("TodoInsights", "DiscardedBatches", ("service",)),
    ("TodoInsights", "WebhooksDelivered", ("service",)),
    ("TodoInsights", "WebhookAttemptsFailed", ("service",)),
    ("TodoInsights", "AuthorizerErrors", ()),
    ("TodoInsights", "UserGigabytes", ("service",)),
    ("AWS/ApiGateway", "4xx", ("ApiId",)),
    ("AWS/ApiGateway", "5xx", ("ApiId",)),
    ("AWS/ApiGateway", "Count", ("ApiId",)),
    ("AWS/ApiGateway", "Latency", ("ApiId",)),
    ("AWS/Cognito", "SignInThrottles", ("UserPool", "UserPoolClient")),
    ("AWS/Cognito", "SignUpThrottles", ("UserPool", "UserPoolClient")),
    ("AWS/Cognito", "TokenRefreshThrottles", ("UserPool", "UserPoolClient")),
    ("AWS/Cognito", "SignInSuccesses", ("UserPool", "UserPoolClient")),
    ("AWS/States", "ExecutionsStarted", ("StateMachineArn",)),
    ("AWS/States", "ExecutionsSucceeded", ("StateMachineArn",)),
    ("AWS/States", "ExecutionsFailed", ("StateMachineArn",)),
    ("AWS/States", "ExecutionsTimedOut", ("StateMachineArn",)),
    ("AWS/States", "ExecutionsAborted", ("StateMachineArn",)),
    ("AWS/States", "ExecutionThrottled", ("StateMachineArn",)),
    ("AWS/Lambda", "Errors", ("FunctionName",)),
    ("AWS/Lambda", "Throttles", ("FunctionName",)),
    ("AWS/Lambda", "Duration", ("FunctionName",)),
    ("AWS/Lambda", "ConcurrentExecutions", ("FunctionName",)),
    ("AWS/Lambda", "IteratorAge", ("FunctionName",)),
    ("AWS/Lambda", "DestinationDeliveryFailures", ("FunctionName",)),
    ("AWS/DynamoDB", "ReadThrottleEvents", ("TableName",)),
    ("AWS/DynamoDB", "WriteThrottleEvents", ("TableName",)),
    ("AWS/DynamoDB", "SystemErrors", ("Operation", "TableName")),
    ("AWS/Firehose", "DeliveryToS3.DataFreshness", ("DeliveryStreamName",)),
    ("AWS/Firehose", "DeliveryToS3.Success", ("DeliveryStreamName",)),
    ("AWS/Firehose", "ThrottledRecords", ("DeliveryStreamName",)),
    ("AWS/Firehose", "ExecuteProcessing.Success", ("DeliveryStreamName",)),
    ("AWS/CodeBuild", "FailedBuilds", ("ProjectName",)),
    ("AWS/Athena", "ProcessedBytes", ("QueryState", "QueryType", "WorkGroup")),
    ("AWS/SQS", "ApproximateNumberOfMessagesVisible", ("QueueName",)),
    ("AWS/SQS", "ApproximateAgeOfOldestMessage", ("QueueName",)),
}
WITHOUT_DATA_IS_BAD = {
    "todo-insights-pipeline-not-started",
    "todo-slo-freshness",
    "todo-slo-freshness-fast-360m",
    "todo-slo-freshness-fast-60m",
    "todo-slo-freshness-slow-1440m",
    "todo-slo-freshness-slow-360m",
    "todo-silver-maintenance-not-done",
    "todo-reconcile-not-done",
}
# counted once an hour, and by each replay
KEPT_WITHOUT_DATA = {"todo-cdc-failures-not-empty", "todo-webhooks-not-queued-not-empty"}
RULE = re.compile(r"(NOT )?\(?ALARM\(\"?([^\")]+)\"?\)")


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


def composites(templates: Templates) -> dict[str, Resource]:
    return {each.properties["AlarmName"]: each for each in templates.resources("AWS::CloudWatch::CompositeAlarm")}


def watched(alarm: Resource) -> Iterator[dict[str, Any]]:
    """The metrics of an alarm, on its own or inside metric math."""
    if "Metrics" not in alarm.properties:
        yield alarm.properties
    for query in alarm.properties.get("Metrics", []):
        if "MetricStat" in query:
            yield query["MetricStat"]["Metric"]


def members(templates: Templates, composite: Resource) -> tuple[set[str], set[str]]:
    """Names of the alarms that a composite alarm is on for, and of those that silence it."""
    ids = {
        resource.id: resource.properties["AlarmName"]
        for resource in (*alarms(templates).values(), *composites(templates).values())
    }
    rule = re.sub(r"\{(\w+)\.Arn\}", lambda found: ids[found[1]], joined(composite.properties["AlarmRule"]))
    found = RULE.findall(rule)
    silencing = {name for negated, name in found if negated}
    return {name for negated, name in found if not negated}, silencing


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


def test_only_alarms_about_missing_work_take_no_data_for_a_failure(deployed: Templates) -> None:
    treated = {name: alarm.properties["TreatMissingData"] for name, alarm in alarms(deployed).items()}
    assert {name for name, how in treated.items() if how == "ignore"} == KEPT_WITHOUT_DATA
    assert {name for name, how in treated.items() if how == "breaching"} == WITHOUT_DATA_IS_BAD
    assert set(treated.values()) == {"notBreaching", "breaching", "ignore"}
    for name in WITHOUT_DATA_IS_BAD:
        alarm = alarms(deployed)[name].properties
        assert alarm["TreatMissingData"] == "breaching"
        assert alarm["ComparisonOperator"] == "LessThanThreshold"
        if not name.startswith("todo-slo-freshness-"):
            assert (alarm["Threshold"], alarm["Period"]) == (1, 3600)


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


def test_every_alarm_is_on_a_metric_that_exists_with_the_dimensions_it_has(deployed: Templates) -> None:
    for name, alarm in alarms(deployed).items():
        for metric in watched(alarm):
            dimensions = tuple(sorted(item["Name"] for item in metric.get("Dimensions", [])))
            assert (metric["Namespace"], metric["MetricName"], dimensions) in METRICS, name


def test_every_function_queue_and_stream_has_its_alarms(deployed: Templates) -> None:
    found = alarms(deployed)
    for function in deployed.resources("AWS::Lambda::Function"):
        name = function.properties["FunctionName"]
        assert {f"{name}-{kind}" for kind in ("errors", "throttles", "duration", "concurrency")} <= set(found)
        assert found[f"{name}-duration"].properties["Threshold"] < 1000 * function.properties["Timeout"]
    for queue in deployed.resources("AWS::SQS::Queue"):
        # a queue that is worked off has messages; how old the oldest may be is what matters
        kind = "queue-age" if "RedrivePolicy" in queue.properties else "not-empty"
        assert f"{queue.properties['QueueName']}-{kind}" in found
    for stream in deployed.resources("AWS::KinesisFirehose::DeliveryStream"):
        name = stream.properties["DeliveryStreamName"]
        assert {f"{name}-stream-{kind}" for kind in ("freshness", "success", "throttled")} <= set(found)


def test_budgets_of_gold_are_spent_in_hours_and_days_and_only_where_builds_are_hourly(
    templates: dict[str, Templates],
) -> None:
    def watched_for(environment: str) -> dict[str, tuple[float, int, str]]:
        return {
            name.removeprefix("todo-slo-freshness-"): tuple(
                alarm.properties[key] for key in ("Threshold", "Period", "TreatMissingData")
            )
            for name, alarm in alarms(templates[environment]).items()
            if name.startswith("todo-slo-freshness-")
        }

    hour = 3600
    assert watched_for("prod") == watched_for("staging")
    assert watched_for("prod") == {
        "fast-360m": (4, 6 * hour, "breaching"),
        "fast-60m": (1, hour, "breaching"),
        "slow-1440m": (21, 24 * hour, "breaching"),
        "slow-360m": (6, 6 * hour, "breaching"),
    }
    # fewer than none have never succeeded, and missing data is fine
    assert {(one[0], one[2]) for one in watched_for("dev").values()} == {(0, "notBreaching")}
    rows = {
        name: (alarm.properties["Threshold"], alarm.properties["Metrics"][0]["Expression"])
        for name, alarm in alarms(templates["prod"]).items()
        if name.startswith("todo-slo-completeness-")
    }
    assert rows == {
        "todo-slo-completeness-fast-1440m": (0.00144, "differences / rows"),
        "todo-slo-completeness-slow-4320m": (0.0001, "differences / rows"),
        "todo-slo-completeness-slow-1440m": (0.0001, "differences / rows"),
    }


def test_both_windows_of_a_budget_have_to_burn(deployed: Templates) -> None:
    rule = joined(composites(deployed)["todo-quality-page"].properties["AlarmRule"])
    logical = {alarm.properties["AlarmName"]: alarm.id for alarm in deployed.resources("AWS::CloudWatch::Alarm")}
    both = [logical[f"todo-slo-freshness-fast-{window}m"] for window in (360, 60)]
    assert re.search(rf'\(ALARM\("\{{{both[0]}\.Arn\}}"\) AND ALARM\("\{{{both[1]}\.Arn\}}"\)\)', rule), rule


def test_only_composite_alarms_notify_of_the_alarm_and_of_its_end(deployed: Templates) -> None:
    topics = {
        severity: {"Ref": deployed.one("AWS::SNS::Topic", TopicName=name).id}
        for severity, name in (("page", "todo-alerts"), ("ticket", "todo-tickets"))
    }
    assert [name for name, alarm in alarms(deployed).items() if "AlarmActions" in alarm.properties] == []
    for name, composite in composites(deployed).items():
        expected = [topics[name.rsplit("-", 1)[1]]]
        assert composite.properties["AlarmActions"] == expected, name
        assert composite.properties["OKActions"] == expected, name


def test_every_alarm_belongs_to_one_composite_alarm_of_its_severity(deployed: Templates) -> None:
    owners: dict[str, list[str]] = {name: [] for name in alarms(deployed)}
    for composite, resource in composites(deployed).items():
        for member in members(deployed, resource)[0]:
            owners[member].append(composite)
    for name, alarm in alarms(deployed).items():
        (owner,) = owners[name]
        assert alarm.properties["AlarmDescription"].startswith(f"[{owner.rsplit('-', 1)[1]}] "), name


def test_a_stage_is_silent_while_what_feeds_it_pages(deployed: Templates) -> None:
    silencing = {name: members(deployed, resource)[1] for name, resource in composites(deployed).items()}
    assert silencing["todo-table-page"] == set()
    assert silencing["todo-api-page"] == silencing["todo-ingestion-page"] == {"todo-table-page"}
    assert silencing["todo-api-ticket"] == {"todo-table-page", "todo-api-page"}
    assert silencing["todo-quality-page"] == {"todo-table-page", "todo-ingestion-page", "todo-pipeline-page"}


def test_every_description_says_what_happened_its_impact_and_its_runbook(deployed: Templates) -> None:
    for name, alarm in alarms(deployed).items():
        text = alarm.properties["AlarmDescription"]
        found = re.fullmatch(r"\[(page|ticket)\] .+\. Impact: .+\. Runbook: (docs/runbooks/.+\.md)", text)
        assert found, name
        assert len(text) <= MAX_DESCRIPTION
        assert (ROOT / found[2]).read_text().startswith(f"# {name}\n")
    for name, composite in composites(deployed).items():
        assert composite.properties["AlarmDescription"].endswith(f"Runbook: docs/runbooks/{name}.md")
        assert (ROOT / "docs" / "runbooks" / f"{name}.md").exists()


def test_the_machine_itself_has_an_alarm_for_each_bad_end(deployed: Templates) -> None:
    metrics = {
        alarm.properties["MetricName"]
        for alarm in alarms(deployed).values()
        if alarm.properties.get("Namespace") == "AWS/States"
        and joined(alarm.properties["Dimensions"][0]["Value"]).endswith(":stateMachine:todo-insights-pipeline")
    }
    assert metrics == {
        "ExecutionsFailed",
        "ExecutionsTimedOut",
        "ExecutionsAborted",
        "ExecutionThrottled",
        "ExecutionsStarted",
        "ExecutionsSucceeded",
    }


def test_alarms_and_rules_may_publish_to_the_encrypted_topics(deployed: Templates) -> None:
    key = deployed.one("AWS::KMS::Key")
    users = {
        item["Principal"]["Service"]: set(item["Action"])
        for item in key.properties["KeyPolicy"]["Statement"]
        if "Service" in item["Principal"]
    }
    services = {"cloudwatch.amazonaws.com", "events.amazonaws.com"}
    assert set(users) == services
    assert all(actions == {"kms:Decrypt", "kms:GenerateDataKey"} for actions in users.values())
    policies = list(deployed.resources("AWS::SNS::TopicPolicy"))
    assert len(policies) == 3
    for policy in policies:
        statements = policy.properties["PolicyDocument"]["Statement"]
        publishers = [item["Principal"]["Service"] for item in statements if item["Effect"] == "Allow"]
        assert set(publishers) == services
        assert any(item.get("Condition") == {"Bool": {"aws:SecureTransport": "false"}} for item in statements)
    for topic in deployed.resources("AWS::SNS::Topic"):
        assert topic.properties["KmsMasterKeyId"] == {"Fn::GetAtt": [key.id, "Arn"]}


def test_prod_notifies_its_address_of_alarms_budgets_and_anomalies(templates: dict[str, Templates]) -> None:
    prod, local = templates["prod"], templates["local"]
    mails = [each.properties["Endpoint"] for each in prod.resources("AWS::SNS::Subscription")]
    budgets = {
        each.properties["Budget"]["BudgetName"]: each.properties for each in prod.resources("AWS::Budgets::Budget")
    }

    assert mails == ["alerts@example.com"] * 2
    assert {name: item["Budget"]["BudgetLimit"]["Amount"] for name, item in budgets.items()} == {
        "todo-prod-dynamodb": 50,
        "todo-prod-lambda": 20,
        "todo-prod-s3": 100,
        "todo-prod-total": 300,
    }
    for budget in budgets.values():
        kinds = [item["Notification"]["NotificationType"] for item in budget["NotificationsWithSubscribers"]]
        assert kinds == ["ACTUAL", "FORECASTED"]
    assert prod.one("AWS::CE::AnomalySubscription").properties["Subscribers"][0]["Address"] == "alerts@example.com"
    assert not list(local.resources("AWS::Budgets::Budget", "AWS::SNS::Subscription"))


def test_a_job_that_was_killed_from_outside_makes_a_ticket(deployed: Templates) -> None:
    rule = deployed.one("AWS::Events::Rule", Name="todo-jobs-ended").properties
    # the silver job's runs are the pipeline's, which reports them: one failure, one message
    assert rule["EventPattern"]["detail"]["jobName"] == ["todo-silver-maintenance"]
    assert {"FAILED", "TIMEOUT", "STOPPED"} == set(rule["EventPattern"]["detail"]["state"])
    assert rule["Targets"][0]["Arn"] == {"Ref": deployed.one("AWS::SNS::Topic", TopicName="todo-tickets").id}


def test_every_alarm_is_in_the_list_of_alarms(deployed: Templates) -> None:
    page = (ROOT / "docs" / "alarms.md").read_text()
    missing = [name for name in (*alarms(deployed), *composites(deployed)) if f"`{name}`" not in page]
    assert missing == [], "docs/alarms.md is out of date: `make synth-accept` writes it"
