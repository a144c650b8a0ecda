"""AWS::CloudWatch::CompositeAlarm, and AWS::CloudWatch::Alarm with `Metrics` (metric math); the emulator refuses both.

What such alarms then do is the business of infra/local/cloudwatch.
https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-cloudwatch-compositealarm.html
https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-cloudwatch-alarm.html
"""

from typing import Any

from ministack.services import cloudwatch
from ministack.services.cloudformation import provisioners

from infra.local.account.hooks import hook, replace
from infra.local.cloudformation.handlers import Created, Properties, RefusedError, add_type, as_bool, must_succeed
from infra.local.cloudwatch.datapoints import SINGLE_METRIC, check
from infra.local.cloudwatch.expressions import ExpressionError


def _query(query: dict[str, Any]) -> dict[str, Any]:
    """One entry of `Metrics` with the types that the API has, whatever the template's author wrote."""
    typed = dict(query)
    if "ReturnData" in query:
        typed["ReturnData"] = as_bool(query["ReturnData"])
    if "Period" in query:
        typed["Period"] = int(query["Period"])
    if "MetricStat" in query:
        typed["MetricStat"] = {**query["MetricStat"], "Period": int(query["MetricStat"]["Period"])}
    return typed


def create_composite(logical_id: str, properties: Properties, stack: str) -> Created:
    """Create the alarm, or change it in place; Ref is its name."""
    name = properties.get("AlarmName") or provisioners._physical_name(stack, logical_id, max_len=255)
    request = {
        **properties,
        "AlarmName": name,
        "ActionsEnabled": as_bool(properties.get("ActionsEnabled", True)),
    }
    must_succeed(cloudwatch._put_composite_alarm({}, request, False, True), "AWS::CloudWatch::CompositeAlarm")
    arn = cloudwatch._composite_alarms[name]["AlarmArn"]
    cloudwatch.cloudformation_set_metric_alarm_tags(name, properties.get("Tags", []))
    return name, {"Arn": arn}


def update_composite(physical_id: str, old: Properties, new: Properties, stack: str, logical_id: str) -> Created:
    """Change the alarm in place; another name replaces it."""
    if new.get("AlarmName") != old.get("AlarmName"):
        created = create_composite(logical_id, new, stack)
        provisioners._delete_predecessor(delete_composite, physical_id, old)
        return created
    return create_composite(logical_id, {**new, "AlarmName": physical_id}, stack)


def delete_composite(physical_id: str, properties: Properties) -> None:  # noqa: ARG001
    """Delete the alarm and its tags; one that is gone already is fine."""
    alarm = cloudwatch._composite_alarms.pop(physical_id, None)
    if alarm:
        cloudwatch._resource_tags.pop(alarm["AlarmArn"], None)


def apply() -> None:
    """Put the completion in place."""

    def record(name: str, props: Properties) -> dict[str, Any]:
        if not props.get("Metrics"):
            single: dict[str, Any] = original(name, props)
            return single
        metrics = [_query(query) for query in props["Metrics"]]
        try:
            check(metrics)
        except ExpressionError as error:
            raise RefusedError(f"AWS::CloudWatch::Alarm: {error}") from None
        # the emulator insists on one metric; what it makes of the stand-in is thrown away
        rest = {key: value for key, value in props.items() if key != "Metrics"}
        alarm = original(name, {**rest, "Namespace": "-", "MetricName": "-"})
        return {
            **{key: value for key, value in alarm.items() if key not in SINGLE_METRIC},
            "Metrics": metrics,
        }

    original = replace(provisioners, "_cw_metric_alarm_record", "name props", record)
    hook(cloudwatch, "_put_composite_alarm", "params cbor_data is_cbor is_json")
    hook(cloudwatch, "cloudformation_set_metric_alarm_tags", "name tags")
    hook(provisioners, "_delete_predecessor", "delete_fn args kwargs")
    add_type("AWS::CloudWatch::CompositeAlarm", create_composite, update_composite, delete_composite)
