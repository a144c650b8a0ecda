"""Alarms on the local account: their own dimensions, M of N, missing data, metric math, time, and whom they tell."""

import datetime as dt
import json
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.conftest import Account, until
from tests.integration.conftest import document

pytestmark = pytest.mark.account

Alarms = Callable[..., str]
NOTIFY_SECONDS = 20


@pytest.fixture
def cloudwatch(account: Account) -> Any:
    return account.session.client("cloudwatch")


@pytest.fixture
def alarm(cloudwatch: Any, unique: str) -> Alarms:
    """`alarm(suffix, **parameters)` puts an alarm on the sum of the test's own metric and returns its name."""

    def put(suffix: str = "", **parameters: Any) -> str:
        single = {"Namespace": "Alarms", "MetricName": unique, "Statistic": "Sum", "Period": 60}
        defaults = {
            "EvaluationPeriods": 1,
            "Threshold": 1,
            "ComparisonOperator": "GreaterThanOrEqualToThreshold",
            **({} if "Metrics" in parameters else single),
        }
        cloudwatch.put_metric_alarm(AlarmName=f"alarm-{unique}{suffix}", **{**defaults, **parameters})
        return f"alarm-{unique}{suffix}"

    return put


def put(cloudwatch: Any, metric: str, value: float = 1, seconds_ago: float = 0, **dimensions: str) -> None:
    datum = {
        "MetricName": metric,
        "Value": value,
        "Timestamp": dt.datetime.now(dt.UTC) - dt.timedelta(seconds=seconds_ago),
        "Dimensions": [{"Name": name, "Value": value} for name, value in dimensions.items()],
    }
    cloudwatch.put_metric_data(Namespace="Alarms", MetricData=[datum])


def state(cloudwatch: Any, name: str) -> str:
    found: str = cloudwatch.describe_alarms(AlarmNames=[name])["MetricAlarms"][0]["StateValue"]
    return found


def reaches(cloudwatch: Any, name: str, expected: str) -> None:
    until(f"{name} to be {expected}", lambda: state(cloudwatch, name) == expected)


def test_an_alarm_looks_at_its_own_dimensions_only(cloudwatch: Any, alarm: Alarms, unique: str) -> None:
    ours, theirs = (
        alarm(f"-{name}", Dimensions=[{"Name": "State", "Value": name}], TreatMissingData="notBreaching")
        for name in ("BuildSilver", "BuildGold")
    )
    put(cloudwatch, unique, State="BuildGold")
    reaches(cloudwatch, theirs, "ALARM")
    reaches(cloudwatch, ours, "OK")


@pytest.mark.parametrize(
    ("treatment", "expected"), [("breaching", "ALARM"), ("notBreaching", "OK"), ("missing", "INSUFFICIENT_DATA")]
)
def test_treat_missing_data_decides_an_alarm_without_data(
    cloudwatch: Any, alarm: Alarms, treatment: str, expected: str
) -> None:
    reaches(cloudwatch, alarm(TreatMissingData=treatment), expected)


def test_the_clock_alone_brings_an_alarm_back(cloudwatch: Any, alarm: Alarms, unique: str) -> None:
    name = alarm(Period=10, TreatMissingData="notBreaching")
    put(cloudwatch, unique, seconds_ago=20)
    reaches(cloudwatch, name, "ALARM")
    reaches(cloudwatch, name, "OK")


def test_an_alarm_without_data_goes_on_being_evaluated(cloudwatch: Any, alarm: Alarms, unique: str) -> None:
    name = alarm(TreatMissingData="notBreaching")
    reaches(cloudwatch, name, "OK")
    cloudwatch.set_alarm_state(AlarmName=name, StateValue="ALARM", StateReason="a drill")
    reaches(cloudwatch, name, "OK")
    # a point counts when its time has come
    put(cloudwatch, unique, seconds_ago=-3)
    assert state(cloudwatch, name) == "OK"
    reaches(cloudwatch, name, "ALARM")
    alarm(TreatMissingData="notBreaching", Threshold=5)
    reaches(cloudwatch, name, "OK")


def test_two_of_three_periods_have_to_breach(cloudwatch: Any, alarm: Alarms, unique: str) -> None:
    name = alarm(EvaluationPeriods=3, DatapointsToAlarm=2, TreatMissingData="notBreaching")
    put(cloudwatch, unique, seconds_ago=30)
    reaches(cloudwatch, name, "OK")
    put(cloudwatch, unique, seconds_ago=150)
    reaches(cloudwatch, name, "ALARM")


def query(name: str, metric: str) -> dict[str, Any]:
    found = {"Namespace": "Alarms", "MetricName": metric}
    return {"Id": name, "MetricStat": {"Metric": found, "Period": 60, "Stat": "Sum"}, "ReturnData": False}


def test_metric_math_is_evaluated(cloudwatch: Any, alarm: Alarms, unique: str) -> None:
    metrics = [
        query("errors", f"errors-{unique}"),
        query("calls", f"calls-{unique}"),
        {"Id": "rate", "Expression": "IF(calls > 10, 100 * FILL(errors, 0) / calls, 0)"},
    ]
    name = alarm(Metrics=metrics, Threshold=5, TreatMissingData="notBreaching")
    put(cloudwatch, f"calls-{unique}", 100)
    put(cloudwatch, f"errors-{unique}", 4)
    reaches(cloudwatch, name, "OK")
    put(cloudwatch, f"errors-{unique}", 2)
    reaches(cloudwatch, name, "ALARM")


def test_metric_math_that_cannot_be_evaluated_is_refused(cloudwatch: Any, alarm: Alarms, unique: str) -> None:
    metrics = [query("errors", unique), {"Id": "band", "Expression": "ANOMALY_DETECTION_BAND(errors, 2)"}]
    with pytest.raises(ClientError, match="ANOMALY_DETECTION_BAND"):
        alarm(Metrics=metrics)
    assert not cloudwatch.describe_alarms(AlarmNames=[f"alarm-{unique}"])["MetricAlarms"]


@pytest.fixture
def inbox(account: Account, unique: str) -> tuple[str, Callable[[], dict[str, Any] | None]]:
    """A topic, and what its queue has received of it."""
    sns, sqs = account.session.client("sns"), account.session.client("sqs")
    topic = sns.create_topic(Name=f"topic-{unique}")["TopicArn"]
    url = sqs.create_queue(QueueName=f"inbox-{unique}")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": "sns.amazonaws.com"},
        "Action": "sqs:SendMessage",
        "Resource": arn,
        "Condition": {"ArnEquals": {"aws:SourceArn": topic}},
    }
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": document(statement)})
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn, Attributes={"RawMessageDelivery": "true"})

    def receive() -> dict[str, Any] | None:
        messages = sqs.receive_message(QueueUrl=url, WaitTimeSeconds=1).get("Messages", [])
        for message in messages:
            sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
        return json.loads(messages[0]["Body"]) if messages else None

    return topic, receive


def test_an_alarm_notifies_its_topic_once_per_change(
    cloudwatch: Any, alarm: Alarms, unique: str, inbox: tuple[str, Callable[[], dict[str, Any] | None]]
) -> None:
    topic, receive = inbox
    name = alarm(Period=10, AlarmActions=[topic], OKActions=[topic], TreatMissingData="notBreaching")
    first = until("the first notification", receive, NOTIFY_SECONDS)
    assert (first["AlarmName"], first["OldStateValue"], first["NewStateValue"]) == (name, "INSUFFICIENT_DATA", "OK")
    put(cloudwatch, unique, seconds_ago=20)
    assert until("the alarm", receive, NOTIFY_SECONDS)["NewStateValue"] == "ALARM"
    assert until("the recovery", receive, NOTIFY_SECONDS)["NewStateValue"] == "OK"
    assert receive() is None


def test_a_composite_alarm_follows_its_children(cloudwatch: Any, alarm: Alarms, unique: str) -> None:
    child = alarm(TreatMissingData="notBreaching")
    cloudwatch.put_composite_alarm(AlarmName=f"any-{unique}", AlarmRule=f'ALARM("{child}")')

    def composite() -> str:
        found = cloudwatch.describe_alarms(AlarmNames=[f"any-{unique}"], AlarmTypes=["CompositeAlarm"])
        value: str = found["CompositeAlarms"][0]["StateValue"]
        return value

    assert composite() == "OK"
    put(cloudwatch, unique)
    until("the composite alarm", lambda: composite() == "ALARM")


def test_a_topic_that_does_not_let_cloudwatch_publish_hears_nothing(
    account: Account,
    cloudwatch: Any,
    alarm: Alarms,
    unique: str,
    inbox: tuple[str, Callable[[], dict[str, Any] | None]],
) -> None:
    topic, receive = inbox
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": "events.amazonaws.com"},
        "Action": "sns:Publish",
        "Resource": topic,
    }
    policy = document(statement)
    account.session.client("sns").set_topic_attributes(TopicArn=topic, AttributeName="Policy", AttributeValue=policy)
    name = alarm(AlarmActions=[topic], TreatMissingData="notBreaching")
    put(cloudwatch, unique)
    reaches(cloudwatch, name, "ALARM")
    assert receive() is None
