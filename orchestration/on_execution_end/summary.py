"""What an execution's history says about its task states: how long each took, and where the execution was at its end.

https://docs.aws.amazon.com/step-functions/latest/apireference/API_HistoryEvent.html
"""

import dataclasses
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

from orchestration.executions.history import SUCCEEDED_ATTEMPT

SECOND = timedelta(seconds=1)
FAILURE_DETAILS = {
    "ExecutionFailed": "executionFailedEventDetails",
    "ExecutionAborted": "executionAbortedEventDetails",
    "ExecutionTimedOut": "executionTimedOutEventDetails",
}


@dataclasses.dataclass
class ExecutionSummary:
    """One attempt at an execution: since its start, or since it was last redriven.

    Args:
        seconds: task state -> from its first entry to its last exit, so that a state that polls counts all of its polls
            and the waits between them.
        last: the task state that was entered last.
        reported: whether the message about a failure was sent; a state whose Catch was taken is left as well, and sent
            none.
        error: what the execution ended with, or what the operator who stopped it gave; empty when nothing.
        cause: likewise.
    """

    seconds: dict[str, float] = dataclasses.field(default_factory=dict)
    last: str | None = None
    reported: bool = False
    error: str = ""
    cause: str = ""


def summarize(events: Iterable[Mapping[str, Any]], notifying: str, stopped: datetime | None = None) -> ExecutionSummary:
    """Summarize one attempt: of the latest, or of the one that ended at `stopped`.

    Args:
        events: of the whole execution, oldest first, times as datetimes.
        notifying: the state that notifies the operators.
        stopped: when the attempt ended, to the second; what a redrive has added since is left out.
    """
    summary, entered, current, ended = ExecutionSummary(), dict[str, datetime](), "", None
    succeeded = False
    for event in events:
        kind, when = event["type"], event["timestamp"]
        if kind == "ExecutionRedriven":
            if stopped and ended and ended >= stopped - SECOND:
                break
            # the state that ended the attempt before goes on without being entered anew
            summary, entered = ExecutionSummary(last=summary.last), {current: when} if current else {}
        elif kind == "TaskStateEntered":
            current = event["stateEnteredEventDetails"]["name"]
            summary.last = current
            entered.setdefault(current, when)
            succeeded = False
        elif kind in SUCCEEDED_ATTEMPT:
            succeeded = True
        elif kind == "TaskStateExited":
            name = event["stateExitedEventDetails"]["name"]
            summary.seconds[name] = (when - entered[name]).total_seconds()
            summary.reported = summary.reported or (name == notifying and succeeded)
            current = ""
        elif kind in FAILURE_DETAILS:
            ended = when
            details = event.get(FAILURE_DETAILS[kind], {})
            summary.error, summary.cause = details.get("error") or "", details.get("cause") or ""
            if current:
                summary.seconds[current] = (when - entered[current]).total_seconds()
    return summary
