"""Alarms between the table and bronze: change capture, delivery streams, the queues of what failed.

https://docs.aws.amazon.com/firehose/latest/dev/monitoring-with-cloudwatch-metrics.html
"""

from collections.abc import Iterator

from aws_cdk import Duration
from aws_cdk import aws_cloudwatch as cloudwatch

from infra.stacks import metrics, names
from infra.stacks.alarms.definition import Alarm

FRESHNESS = Duration.minutes(15)
FIVE_MINUTES = Duration.minutes(5)
LESS = cloudwatch.ComparisonOperator.LESS_THAN_THRESHOLD
MORE = cloudwatch.ComparisonOperator.GREATER_THAN_THRESHOLD
MISSED = "receivers miss these events unless they read the change feed"
LATE = "insights are late; nothing is lost, Firehose tries for 24 hours"


def alarms() -> Iterator[Alarm]:
    """Alarms of change capture and request logs."""
    yield Alarm(
        name=f"{names.CDC_FUNCTION}-iterator-age",
        stage="ingestion",
        severity="page",
        meaning="Changes wait more than five minutes to be captured",
        impact="insights are late; after 24 hours the stream drops changes",
        metric=metrics.of_function(names.CDC_FUNCTION, "IteratorAge", "Maximum"),
        threshold=Duration.minutes(5).to_milliseconds(),
    )
    for stream in (names.CDC_STREAM, names.LOGS_STREAM):
        yield from _of_stream(stream)
    yield Alarm(
        name=f"{names.LOGS_STREAM}-stream-processing",
        stage="ingestion",
        severity="ticket",
        meaning="The function that transforms request logs failed for Firehose",
        impact="request logs are kept below errors/logs/ instead of reaching bronze",
        metric=metrics.of_stream(names.LOGS_STREAM, "ExecuteProcessing.Success", "Average", FIVE_MINUTES),
        operator=LESS,
    )
    yield Alarm(
        name=f"{names.LOGS_FUNCTION}-not-transformed",
        stage="ingestion",
        severity="ticket",
        meaning="Request logs could not be transformed; the function's log says why",
        impact="they are kept below errors/logs/ for 90 days until `insights replay --queue logs`",
        metric=metrics.of_logs(names.RECORDS_NOT_TRANSFORMED),
    )
    yield from _of_discarded()
    yield from _of_queues()
    yield from _of_webhooks()


def _of_stream(stream: str) -> Iterator[Alarm]:
    yield Alarm(
        name=f"{stream}-stream-freshness",
        stage="ingestion",
        severity="page" if stream == names.CDC_STREAM else "ticket",
        meaning=f"The oldest record in delivery stream {stream} is older than {FRESHNESS.to_minutes():.0f} minutes",
        impact=LATE,
        metric=metrics.of_stream(stream, "DeliveryToS3.DataFreshness", "Maximum", FIVE_MINUTES),
        threshold=FRESHNESS.to_seconds(),
        operator=MORE,
    )
    yield Alarm(
        name=f"{stream}-stream-success",
        stage="ingestion",
        severity="ticket",
        meaning=f"Delivery stream {stream} could not write to bronze",
        impact=LATE,
        metric=metrics.of_stream(stream, "DeliveryToS3.Success", "Average", FIVE_MINUTES),
        operator=LESS,
    )
    yield Alarm(
        name=f"{stream}-stream-throttled",
        stage="ingestion",
        severity="ticket",
        meaning=f"Delivery stream {stream} throttled records",
        impact="change capture retries; a quota increase is due",
        metric=metrics.of_stream(stream, "ThrottledRecords", "Sum", FIVE_MINUTES),
    )


def _of_webhooks() -> Iterator[Alarm]:
    late = "receivers hear of changes late; they can catch up by the change feed"
    yield Alarm(
        name=f"{names.FAN_OUT_FUNCTION}-iterator-age",
        stage="ingestion",
        severity="ticket",
        meaning="Changes wait more than five minutes for their webhooks to be looked up",
        impact=late,
        metric=metrics.of_function(names.FAN_OUT_FUNCTION, "IteratorAge", "Maximum"),
        threshold=Duration.minutes(5).to_milliseconds(),
    )
    yield Alarm(
        name=f"{names.WEBHOOK_QUEUE}-queue-age",
        stage="ingestion",
        severity="ticket",
        meaning="A delivery has waited for 30 minutes, twice as long as SQS can delay one",
        impact=late,
        metric=metrics.oldest_message(names.WEBHOOK_QUEUE),
        threshold=Duration.minutes(30).to_seconds(),
    )
    delivered, failed = (
        metrics.of_webhooks(name, FIVE_MINUTES) for name in (names.WEBHOOKS_DELIVERED, names.WEBHOOK_ATTEMPTS_FAILED)
    )
    yield Alarm(
        name=f"{names.DELIVER_FUNCTION}-none-delivered",
        stage="ingestion",
        severity="ticket",
        meaning="For 15 minutes attempts to deliver failed, many of them, and none succeeded",
        impact="no receiver hears of changes; deliveries are repeated for 24 hours, then webhooks are disabled",
        metric=cloudwatch.MathExpression(
            expression="IF(FILL(delivered, 0) == 0, failed, 0)",
            using_metrics={"delivered": delivered, "failed": failed},
            period=FIVE_MINUTES,
            label="attempts that failed while none succeeded",
        ),
        threshold=10,
        periods=3,
    )
    yield Alarm(
        name=f"{names.WEBHOOK_FAILURES}-not-empty",
        stage="ingestion",
        severity="ticket",
        meaning="Deliveries that the function could not handle wait in the failures queue",
        impact=MISSED,
        metric=metrics.visible_messages(names.WEBHOOK_FAILURES),
    )


def _of_discarded() -> Iterator[Alarm]:
    for name, function, meaning, impact in (
        ("todo-cdc-failures-not-empty", names.CDC_FUNCTION, "could not be captured", "silver lacks them"),
        (
            "todo-webhooks-not-queued-not-empty",
            names.FAN_OUT_FUNCTION,
            "were not looked up for webhooks",
            MISSED,
        ),
    ):
        yield Alarm(
            name=name,
            stage="ingestion",
            severity="ticket",
            meaning=f"Changes that {meaning} wait below {names.DISCARDED} of bronze",
            impact=impact,
            metric=metrics.discarded_batches(function),
            # it is counted by each run of the pipeline and by each replay
            missing_data=cloudwatch.TreatMissingData.IGNORE,
        )
    failed = {
        f"m{number}": metrics.of_function(function, "DestinationDeliveryFailures", "Sum")
        for number, function in enumerate((names.CDC_FUNCTION, names.FAN_OUT_FUNCTION))
    }
    yield Alarm(
        name="todo-stream-records-not-kept",
        stage="ingestion",
        severity="page",
        meaning="Lambda discarded changes and could not keep them in bronze",
        impact="they are in the table's stream for 24 hours after the change and nowhere else",
        metric=cloudwatch.MathExpression(
            expression=" + ".join(f"FILL({one}, 0)" for one in failed),
            using_metrics=dict(failed),
            period=metrics.MINUTE,
            label="batches that were lost",
        ),
    )


def _of_queues() -> Iterator[Alarm]:
    for queue, meaning, impact in (
        (
            names.CDC_QUARANTINE,
            "Changes that no delivery stream takes wait in the quarantine queue",
            "silver lacks them",
        ),
        (
            names.PIPELINE_FAILURES,
            "Executions of the pipeline that could not be started wait in the failures queue",
            "insights are late until `insights replay --queue pipeline`, or until the next hour",
        ),
        (
            names.UNDELIVERED,
            "A start of maintenance or comparison, or the end of an execution, could not be delivered",
            "erasures wait for the next night",
        ),
    ):
        yield Alarm(
            name=f"{queue}-not-empty",
            stage="ingestion" if queue == names.CDC_QUARANTINE else "pipeline",
            severity="ticket",
            meaning=meaning,
            impact=impact,
            metric=metrics.visible_messages(queue),
        )
