"""The state that an alarm's data points mean.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarms-and-missing-data.html
"""

import math
import operator
import threading
import time
from collections.abc import Callable, Sequence

from ministack.services import cloudwatch

from infra.local.account.hooks import hook, replace
from infra.local.cloudwatch.datapoints import Alarm, series_of, within

# CloudWatch looks a little further back than EvaluationPeriods for points that are there
EXTRA_PERIODS = 2
COMPARISONS: dict[str, Callable[[float, float], bool]] = {
    "GreaterThanOrEqualToThreshold": operator.ge,
    "GreaterThanThreshold": operator.gt,
    "LessThanOrEqualToThreshold": operator.le,
    "LessThanThreshold": operator.lt,
}
_transition = threading.Lock()
# of each alarm without a data point in sight, what its state followed from; most alarms never have one
_settled: dict[str, tuple[Alarm, tuple[object, ...]]] = {}


def state_of(breaching: Sequence[bool | None], required: int, periods: int, missing: str, before: str) -> str:
    """OK, ALARM or INSUFFICIENT_DATA.

    Args:
        breaching: per period, the latest first, whether its data point breaches; None where there is no data point.
            `periods` and a few older ones.
        required: DatapointsToAlarm.
        periods: EvaluationPeriods.
        missing: TreatMissingData.
        before: the state until now.
    """
    found = [point for point in breaching if point is not None][:periods]
    count = sum(found)
    absent = periods - len(found)
    if absent and missing == "breaching":
        return "ALARM" if count + absent >= required else "OK"
    if absent == periods and missing != "notBreaching":
        return before if missing == "ignore" else "INSUFFICIENT_DATA"
    if count >= required:
        return "ALARM"
    if not absent or missing == "notBreaching" or count < len(found):
        return "OK"
    # only breaching points, too few of them: they count when the oldest is as old as M points would reach
    oldest = max(age for age, point in enumerate(breaching, 1) if point)
    return "ALARM" if missing == "missing" and oldest >= required else before


def evaluate(alarm: Alarm) -> None:
    """Move a metric alarm to the state that its data points mean now, and do what it does in that state.

    Raises:
        ExpressionError: the alarm's metric math cannot be evaluated.
    """
    compare = COMPARISONS.get(alarm.get("ComparisonOperator", ""))
    if compare is None or not (alarm.get("Metrics") or alarm.get("MetricName")):
        return
    series, threshold, now = series_of(alarm), float(alarm["Threshold"]), time.time()
    periods = int(alarm.get("EvaluationPeriods") or 1)
    required = int(alarm.get("DatapointsToAlarm") or periods)
    missing = alarm.get("TreatMissingData") or "missing"
    stored = series.stored()
    # the newest point tells as much as all of them: what is put is put at the end
    facts = periods, required, missing, [(len(points), id(points[-1])) for points in stored.values() if points]
    known, followed = _settled.get(alarm["AlarmArn"], (None, ()))
    if known is alarm and followed == (*facts, alarm["StateValue"]):
        return
    # points of the future come into sight later
    in_sight = within(stored, (now - series.period * (periods + EXTRA_PERIODS), math.inf))
    values = [
        series.value(in_sight, (now - series.period * (age + 1), now - series.period * age))
        for age in range(periods + EXTRA_PERIODS)
    ]
    breaching = [None if value is None else compare(value, threshold) for value in values]
    with _transition:  # the clock and a PutMetricData may come to the same conclusion at the same time
        before = alarm["StateValue"]
        after = state_of(breaching, required, periods, missing, before)
        if not any(in_sight.values()):
            _settled[alarm["AlarmArn"]] = alarm, (*facts, after)
        if after == before:
            return
        shown = [value for value in values[:periods] if value is not None]
        reason = f"Threshold Crossed: datapoints {shown} against {alarm['ComparisonOperator']} {threshold}"
        alarm.update(StateValue=after, StateReason=reason, StateUpdatedTimestamp=int(now))
    cloudwatch._record_history(alarm["AlarmName"], before, after, reason)
    cloudwatch._dispatch_alarm_actions(alarm, before, after, reason)
    cloudwatch._evaluate_parent_alarms(alarm)


def apply() -> None:
    """Put the completion in place."""
    hook(cloudwatch, "_calc_stats", "points")
    hook(cloudwatch, "_dims_key", "dims")
    hook(cloudwatch, "_stat_value", "stats stat_name points")
    hook(cloudwatch, "_record_history", "alarm_name old_state new_state reason alarm_type reason_data")
    hook(cloudwatch, "_dispatch_alarm_actions", "alarm old_state new_state reason")
    hook(cloudwatch, "_evaluate_parent_alarms", "child seen")
    replace(cloudwatch, "_evaluate_alarm", "alarm", evaluate)
