"""Metrics of queues.

https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-available-cloudwatch-metrics.html
"""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.conftest import Account, until

pytestmark = pytest.mark.account


def latest(account: Account, queue: str, metric: str) -> float | None:
    """The maximum of the last five minutes."""
    now = datetime.now(UTC)
    points: Any = account.session.client("cloudwatch").get_metric_statistics(
        Namespace="AWS/SQS",
        MetricName=metric,
        Dimensions=[{"Name": "QueueName", "Value": queue}],
        StartTime=now - timedelta(minutes=5),
        EndTime=now + timedelta(minutes=1),
        Period=300,
        Statistics=["Maximum"],
    )["Datapoints"]
    return max((point["Maximum"] for point in points), default=None)


def test_an_alarm_on_a_queue_fires_and_recovers(account: Account, unique: str) -> None:
    sqs, cloudwatch = account.session.client("sqs"), account.session.client("cloudwatch")
    url = sqs.create_queue(QueueName=unique)["QueueUrl"]
    cloudwatch.put_metric_alarm(
        AlarmName=unique,
        Namespace="AWS/SQS",
        MetricName="ApproximateNumberOfMessagesVisible",
        Dimensions=[{"Name": "QueueName", "Value": unique}],
        Statistic="Maximum",
        Period=10,
        EvaluationPeriods=1,
        Threshold=1,
        ComparisonOperator="GreaterThanOrEqualToThreshold",
        TreatMissingData="notBreaching",
    )

    def state() -> str:
        return str(cloudwatch.describe_alarms(AlarmNames=[unique])["MetricAlarms"][0]["StateValue"])

    sqs.send_message(QueueUrl=url, MessageBody="one")
    until("the alarm", lambda: state() == "ALARM")
    sqs.purge_queue(QueueUrl=url)
    until("the end of the alarm", lambda: state() == "OK", 60)


def test_messages_are_counted_by_what_they_wait_for_and_aged(account: Account, unique: str) -> None:
    sqs = account.session.client("sqs")
    url = sqs.create_queue(QueueName=unique)["QueueUrl"]
    sqs.send_message(QueueUrl=url, MessageBody="visible")
    sqs.send_message(QueueUrl=url, MessageBody="delayed", DelaySeconds=600)
    until("the delayed message", lambda: latest(account, unique, "ApproximateNumberOfMessagesDelayed") == 1)
    assert latest(account, unique, "ApproximateNumberOfMessagesVisible") == 1
    sqs.receive_message(QueueUrl=url, VisibilityTimeout=600)
    until("the message in flight", lambda: latest(account, unique, "ApproximateNumberOfMessagesNotVisible") == 1)
    until("a second of age", lambda: (latest(account, unique, "ApproximateAgeOfOldestMessage") or 0) > 1)
