"""Alarms of the REST API: errors, latency, sign-in, and how fast its error budgets are spent.

Availability: 99.9 % of requests of 30 days get no 5xx. Latency: 95 % of requests of 30 days take at most 500 ms.
A fast alarm goes off when 2 % of the budget is spent in an hour (14.4 times the sustainable rate), a slow one when 5 %
is spent in six hours (6 times); each needs a short window, too, so that it ends soon after the cause has:
https://sre.google/workbook/alerting-on-slos/#6-multiwindow-multi-burn-rate-alerts
Metrics: https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-metrics.html
"""

from collections.abc import Iterator

from aws_cdk import Duration
from aws_cdk import aws_cloudwatch as cloudwatch

from infra.stacks import metrics
from infra.stacks.alarms.definition import Alarm, Severity

AVAILABILITY, LATENCY = 0.999, 0.95
LATENCY_LIMIT_MS = 500
# name, severity, times the sustainable rate, the two windows
BURN_RATES: tuple[tuple[str, Severity, float, Duration, Duration], ...] = (
    ("fast", "page", 14.4, Duration.hours(1), Duration.minutes(5)),
    ("slow", "ticket", 6, Duration.hours(6), Duration.minutes(30)),
)
FIVE_MINUTES = Duration.minutes(5)


def alarms(api_id: str, pool_id: str, client_id: str) -> Iterator[Alarm]:
    """Alarms of the API.

    Args:
        api_id: of the HTTP API.
        pool_id: of the Cognito user pool.
        client_id: of the user pool's client.
    """
    yield from _thresholds(api_id)
    yield from _sign_in(pool_id, client_id)
    for name, severity, _, long, short in BURN_RATES:
        for window in (long, short):
            yield from _burn_rates(api_id, name, severity, window)


def _thresholds(api_id: str) -> Iterator[Alarm]:
    yield Alarm(
        name="todo-api-4xx",
        stage="api",
        severity="ticket",
        meaning="More than 10 requests in 5 minutes were refused (4xx)",
        impact="a client is broken, or somebody is trying tokens",
        metric=metrics.of_http_api(api_id, "4xx", "Sum", FIVE_MINUTES),
        threshold=10,
        operator=cloudwatch.ComparisonOperator.GREATER_THAN_THRESHOLD,
    )
    yield Alarm(
        name="todo-api-5xx",
        stage="api",
        severity="page",
        meaning="More than one request in a minute failed (5xx)",
        impact="users cannot read or change tasks",
        metric=metrics.of_http_api(api_id, "5xx", "Sum"),
        operator=cloudwatch.ComparisonOperator.GREATER_THAN_THRESHOLD,
    )
    yield Alarm(
        name="todo-api-latency",
        stage="api",
        severity="ticket",
        meaning="95th percentile of the API's latency is above 500 ms for 5 minutes",
        impact="users wait",
        metric=metrics.of_http_api(api_id, "Latency", "p95", FIVE_MINUTES),
        threshold=LATENCY_LIMIT_MS,
        operator=cloudwatch.ComparisonOperator.GREATER_THAN_THRESHOLD,
    )
    yield Alarm(
        name="todo-api-authorizer",
        stage="api",
        severity="ticket",
        meaning="The authorizer refused more than 50 tokens in 5 minutes",
        impact="users with an expired or foreign token get 401; all of them do when the pool changed",
        metric=metrics.of_authorizer(FIVE_MINUTES),
        threshold=50,
        operator=cloudwatch.ComparisonOperator.GREATER_THAN_THRESHOLD,
    )


def _sign_in(pool_id: str, client_id: str) -> Iterator[Alarm]:
    for name in ("SignInThrottles", "SignUpThrottles", "TokenRefreshThrottles"):
        yield Alarm(
            name=f"todo-users-{name}",
            stage="api",
            severity="page" if name == "SignInThrottles" else "ticket",
            meaning=f"Cognito throttled users: {name}",
            impact="users cannot sign in, sign up or stay signed in",
            metric=metrics.of_user_pool(pool_id, client_id, name, "Sum"),
        )
    attempts = metrics.of_user_pool(pool_id, client_id, "SignInSuccesses", "SampleCount", FIVE_MINUTES)
    successes = metrics.of_user_pool(pool_id, client_id, "SignInSuccesses", "Sum", FIVE_MINUTES)
    yield Alarm(
        name="todo-users-sign-in-failures",
        stage="api",
        severity="ticket",
        meaning="More than 50 sign-ins failed in 5 minutes",
        impact="somebody may be guessing passwords",
        metric=cloudwatch.MathExpression(
            expression="attempts - successes",
            using_metrics={"attempts": attempts, "successes": successes},
            period=FIVE_MINUTES,
            label="failed sign-ins",
        ),
        threshold=50,
        operator=cloudwatch.ComparisonOperator.GREATER_THAN_THRESHOLD,
    )


def _burn_rates(api_id: str, name: str, severity: Severity, window: Duration) -> Iterator[Alarm]:
    rate = next(rate for known, _, rate, *_ in BURN_RATES if known == name)
    minutes = int(window.to_minutes())
    yield Alarm(
        name=f"todo-slo-availability-{name}-{minutes}m",
        stage="api",
        severity=severity,
        meaning=f"Requests fail {rate:g} times as often as the availability objective allows, over {minutes} minutes",
        impact="the error budget of 30 days is spent before they are over",
        metric=cloudwatch.MathExpression(
            expression="errors / requests",
            using_metrics={
                "errors": metrics.of_http_api(api_id, "5xx", "Sum", window),
                "requests": metrics.of_http_api(api_id, "Count", "Sum", window),
            },
            period=window,
            label="share of failed requests",
        ),
        threshold=round(rate * (1 - AVAILABILITY), 6),
        operator=cloudwatch.ComparisonOperator.GREATER_THAN_THRESHOLD,
        together=f"availability-{name}",
    )
    # when more than this share of requests is slow, that percentile is above the limit
    slow = rate * (1 - LATENCY)
    yield Alarm(
        name=f"todo-slo-latency-{name}-{minutes}m",
        stage="api",
        severity=severity,
        meaning=f"More than {slow:.0%} of requests take longer than {LATENCY_LIMIT_MS} ms, over {minutes} minutes",
        impact="the latency budget of 30 days is spent before they are over",
        metric=metrics.of_http_api(api_id, "Latency", f"p{100 * (1 - slow):.0f}", window),
        threshold=LATENCY_LIMIT_MS,
        operator=cloudwatch.ComparisonOperator.GREATER_THAN_THRESHOLD,
        together=f"latency-{name}",
    )
