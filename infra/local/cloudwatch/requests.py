"""PutMetricAlarm with `Metrics`: an alarm on metric math, which the emulator stores without its metrics.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricAlarm.html
"""

from typing import Any

from ministack.services import cloudwatch

from infra.local.account.hooks import hook, replace
from infra.local.cloudwatch.datapoints import SINGLE_METRIC, check
from infra.local.cloudwatch.evaluation import evaluate
from infra.local.cloudwatch.expressions import ExpressionError


def apply() -> None:
    """Put the completion in place."""

    def put_metric_alarm(params: Any, cbor_data: dict[str, Any], is_cbor: bool, is_json: bool = False) -> Any:
        metrics = cbor_data.get("Metrics") if is_cbor or is_json else None
        if not metrics:
            return original(params, cbor_data, is_cbor, is_json)
        try:
            check(metrics)
        except ExpressionError as error:
            return cloudwatch._error("ValidationError", str(error), 400, use_json=is_json, use_cbor=is_cbor)
        answer = original(params, cbor_data, is_cbor, is_json)
        if answer[0] == 200:
            alarm = cloudwatch._alarms[cbor_data["AlarmName"]]
            for member in SINGLE_METRIC:
                alarm.pop(member, None)
            alarm["Metrics"] = metrics
            evaluate(alarm)
        return answer

    hook(cloudwatch, "_error", "code message status use_json use_cbor")
    original = replace(cloudwatch, "_put_metric_alarm", "params cbor_data is_cbor is_json", put_metric_alarm)
