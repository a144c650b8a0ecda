"""Which topics an alarm may notify: those whose policy lets CloudWatch publish.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/Notify_Users_Alarm_Changes.html
"""

import logging
from typing import Any

from ministack.core.responses import get_account_id
from ministack.services import cloudwatch, sns

from infra.local.account.hooks import hook, replace

logger = logging.getLogger(__name__)
LISTS = ("AlarmActions", "OKActions", "InsufficientDataActions")


def _may_notify(alarm: dict[str, Any], action: str) -> bool:
    if not cloudwatch._is_sns_action_arn(action):
        return True
    allowed: bool = sns.topic_policy_allows(action, "cloudwatch.amazonaws.com", alarm["AlarmArn"], get_account_id())
    if not allowed:
        logger.error(
            "the alarm %s may not publish to %s: its policy does not let CloudWatch", alarm["AlarmName"], action
        )
    return allowed


def apply() -> None:
    """Put the completion in place."""

    def dispatch(alarm: dict[str, Any], old_state: str, new_state: str, reason: str) -> None:
        kept = {name: [action for action in alarm.get(name) or [] if _may_notify(alarm, action)] for name in LISTS}
        original({**alarm, **kept}, old_state, new_state, reason)

    hook(sns, "topic_policy_allows", "topic_arn service source_arn source_account")
    hook(cloudwatch, "_is_sns_action_arn", "action")
    original = replace(cloudwatch, "_dispatch_alarm_actions", "alarm old_state new_state reason", dispatch)
