"""Histories as Step Functions gives them, and the timelines they become."""

import datetime as dt
import json
from typing import Any

from orchestration.executions.history import Status, parse_history

BEGIN = dt.datetime(2026, 11, 23, 22, 0, tzinfo=dt.UTC)
RUN = {"Id": "jr_1", "JobName": "todo-silver", "JobRunState": "FAILED", "ErrorMessage": "boom"}


def at(second: float) -> dt.datetime:
    return BEGIN + dt.timedelta(seconds=second)


class History:
    """Writes events the way the service does: numbered, each with the details of its kind."""

    def __init__(self) -> None:
        self.events: list[dict[str, Any]] = []
        self.add(0, "ExecutionStarted", executionStartedEventDetails={"roleArn": "arn"})

    def add(self, second: float, kind: str, **details: Any) -> "History":
        number = len(self.events) + 1
        self.events.append(
            {"id": number, "previousEventId": number - 1, "type": kind, "timestamp": at(second), **details}
        )
        return self

    def enter(self, second: float, name: str, kind: str = "Task") -> "History":
        return self.add(second, f"{kind}StateEntered", stateEnteredEventDetails={"name": name})

    def leave(self, second: float, name: str, kind: str = "Task") -> "History":
        return self.add(second, f"{kind}StateExited", stateExitedEventDetails={"name": name})

    def schedule(self, second: float) -> "History":
        self.add(second, "TaskScheduled", taskScheduledEventDetails={"resource": "startJobRun.sync"})
        self.add(second, "TaskStarted", taskStartedEventDetails={"resource": "startJobRun.sync"})
        return self.add(second, "TaskSubmitted", taskSubmittedEventDetails={"resource": "startJobRun.sync"})

    def succeed(self, second: float) -> "History":
        return self.add(second, "TaskSucceeded", taskSucceededEventDetails={"resource": "startJobRun.sync"})

    def fail(self, second: float, error: str, cause: str = "") -> "History":
        return self.add(second, "TaskFailed", taskFailedEventDetails={"error": error, "cause": cause})

    def end(self, second: float, error: str, cause: str) -> "History":
        return self.add(second, "ExecutionFailed", executionFailedEventDetails={"error": error, "cause": cause})


def test_states_follow_each_other_with_their_durations() -> None:
    history = History()
    history.enter(1, "BuildSilver").schedule(1).succeed(21).leave(21.5, "BuildSilver")
    history.enter(22, "BuildGold").schedule(22).succeed(30).leave(30, "BuildGold")
    history.add(31, "ExecutionSucceeded", executionSucceededEventDetails={})

    timeline = parse_history(history.events)

    assert [(run.name, run.status, run.seconds(at(99))) for run in timeline.states] == [
        ("BuildSilver", Status.SUCCEEDED, 20.5),
        ("BuildGold", Status.SUCCEEDED, 8.0),
    ]
    assert (timeline.status, timeline.started, timeline.ended, timeline.failed) == (
        Status.SUCCEEDED,
        at(0),
        at(31),
        None,
    )


def test_a_state_that_still_works_grows_with_the_clock() -> None:
    timeline = parse_history(History().enter(1, "BuildSilver").schedule(1).events)

    (run,) = timeline.states
    assert (run.status, run.ended, run.seconds(at(5)), run.seconds(at(9))) == (Status.RUNNING, None, 4.0, 8.0)
    assert (timeline.status, timeline.failed) == (Status.RUNNING, None)


def test_a_retry_that_worked_is_counted_and_keeps_what_went_wrong_before() -> None:
    history = History().enter(1, "BuildSilver").schedule(1)
    history.fail(2, "Glue.ConcurrentRunsExceededException", "busy").schedule(17)

    (again,) = parse_history(history.events).states
    assert (again.status, again.retries, again.error) == (Status.RUNNING, 1, "Glue.ConcurrentRunsExceededException")

    (done,) = parse_history(history.succeed(30).leave(30, "BuildSilver").events).states
    assert (done.status, done.retries, done.attempts) == (Status.SUCCEEDED, 1, 2)


def test_a_caught_failure_is_the_failure_of_its_state() -> None:
    history = History().enter(1, "BuildSilver").schedule(1)
    history.fail(5, "States.TaskFailed", json.dumps(RUN)).leave(5, "BuildSilver")
    history.enter(5, "HandleFailure", "Pass").leave(5, "HandleFailure", "Pass")
    history.enter(5, "RecordFailure").schedule(5).succeed(6).leave(6, "RecordFailure")
    history.enter(6, "Failed", "Fail").end(6, "BuildSilver", "boom (job run jr_1)")

    timeline = parse_history(history.events)

    assert [(run.name, run.status) for run in timeline.states] == [
        ("BuildSilver", Status.FAILED),
        ("RecordFailure", Status.SUCCEEDED),
    ]
    assert timeline.failed is timeline.states[0]
    assert timeline.failed.cause == json.dumps(RUN)
    assert (timeline.error, timeline.cause) == ("BuildSilver", "boom (job run jr_1)")


def test_a_state_that_worked_can_still_be_the_one_that_failed() -> None:
    history = History().enter(1, "CrawlBronze").schedule(1).succeed(1).leave(1, "CrawlBronze")
    history.enter(2, "PollCrawl").schedule(2).succeed(2).leave(2, "PollCrawl")
    history.end(3, "CrawlBronze", "CrawlFailed: access denied")

    timeline = parse_history(history.events)

    assert [(run.name, run.status) for run in timeline.states] == [
        ("CrawlBronze", Status.FAILED),
        ("PollCrawl", Status.SUCCEEDED),
    ]
    assert timeline.failed is not None
    assert timeline.failed.name == "CrawlBronze"


def test_polls_are_one_state_visited_often() -> None:
    history = History()
    for second in (1, 3, 6):
        history.enter(second - 0.5, "WaitForCrawl", "Wait").leave(second, "WaitForCrawl", "Wait")
        history.enter(second, "PollCrawl").schedule(second).succeed(second).leave(second, "PollCrawl")

    (run,) = parse_history(history.events).states

    assert (run.name, run.visits, run.retries, run.seconds(at(99))) == ("PollCrawl", 3, 0, 5.0)


def test_a_timeout_is_distinguished_from_a_failure() -> None:
    history = History().enter(1, "BuildGold").schedule(1)
    history.add(61, "TaskTimedOut", taskTimedOutEventDetails={"error": "States.Timeout"}).leave(61, "BuildGold")
    history.end(62, "BuildGold", "States.Timeout: no cause was given")

    (run,) = parse_history(history.events).states
    assert (run.status, run.error, run.cause) == (Status.TIMED_OUT, "States.Timeout", None)


def test_stopping_an_execution_ends_the_state_it_was_in() -> None:
    history = History().enter(1, "BuildSilver").schedule(1)
    history.add(8, "ExecutionAborted", executionAbortedEventDetails={"error": "StoppedByOperator", "cause": "lunch"})

    timeline = parse_history(history.events)

    assert (timeline.status, timeline.cause) == (Status.ABORTED, "lunch")
    assert [(run.status, run.ended) for run in timeline.states] == [(Status.ABORTED, at(8))]
    assert timeline.failed is timeline.states[0]


def test_no_state_yet_is_a_running_execution() -> None:
    timeline = parse_history(History().events)
    assert (timeline.states, timeline.status, timeline.failed) == ([], Status.RUNNING, None)


def test_an_execution_that_is_out_of_time_takes_its_state_along() -> None:
    history = History().enter(1, "BuildGold").schedule(1)
    history.add(60, "ExecutionTimedOut", executionTimedOutEventDetails={})

    timeline = parse_history(history.events)

    assert (timeline.status, timeline.failed) == (Status.TIMED_OUT, timeline.states[0])
    assert (timeline.states[0].status, timeline.states[0].ended) == (Status.TIMED_OUT, at(60))


def test_the_data_of_the_latest_visit_is_kept() -> None:
    history = History()
    history.add(1, "TaskStateEntered", stateEnteredEventDetails={"name": "BuildSilver", "input": '{"a": 1}'})
    history.add(1, "TaskScheduled", taskScheduledEventDetails={})
    history.add(1, "TaskSubmitted", taskSubmittedEventDetails={"output": '{"JobRunId": "jr_1"}'})
    history.add(9, "TaskStateExited", stateExitedEventDetails={"name": "BuildSilver", "output": '{"b": 2}'})
    history.add(9, "ExecutionSucceeded", executionSucceededEventDetails={"output": '{"b": 2}'})

    timeline = parse_history(history.events)

    (run,) = timeline.states
    assert (run.input, run.submitted, run.output, timeline.output) == (
        '{"a": 1}',
        '{"JobRunId": "jr_1"}',
        '{"b": 2}',
        '{"b": 2}',
    )


def redriven() -> History:
    """BuildSilver fails after 4 s, and an hour later the execution is redriven."""
    history = History().enter(1, "BuildSilver").schedule(1)
    history.fail(5, "States.TaskFailed", "boom").leave(5, "BuildSilver")
    history.enter(5, "RecordFailure").schedule(5).succeed(6).leave(6, "RecordFailure").end(6, "BuildSilver", "boom")
    return history.add(3606, "ExecutionRedriven", executionRedrivenEventDetails={"redriveCount": 1})


def test_a_redriven_execution_runs_again_and_has_no_error_any_more() -> None:
    timeline = parse_history(redriven().events)
    assert (timeline.status, timeline.ended, timeline.error, timeline.redrives, timeline.failed) == (
        Status.RUNNING,
        None,
        None,
        1,
        None,
    )
    assert timeline.seconds(at(3616)) == 16


def test_a_redrive_is_one_more_attempt_of_the_failed_state_without_the_time_between() -> None:
    history = redriven().enter(3607, "BuildSilver").schedule(3607)

    run = parse_history(history.events).states[0]
    assert (run.name, run.status, run.visits, run.attempts, run.retries) == ("BuildSilver", Status.RUNNING, 1, 2, 1)
    assert run.seconds(at(3610)) == 7

    history.succeed(3627).leave(3627, "BuildSilver")
    history.add(3628, "ExecutionSucceeded", executionSucceededEventDetails={})
    timeline = parse_history(history.events)
    assert [(state.name, state.status) for state in timeline.states] == [
        ("BuildSilver", Status.SUCCEEDED),
        ("RecordFailure", Status.SUCCEEDED),
    ]
    assert (timeline.status, timeline.seconds(at(9999))) == (Status.SUCCEEDED, 28)


def test_a_state_that_a_redrive_goes_on_in_without_entering_it_counts_the_same() -> None:
    history = History().enter(1, "BuildGold").schedule(1)
    history.add(5, "ExecutionAborted", executionAbortedEventDetails={"cause": "lunch"})
    history.add(105, "ExecutionRedriven", executionRedrivenEventDetails={"redriveCount": 1}).schedule(105)

    (run,) = parse_history(history.events).states

    assert (run.status, run.visits, run.attempts, run.ended) == (Status.RUNNING, 1, 2, None)
    assert run.seconds(at(107)) == 6


def test_a_second_redrive_is_counted_too() -> None:
    history = redriven().enter(3607, "BuildSilver").schedule(3607)
    history.fail(3608, "States.TaskFailed", "again").leave(3608, "BuildSilver").end(3609, "BuildSilver", "again")
    history.add(3700, "ExecutionRedriven", executionRedrivenEventDetails={"redriveCount": 2})
    history.enter(3700, "BuildSilver").schedule(3700)

    timeline = parse_history(history.events)

    assert (timeline.redrives, timeline.states[0].attempts, timeline.states[0].visits) == (2, 3, 1)


class Branches(History):
    """Events that name the one before them in their own branch, as the service interleaves them."""

    def after(self, previous: int, second: float, kind: str, **details: Any) -> int:
        self.add(second, kind, **details)
        self.events[-1]["previousEventId"] = previous
        number: int = self.events[-1]["id"]
        return number

    def enter_after(self, previous: int, second: float, name: str, kind: str = "Task") -> int:
        return self.after(previous, second, f"{kind}StateEntered", stateEnteredEventDetails={"name": name})


def test_interleaved_branches_keep_their_own_failures() -> None:
    history = Branches()
    outer = history.enter_after(1, 1, "Both", "Parallel")
    began = history.after(outer, 1, "ParallelStateStarted")
    left, right = history.enter_after(began, 1, "Left"), history.enter_after(began, 1, "Right")
    left = history.after(left, 2, "TaskScheduled", taskScheduledEventDetails={})
    right = history.after(right, 2, "TaskScheduled", taskScheduledEventDetails={})
    left = history.after(left, 3, "TaskFailed", taskFailedEventDetails={"error": "Boom", "cause": "left"})
    history.after(right, 3, "TaskStateAborted")
    ended = history.after(left, 4, "ParallelStateFailed", parallelStateFailedEventDetails={"error": "Boom"})
    history.after(ended, 5, "ExecutionFailed", executionFailedEventDetails={"error": "Boom"})

    timeline = parse_history(history.events)

    assert [(run.name, run.depth, run.status, run.attempts) for run in timeline.states] == [
        ("Both", 0, Status.FAILED, 1),
        ("Left", 1, Status.FAILED, 1),
        ("Right", 1, Status.ABORTED, 1),
    ]
    assert timeline.states[1].cause == "left"


def test_a_map_counts_its_iterations_and_the_state_after_it_is_outside() -> None:
    history = Branches()
    outer = history.enter_after(1, 1, "EachDay", "Map")
    began = history.after(outer, 1, "MapStateStarted", mapStateStartedEventDetails={"length": 2})
    for index, outcome in enumerate(("Succeeded", "Failed")):
        step = history.after(began, 1, "MapIterationStarted", mapIterationStartedEventDetails={"index": index})
        step = history.enter_after(step, 2, "Count")
        step = history.after(step, 2, "TaskScheduled", taskScheduledEventDetails={})
        step = history.after(step, 3, "TaskSucceeded", taskSucceededEventDetails={})
        step = history.after(step, 3, "TaskStateExited", stateExitedEventDetails={"name": "Count"})
        step = history.after(step, 3, f"MapIteration{outcome}", **{f"mapIteration{outcome}EventDetails": {}})
    step = history.after(step, 4, "MapStateSucceeded")
    step = history.after(step, 4, "MapStateExited", stateExitedEventDetails={"name": "EachDay"})
    history.enter_after(step, 5, "Publish")

    timeline = parse_history(history.events)

    assert [(run.name, run.depth, run.status, run.visits) for run in timeline.states] == [
        ("EachDay", 0, Status.SUCCEEDED, 1),
        ("Count", 1, Status.SUCCEEDED, 2),
        ("Publish", 0, Status.RUNNING, 1),
    ]
    assert (timeline.states[0].iterations, timeline.states[0].broken) == (2, 1)
