"""`python -m transforms.reconcile.measure`: compares, and writes differences and rows as metrics.

What the build `todo-reconcile` runs: every night what silver has merged lately (variable CHANGED_DAYS), once a week
everything. Only what was last written more than two hours ago is compared: by then it has to be in silver, which is
built hourly; variable SETTLED_MINUTES says otherwise. A difference is no failure of the build; the alarm on the metric
reports it.
"""

import datetime as dt
import json
import os

import boto3

from api.contract import METRICS_NAMESPACE
from transforms.contract import RECONCILE_DIFFERENCES, RECONCILE_ROWS
from transforms.reconcile.check import Result, check, check_changed


def measure(before: dt.datetime, since: dt.datetime | None = None) -> Result:
    """Compare what was last written before an instant, and write the metrics.

    Args:
        before: the instant.
        since: compare what silver has merged since then only; None: everything.
    """
    dynamodb = boto3.client("dynamodb")
    found = check_changed(dynamodb, since, before=before) if since else check(dynamodb, before=before)
    boto3.client("cloudwatch").put_metric_data(
        Namespace=METRICS_NAMESPACE,
        MetricData=[
            {"MetricName": RECONCILE_DIFFERENCES, "Value": found.differences, "Unit": "Count"},
            {"MetricName": RECONCILE_ROWS, "Value": found.rows, "Unit": "Count"},
        ],
    )
    return found


if __name__ == "__main__":
    now = dt.datetime.now(dt.UTC)
    settled = dt.timedelta(minutes=float(os.environ.get("SETTLED_MINUTES", "120")))
    days = float(os.environ.get("CHANGED_DAYS", "0"))
    print(json.dumps(measure(now - settled, now - dt.timedelta(days=days) if days else None).document()))
