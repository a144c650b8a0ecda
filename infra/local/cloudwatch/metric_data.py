"""GetMetricData with expressions, metric math over the series of the same request; the newest data points come first.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_GetMetricData.html
"""

import json
from typing import Any

from ministack.services import cloudwatch

from infra.local.account.hooks import hook, replace
from infra.local.cloudwatch.expressions import ExpressionError, evaluate

# what ScanBy is when a request has none
NEWEST_FIRST = "TimestampDescending"
Query = dict[str, Any]
Points = dict[Any, float]


def apply() -> None:
    """Put the completion in place."""

    def get_metric_data(params: Any, cbor_data: dict[str, Any], is_cbor: bool, is_json: bool = False) -> Any:
        if not (is_cbor or is_json):  # the query protocol, which the SDKs in use no longer speak here
            return original(params, cbor_data, is_cbor, is_json)
        queries = cbor_data.get("MetricDataQueries", [])
        metrics = [{**query, "ReturnData": True} for query in queries if not query.get("Expression")]
        _, _, body = original(params, {**cbor_data, "MetricDataQueries": metrics}, False, True)
        found = {result["Id"]: result for result in json.loads(body)["MetricDataResults"]}
        try:
            for query in queries:
                if query.get("Expression"):
                    found[query["Id"]] = _evaluated(query, found)
        except ExpressionError as error:
            return cloudwatch._error("ValidationError", str(error), 400, use_json=is_json, use_cbor=is_cbor)
        newest_first = cbor_data.get("ScanBy", NEWEST_FIRST) == NEWEST_FIRST
        results = [_ordered(found[query["Id"]], newest_first) for query in queries if query.get("ReturnData", True)]
        if is_json:
            return cloudwatch._json_ok({"MetricDataResults": results})
        return cloudwatch._cbor_ok({"MetricDataResults": [cloudwatch._cbor_metric_data_result(r) for r in results]})

    hook(cloudwatch, "_error", "code message status use_json use_cbor")
    hook(cloudwatch, "_json_ok", "data")
    hook(cloudwatch, "_cbor_ok", "data")
    hook(cloudwatch, "_cbor_metric_data_result", "result")
    original = replace(cloudwatch, "_get_metric_data", "params cbor_data is_cbor is_json", get_metric_data)


def _ordered(result: dict[str, Any], newest_first: bool) -> dict[str, Any]:
    points = sorted(zip(result["Timestamps"], result["Values"], strict=True), reverse=newest_first)
    return {**result, "Timestamps": [time for time, _ in points], "Values": [value for _, value in points]}


def _evaluated(query: Query, found: dict[str, dict[str, Any]]) -> dict[str, Any]:
    series = {name: dict(zip(each["Timestamps"], each["Values"], strict=True)) for name, each in found.items()}
    values = evaluate_series(query["Expression"], series)
    return {
        "Id": query["Id"],
        "Label": query.get("Label", query["Id"]),
        "Timestamps": list(values),
        "Values": list(values.values()),
        "StatusCode": "Complete",
    }


def evaluate_series(expression: str, series: dict[str, Points]) -> Points:
    """The values of an expression by time, where it has one.

    Args:
        expression: metric math.
        series: values by time, of each id; times are numbers or ISO 8601 in UTC.

    Raises:
        ExpressionError: it is not metric math.
    """
    times = sorted({time for points in series.values() for time in points})
    values = {time: evaluate(expression, {name: points.get(time) for name, points in series.items()}) for time in times}
    return {time: value for time, value in values.items() if value is not None}
