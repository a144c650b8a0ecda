"""From the events of an execution to the states it went through: pure functions, no AWS client.

Events: https://docs.aws.amazon.com/step-functions/latest/apireference/API_HistoryEvent.html
A redriven execution appends to the history it has: https://docs.aws.amazon.com/step-functions/latest/dg/redrive-executions.html
"""

import dataclasses
import datetime as dt
import enum
from collections.abc import Iterable

from orchestration.executions.events import Event

# what an operator follows; Wait, Choice and Pass states only lead from one of these to the next
WORKING = ("TaskStateEntered", "ParallelStateEntered", "MapStateEntered")
CONTAINERS = ("ParallelStateEntered", "MapStateEntered")
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
    "ActivityScheduleFailed",
    "EvaluationFailed",
)
SUCCEEDED_ATTEMPT = ("TaskSucceeded", "LambdaFunctionSucceeded", "ActivitySucceeded")


class Status(enum.StrEnum):
    """How a state, or an execution, is doing."""

    RUNNING = "RUNNING"
    SUCCEEDED = "SUCCEEDED"
    FAILED = "FAILED"
    TIMED_OUT = "TIMED_OUT"
    ABORTED = "ABORTED"
    PENDING_REDRIVE = "PENDING_REDRIVE"


NOT_FAILED = (Status.RUNNING, Status.SUCCEEDED, Status.PENDING_REDRIVE)
EXECUTION_END_STATUS = {
    "ExecutionSucceeded": Status.SUCCEEDED,
    "ExecutionFailed": Status.FAILED,
    "ExecutionTimedOut": Status.TIMED_OUT,
    "ExecutionAborted": Status.ABORTED,
}
CONTAINER_RESULTS = {"Started": Status.RUNNING, "Succeeded": Status.SUCCEEDED, "Failed": Status.FAILED}


@dataclasses.dataclass
class StateRun:
    """One state of one execution; a state visited again, as a poll is, stays one of these.

    Args:
        name: the state's name in the definition.
        started: instant of the first visit.
        ended: instant at which the latest visit was left; None during it.
        status: as far as the events say.
        visits: how often the execution came by; the same visit, tried again after a redrive, counts once.
        attempts: how often its task was tried, over all visits and redrives.
        error: error name of the latest failed attempt, also of one that a retry made good.
        cause: what the service said about it.
        submitted: how the service answered when the latest attempt's work was handed to it, as JSON.
        input: JSON of the latest visit; None when the events came without data.
        output: the same, of a visit that was left.
        parent: the Parallel or Map state around it.
        holds_states: whether it is such a state itself.
        iterations: of a Map state, how many were started.
        broken: of a Map state, how many of them failed.
        idle: seconds between an end of the execution and the redrive that took the state up again.
        redrives: of the execution, when the state was last taken up.
    """

    name: str
    started: dt.datetime
    ended: dt.datetime | None = None
    status: Status = Status.RUNNING
    visits: int = 1
    attempts: int = 0
    error: str | None = None
    cause: str | None = None
    submitted: str | None = None
    input: str | None = None
    output: str | None = None
    parent: "StateRun | None" = None
    holds_states: bool = False
    iterations: int = 0
    broken: int = 0
    idle: float = 0.0
    redrives: int = 0

    @property
    def retries(self) -> int:
        """Attempts beyond the first of each visit."""
        return max(0, self.attempts - self.visits)

    @property
    def depth(self) -> int:
        """How many Parallel and Map states are around it."""
        return 0 if self.parent is None else 1 + self.parent.depth

    def seconds(self, now: dt.datetime) -> float:
        """From the first visit to the end of the latest one, or to `now` while that lasts, without idle time."""
        return max(0.0, ((self.ended or now) - self.started).total_seconds() - self.idle)


@dataclasses.dataclass
class Timeline:
    """An execution as its history has it: the states in the order of their first visit, and how it ended.

    Args:
        states: of all levels, a Parallel or Map state before those inside it.
        redrives: how often the execution was taken up again after it had ended.
        idle: seconds during which it had ended and was not yet taken up again.
    """

    states: list[StateRun]
    status: Status = Status.RUNNING
    started: dt.datetime | None = None
    ended: dt.datetime | None = None
    error: str | None = None
    cause: str | None = None
    input: str | None = None
    output: str | None = None
    redrives: int = 0
    idle: float = 0.0

    @property
    def failed(self) -> StateRun | None:
        """The state that the execution failed in, once it has failed.

        The machine names it in its error; a state that nothing caught is the last one that failed.
        """
        if self.status in NOT_FAILED:
            return None
        named = [run for run in self.states if run.name == self.error]
        broken = [run for run in self.states if run.status is not Status.SUCCEEDED]
        blamed = named or broken
        return blamed[-1] if blamed else None

    def seconds(self, now: dt.datetime) -> float:
        """How long it ran, or has run by `now`, without the time before a redrive."""
        if self.started is None:
            return 0.0
        return max(0.0, ((self.ended or now) - self.started).total_seconds() - self.idle)


def parse_history(events: Iterable[Event]) -> Timeline:
    """Read the events of one execution, oldest first; all of them, or as many as there are so far."""
    reading = _Reading()
    for event in events:
        reading.take(event)
    return reading.timeline


class _Reading:
    """Follows each event back to its state: in a Parallel or Map state the events of several are interleaved."""

    def __init__(self) -> None:
        self.timeline = Timeline(states=[])
        self._runs: dict[str, StateRun] = {}
        self._at: dict[int, StateRun | None] = {}
        self._latest = 0
        self._stopped_in: StateRun | None = None

    def take(self, event: Event) -> None:
        kind, details, when = event["type"], _details(event), event["timestamp"]
        before = self._at.get(event.get("previousEventId", self._latest))
        here = before
        if kind == "ExecutionStarted":
            self.timeline.started, self.timeline.input = when, details.get("input")
        elif kind == "ExecutionRedriven":
            here = self._redrive(when)
        elif kind in EXECUTION_END_STATUS:
            self._end(EXECUTION_END_STATUS[kind], when, details)
        elif kind in WORKING:
            here = self._enter(kind, details, when, _around(before))
        elif kind.endswith("StateEntered"):
            here = _around(before)
        elif kind.endswith("StateExited"):
            here = self._runs.get(details["name"], before)
            if here is not None and here.name == details["name"]:
                _leave(here, when, details)
        elif kind.startswith(("MapState", "ParallelState", "MapIteration")):
            here = _around(before)
            if here is not None:
                _contain(here, kind, details)
        elif kind.endswith("StateAborted"):
            if before is not None and before.ended is None:
                before.ended, before.status = when, Status.ABORTED
        elif before is not None and not before.holds_states:
            self._attempt(before, kind, details, when)
        self._at[event["id"]] = here
        self._latest = event["id"]

    def _enter(self, kind: str, details: Event, when: dt.datetime, around: StateRun | None) -> StateRun:
        name = details["name"]
        run = self._runs.get(name)
        if run is None:
            run = self._runs[name] = StateRun(name, when, parent=around, holds_states=kind in CONTAINERS)
            run.redrives = self.timeline.redrives
            self.timeline.states.append(run)
        elif not self._take_up(run, when):
            run.visits += 1
            run.ended, run.status = None, Status.RUNNING
        run.input, run.output = details.get("input"), None
        return run

    def _take_up(self, run: StateRun, when: dt.datetime) -> bool:
        """Whether a redrive is what brings the execution back to `run`; then it is one more attempt, not a visit."""
        if run.redrives == self.timeline.redrives or run.status in NOT_FAILED:
            return False
        if run.ended is not None:
            run.idle += (when - run.ended).total_seconds()
        run.ended, run.status, run.redrives = None, Status.RUNNING, self.timeline.redrives
        return True

    def _attempt(self, run: StateRun, kind: str, details: Event, when: dt.datetime) -> None:
        if kind in SCHEDULED:
            self._take_up(run, when)
            run.attempts += 1
            run.status, run.submitted = Status.RUNNING, None
        elif kind == "TaskSubmitted":
            run.submitted = details.get("output")
        elif kind in SUCCEEDED_ATTEMPT:
            run.status = Status.SUCCEEDED
        elif kind in FAILED_ATTEMPT:
            run.status = Status.TIMED_OUT if kind.endswith("TimedOut") else Status.FAILED
            run.error, run.cause = details.get("error"), details.get("cause")

    def _redrive(self, when: dt.datetime) -> StateRun | None:
        timeline = self.timeline
        timeline.redrives += 1
        if timeline.ended is not None:
            timeline.idle += (when - timeline.ended).total_seconds()
        timeline.status, timeline.ended, timeline.error, timeline.cause = Status.RUNNING, None, None, None
        return self._stopped_in

    def _end(self, status: Status, when: dt.datetime, details: Event) -> None:
        timeline = self.timeline
        timeline.status, timeline.ended, timeline.output = status, when, details.get("output")
        timeline.error, timeline.cause = details.get("error") or None, details.get("cause") or None
        self._stopped_in = None
        for run in timeline.states:
            if run.ended is None:
                self._stopped_in = run
                run.ended = when
                if run.status is Status.RUNNING:
                    run.status = status
        # a state may have worked and still be what failed: the crawler starts well, then the crawl fails
        blamed = timeline.failed
        if blamed is not None and blamed.status is Status.SUCCEEDED:
            blamed.status, blamed.cause = status, timeline.cause


def _details(event: Event) -> Event:
    return next((value for name, value in event.items() if name.endswith("EventDetails")), {})


def _around(run: StateRun | None) -> StateRun | None:
    """The innermost Parallel or Map state that is open where `run` is."""
    while run is not None and not (run.holds_states and run.ended is None):
        run = run.parent
    return run


def _contain(run: StateRun, kind: str, details: Event) -> None:
    if kind == "MapIterationStarted":
        run.iterations += 1
    elif kind == "MapIterationFailed":
        run.broken += 1
    elif kind.startswith(("MapState", "ParallelState")):
        result = kind.removeprefix("MapState").removeprefix("ParallelState")
        run.attempts += result == "Started"
        run.status = CONTAINER_RESULTS.get(result, run.status)
        if result == "Failed":
            run.error, run.cause = details.get("error"), details.get("cause")


def _leave(run: StateRun, when: dt.datetime, details: Event) -> None:
    run.ended, run.output = when, details.get("output")
    if run.status is Status.RUNNING:
        run.status = Status.SUCCEEDED
