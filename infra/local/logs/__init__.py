"""CloudWatch Logs: filter patterns that mean what they say, subscriptions that reach Firehose, metrics from log events.

AWS: every event that is stored, by whatever way, is offered to the subscription filters and the metric filters of its
group; a filter's pattern may look at terms or at the fields of JSON events. An event in the embedded metric format
becomes data points without any filter.

MiniStack 1.5.33: subscriptions reach Lambda only, in silence; a JSON pattern is split into words there, and matches
everything in FilterLogEvents; a pattern that is none, and a destination that does not exist, are taken. Metric filters
are kept and never looked at; the embedded metric format is not known.

Hooks: `cloudwatch_logs._fanout_to_subscription_filters`, through which PutLogEvents and a function's own output both
go; `_subscription_pattern_matches` and `_compile_filter_pattern`; `_put_subscription_filter` and `_put_metric_filter`,
which CloudFormation calls too. Data points go in through `cloudwatch._store_datum`.

| module | holds |
|---|---|
| patterns | filter patterns |
| subscriptions | from a log group to a delivery stream |
| embedded | metrics inside events |
| metric_filters | metrics that filters make of events |
"""

import logging
from collections.abc import Sequence
from typing import Any

from infra.local.account import hooks
from infra.local.logs import embedded, metric_filters, subscriptions
from infra.local.logs.patterns import Matches, PatternError, compiled

log = logging.getLogger(__name__)


def apply() -> None:
    """Complete CloudWatch Logs in this process.

    Raises:
        HookChangedError: the emulator's log service no longer has the shape that this was written for.
    """
    from ministack.core.responses import error_response_json
    from ministack.services import cloudwatch, cloudwatch_logs, firehose

    hooks.hook(firehose, "_put_record", "data")
    hooks.hook(cloudwatch, "_store_datum", "namespace name dims ts unit value values counts stat_values")
    hooks.hook(cloudwatch, "_dims_key", "dims")

    def fanout(group_name: str, stream_name: str, events: Sequence[dict[str, Any]]) -> None:
        group = cloudwatch_logs._log_groups.get(group_name) or {}
        filters = list((group.get("subscriptionFilters") or {}).values())
        try:
            subscriptions.deliver(group_name, stream_name, events or [], filters)
        except Exception:  # a subscription must never keep an event from being stored
            log.exception("log group %s: a subscription failed", group_name)
        try:
            measure(group_name, events or [])
        except Exception:  # nor must a metric
            log.exception("log group %s: metrics failed", group_name)
        original_fanout(group_name, stream_name, events)

    def measure(group_name: str, events: Sequence[dict[str, Any]]) -> None:
        for event in events:
            embedded.record(str(event.get("message") or ""))
        filters = [kept for (group, _), kept in list(cloudwatch_logs._metric_filters.items()) if group == group_name]
        metric_filters.record(events, filters)

    def put_metric_filter(data: dict[str, Any]) -> Any:
        refusal = metric_filters.refused(data)
        return error_response_json(*refusal, 400) if refusal else original_put_metric(data)

    def put_subscription_filter(data: dict[str, Any]) -> Any:
        refusal = subscriptions.refused(data)
        return error_response_json(*refusal, 400) if refusal else original_put(data)

    parameters = "group_name stream_name events"
    original_fanout = hooks.replace(cloudwatch_logs, "_fanout_to_subscription_filters", parameters, fanout)
    original_put = hooks.replace(cloudwatch_logs, "_put_subscription_filter", "data", put_subscription_filter)
    original_put_metric = hooks.replace(cloudwatch_logs, "_put_metric_filter", "data", put_metric_filter)
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
