"""Conformance of metrics that come from log events: the embedded metric format, and metric filters."""

import datetime as dt
import json
import time
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.conftest import Account, until
from tests.integration.local.conftest import FunctionFactory
from tests.integration.local.logs.test_subscriptions import group, log

pytestmark = pytest.mark.account
__all__ = ["group"]

ERRORS = '{ $.level = "ERROR" }'


def event(namespace: str, *, sets: Any = ((),), unit: str = "Count", ago: float = 0, **members: Any) -> dict[str, Any]:
    """An event in the format whose metric is `Hits`."""
    directive = {"Namespace": namespace, "Dimensions": sets, "Metrics": [{"Name": "Hits", "Unit": unit}]}
    at = int((time.time() - ago) * 1000)
    return {"_aws": {"Timestamp": at, "CloudWatchMetrics": [directive]}, "Hits": 1, **members}


def points(account: Account, namespace: str, metric: str = "Hits", **dimensions: str) -> list[Any]:
    """The data points of a metric by minute, the oldest first."""
    now = dt.datetime.now(dt.UTC)
    found = account.session.client("cloudwatch").get_metric_statistics(
        Namespace=namespace,
        MetricName=metric,
        Dimensions=[{"Name": name, "Value": value} for name, value in dimensions.items()],
        StartTime=now - dt.timedelta(hours=2),
        EndTime=now + dt.timedelta(minutes=1),
        Period=60,
        Statistics=["Sum", "SampleCount", "Maximum"],
    )["Datapoints"]
    return sorted(found, key=lambda point: point["Timestamp"])


def total(account: Account, namespace: str, metric: str = "Hits", **dimensions: str) -> tuple[float, float]:
    """Sum and number of samples."""
    found = points(account, namespace, metric, **dimensions)
    return sum(point["Sum"] for point in found), sum(point["SampleCount"] for point in found)


def series(account: Account, namespace: str) -> list[dict[str, str]]:
    """The dimensions of every series of a namespace."""
    found = account.session.client("cloudwatch").list_metrics(Namespace=namespace)["Metrics"]
    dimensions = [{item["Name"]: item["Value"] for item in metric["Dimensions"]} for metric in found]
    return sorted(dimensions, key=lambda one: (len(one), sorted(one.items())))


def put_filter(account: Account, group: str, pattern: str = ERRORS, **transformation: Any) -> None:
    made: Any = {"metricName": "Hits", "metricNamespace": group, "metricValue": "1", **transformation}
    account.session.client("logs").put_metric_filter(
        logGroupName=group,
        filterName="f",
        filterPattern=pattern,
        metricTransformations=[made],
    )


def test_an_event_in_the_format_becomes_a_series_for_each_dimension_set(account: Account, group: str) -> None:
    sets = [["service"], ["service", "route"], []]
    log(account, group, event(group, sets=sets, service="api", route="/tasks", Hits=3), "no JSON", {"Hits": 5})
    log(account, group, event(group, sets=[["service"]], service="api", Hits=[1, 2.5, 4]))

    assert total(account, group, service="api") == (10.5, 4)
    assert total(account, group, service="api", route="/tasks") == (3, 1)
    assert series(account, group) == [{}, {"service": "api"}, {"service": "api", "route": "/tasks"}]


def test_time_and_unit_are_those_of_the_event(account: Account, group: str) -> None:
    log(account, group, event(group, unit="Milliseconds", ago=3600, Hits=[7]))
    (point,) = points(account, group)
    assert (point["Unit"], point["Maximum"]) == ("Milliseconds", 7)
    assert 3500 < (dt.datetime.now(dt.UTC) - point["Timestamp"]).total_seconds() < 3700


def test_a_malformed_event_stays_a_log_event(account: Account, group: str) -> None:
    good = event(group)
    metadata = good["_aws"]
    (directive,) = metadata["CloudWatchMetrics"]
    malformed = [
        {**good, "_aws": {"CloudWatchMetrics": [directive]}},
        {**good, "_aws": {**metadata, "Timestamp": "now"}},
        {**good, "_aws": {**metadata, "CloudWatchMetrics": [{**directive, "Namespace": ""}]}},
        {**good, "_aws": {**metadata, "CloudWatchMetrics": [{**directive, "Metrics": [{"Unit": "Count"}]}]}},
        event(group, unit="Apples"),
        event(group, Hits="1"),
        event(group, Hits=True),
        event(group, Hits=[1] * 101),
        event(group, sets=[["absent"]]),
        event(group, sets=[["number"]], number=1),
        event(group, sets=["service"], service="api"),
        "[" + json.dumps(good) + "]",
    ]
    log(account, group, *malformed)
    assert series(account, group) == []
    stored = account.session.client("logs").get_log_events(logGroupName=group, logStreamName="s")["events"]
    assert len(stored) == len(malformed)
    log(account, group, good)
    assert total(account, group) == (1, 1)


def test_what_a_function_prints_is_measured_and_an_alarm_sees_it(
    account: Account, function: FunctionFactory, unique: str
) -> None:
    cloudwatch = account.session.client("cloudwatch")
    text = json.dumps(event(unique, sets=[["service"]], service="api"))
    source = f"def handler(event, context):\n    print({text!r})\n"
    function(f"counter-{unique}", source, {"Effect": "Allow", "Action": "logs:*", "Resource": "*"})
    cloudwatch.put_metric_alarm(
        AlarmName=unique,
        Namespace=unique,
        MetricName="Hits",
        Dimensions=[{"Name": "service", "Value": "api"}],
        Statistic="Sum",
        Period=300,
        EvaluationPeriods=1,
        Threshold=2,
        ComparisonOperator="GreaterThanOrEqualToThreshold",
        TreatMissingData="notBreaching",
    )
    for _ in range(2):
        account.session.client("lambda").invoke(FunctionName=f"counter-{unique}", Payload=b"{}")
    until("two data points", lambda: total(account, unique, service="api") == (2, 2))
    until(
        "the alarm",
        lambda: cloudwatch.describe_alarms(AlarmNames=[unique])["MetricAlarms"][0]["StateValue"] == "ALARM",
    )
    cloudwatch.delete_alarms(AlarmNames=[unique])


def test_a_filter_counts_what_matches(account: Account, group: str) -> None:
    log(account, group, {"level": "ERROR"})
    put_filter(account, group, unit="Count")
    log(account, group, {"level": "ERROR"}, {"level": "INFO"}, "level ERROR", {"level": "ERROR"})
    assert total(account, group) == (2, 2)
    assert {point["Unit"] for point in points(account, group)} == {"Count"}
    account.session.client("logs").delete_metric_filter(logGroupName=group, filterName="f")
    log(account, group, {"level": "ERROR"})
    assert total(account, group) == (2, 2)


def test_a_filter_takes_value_and_dimensions_from_the_event(account: Account, group: str) -> None:
    put_filter(account, group, metricValue="$.took.ms", dimensions={"Route": "$.route"})
    routes = ["/tasks", "/users", "/tasks"]
    log(account, group, *[{"level": "ERROR", "route": route, "took": {"ms": 2.5}} for route in routes])
    log(account, group, {"level": "ERROR", "route": "/tasks"}, {"level": "ERROR", "took": {"ms": 4}})
    assert total(account, group, Route="/tasks") == (5, 2)
    assert total(account, group, Route="/users") == (2.5, 1)
    assert series(account, group) == [{"Route": "/tasks"}, {"Route": "/users"}]


def test_a_minute_without_a_match_has_the_default_value(account: Account, group: str) -> None:
    put_filter(account, group, "ERROR", defaultValue=10.0, metricValue="3")
    logs, minute = account.session.client("logs"), int(time.time() // 60 - 5) * 60_000
    for offset, text in ((0, "quiet"), (1, "quiet"), (60_000, "quiet"), (60_001, "an ERROR"), (60_002, "quiet")):
        logs.put_log_events(
            logGroupName=group, logStreamName="s", logEvents=[{"timestamp": minute + offset, "message": text}]
        )
    assert [(point["Sum"], point["SampleCount"]) for point in points(account, group)] == [(10, 1), (3, 1)]


@pytest.mark.parametrize(
    ("pattern", "transformation", "recorded"),
    [
        ("{ $.a = }", {}, "Invalid filter pattern"),
        (ERRORS, {"metricValue": "ms"}, "not a selector"),
        ("ERROR", {"metricValue": "$.ms"}, "only a JSON pattern"),
        (ERRORS, {"dimensions": {"A": "$.a"}, "defaultValue": 0}, "mutually exclusive"),
        (ERRORS, {"dimensions": dict.fromkeys("ABCD", "$.a")}, "at most 3"),
    ],
)
def test_a_filter_that_cannot_work_is_refused(
    account: Account, group: str, pattern: str, transformation: dict[str, Any], recorded: str
) -> None:
    with pytest.raises(ClientError, match=recorded):
        put_filter(account, group, pattern, **transformation)
    assert account.session.client("logs").describe_metric_filters(logGroupName=group)["metricFilters"] == []


def test_a_template_may_have_a_filter(account: Account, group: str, unique: str) -> None:
    properties = {
        "LogGroupName": group,
        "FilterPattern": ERRORS,
        "MetricTransformations": [{"MetricName": "Hits", "MetricNamespace": group, "MetricValue": "$.n"}],
    }
    template = {"Resources": {"Filter": {"Type": "AWS::Logs::MetricFilter", "Properties": properties}}}
    stacks = account.session.client("cloudformation")
    stacks.create_stack(StackName=f"filter-{unique}", TemplateBody=json.dumps(template))
    stacks.get_waiter("stack_create_complete").wait(StackName=f"filter-{unique}", WaiterConfig={"Delay": 1})
    log(account, group, {"level": "ERROR", "n": 6})
    assert total(account, group) == (6, 1)
    stacks.delete_stack(StackName=f"filter-{unique}")
