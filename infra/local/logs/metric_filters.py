"""Metric filters: log events that match a pattern are counted, or a number in them is.

AWS: a matching event gives one data point at its own time: a literal number, or the one at a selector, with up to
three fields of the event as dimensions; `defaultValue` stands for a minute in which events came and none matched.
https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/FilterAndPatternSyntaxForMetricFilters.html

An event without the number, or without one of the dimensions, gives no data point here.
"""

import itertools
import json
import math
from collections.abc import Mapping, Sequence
from typing import Any

from infra.local.logs.patterns import PatternError, compiled, number, selected
from infra.local.logs.subscriptions import Event, Filter, Refusal

MINUTE = 60
DIMENSIONS = 3
Transformation = Mapping[str, Any]


def refused(request: Filter) -> Refusal | None:
    """Error code and message when PutMetricFilter asks for what cannot work."""
    try:
        compiled(str(request.get("filterPattern") or ""))
    except PatternError as error:
        return "InvalidParameterException", f"Invalid filter pattern: {error}"
    transformations = request.get("metricTransformations") or []
    if len(transformations) != 1:
        return "InvalidParameterException", "metricTransformations takes exactly one transformation."
    wrong = _wrong(transformations[0], str(request.get("filterPattern") or ""))
    return ("InvalidParameterException", f"Invalid metric transformation: {wrong}") if wrong else None


def _wrong(transformation: Transformation, pattern: str) -> str | None:
    dimensions = transformation.get("dimensions") or {}
    if dimensions and transformation.get("defaultValue") is not None:
        return "dimensions and default value are mutually exclusive properties."
    if len(dimensions) > DIMENSIONS:
        return f"a filter takes at most {DIMENSIONS} dimensions."
    value = str(transformation.get("metricValue") or "")
    selectors = [*dimensions.values(), *([] if number(value) is not None else [value])]
    if selectors and not pattern.strip().startswith("{"):
        return f"{selectors[0]} takes a field, which only a JSON pattern knows; a metric value may be a number."
    try:
        for selector in selectors:
            selected({}, selector)
    except PatternError as error:
        return str(error)
    return None


def record(events: Sequence[Event], filters: Sequence[Filter]) -> None:
    """Give CloudWatch what the filters of a group see in events that were just stored."""
    for filter_ in filters:
        matches = compiled(str(filter_.get("filterPattern") or ""))
        by_minute = itertools.groupby(sorted(events, key=_at), key=lambda event: int(_at(event) // MINUTE))
        for minute, found in by_minute:
            inside = list(found)
            matching = [event for event in inside if matches(str(event.get("message") or ""))]
            for transformation in filter_["metricTransformations"]:
                if matching:
                    _count(transformation, minute, matching)
                else:
                    _default(transformation, minute, _at(inside[0]))


def _at(event: Event) -> float:
    return float(event["timestamp"]) / 1000


def _count(transformation: Transformation, minute: int, matching: Sequence[Event]) -> None:
    # earlier events may have left the default, which stands for a minute without a match only
    for point in [point for point in _points(transformation, minute) if point.get("default")]:
        _series(transformation).remove(point)
    for event in matching:
        amount = number(_found(str(transformation["metricValue"]), event))
        fields = transformation.get("dimensions") or {}
        dimensions = {name: _text(_found(selector, event)) for name, selector in fields.items()}
        if amount is not None and math.isfinite(amount) and all(dimensions.values()):
            _store(transformation, dimensions, _at(event), amount)


def _default(transformation: Transformation, minute: int, at: float) -> None:
    value = transformation.get("defaultValue")
    if value is None or _points(transformation, minute):
        return
    _store(transformation, {}, at, float(value))
    _series(transformation)[-1]["default"] = True


def _store(transformation: Transformation, dimensions: dict[str, str], at: float, value: float) -> None:
    from ministack.services import cloudwatch

    namespace, name = transformation["metricNamespace"], transformation["metricName"]
    unit = transformation.get("unit") or "None"
    cloudwatch._store_datum(namespace, name, dimensions, at, unit, value, None, None, None)


def _series(transformation: Transformation) -> list[dict[str, Any]]:
    from ministack.services import cloudwatch

    key = (transformation["metricNamespace"], transformation["metricName"], cloudwatch._dims_key({}))
    points: list[dict[str, Any]] = cloudwatch._metrics.get(key) or []
    return points


def _points(transformation: Transformation, minute: int) -> list[dict[str, Any]]:
    return [point for point in _series(transformation) if point["Timestamp"] // MINUTE == minute]


def _found(text: str, event: Event) -> Any:
    return selected(json.loads(str(event["message"])), text) if text.startswith("$") else text


def _text(field: Any) -> str:
    """A dimension's value; empty where the field has none."""
    if isinstance(field, str):
        return field
    return json.dumps(field) if isinstance(field, int | float) else ""
