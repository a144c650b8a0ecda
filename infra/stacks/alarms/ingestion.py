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
    yield from _of_queues()


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


def _of_queues() -> Iterator[Alarm]:
    for queue, meaning, impact in (
        (names.CDC_FAILURES, "Changes that could not be captured wait in the failures queue", "silver lacks them"),
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
            stage="ingestion" if queue in (names.CDC_FAILURES, names.CDC_QUARANTINE) else "pipeline",
            severity="ticket",
            meaning=meaning,
            impact=impact,
            metric=metrics.visible_messages(queue),
        )
