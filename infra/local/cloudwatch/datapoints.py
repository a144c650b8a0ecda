"""An alarm's data points: one value, or None, per period."""

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ministack.services import cloudwatch

from infra.local.cloudwatch.expressions import ExpressionError, evaluate

Alarm = dict[str, Any]
# what an alarm on `Metrics` does not have
SINGLE_METRIC = ("Dimensions", "ExtendedStatistic", "MetricName", "Namespace", "Period", "Statistic", "Unit")
Window = tuple[float, float]
"""Seconds since the epoch; the end is excluded."""
Key = tuple[str, str, str]
"""Namespace, name and dimensions of a metric, as the emulator keeps them."""
Points = Mapping[Key, Sequence[dict[str, Any]]]
"""What was put of each metric."""


@dataclasses.dataclass(frozen=True)
class Series:
    """Where an alarm's data points come from.

    Args:
        period: seconds per data point.
        keys: the metrics that it reads.
        value: the value of some points in a window, None when there is none.
    """

    period: int
    keys: frozenset[Key]
    value: Callable[[Points, Window], float | None]

    def stored(self) -> Points:
        """All points of its metrics that the account keeps."""
        return {key: list(cloudwatch._metrics.get(key) or ()) for key in self.keys}


def within(points: Points, window: Window) -> Points:
    """The points of a window."""
    start, end = window
    return {key: [one for one in found if start <= one["Timestamp"] < end] for key, found in points.items()}


def _key(metric: dict[str, Any]) -> Key:
    dimensions = {dimension["Name"]: dimension["Value"] for dimension in metric.get("Dimensions") or []}
    return metric["Namespace"], metric["MetricName"], cloudwatch._dims_key(dimensions)


def _statistic(stored: Points, key: Key, statistic: str, unit: str | None, window: Window) -> float | None:
    points = [one for one in within({key: stored.get(key, ())}, window)[key] if unit in (None, one["Unit"])]
    stats = cloudwatch._calc_stats(points)
    if not stats:
        return None
    value = cloudwatch._stat_value(stats, statistic, points)
    return None if value is None else float(value)


def _of_queries(queries: list[dict[str, Any]]) -> Series:
    returned = [query for query in queries if query.get("ReturnData", True) is not False]
    if len(returned) != 1:
        raise ExpressionError("exactly one entry of Metrics must return data")
    metrics = {query["Id"]: query["MetricStat"] for query in queries if "MetricStat" in query}
    expressions = {query["Id"]: query["Expression"] for query in queries if "Expression" in query}
    keys = {name: _key(metric["Metric"]) for name, metric in metrics.items()}

    def value(points: Points, window: Window) -> float | None:
        values = {
            name: _statistic(points, keys[name], metric["Stat"], metric.get("Unit"), window)
            for name, metric in metrics.items()
        }
        pending = dict(expressions)
        while pending:  # an expression may use another one's id
            ready = [name for name, text in pending.items() if not any(_uses(text, other) for other in pending)]
            if not ready:
                raise ExpressionError(f"the expressions {sorted(pending)} need each other")
            for name in ready:
                values[name] = evaluate(pending.pop(name), values)
        return values[returned[0]["Id"]]

    periods = [metric["Period"] for metric in metrics.values()] + [query.get("Period") for query in queries]
    return Series(max(int(period) for period in periods if period), frozenset(keys.values()), value)


def _uses(expression: str, name: str) -> bool:
    words = "".join(character if character.isalnum() or character == "_" else " " for character in expression)
    return name in words.split()


def check(metrics: list[dict[str, Any]]) -> None:
    """Evaluate `Metrics` where there is no data, so that a mistake in them shows before the alarm exists.

    Raises:
        ExpressionError: they are not one series that metric math can give.
    """
    _of_queries(metrics).value({}, (0, 0))


def series_of(alarm: Alarm) -> Series:
    """The series that `alarm` watches.

    Raises:
        ExpressionError: its Metrics are not one series that metric math can give.
    """
    if alarm.get("Metrics"):
        return _of_queries(alarm["Metrics"])
    statistic, key = alarm.get("ExtendedStatistic") or alarm.get("Statistic") or "Average", _key(alarm)
    return Series(
        int(alarm.get("Period") or 60),
        frozenset({key}),
        lambda points, window: _statistic(points, key, statistic, alarm.get("Unit"), window),
    )
