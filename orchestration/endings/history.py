"""What an execution's history says about its task states: how long each took, and where the execution was at its end.

https://docs.aws.amazon.com/step-functions/latest/apireference/API_HistoryEvent.html
"""

import dataclasses
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

SECOND = timedelta(seconds=1)
ENDED_BADLY = {
    "ExecutionFailed": "executionFailedEventDetails",
    "ExecutionAborted": "executionAbortedEventDetails",
    "ExecutionTimedOut": "executionTimedOutEventDetails",
}


@dataclasses.dataclass
class Story:
    """One attempt at an execution: since its start, or since it was last redriven.

    Args:
        seconds: task state -> from its first entry to its last exit, so that a state that polls counts all of its polls
            and the waits between them.
        last: the task state that was entered last.
        told: whether the operators have been told about a failure.
        error: what the execution ended with, or what the operator who stopped it gave; empty when nothing.
        cause: likewise.
    """

    seconds: dict[str, float] = dataclasses.field(default_factory=dict)
    last: str | None = None
    told: bool = False
    error: str = ""
    cause: str = ""


def read(events: Iterable[Mapping[str, Any]], notifying: str, stopped: datetime | None = None) -> Story:
    """The story of one attempt: of the latest, or of the one that ended at `stopped`.

    Args:
        events: of the whole execution, oldest first, times as datetimes.
        notifying: the state that tells the operators.
        stopped: when the attempt ended, to the second; what a redrive has added since is left out.
    """
    story, entered, current, ended = Story(), dict[str, datetime](), "", None
    for event in events:
        kind, when = event["type"], event["timestamp"]
        if kind == "ExecutionRedriven":
            if stopped and ended and ended >= stopped - SECOND:
                break
            # the state that ended the attempt before goes on without being entered anew
            story, entered = Story(last=story.last), {current: when} if current else {}
        elif kind == "TaskStateEntered":
            current = event["stateEnteredEventDetails"]["name"]
            story.last = current
            entered.setdefault(current, when)
        elif kind == "TaskStateExited":
            name = event["stateExitedEventDetails"]["name"]
            story.seconds[name] = (when - entered[name]).total_seconds()
            story.told = story.told or name == notifying
            current = ""
        elif kind in ENDED_BADLY:
            ended = when
            details = event.get(ENDED_BADLY[kind], {})
            story.error, story.cause = details.get("error") or "", details.get("cause") or ""
            if current:
                story.seconds[current] = (when - entered[current]).total_seconds()
    return story
