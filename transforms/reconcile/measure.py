"""`python -m transforms.reconcile.measure`: compares, and writes the number of differences as a metric.

What the weekly build `todo-reconcile` runs. Only what was last written more than two hours ago is compared: by then it
has to be in silver, which is built hourly; variable SETTLED_MINUTES says otherwise. A difference is no failure of the
build; the alarm on the metric tells.
"""

import datetime as dt
import json
import os

import boto3

from transforms.reconcile.check import Result, check

NAMESPACE, METRIC = "TodoInsights", "ReconcileDifferences"


def measure(before: dt.datetime) -> Result:
    """Compare what was last written before this instant, and write the metric."""
    found = check(boto3.client("dynamodb"), before=before)
    boto3.client("cloudwatch").put_metric_data(
        Namespace=NAMESPACE, MetricData=[{"MetricName": METRIC, "Value": found.differences, "Unit": "Count"}]
    )
    return found


if __name__ == "__main__":
    settled = dt.timedelta(minutes=float(os.environ.get("SETTLED_MINUTES", "120")))
    print(json.dumps(measure(dt.datetime.now(dt.UTC) - settled).document()))
