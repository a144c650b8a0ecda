"""Alarms that every function has: errors, throttles, duration, concurrency.

https://docs.aws.amazon.com/lambda/latest/dg/monitoring-metrics-types.html
"""

import dataclasses
from collections.abc import Iterator

from aws_cdk import Duration
from aws_cdk import aws_cloudwatch as cloudwatch

from infra.stacks import metrics, names
from infra.stacks.alarms.definition import Alarm, Severity, Stage

# of a new account's limit of 1,000 concurrent executions
CONCURRENCY_LIMIT = 800
FIVE_MINUTES = Duration.minutes(5)


@dataclasses.dataclass(frozen=True)
class Function:
    """What its alarms say of a function.

    Args:
        name: of the function.
        stage: whose composite alarm its alarms belong to.
        severity: of its errors.
        slow: duration that is too long; near its timeout, for all but the API.
        impact: of its errors.
    """

    name: str
    stage: Stage
    severity: Severity
    slow: Duration
    impact: str


FUNCTIONS = (
    Function(names.API_FUNCTION, "api", "page", Duration.seconds(5), "users get 5xx"),
    Function(
        names.CDC_FUNCTION,
        "ingestion",
        "ticket",
        Duration.seconds(50),
        "changes reach bronze late; they are retried for 12 hours and then kept for a replay",
    ),
    Function(
        names.LOGS_FUNCTION,
        "ingestion",
        "ticket",
        Duration.seconds(50),
        "request logs are kept below errors/logs/ instead of reaching bronze",
    ),
    Function(
        names.FAN_OUT_FUNCTION,
        "ingestion",
        "ticket",
        Duration.seconds(50),
        "webhooks hear of changes late; they are retried for an hour and then kept for a replay",
    ),
    Function(
        names.DELIVER_FUNCTION,
        "ingestion",
        "ticket",
        Duration.seconds(25),
        "webhooks hear of changes late; deliveries are repeated and then wait in the failures queue",
    ),
    Function(
        names.WINDOW_FUNCTION, "pipeline", "ticket", Duration.seconds(100), "the pipeline's execution fails or repeats"
    ),
    Function(
        names.PUBLISH_FUNCTION, "pipeline", "ticket", Duration.minutes(13), "GET /insights shows yesterday's figures"
    ),
    Function(
        names.NOTIFY_FUNCTION,
        "pipeline",
        "ticket",
        Duration.seconds(25),
        "the message about a failed state is sent at the execution's end, or not at all when the crawl alone failed",
    ),
    Function(
        names.ENDED_FUNCTION,
        "pipeline",
        "page",
        Duration.seconds(50),
        "nobody hears of executions that were stopped or ran out of time",
    ),
)


def alarms() -> Iterator[Alarm]:
    """Four alarms for each function."""
    for function in FUNCTIONS:
        yield from _of(function)


def _of(function: Function) -> Iterator[Alarm]:
    name, stage = function.name, function.stage
    yield Alarm(
        name=f"{name}-errors",
        stage=stage,
        severity=function.severity,
        meaning=f"Function {name} failed",
        impact=function.impact,
        metric=metrics.of_function(name, "Errors", "Sum"),
    )
    yield Alarm(
        name=f"{name}-throttles",
        stage=stage,
        severity=function.severity,
        meaning=f"Lambda throttled function {name}",
        impact="the account's or the function's concurrency is used up; " + function.impact,
        metric=metrics.of_function(name, "Throttles", "Sum"),
    )
    yield Alarm(
        name=f"{name}-duration",
        stage=stage,
        severity="ticket",
        meaning=f"Function {name} ran longer than {function.slow.to_seconds():.0f} s",
        impact="it will soon run out of time, or users already wait",
        metric=metrics.of_function(name, "Duration", "Maximum", FIVE_MINUTES),
        threshold=function.slow.to_milliseconds(),
        operator=cloudwatch.ComparisonOperator.GREATER_THAN_THRESHOLD,
    )
    yield Alarm(
        name=f"{name}-concurrency",
        stage=stage,
        severity="ticket",
        meaning=f"{CONCURRENCY_LIMIT} executions of function {name} ran at once",
        impact="the account's limit of 1,000 is near; beyond it every function is throttled",
        metric=metrics.of_function(name, "ConcurrentExecutions", "Maximum"),
        threshold=CONCURRENCY_LIMIT,
    )
