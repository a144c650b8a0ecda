"""Alarms on how fast the error budgets of gold are spent: freshness, and completeness of what it is built from.

Freshness: an hourly execution succeeds in 97.5 % of the hours of 30 days, so 18 hours may be lost.
Completeness: 99.99 % of the rows that a comparison of table and silver looks at agree.

The rates are those of the SRE workbook. Its windows are for thousands of events an hour. Of one execution an hour and
one comparison a night, shorter windows than these would hold none.
https://sre.google/workbook/alerting-on-slos/#low-traffic-services-and-error-budget-alerting
"""

import math
from collections.abc import Iterator

from aws_cdk import Duration
from aws_cdk import aws_cloudwatch as cloudwatch
from constructs import Construct

from infra.environments import Environment
from infra.stacks import metrics, names
from infra.stacks.alarms.definition import Alarm, Severity

FRESHNESS, COMPLETENESS = 0.975, 0.9999
DAY = Duration.days(1)
# name, severity, times the sustainable rate, the windows
FRESHNESS_BURN_RATES: tuple[tuple[str, Severity, float, tuple[Duration, ...]], ...] = (
    ("fast", "page", 14.4, (Duration.hours(6), Duration.hours(1))),
    ("slow", "ticket", 6, (DAY, Duration.hours(6))),
)
COMPLETENESS_BURN_RATES: tuple[tuple[str, Severity, float, tuple[Duration, ...]], ...] = (
    ("fast", "page", 14.4, (DAY,)),
    ("slow", "ticket", 1, (Duration.days(3), DAY)),
)


def alarms(scope: Construct, environment: Environment) -> Iterator[Alarm]:
    """Alarms of the service levels of gold.

    Args:
        scope: the stack that the alarms belong to.
        environment: says whether its builds are hourly. Where they are not, the alarms on freshness are there and off,
            because every environment has the same resources.
    """
    for name, severity, rate, windows in FRESHNESS_BURN_RATES:
        for window in windows:
            yield _freshness(scope, environment, name, severity, rate, window)
    for name, severity, rate, windows in COMPLETENESS_BURN_RATES:
        for window in windows:
            yield _completeness(name, severity, rate, window)


def least_successes(rate: float, hours: int) -> int:
    """Executions that have to succeed in a window, or the freshness budget burns faster than a rate.

    Args:
        rate: times the sustainable rate.
        hours: of the window, each with one scheduled execution.
    """
    return math.ceil(round((1 - rate * (1 - FRESHNESS)) * hours, 6))


def _freshness(
    scope: Construct, environment: Environment, name: str, severity: Severity, rate: float, window: Duration
) -> Alarm:
    hours = int(window.to_hours())
    threshold = least_successes(rate, hours) if environment.service_levels else 0
    return Alarm(
        name=f"todo-slo-freshness-{name}-{60 * hours}m",
        stage="quality",
        severity=severity,
        meaning=f"Fewer than {threshold} of {hours} hourly executions have succeeded, {rate:g} times the allowed rate",
        impact="gold is older than promised too often; the budget of 30 days is spent before they are over",
        metric=metrics.of_executions(scope, "ExecutionsSucceeded").with_(period=window),
        threshold=threshold,
        operator=cloudwatch.ComparisonOperator.LESS_THAN_THRESHOLD,
        # no data is what it is about
        missing_data=cloudwatch.TreatMissingData.BREACHING if threshold else cloudwatch.TreatMissingData.NOT_BREACHING,
        together=f"freshness-{name}",
    )


def _completeness(name: str, severity: Severity, rate: float, window: Duration) -> Alarm:
    share = rate * (1 - COMPLETENESS)
    days = int(window.to_days())
    return Alarm(
        name=f"todo-slo-completeness-{name}-{int(window.to_minutes())}m",
        stage="quality",
        severity=severity,
        meaning=f"More than {share:.2%} of the rows compared in {days} day{'s' if days > 1 else ''} are not in silver "
        "as they are in the table",
        impact="figures are wrong for more users than promised; the budget of 30 days is spent before they are over",
        metric=cloudwatch.MathExpression(
            expression="differences / rows",
            using_metrics={
                "differences": metrics.of_lake(names.RECONCILE_DIFFERENCES, "Sum").with_(period=window),
                "rows": metrics.of_lake(names.RECONCILE_ROWS, "Sum").with_(period=window),
            },
            period=window,
            label="share of rows that differ",
        ),
        threshold=round(share, 8),
        operator=cloudwatch.ComparisonOperator.GREATER_THAN_THRESHOLD,
        together=f"completeness-{name}",
    )
