"""Amazon SQS: metrics of a queue, so that alarms on queues fire.

AWS: every queue has metrics in namespace AWS/SQS, dimension QueueName, a data point per minute: how many messages are
visible, in flight and delayed, and how old the oldest one is.
https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-available-cloudwatch-metrics.html

MiniStack 1.5.33 writes none, so an alarm on a queue never has data. Here they are looked at as often as alarms are
evaluated. Not completed: NumberOfMessagesSent, NumberOfMessagesReceived, NumberOfMessagesDeleted, NumberOfEmptyReceives
and SentMessageSize.

Hooks: `sqs._refresh_counts` and `cloudwatch.record_metric` are used as they are.
"""


def apply() -> None:
    """Start to measure the queues.

    Raises:
        HookChangedError: the emulator counts messages otherwise.
    """
    from infra.local.sqs import metrics

    metrics.apply()
