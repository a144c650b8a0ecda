"""The business's figures as metrics: what gold's `business_metrics_kpis` says, under names as CloudWatch has them."""

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from api.contract import METRICS_NAMESPACE
from orchestration.contract import INSIGHTS_ROWS_SKIPPED

if TYPE_CHECKING:
    from mypy_boto3_cloudwatch import CloudWatchClient

# https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricData.html
LARGEST_CALL = 1000


def make_metric_data(rows: Iterable[Mapping[str, str]]) -> list[dict[str, Any]]:
    """One datum for each metric that has a value: `completion_rate_pct` becomes `CompletionRatePct`."""
    return [
        {
            "MetricName": "".join(word.capitalize() for word in row["metric"].split("_")),
            "Value": float(row["value"]),
            "Unit": "Percent" if row["metric"].endswith("_pct") else "None",
        }
        for row in rows
        if row["value"]
    ]


def skipped_rows(count: int) -> dict[str, Any]:
    """The datum of the users whose row could not be published."""
    return {"MetricName": INSIGHTS_ROWS_SKIPPED, "Value": float(count), "Unit": "Count"}


def put_metric_data(cloudwatch: "CloudWatchClient", metrics: list[dict[str, Any]]) -> None:
    """Write the metrics."""
    for start in range(0, len(metrics), LARGEST_CALL):
        cloudwatch.put_metric_data(Namespace=METRICS_NAMESPACE, MetricData=metrics[start : start + LARGEST_CALL])  # type: ignore[arg-type]
