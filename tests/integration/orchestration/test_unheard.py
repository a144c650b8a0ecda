"""Schedules that are switched off and topics without a subscriber, on the account's own services."""

import pytest

from infra.cli.unheard import find_unheard
from tests.conftest import Account
from tests.integration.conftest import RoleFactory

pytestmark = pytest.mark.account


def test_a_schedule_that_is_off_and_a_topic_without_a_subscriber_are_named(
    account: Account, unique: str, role: RoleFactory
) -> None:
    session = account.session
    scheduler, sns, sqs = session.client("scheduler"), session.client("sns"), session.client("sqs")
    alone, followed = (sns.create_topic(Name=f"{unique}-{name}")["TopicArn"] for name in ("alone", "followed"))
    queue = sqs.create_queue(QueueName=unique)["QueueUrl"]
    queue_arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    sns.subscribe(TopicArn=followed, Protocol="sqs", Endpoint=queue_arn)
    for name in ("on", "off"):
        scheduler.create_schedule(
            Name=f"{unique}-{name}",
            ScheduleExpression="rate(1 hour)",
            FlexibleTimeWindow={"Mode": "OFF"},
            State="ENABLED" if name == "on" else "DISABLED",
            Target={"Arn": queue_arn, "RoleArn": role("scheduler"), "Input": "{}"},
        )
    assert find_unheard((f"{unique}-alone", f"{unique}-followed"), f"{unique}-") == [
        f"the schedule {unique}-off is switched off",
        f"nobody is subscribed to {unique}-alone: alarms notify nobody",
    ]
    for name in ("on", "off"):
        scheduler.delete_schedule(Name=f"{unique}-{name}")
    for topic in (alone, followed):
        sns.delete_topic(TopicArn=topic)
    sqs.delete_queue(QueueUrl=queue)
