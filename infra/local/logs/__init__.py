"""CloudWatch Logs: filter patterns that mean what they say, and subscriptions that reach Firehose.

AWS: every event that is stored, by whatever way, is offered to the subscription filters of its group; a filter's
pattern may look at terms or at the fields of JSON events.

MiniStack 1.5.33: subscriptions reach Lambda only, in silence; a JSON pattern is split into words there, and matches
everything in FilterLogEvents; a pattern that is none, and a destination that does not exist, are taken.

Hooks: `cloudwatch_logs._fanout_to_subscription_filters`, through which PutLogEvents and a function's own output both
go; `_subscription_pattern_matches` and `_compile_filter_pattern`; `_put_subscription_filter`, which CloudFormation
calls too.

| module | holds |
|---|---|
| patterns | filter patterns |
| subscriptions | from a log group to a delivery stream |
"""

import logging
from collections.abc import Sequence
from typing import Any

from infra.local import hooks
from infra.local.logs import subscriptions
from infra.local.logs.patterns import Matches, PatternError, compiled

log = logging.getLogger(__name__)


def apply() -> None:
    """Complete CloudWatch Logs in this process.

    Raises:
        HookChangedError: the emulator's log service no longer has the shape that this was written for.
    """
    from ministack.core.responses import error_response_json
    from ministack.services import cloudwatch_logs, firehose

    hooks.hook(firehose, "_put_record", "data")

    def fanout(group_name: str, stream_name: str, events: Sequence[dict[str, Any]]) -> None:
        group = cloudwatch_logs._log_groups.get(group_name) or {}
        filters = list((group.get("subscriptionFilters") or {}).values())
        try:
            subscriptions.deliver(group_name, stream_name, events or [], filters)
        except Exception:  # a subscription must never keep an event from being stored
            log.exception("log group %s: a subscription failed", group_name)
        original_fanout(group_name, stream_name, events)

    def put_subscription_filter(data: dict[str, Any]) -> Any:
        refusal = subscriptions.refused(data)
        return error_response_json(*refusal, 400) if refusal else original_put(data)

    parameters = "group_name stream_name events"
    original_fanout = hooks.replace(cloudwatch_logs, "_fanout_to_subscription_filters", parameters, fanout)
    original_put = hooks.replace(cloudwatch_logs, "_put_subscription_filter", "data", put_subscription_filter)
    hooks.replace(cloudwatch_logs, "_compile_filter_pattern", "raw", _lenient)
    hooks.replace(
        cloudwatch_logs,
        "_subscription_pattern_matches",
        "pattern message",
        lambda pattern, message: _lenient(pattern)(message or ""),
    )


def _lenient(pattern: str | None) -> Matches:
    """A matcher for what is only looked for: where the service cannot refuse a pattern any more, it matches nothing."""
    try:
        return compiled(pattern or "")
    except PatternError as error:
        log.warning("filter pattern %s: %s", pattern, error)
        return lambda _message: False
