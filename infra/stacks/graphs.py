"""The dashboard `TodoApiMonitoring`: alarms first, then a section for each stage, in the order of the data's way."""

from collections.abc import Iterator, Sequence

from aws_cdk import Duration
from aws_cdk import aws_cloudwatch as cloudwatch
from constructs import Construct

from infra.stacks import metrics, names, pipeline
from infra.stacks.alarms.api import AVAILABILITY, LATENCY, LATENCY_LIMIT_MS
from infra.stacks.alarms.service_levels import COMPLETENESS, FRESHNESS

Row = list[cloudwatch.IWidget]
FULL_WIDTH = 24
FIVE_MINUTES = Duration.minutes(5)
ALL_FUNCTIONS = (
    names.API_FUNCTION,
    names.CDC_FUNCTION,
    names.LOGS_FUNCTION,
    names.FAN_OUT_FUNCTION,
    names.DELIVER_FUNCTION,
    names.WINDOW_FUNCTION,
    names.PUBLISH_FUNCTION,
    names.NOTIFY_FUNCTION,
    names.ENDED_FUNCTION,
)
# counters of the API's code
COUNTERS = ("TasksCreated", "TasksCompleted", "IdempotentReplays")
# as publishing gold reports them: figures of gold's business_metrics_kpis, then the table's
FIGURES = (
    "TotalUsers",
    "ActiveUsers",
    "TotalTasks",
    "CompletedTasks",
    "OpenTasks",
    "OverdueTasks",
    "HighPriorityTasks",
    "CompletionRatePct",
    "CycleTimeP50Hours",
    names.TABLE_ITEMS,
    names.TABLE_BYTES,
)
# rows, lines, objects and tests; publishing gold reports the first after each run
FAULTS = (
    names.INSIGHTS_ROWS_SKIPPED,
    names.RECONCILE_DIFFERENCES,
    names.LINES_REJECTED,
    names.OBJECTS_UNREADABLE,
    names.TESTS_WARNED,
    names.MAINTENANCE_FAILED,
)


def dashboard(
    scope: Construct, alarms: Sequence[cloudwatch.IAlarm], api_id: str, *, bill: bool, service_levels: bool
) -> None:
    """Put the dashboard into a stack.

    A widget never has nothing but metrics of what failed: those have no data while all is well, and an empty widget
    cannot be told from a broken one.

    Args:
        scope: the stack.
        alarms: to show the state of, above everything else.
        api_id: of the HTTP API.
        bill: whether the account has one.
        service_levels: whether gold has service levels.
    """
    rows: list[Row] = [
        [cloudwatch.AlarmStatusWidget(title="Alarms by stage", alarms=list(alarms), width=FULL_WIDTH, height=3)],
        *_api(api_id),
        *_functions(),
        *_table(),
        *_ingestion(),
        *_pipeline(scope),
        *_quality(scope, service_levels),
        *_business(),
        *(_cost() if bill else ()),
    ]
    cloudwatch.Dashboard(
        scope, "Dashboard", dashboard_name=names.DASHBOARD, default_interval=Duration.hours(3), widgets=rows
    )


def _api(api_id: str) -> list[Row]:
    errors, requests = (metrics.of_http_api(api_id, name, "Sum", FIVE_MINUTES) for name in ("5xx", "Count"))
    day = Duration.days(1)
    availability = cloudwatch.MathExpression(
        expression=f"100 * (1 - (errors / requests) / {1 - AVAILABILITY:.6f})",
        using_metrics={"errors": errors, "requests": requests},
        period=day,
        label="availability",
    )
    latency = cloudwatch.MathExpression(
        expression=f"100 - (100 - quick) / {1 - LATENCY:.6f}",
        # percentile rank: how many percent of requests were as quick as promised
        using_metrics={"quick": metrics.of_http_api(api_id, "Latency", f"PR(:{LATENCY_LIMIT_MS})", day)},
        period=day,
        label="latency",
    )
    return [
        _section("API health"),
        [
            _graph("Requests", requests, metrics.of_http_api(api_id, "4xx", "Sum", FIVE_MINUTES), errors),
            _graph(
                f"Latency in ms (limit {LATENCY_LIMIT_MS})",
                *[metrics.of_http_api(api_id, "Latency", each, FIVE_MINUTES) for each in ("p50", "p95", "p99")],
            ),
            _graph("Error budget of the day in %", availability, latency),
        ],
    ]


def _functions() -> list[Row]:
    return [
        _section("Lambda"),
        [
            _graph("Invocations", *[metrics.of_function(each, "Invocations", "Sum") for each in ALL_FUNCTIONS]),
            _graph("Errors", *[metrics.of_function(each, "Errors", "Sum") for each in ALL_FUNCTIONS]),
            _graph(
                "Duration of the API in ms",
                *[metrics.of_function(names.API_FUNCTION, "Duration", each) for each in ("p50", "p95", "p99")],
            ),
        ],
    ]


def _table() -> list[Row]:
    return [
        _section("DynamoDB"),
        [
            _graph(
                "Consumed capacity, and throttled requests",
                metrics.of_table("ConsumedReadCapacityUnits"),
                metrics.of_table("ConsumedWriteCapacityUnits"),
                metrics.of_table("ReadThrottleEvents"),
                metrics.of_table("WriteThrottleEvents"),
            ),
            _graph("Items", metrics.of_lake(names.TABLE_ITEMS)),
            _graph("Size in bytes", metrics.of_lake(names.TABLE_BYTES)),
        ],
    ]


def _ingestion() -> list[Row]:
    streams = (names.CDC_STREAM, names.LOGS_STREAM)
    return [
        _section("Ingestion"),
        [
            _graph("Age of the oldest change in ms", metrics.of_function(names.CDC_FUNCTION, "IteratorAge", "Maximum")),
            _graph("Records delivered", *[metrics.of_stream(each, "DeliveryToS3.Records", "Sum") for each in streams]),
            _graph(
                "Freshness of delivery in s",
                *[metrics.of_stream(each, "DeliveryToS3.DataFreshness", "Maximum") for each in streams],
            ),
        ],
        [
            _graph(
                "Changes that failed",
                metrics.discarded_batches(names.CDC_FUNCTION),
                metrics.visible_messages(names.CDC_QUARANTINE),
            ),
            _graph(
                "Webhooks: waiting, delivered, failed, disabled, given up",
                metrics.visible_messages(names.WEBHOOK_QUEUE),
                *map(
                    metrics.of_webhooks,
                    (names.WEBHOOKS_DELIVERED, names.WEBHOOK_ATTEMPTS_FAILED, names.WEBHOOKS_DISABLED),
                ),
                metrics.visible_messages(names.WEBHOOK_FAILURES),
                metrics.discarded_batches(names.FAN_OUT_FUNCTION),
            ),
        ],
    ]


def _pipeline(scope: Construct) -> list[Row]:
    states = list(pipeline.task_states(pipeline.definition()))
    return [
        _section("Pipeline"),
        [
            _graph(
                "Executions",
                *[
                    metrics.of_executions(scope, f"Executions{ending}")
                    for ending in ("Started", "Succeeded", "Failed", "TimedOut", "Aborted")
                ],
            ),
            _graph(
                "Duration of states in s",
                *[metrics.of_state(names.STATE_DURATION, state, "Maximum") for state in states],
            ),
            _graph(
                "Failed states",
                *[metrics.failures(each).with_(label=each) for each in states],
                metrics.of_executions(scope, "ExecutionsSucceeded"),
            ),
        ],
    ]


def _quality(scope: Construct, service_levels: bool) -> list[Row]:
    return [
        _section("Data freshness and quality"),
        [
            _graph("Executions that succeeded", metrics.of_executions(scope, "ExecutionsSucceeded")),
            _graph(
                "What is wrong with the data",
                *map(metrics.of_lake, FAULTS),
            ),
            *([_graph("Error budget of the day in %", *_budgets(scope))] if service_levels else ()),
        ],
    ]


def _budgets(scope: Construct) -> Iterator[cloudwatch.IMetric]:
    """What is left of the budgets of gold, if every day were like this one."""
    day = Duration.days(1)
    yield cloudwatch.MathExpression(
        expression=f"100 * (1 - (1 - succeeded / 24) / {1 - FRESHNESS:.6f})",
        using_metrics={"succeeded": metrics.of_executions(scope, "ExecutionsSucceeded").with_(period=day)},
        period=day,
        label="freshness",
    )
    yield cloudwatch.MathExpression(
        expression=f"100 * (1 - (differences / rows) / {1 - COMPLETENESS:.6f})",
        using_metrics={
            "differences": metrics.of_lake(names.RECONCILE_DIFFERENCES, "Sum").with_(period=day),
            "rows": metrics.of_lake(names.RECONCILE_ROWS, "Sum").with_(period=day),
        },
        period=day,
        label="completeness",
    )


def _business() -> list[Row]:
    tasks_per_user = cloudwatch.MathExpression(
        expression="tasks / users",
        using_metrics={"tasks": metrics.of_lake("TotalTasks"), "users": metrics.of_lake("TotalUsers")},
        period=metrics.MINUTE,
        label="tasks per user",
    )
    figures = [metrics.of_lake(each).with_(period=Duration.hours(1)) for each in FIGURES]
    return [
        _section("Business"),
        [
            cloudwatch.SingleValueWidget(title="Latest figures of gold", metrics=list(figures), width=16, height=6),
            _graph("Tasks per user", tasks_per_user),
        ],
        [_graph("Tasks created and completed, responses repeated", *map(metrics.of_api, COUNTERS))],
    ]


def _cost() -> list[Row]:
    # https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/monitor_estimated_charges_with_cloudwatch.html
    charges = [
        cloudwatch.Metric(
            namespace="AWS/Billing",
            metric_name="EstimatedCharges",
            dimensions_map={"Currency": "USD", "ServiceName": service},
            statistic="Maximum",
            period=Duration.hours(6),
            region="us-east-1",
        )
        for service in ("AmazonDynamoDB", "AWSLambda", "AmazonS3", "AWSGlue", "AmazonAthena", "CodeBuild")
    ]
    return [
        _section("Cost"),
        [cloudwatch.GraphWidget(title="Estimated charges of the month in USD", left=list(charges), width=FULL_WIDTH)],
    ]


def _section(title: str) -> Row:
    return [cloudwatch.TextWidget(markdown=f"## {title}", width=FULL_WIDTH, height=1)]


def _graph(title: str, *shown: cloudwatch.IMetric) -> cloudwatch.GraphWidget:
    return cloudwatch.GraphWidget(title=title, left=list(shown), width=8)
