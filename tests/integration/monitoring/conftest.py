"""The alarms of prod, as its committed template has them, in an account of their own where nothing else happens."""

import dataclasses
import datetime as dt
import json
import pathlib
from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import Any

import pytest

from infra import ROOT
from infra.local.account.settings import ACCOUNT_ID, REGION, Settings
from tests.conftest import Account, free_port
from tests.integration.monitoring.metric_data import Alarm, DataPoint

TEMPLATE = ROOT / "cdk.snapshots" / "prod" / "TodoMonitoringStack.json"
STAGES = ("table", "api", "ingestion", "pipeline", "quality")
SEVERITIES = ("page", "ticket")


@dataclasses.dataclass(frozen=True)
class Monitoring:
    """The alarms of a stack, put into an account.

    Args:
        account: the one.
        alarms: properties of the metric alarms, by name.
    """

    account: Account
    alarms: dict[str, Alarm]

    def client(self, service: str) -> Any:
        return self.account.session.client(service, endpoint_url=self.account.settings.endpoint)  # type: ignore[call-overload]

    def put(self, points: Iterable[DataPoint]) -> None:
        """Put metrics as their services do: no alarm's state is ever set by hand."""
        data, now = defaultdict(list), dt.datetime.now(dt.UTC)
        for point in points:
            data[point.namespace].append(
                {
                    "MetricName": point.name,
                    "Dimensions": point.dimensions,
                    "Timestamp": now - dt.timedelta(seconds=point.age),
                    "Values": [point.value],
                    "Counts": [float(point.samples)],
                }
            )
        cloudwatch = self.client("cloudwatch")
        for namespace, found in data.items():
            cloudwatch.put_metric_data(Namespace=namespace, MetricData=found)

    def states(self) -> dict[str, str]:
        """State of every alarm, composite ones included."""
        pages = self.client("cloudwatch").get_paginator("describe_alarms")
        return {
            alarm["AlarmName"]: alarm["StateValue"]
            for page in pages.paginate(AlarmTypes=["MetricAlarm", "CompositeAlarm"])
            for alarm in [*page["MetricAlarms"], *page["CompositeAlarms"]]
        }

    def changes(self, state: str, since: dt.datetime) -> set[str]:
        """The alarms that have entered a state, from their history: some have left it meanwhile."""
        pages = self.client("cloudwatch").get_paginator("describe_alarm_history")
        return {
            item["AlarmName"]
            for page in pages.paginate(HistoryItemType="StateUpdate", StartDate=since)
            for item in page["AlarmHistoryItems"]
            if item["HistorySummary"].endswith(f"to {state}")
        }

    def messages(self, severity: str) -> list[tuple[str, str]]:
        """Alarm and new state of what a subscriber of the severity's topic has been notified of since the last call."""
        sqs = self.client("sqs")
        queue, found = sqs.get_queue_url(QueueName=severity)["QueueUrl"], []
        while batch := sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10).get("Messages", []):
            for message in batch:
                body = json.loads(message["Body"])
                found.append((body["AlarmName"], body["NewStateValue"]))
                sqs.delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])
        return found


def resolve(value: Any, resources: dict[str, Any]) -> Any:
    """A property with the template's references put in."""
    match value:
        case {"Ref": str(name)}:
            return {"AWS::Region": REGION, "AWS::AccountId": ACCOUNT_ID, "AWS::Partition": "aws"}.get(name, name)
        case {"Fn::Join": [separator, parts]}:
            return separator.join(resolve(parts, resources))
        case {"Fn::GetAtt": [name, "Arn"]}:
            return f"arn:aws:cloudwatch:{REGION}:{ACCOUNT_ID}:alarm:{resources[name]['Properties']['AlarmName']}"
        case {"Fn::ImportValue": name}:
            return str(resolve(name, resources)).rpartition(":")[2]
        case dict():
            return {key: resolve(item, resources) for key, item in value.items()}
        case list():
            return [resolve(item, resources) for item in value]
    return value


@pytest.fixture(scope="module")
def monitoring(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Monitoring]:
    """All alarms of the template; each composite alarm notifies the topic of its severity."""
    home: pathlib.Path = tmp_path_factory.mktemp("monitored")
    account = Account.at(Settings(home=home, port=free_port(), alarm_seconds=1))
    account.start()
    resources = json.loads(TEMPLATE.read_text())["Resources"]
    alarms = _alarms(resources, "AWS::CloudWatch::Alarm")
    composites = _alarms(resources, "AWS::CloudWatch::CompositeAlarm")
    monitoring = Monitoring(account, alarms)
    cloudwatch = monitoring.client("cloudwatch")
    for alarm in alarms.values():
        cloudwatch.put_metric_alarm(**{name: value for name, value in alarm.items() if name != "Tags"})
    topics = _subscribed_topics(monitoring)
    # each rule names composite alarms of the stages before its own, and the page of its own
    names = [f"todo-{stage}-{severity}" for stage in STAGES for severity in SEVERITIES]
    for name in sorted(composites, key=names.index):
        topic = topics[name.rpartition("-")[2]]
        cloudwatch.put_composite_alarm(
            AlarmName=name, AlarmRule=composites[name]["AlarmRule"], AlarmActions=[topic], OKActions=[topic]
        )
    yield monitoring
    account.stop()


def _alarms(resources: dict[str, Any], kind: str) -> dict[str, Alarm]:
    found = [resource["Properties"] for resource in resources.values() if resource["Type"] == kind]
    return {properties["AlarmName"]: resolve(properties, resources) for properties in found}


def _subscribed_topics(monitoring: Monitoring) -> dict[str, str]:
    """A topic for each severity, each with a queue of the same name."""
    sns, sqs, topics = monitoring.client("sns"), monitoring.client("sqs"), {}
    for severity in SEVERITIES:
        topics[severity] = topic = sns.create_topic(Name=severity)["TopicArn"]
        queue = sqs.create_queue(QueueName=severity)["QueueUrl"]
        arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        allow = {
            "Effect": "Allow",
            "Principal": {"Service": "sns.amazonaws.com"},
            "Action": "sqs:SendMessage",
            "Resource": arn,
            "Condition": {"ArnEquals": {"aws:SourceArn": topic}},
        }
        policy = json.dumps({"Version": "2012-10-17", "Statement": [allow]})
        sqs.set_queue_attributes(QueueUrl=queue, Attributes={"Policy": policy})
        sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn, Attributes={"RawMessageDelivery": "true"})
    return topics
