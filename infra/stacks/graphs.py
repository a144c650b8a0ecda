"""The dashboard that operators look at: alarms, and graphs along the way of a change."""

from collections.abc import Sequence

from aws_cdk import Duration
from aws_cdk import aws_cloudwatch as cloudwatch
from constructs import Construct

from infra.stacks import metrics, names, pipeline

# what the API counts in its log, in the embedded metric format
BUSINESS = {
    "Tasks created": "TasksCreated",
    "Tasks completed": "TasksCompleted",
    "Answers from an idempotency key's record": "IdempotentReplays",
}


def dashboard(scope: Construct, alarms: Sequence[cloudwatch.Alarm]) -> None:
    """Put the dashboard into a stack.

    Args:
        scope: the stack.
        alarms: to show the state of, above everything else.
    """
    rows: list[list[cloudwatch.IWidget]] = [
        [cloudwatch.AlarmStatusWidget(title="Alarms", alarms=list(alarms), width=24, height=4)],
        [
            _graph(
                "API: invocations and errors",
                metrics.of_function(names.API_FUNCTION, "Invocations", "Sum"),
                metrics.of_function(names.API_FUNCTION, "Errors", "Sum"),
                metrics.of_function(names.API_FUNCTION, "Throttles", "Sum"),
            ),
            _graph(
                "API: duration",
                *[metrics.of_function(names.API_FUNCTION, "Duration", p) for p in ("p50", "p90", "p99")],
            ),
            _graph(
                "Table: consumed capacity",
                metrics.of_table("ConsumedReadCapacityUnits"),
                metrics.of_table("ConsumedWriteCapacityUnits"),
            ),
        ],
        [_graph(title, metrics.of_api(metric)) for title, metric in BUSINESS.items()],
        [
            _graph(
                "Change capture: invocations and errors",
                metrics.of_function(names.CDC_FUNCTION, "Invocations", "Sum"),
                metrics.of_function(names.CDC_FUNCTION, "Errors", "Sum"),
            ),
            _graph(
                "Change capture: age of the oldest change",
                metrics.of_function(names.CDC_FUNCTION, "IteratorAge", "Maximum"),
            ),
            _graph(
                "Bronze: records delivered",
                metrics.of_changes("DeliveryToS3.Records", "Sum"),
                metrics.of_changes("DeliveryToS3.DataFreshness", "Maximum"),
            ),
        ],
        [
            _graph(
                "Pipeline: executions",
                *[
                    metrics.of_executions(scope, f"Executions{ending}")
                    for ending in ("Started", "Succeeded", "Failed", "TimedOut", "Aborted")
                ],
            ),
            _graph("Pipeline: duration", metrics.of_executions(scope, "ExecutionTime").with_(statistic="Maximum")),
            _graph(
                "Pipeline: failed states",
                *map(metrics.failures, pipeline.task_states(pipeline.definition())),
            ),
        ],
    ]
    cloudwatch.Dashboard(
        scope, "Dashboard", dashboard_name=names.DASHBOARD, default_interval=Duration.hours(3), widgets=rows
    )


def _graph(title: str, *metrics: cloudwatch.Metric) -> cloudwatch.GraphWidget:
    return cloudwatch.GraphWidget(title=title, left=list(metrics), width=8)
