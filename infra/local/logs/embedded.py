"""Metrics inside log events: the CloudWatch embedded metric format.

An event that is a JSON object with `_aws.CloudWatchMetrics` becomes data points, one series for each of its dimension
sets and metrics; an event that breaks the specification stays a log event and nothing more.
https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html

Not completed: `StorageResolution` is read and makes no difference, as the local account keeps every data point as it
came; `AWS/Logs` counts no malformed events.
"""

import dataclasses
import functools
import json
import math
from collections.abc import Iterator
from typing import Any

import botocore.session
from jsonschema import Draft202012Validator

NAME = {"type": "string", "minLength": 1, "maxLength": 1024}
VALUES_PER_METRIC = 100


@dataclasses.dataclass(frozen=True)
class Metric:
    """What one dimension set and one metric of an event say.

    Args:
        values: in `unit`.
        at: seconds since the epoch.
    """

    namespace: str
    name: str
    dimensions: dict[str, str]
    values: list[float]
    unit: str
    at: float


class _MalformedError(ValueError):
    """A member that `_aws` refers to is missing or has no value that it may have."""


def embedded(message: str) -> list[Metric]:
    """The metrics of a log event; none when it is not in the format."""
    if '"_aws"' not in message:
        return []
    try:
        document = json.loads(message)
        return list(_metrics(document)) if _metadata().is_valid(document) else []
    except ValueError:
        return []


def record(message: str) -> None:
    """Give CloudWatch the metrics of a log event that was stored."""
    from ministack.services import cloudwatch

    for metric in embedded(message):
        cloudwatch._store_datum(
            metric.namespace, metric.name, metric.dimensions, metric.at, metric.unit, None, metric.values, None, None
        )


@functools.cache
def _metadata() -> Draft202012Validator:
    units = botocore.session.get_session().get_service_model("cloudwatch").shape_for("StandardUnit").metadata["enum"]
    metric = {
        "type": "object",
        "required": ["Name"],
        "properties": {"Name": NAME, "Unit": {"enum": units}, "StorageResolution": {"enum": [1, 60]}},
    }
    key = {**NAME, "maxLength": 250}
    directive = {
        "type": "object",
        "required": ["Namespace", "Dimensions", "Metrics"],
        "properties": {
            "Namespace": NAME,
            "Dimensions": {
                "type": "array",
                "minItems": 1,
                # an empty set is a series without dimensions
                "items": {"type": "array", "maxItems": 30, "items": key},
            },
            "Metrics": {"type": "array", "maxItems": 100, "items": metric},
        },
    }
    metadata = {
        "type": "object",
        "required": ["Timestamp", "CloudWatchMetrics"],
        "properties": {
            "Timestamp": {"type": "integer", "minimum": 0},
            "CloudWatchMetrics": {"type": "array", "items": directive},
        },
    }
    return Draft202012Validator({"type": "object", "required": ["_aws"], "properties": {"_aws": metadata}})


def _metrics(document: dict[str, Any]) -> Iterator[Metric]:
    at = document["_aws"]["Timestamp"] / 1000
    for directive in document["_aws"]["CloudWatchMetrics"]:
        for keys in directive["Dimensions"]:
            dimensions = {key: _dimension(document.get(key)) for key in keys}
            for metric in directive["Metrics"]:
                values, unit = _values(document.get(metric["Name"])), metric.get("Unit", "None")
                yield Metric(directive["Namespace"], metric["Name"], dimensions, values, unit, at)


def _dimension(target: Any) -> str:
    if not isinstance(target, str) or not 1 <= len(target) <= 1024:
        raise _MalformedError
    return target


def _values(target: Any) -> list[float]:
    values = target if isinstance(target, list) else [target]
    numbers = [value for value in values if isinstance(value, int | float) and not isinstance(value, bool)]
    if len(numbers) != len(values) or len(values) > VALUES_PER_METRIC or not all(map(math.isfinite, numbers)):
        raise _MalformedError
    return [float(number) for number in numbers]
