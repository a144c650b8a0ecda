"""Alarms of the stacks on a local account: metrics drive each of them, and one incident notifies once.

The alarms are those of the committed baseline, so nothing has to be synthesized or deployed.
"""

import dataclasses
import datetime as dt
import json
import pathlib
from collections.abc import Iterator
from typing import Any

import boto3
import pytest

from infra import ROOT
from infra.local.account.settings import Settings
from tests.conftest import Account, free_port, until

pytestmark = pytest.mark.slow

TEMPLATE = ROOT / "cdk.snapshots" / "local" / "TodoMonitoringStack.json"
# alarms of one period of a minute: a data point of this age leaves it in ten seconds
AGE = dt.timedelta(seconds=50)
STAGES = ("table", "api", "ingestion", "pipeline", "quality")
# what PutMetricAlarm takes of a template's alarm
ALARM_KEYS = (
    "AlarmName",
    "AlarmDescription",
    "Namespace",
    "MetricName",
    "Dimensions",
    "Statistic",
    "ExtendedStatistic",
    "Period",
    "Threshold",
    "Metrics",
    "EvaluationPeriods",
    "ComparisonOperator",
    "TreatMissingData",
)


@dataclasses.dataclass
class Monitoring:
    """The alarms in a local account, and the queue that both topics deliver to."""

    session: boto3.Session
    alarms: list[dict[str, Any]]
    queue: str

    def recover(self, name: str) -> None:
        """Write a data point of zero for an alarm on one metric."""
        alarm = next(alarm for alarm in self.alarms if alarm["AlarmName"] == name)
        data: Any = [{"MetricName": alarm["MetricName"], "Dimensions": alarm["Dimensions"], "Value": 0.0}]
        self.session.client("cloudwatch").put_metric_data(Namespace=alarm["Namespace"], MetricData=data)

    def breach(self, name: str, age: dt.timedelta = dt.timedelta()) -> None:
        """Write data points that breach an alarm."""
        alarm = next(alarm for alarm in self.alarms if alarm["AlarmName"] == name)
        low = alarm["ComparisonOperator"].startswith("Less")
        value = 0.0 if low else 2.0 * alarm["Threshold"] + 1
        in_math = {"requests": 10.0, "errors": 10.0, "successes": 0.0}
        for query in alarm.get("Metrics", [{"MetricStat": {"Metric": alarm}}]):
            if "MetricStat" in query:
                metric = query["MetricStat"]["Metric"]
                points = 60 if query.get("Id") == "attempts" else 1
                if query.get("Id") == "successes":
                    continue  # the same metric as `attempts`, with another statistic
                datum = {
                    "MetricName": metric["MetricName"],
                    "Dimensions": metric.get("Dimensions", []),
                    "Timestamp": dt.datetime.now(dt.UTC) - age,
                    "Values": [0.0 if points > 1 else in_math.get(query.get("Id", ""), value)],
                    "Counts": [float(points)],
                }
                data: Any = [datum]
                self.session.client("cloudwatch").put_metric_data(Namespace=metric["Namespace"], MetricData=data)

    def states(self) -> dict[str, str]:
        """Every alarm's state, by name."""
        kinds: Any = ["MetricAlarm", "CompositeAlarm"]
        pages = self.session.client("cloudwatch").get_paginator("describe_alarms").paginate(AlarmTypes=kinds)
        return {
            alarm["AlarmName"]: alarm["StateValue"]
            for page in pages
            for alarm in (*page["MetricAlarms"], *page["CompositeAlarms"])
        }

    def messages(self) -> list[tuple[str, str]]:
        """Name and new state of the alarms that have notified since the last call."""
        sqs, found = self.session.client("sqs"), []
        while received := sqs.receive_message(QueueUrl=self.queue, MaxNumberOfMessages=10).get("Messages", []):
            for message in received:
                sqs.delete_message(QueueUrl=self.queue, ReceiptHandle=message["ReceiptHandle"])
                notice = json.loads(json.loads(message["Body"])["Message"])
                found.append((notice["AlarmName"], notice["NewStateValue"]))
        return found


@pytest.fixture(scope="module")
def account_of_alarms(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Account]:
    """An account of its own: in a shared one, other tests' metrics would be in the way."""
    home: pathlib.Path = tmp_path_factory.mktemp("alarms")
    started = Account.at(Settings(home=home, port=free_port(), firehose_seconds=1, alarm_seconds=1))
    with pytest.MonkeyPatch.context() as patch:
        for name, value in started.settings.client_environment().items():
            patch.setenv(name, value)
        started.start()
        yield started
        started.stop()


@pytest.fixture(scope="module")
def monitoring(account_of_alarms: Account) -> Monitoring:
    """The alarms and composite alarms of the baseline, put through the API."""
    session = account_of_alarms.session
    resources = json.loads(TEMPLATE.read_text())["Resources"]
    values = {
        name: each["Properties"].get("AlarmName", name) for name, each in resources.items() if "Properties" in each
    }
    topics = {
        name: session.client("sns").create_topic(Name=each["Properties"]["TopicName"])["TopicArn"]
        for name, each in resources.items()
        if each["Type"] == "AWS::SNS::Topic"
    }
    queue = _subscribed_queue(session, list(topics.values()))
    account_id = session.client("sts").get_caller_identity()["Account"]
    prefix = f"arn:aws:cloudwatch:{session.region_name}:{account_id}:alarm:"

    def resolved(value: Any) -> Any:
        match value:
            case {"Fn::Join": [separator, parts]}:
                return separator.join(resolved(part) for part in parts)
            case {"Fn::GetAtt": [name, "Arn"]}:
                return prefix + values[name]
            case {"Ref": name}:
                return topics.get(name, name)
            case {"Fn::ImportValue": name}:
                return str(name)[-60:]
            case dict():
                return {key: resolved(item) for key, item in value.items()}
            case list():
                return [resolved(item) for item in value]
        return value

    cloudwatch, alarms = session.client("cloudwatch"), []
    for each in resources.values():
        if each["Type"] == "AWS::CloudWatch::Alarm":
            alarm = {key: value for key, value in resolved(each["Properties"]).items() if key in ALARM_KEYS}
            cloudwatch.put_metric_alarm(**alarm)
            alarms.append(alarm)
    composites = [
        resolved(each["Properties"]) for each in resources.values() if each["Type"] == "AWS::CloudWatch::CompositeAlarm"
    ]
    # in the order of the stages, as each rule names those before it
    for composite in sorted(composites, key=lambda each: STAGES.index(each["AlarmName"].split("-")[1])):
        keys = ("AlarmName", "AlarmRule", "AlarmActions", "OKActions")
        cloudwatch.put_composite_alarm(**{key: composite[key] for key in keys})
    return Monitoring(session, alarms, queue)


def _subscribed_queue(session: boto3.Session, topics: list[str]) -> str:
    sqs = session.client("sqs")
    url = sqs.create_queue(QueueName="notified")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": "sns.amazonaws.com"},
        "Action": "sqs:SendMessage",
        "Resource": arn,
    }
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": policy})
    for topic in topics:
        session.client("sns").subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)
    return url


def test_one_incident_notifies_once_and_says_when_it_is_over(monitoring: Monitoring) -> None:
    # a pipeline that has never run makes alarms of its own
    until("alarms about a pipeline that never ran", lambda: monitoring.states()["todo-quality-page"] == "ALARM")
    monitoring.messages()

    monitoring.breach("todo-app-data-write-throttles", AGE)
    until("the table's alarm", lambda: monitoring.states()["todo-table-page"] == "ALARM")
    consequences = ("todo-api-5xx", "todo-api-errors", "todo-cdc-iterator-age", "todo-cdc-errors")
    for consequence in consequences:
        monitoring.breach(consequence, AGE)
    until("the API's alarm", lambda: monitoring.states()["todo-api-5xx"] == "ALARM")
    during = [name for name, state in monitoring.messages() if state == "ALARM"]
    for name in ("todo-app-data-write-throttles", *consequences):
        monitoring.recover(name)
    until("the end of the incident", lambda: monitoring.states()["todo-table-page"] == "OK")

    assert during == ["todo-table-page"]
    assert ("todo-table-page", "OK") in until("the notice of its end", monitoring.messages)


def test_metrics_drive_every_alarm(monitoring: Monitoring) -> None:
    names = [alarm["AlarmName"] for alarm in monitoring.alarms]
    for name in names:
        monitoring.breach(name)

    def quiet() -> list[str]:
        states = monitoring.states()
        return [name for name in names if states[name] != "ALARM"]

    until("every alarm", lambda: not quiet() or None)
    assert len(names) > 80
