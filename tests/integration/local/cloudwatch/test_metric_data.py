"""GetMetricData evaluates metric math over the series of the same request.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_GetMetricData.html
"""

import datetime as dt
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.conftest import Account

pytestmark = pytest.mark.account

# CloudWatch takes values of the last two weeks
FIRST = dt.datetime.now(dt.UTC).replace(second=0, microsecond=0) - dt.timedelta(minutes=10)
MINUTE = dt.timedelta(minutes=1)


def metric(name: str, unique: str, *, shown: bool = False) -> dict[str, Any]:
    stat = {"Metric": {"Namespace": f"Math/{unique}", "MetricName": name}, "Period": 60, "Stat": "Sum"}
    return {"Id": name, "MetricStat": stat, "ReturnData": shown}


@pytest.fixture
def cloudwatch(account: Account, unique: str) -> Any:
    client: Any = account.session.client("cloudwatch")
    data = [
        {"MetricName": name, "Timestamp": FIRST + number * MINUTE, "Value": value}
        for name, values in {"errors": (1, 3), "requests": (10, 20, 0)}.items()
        for number, value in enumerate(values)
    ]
    client.put_metric_data(Namespace=f"Math/{unique}", MetricData=data)
    return client


def ask(cloudwatch: Any, *queries: dict[str, Any]) -> dict[str, list[float]]:
    found = cloudwatch.get_metric_data(
        MetricDataQueries=queries, StartTime=FIRST, EndTime=FIRST + 5 * MINUTE, ScanBy="TimestampAscending"
    )
    return {each["Id"]: each["Values"] for each in found["MetricDataResults"]}


def test_an_expression_has_a_value_where_its_metrics_have(cloudwatch: Any, unique: str) -> None:
    metrics = (metric("errors", unique), metric("requests", unique, shown=True))
    rate = {"Id": "rate", "Expression": "100 * errors / requests", "Label": "error rate"}
    found = ask(cloudwatch, rate, *metrics)
    assert found == {"rate": [10.0, 15.0], "requests": [10.0, 20.0, 0.0]}
    filled = {"Id": "filled", "Expression": "FILL(errors, 0) + requests"}
    assert ask(cloudwatch, *metrics, filled)["filled"] == [11.0, 23.0, 0.0]


def test_the_newest_data_point_comes_first_unless_the_request_says_otherwise(cloudwatch: Any, unique: str) -> None:
    query, span = metric("requests", unique, shown=True), {"StartTime": FIRST, "EndTime": FIRST + 5 * MINUTE}
    for order, values in ({}, [0.0, 20.0, 10.0]), ({"ScanBy": "TimestampAscending"}, [10.0, 20.0, 0.0]):
        (found,) = cloudwatch.get_metric_data(MetricDataQueries=[query], **span, **order)["MetricDataResults"]
        assert found["Values"] == values
        assert found["Timestamps"] == sorted(found["Timestamps"], reverse=not order)


def test_a_percentile_rank_is_the_share_of_values_up_to_a_bound(cloudwatch: Any, unique: str) -> None:
    latencies = [{"MetricName": "latency", "Timestamp": FIRST, "Values": [100, 500, 501], "Counts": [6, 2, 2]}]
    cloudwatch.put_metric_data(Namespace=f"Math/{unique}", MetricData=latencies)
    for bounds, share in {":500": 80.0, "100:500": 20.0, "100:": 40.0}.items():
        query = metric("latency", unique, shown=True)
        query["MetricStat"]["Stat"] = f"PR({bounds})"
        assert ask(cloudwatch, query) == {"latency": [share]}


def test_what_is_not_metric_math_is_refused(cloudwatch: Any, unique: str) -> None:
    with pytest.raises(ClientError, match="ValidationError"):
        ask(cloudwatch, metric("errors", unique), {"Id": "wrong", "Expression": "errors / nothing"})
