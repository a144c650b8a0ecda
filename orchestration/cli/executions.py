"""From the events of an execution to the states it went through: pure functions, no AWS client.

Step Functions: https://docs.aws.amazon.com/step-functions/latest/apireference/API_HistoryEvent.html
"""

import dataclasses
import datetime as dt
import enum
import json
from collections.abc import Iterable, Mapping
from typing import Any

Event = Mapping[str, Any]

# what an operator follows; Wait, Choice and Pass states only lead from one of these to the next
WORKING = ("TaskStateEntered", "ParallelStateEntered", "MapStateEntered")
SCHEDULED = ("TaskScheduled", "LambdaFunctionScheduled", "ActivityScheduled")
# the events that end one attempt badly; a retry or a Catch may follow
FAILED_ATTEMPT = (
    "TaskFailed",
    "TaskTimedOut",
    "TaskStartFailed",
    "TaskSubmitFailed",
    "LambdaFunctionFailed",
    "LambdaFunctionTimedOut",
    "LambdaFunctionScheduleFailed",
    "LambdaFunctionStartFailed",
    "ActivityFailed",
    "ActivityTimedOut",
    "ParallelStateFailed",
    "MapStateFailed",
)
SUCCEEDED_ATTEMPT = ("TaskSucceeded", "LambdaFunctionSucceeded", "ActivitySucceeded")


class Status(enum.StrEnum):
    """How a state, or an execution, is doing."""

    RUNNING = "RUNNING"
    SUCCEEDED = "SUCCEEDED"
    FAILED = "FAILED"
    TIMED_OUT = "TIMED_OUT"
    ABORTED = "ABORTED"


ENDINGS = {
    "ExecutionSucceeded": Status.SUCCEEDED,
    "ExecutionFailed": Status.FAILED,
    "ExecutionTimedOut": Status.TIMED_OUT,
    "ExecutionAborted": Status.ABORTED,
}


@dataclasses.dataclass(frozen=True)
class LogStream:
    """Where a failed job or build wrote what it did."""

    group: str
    stream: str


@dataclasses.dataclass
class StateRun:
    """One state of one execution; a state visited again, as a poll is, stays one of these.

    Args:
        name: the state's name in the definition.
        started: instant of the first visit.
        ended: instant at which the latest visit was left; None during it.
        status: as far as the events tell.
        visits: how often the state was entered.
        attempts: how often its task was tried, over all visits.
        error: error name of the latest failed attempt, also of one that a retry made good.
        cause: what the service said about it.
    """

    name: str
    started: dt.datetime
    ended: dt.datetime | None = None
    status: Status = Status.RUNNING
    visits: int = 1
    attempts: int = 0
    error: str | None = None
    cause: str | None = None

    @property
    def retries(self) -> int:
        """Attempts beyond the first of each visit."""
        return max(0, self.attempts - self.visits)

    def seconds(self, now: dt.datetime) -> float:
        """From the first visit to the end of the latest one, or to `now` while that lasts."""
        return max(0.0, ((self.ended or now) - self.started).total_seconds())


@dataclasses.dataclass
class Timeline:
    """An execution as its history tells it: the states in the order of their first visit, and how it ended."""

    states: list[StateRun]
    status: Status = Status.RUNNING
    started: dt.datetime | None = None
    ended: dt.datetime | None = None
    error: str | None = None
    cause: str | None = None

    @property
    def failed(self) -> StateRun | None:
        """The state that the execution failed in, once it has failed.

        The machine names it in its error; a state that nothing caught is the last one that failed.
        """
        if self.status in (Status.RUNNING, Status.SUCCEEDED):
            return None
        named = [run for run in self.states if run.name == self.error]
        broken = [run for run in self.states if run.status is not Status.SUCCEEDED]
        blamed = named or broken
        return blamed[-1] if blamed else None


def timeline(events: Iterable[Event]) -> Timeline:
    """Read the events of one execution, oldest first; all of them, or as many as there are so far."""
    told = Timeline(states=[])
    runs: dict[str, StateRun] = {}
    working: StateRun | None = None
    for event in events:
        kind, details = event["type"], _details(event)
        if kind == "ExecutionStarted":
            told.started = event["timestamp"]
        elif kind in WORKING:
            working = runs.get(details["name"])
            if working is None:
                working = runs[details["name"]] = StateRun(details["name"], event["timestamp"])
                told.states.append(working)
            else:
                working.visits += 1
                working.ended, working.status = None, Status.RUNNING
        elif kind.endswith("StateExited") and details["name"] in runs:
            _leave(runs[details["name"]], event["timestamp"])
            working = None
        elif kind in ENDINGS:
            _end(told, ENDINGS[kind], event["timestamp"], details)
        elif working is not None:
            _attempt(working, kind, details)
    return told


def log_stream(cause: str | None) -> LogStream | None:
    """Where the logs are of the Glue job run or the CodeBuild build that `cause` describes; None for anything else.

    Step Functions gives the description of the run or build, as JSON, as the cause of a failed `.sync` task.
    """
    try:
        described = json.loads(cause or "")
    except ValueError:
        return None
    if not isinstance(described, dict):
        return None
    if "JobName" in described and "Id" in described:
        # drivers and executors write below the group that the run names: errors in one, standard output in the other
        group = str(described.get("LogGroupName") or "/aws-glue/jobs").rstrip("/")
        return LogStream(f"{group}/error", str(described["Id"]))
    logs = (described.get("Build") or described).get("Logs") or {}
    if "GroupName" in logs and "StreamName" in logs:
        return LogStream(logs["GroupName"], logs["StreamName"])
    return None


def _details(event: Event) -> Mapping[str, Any]:
    return next((value for name, value in event.items() if name.endswith("EventDetails")), {})


def _attempt(run: StateRun, kind: str, details: Mapping[str, Any]) -> None:
    if kind in SCHEDULED:
        run.attempts += 1
        run.status = Status.RUNNING
    elif kind in SUCCEEDED_ATTEMPT:
        run.status = Status.SUCCEEDED
    elif kind in FAILED_ATTEMPT:
        run.status = Status.TIMED_OUT if kind.endswith("TimedOut") else Status.FAILED
        run.error, run.cause = details.get("error"), details.get("cause")


def _leave(run: StateRun, when: dt.datetime) -> None:
    run.ended = when
    if run.status is Status.RUNNING:
        run.status = Status.SUCCEEDED


def _end(told: Timeline, status: Status, when: dt.datetime, details: Mapping[str, Any]) -> None:
    told.status, told.ended = status, when
    told.error, told.cause = details.get("error") or None, details.get("cause") or None
    for run in told.states:
        if run.ended is None:
            run.ended = when
            if run.status is Status.RUNNING:
                run.status = status
    # a state may have worked and still be what failed: the crawler starts well, then the crawl fails
    blamed = told.failed
    if blamed is not None and blamed.status is Status.SUCCEEDED:
        blamed.status, blamed.cause = status, told.cause
