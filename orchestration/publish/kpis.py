"""The business's figures as metrics: what gold's `business_metrics_kpis` says, under names as CloudWatch has them."""

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from api.contract import METRICS_NAMESPACE
from orchestration.contract import (
    INSIGHTS_ROWS_SKIPPED,
    LINES_REJECTED,
    OBJECTS_UNREADABLE,
    TABLE_BYTES,
    TABLE_ITEMS,
    TESTS_WARNED,
)

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


def left_out(skipped: int, silver: Mapping[str, Any], build: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The data of what the run has left out, or published with a warning.

    Args:
        skipped: users whose row could not be published.
        silver: the silver job's report; empty when it did not run.
        build: dbt's `run_results.json`; empty when gold was not built.
    """
    counts = {
        INSIGHTS_ROWS_SKIPPED: skipped,
        LINES_REJECTED: silver.get("rejects", 0),
        OBJECTS_UNREADABLE: len(silver.get("unreadable", {})),
        TESTS_WARNED: sum(one["status"] == "warn" for one in build.get("results", [])),
    }
    return [{"MetricName": name, "Value": float(count), "Unit": "Count"} for name, count in counts.items()]


def table_size(items: int, size: int) -> list[dict[str, Any]]:
    """The data of how large the table is, as DynamoDB counts it every six hours.

    https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TableDescription.html

    Args:
        items: how many.
        size: in bytes.
    """
    return [
        {"MetricName": TABLE_ITEMS, "Value": float(items), "Unit": "Count"},
        {"MetricName": TABLE_BYTES, "Value": float(size), "Unit": "Bytes"},
    ]


def put_metric_data(cloudwatch: "CloudWatchClient", metrics: list[dict[str, Any]]) -> None:
    """Write the metrics."""
    for start in range(0, len(metrics), LARGEST_CALL):
        cloudwatch.put_metric_data(Namespace=METRICS_NAMESPACE, MetricData=metrics[start : start + LARGEST_CALL])  # type: ignore[arg-type]
