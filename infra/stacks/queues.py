"""A queue of what failed, the way every stack here makes one: encrypted, and kept as long as SQS keeps anything."""

from aws_cdk import Duration
from aws_cdk import aws_sqs as sqs
from constructs import Construct


def failure_queue(scope: Construct, construct_id: str, name: str) -> sqs.Queue:
    """A queue that holds failures until somebody has looked at them, for 14 days at most.

    Args:
        scope: the stack.
        construct_id: the construct's id.
        name: the queue's name.
    """
    return sqs.Queue(
        scope,
        construct_id,
        queue_name=name,
        encryption=sqs.QueueEncryption.SQS_MANAGED,
        enforce_ssl=True,
        retention_period=Duration.days(14),
    )
