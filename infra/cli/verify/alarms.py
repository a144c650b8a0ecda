"""What the operators' topics deliver: a queue that listens for a while, and mailboxes that nobody has confirmed."""

import json
import uuid

import boto3

from infra.resource_names import ALERTS, TICKETS

TOPICS = (ALERTS, TICKETS)
# https://docs.aws.amazon.com/sns/latest/api/API_Subscription.html
UNCONFIRMED = "PendingConfirmation"


def topic_arn(state_machine_arn: str, topic: str) -> str:
    """The ARN of a topic in the account and Region of the state machine."""
    partition, _, region, account = state_machine_arn.split(":")[1:5]
    return f"arn:{partition}:sns:{region}:{account}:{topic}"


def find_unconfirmed_mailboxes(state_machine_arn: str) -> list[str]:
    """The addresses that are subscribed to a topic, and whose owners have not followed the link in AWS's mail."""
    pages = boto3.client("sns").get_paginator("list_subscriptions_by_topic")
    return sorted(
        {
            subscription["Endpoint"]
            for topic in TOPICS
            for page in pages.paginate(TopicArn=topic_arn(state_machine_arn, topic))
            for subscription in page["Subscriptions"]
            if subscription["Protocol"] == "email" and subscription["SubscriptionArn"] == UNCONFIRMED
        }
    )


class Inbox:
    """A queue of its own that is subscribed to `todo-alerts` while it is open.

    Args:
        state_machine_arn: names account and Region.
    """

    def __init__(self, state_machine_arn: str) -> None:
        self._topic = topic_arn(state_machine_arn, TOPICS[0])
        self._sqs, self._sns = boto3.client("sqs"), boto3.client("sns")
        self._queue: str | None = None
        self._subscription: str | None = None
        self._messages: list[str] = []

    def open(self) -> None:
        """Make the queue and subscribe it."""
        self._queue = self._sqs.create_queue(QueueName=f"todo-verify-{uuid.uuid4().hex[:8]}")["QueueUrl"]
        attributes = self._sqs.get_queue_attributes(QueueUrl=self._queue, AttributeNames=["QueueArn"])["Attributes"]
        allow = {
            "Effect": "Allow",
            "Principal": {"Service": "sns.amazonaws.com"},
            "Action": "sqs:SendMessage",
            "Resource": attributes["QueueArn"],
            "Condition": {"ArnEquals": {"aws:SourceArn": self._topic}},
        }
        policy = json.dumps({"Version": "2012-10-17", "Statement": [allow]})
        self._sqs.set_queue_attributes(QueueUrl=self._queue, Attributes={"Policy": policy})
        self._subscription = self._sns.subscribe(
            TopicArn=self._topic,
            Protocol="sqs",
            Endpoint=attributes["QueueArn"],
            Attributes={"RawMessageDelivery": "true"},
            ReturnSubscriptionArn=True,
        )["SubscriptionArn"]

    def receive(self) -> list[str]:
        """All messages since `open`; waits up to a second for the next."""
        if self._queue:
            found = self._sqs.receive_message(QueueUrl=self._queue, MaxNumberOfMessages=10, WaitTimeSeconds=1)
            for message in found.get("Messages", []):
                self._messages.append(message["Body"])
                self._sqs.delete_message(QueueUrl=self._queue, ReceiptHandle=message["ReceiptHandle"])
        return self._messages

    def close(self) -> None:
        """Remove subscription and queue, if they are there."""
        if self._subscription:
            self._sns.unsubscribe(SubscriptionArn=self._subscription)
        if self._queue:
            self._sqs.delete_queue(QueueUrl=self._queue)
        self._subscription = self._queue = None
