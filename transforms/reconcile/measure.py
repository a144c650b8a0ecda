"""`python -m transforms.reconcile.measure`: compares, and writes the number of differences as a metric.

What the weekly build `todo-reconcile` runs. Only what was last written more than two hours ago is compared: by then it
has to be in silver, which is built hourly; variable SETTLED_MINUTES says otherwise. A difference is no failure of the
build; the alarm on the metric reports it.
"""

import datetime as dt
import json
import os

import boto3

from api.contract import METRICS_NAMESPACE
from transforms.contract import RECONCILE_DIFFERENCES
from transforms.reconcile.check import Result, check


def measure(before: dt.datetime) -> Result:
    """Compare what was last written before this instant, and write the metric."""
    found = check(boto3.client("dynamodb"), before=before)
    boto3.client("cloudwatch").put_metric_data(
        Namespace=METRICS_NAMESPACE,
        MetricData=[{"MetricName": RECONCILE_DIFFERENCES, "Value": found.differences, "Unit": "Count"}],
    )
    return found


if __name__ == "__main__":
    settled = dt.timedelta(minutes=float(os.environ.get("SETTLED_MINUTES", "120")))
    print(json.dumps(measure(dt.datetime.now(dt.UTC) - settled).document()))
