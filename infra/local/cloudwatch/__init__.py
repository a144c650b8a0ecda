"""CloudWatch alarms: evaluated by the clock, on their own dimensions, with M of N, missing data and metric math.

AWS: an alarm looks at one metric (name, namespace *and* dimensions) or at an expression over several, compares its most
recent data points with the threshold, needs DatapointsToAlarm of EvaluationPeriods, and treats what is missing as
TreatMissingData says. What it notifies must let cloudwatch.amazonaws.com publish.
https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarm-evaluation.html

MiniStack 1.5.33: evaluates on PutMetricData only, over all dimensions of a metric name together, so that an alarm on
StateFailed{State=A} fires for State=B; ignores periods, DatapointsToAlarm and TreatMissingData; drops `Metrics`
(metric math); asks no topic's policy; has no expressions and no order in
GetMetricData, and no percentile rank.

Data points here end now instead of at whole minutes: an alarm reacts at once, and no period is ever judged half full.

| module | holds | hooks |
|---|---|---|
| datapoints | an alarm's data points, from its metric or its expression | – |
| expressions | metric math | – |
| evaluation | the state that data points mean | `_evaluate_alarm` |
| clock | when alarms are evaluated | a thread, every `Settings.alarm_seconds` |
| requests | PutMetricAlarm with `Metrics` | `_put_metric_alarm` |
| metric_data | GetMetricData with expressions, in the order of ScanBy | `_get_metric_data` |
| statistics | the statistic PR, percentile rank | `_stat_value` |
| actions | which topics may be notified | `_dispatch_alarm_actions` |
"""

from infra.local.cloudwatch import actions, clock, evaluation, metric_data, requests, statistics


def apply() -> None:
    """Put every completion in place, before the emulator serves.

    Raises:
        HookChangedError: the emulator's alarms no longer have the shape that a completion was written for.
    """
    for module in (evaluation, requests, metric_data, statistics, actions, clock):
        module.apply()
