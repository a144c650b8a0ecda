"""Data points that make an alarm go off, at the metric that it watches; the alarm's definition says which."""

import dataclasses
from typing import Any

Alarm = dict[str, Any]
# beyond EvaluationPeriods, where newer data points are missing (infra/local/cloudwatch/evaluation.py)
EXTRA_PERIODS = 2
# by expression: value of each metric of metric math, and how many samples have it
SAMPLES: dict[str, dict[str, tuple[float, int]]] = {
    "errors / requests": {"errors": (90, 1), "requests": (100, 1)},
    "differences / rows": {"differences": (90, 1), "rows": (100, 1)},
    # each attempt puts 0 or 1; one metric, its sample count less its sum
    "attempts - successes": {"attempts": (0, 60)},
    "IF(FILL(delivered, 0) == 0, failed, 0)": {"failed": (20, 1)},
    "FILL(m0, 0) + FILL(m1, 0)": {"m0": (1, 1)},
}
SUM_OF_ALL = "SUM(METRICS())"


@dataclasses.dataclass(frozen=True)
class DataPoint:
    """Samples of one value.

    Args:
        namespace: of the metric.
        name: of the metric.
        dimensions: as CloudWatch's API has them.
        value: of each sample.
        age: seconds ago.
        samples: how many.
    """

    namespace: str
    name: str
    dimensions: list[dict[str, str]]
    value: float
    age: float
    samples: int = 1


def breaching(alarm: Alarm, visible: float) -> list[DataPoint]:
    """What makes an alarm go off, and recover when the data points have become too old for it.

    Args:
        alarm: its properties in the template.
        visible: seconds that the alarm still sees all of them.

    Raises:
        AssertionError: the alarm's metric math is not known here.
    """
    periods = alarm["EvaluationPeriods"]
    required = alarm.get("DatapointsToAlarm") or periods
    return [
        _point(metric, value, period * (periods + EXTRA_PERIODS - newer) - visible, samples)
        for metric, period, value, samples in _samples(alarm)
        for newer in range(required)
    ]


def healthy(alarm: Alarm) -> list[DataPoint]:
    """One data point in each period that keeps an alarm quiet which is on when data is missing."""
    assert "Metrics" not in alarm, f"{alarm['AlarmName']}: missing data of metric math"
    # where samples are counted, another alarm watches their value: it is 0, and not the newest one
    counted = alarm.get("Statistic") == "SampleCount"
    value = alarm["Threshold"] if alarm["ComparisonOperator"].startswith("Less") and not counted else 0.0
    ages = [alarm["Period"] * (period + 0.5) for period in range(alarm["EvaluationPeriods"])]
    ages += [] if counted else [1.0]
    return [_point(alarm, value, age, 1) for age in ages]


def traffic(alarm: Alarm) -> list[DataPoint]:
    """Good requests and rows, which end what bad ones have begun where an alarm looks back for hours; else nothing."""
    if "ExtendedStatistic" in alarm:
        return [_point(alarm, 1.0, 1.0, 1000)]
    requests = [query for query in alarm.get("Metrics", []) if query["Id"] in ("requests", "rows")]
    return [_point(query["MetricStat"]["Metric"], 1e6, 1.0, 1) for query in requests]


def _samples(alarm: Alarm) -> list[tuple[Alarm, int, float, int]]:
    if "Metrics" not in alarm:
        step = -1 if alarm["ComparisonOperator"].startswith("Less") else 1
        return [(alarm, alarm["Period"], alarm["Threshold"] + step, 1)]
    (expression,) = (query["Expression"] for query in alarm["Metrics"] if "Expression" in query)
    stats = {query["Id"]: query["MetricStat"] for query in alarm["Metrics"] if "MetricStat" in query}
    samples = dict.fromkeys(stats, (1.0, 1)) if expression == SUM_OF_ALL else SAMPLES.get(expression)
    assert samples, f"{alarm['AlarmName']}: say in SAMPLES ({__name__}) what makes {expression!r} breach"
    return [(stats[name]["Metric"], stats[name]["Period"], value, count) for name, (value, count) in samples.items()]


def _point(metric: Alarm, value: float, age: float, samples: int) -> DataPoint:
    return DataPoint(metric["Namespace"], metric["MetricName"], metric.get("Dimensions", []), value, age, samples)
