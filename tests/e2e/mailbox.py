"""Whoever is woken: a queue that is subscribed to the operators' topic."""

import json
import uuid

import boto3


class Mailbox:
    """Every message that was sent to operators.

    Args:
        state_machine: ARN of the pipeline, in whose account and region the topic is.
    """

    def __init__(self, state_machine: str) -> None:
        self._sqs, self._sns = boto3.client("sqs"), boto3.client("sns")
        self._queue = self._sqs.create_queue(QueueName=f"alerts-{uuid.uuid4().hex[:10]}")["QueueUrl"]
        found = self._sqs.get_queue_attributes(QueueUrl=self._queue, AttributeNames=["QueueArn"])
        arn = found["Attributes"]["QueueArn"]
        may_send = {"Effect": "Allow", "Principal": {"Service": "sns.amazonaws.com"}, "Action": "sqs:SendMessage"}
        policy = {"Version": "2012-10-17", "Statement": [{**may_send, "Resource": arn}]}
        self._sqs.set_queue_attributes(QueueUrl=self._queue, Attributes={"Policy": json.dumps(policy)})
        self.topic = state_machine.split(":stateMachine")[0].replace(":states:", ":sns:") + ":todo-alerts"
        self._endpoint = arn
        self._received: list[str] = []
        self.subscribe()

    def subscribe(self) -> None:
        """Subscribe to the topic: at first, and again when it was deleted, and its subscriptions with it."""
        subscription = self._sns.subscribe(
            TopicArn=self.topic, Protocol="sqs", Endpoint=self._endpoint, ReturnSubscriptionArn=True
        )
        self._subscription = subscription["SubscriptionArn"]

    def read(self) -> list[str]:
        """All messages so far, the oldest first."""
        while batch := self._sqs.receive_message(QueueUrl=self._queue, MaxNumberOfMessages=10).get("Messages", []):
            for message in batch:
                self._received.append(json.loads(message["Body"])["Message"])
                self._sqs.delete_message(QueueUrl=self._queue, ReceiptHandle=message["ReceiptHandle"])
        return self._received

    def close(self) -> None:
        """End the subscription."""
        self._sns.unsubscribe(SubscriptionArn=self._subscription)
        self._sqs.delete_queue(QueueUrl=self._queue)
