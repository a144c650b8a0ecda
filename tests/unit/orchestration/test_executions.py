"""Histories as Step Functions gives them, and the timelines they become."""

import datetime as dt
import json
from typing import Any

from orchestration.cli.executions import LogStream, Status, log_stream, timeline

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

    told = timeline(history.events)

    assert [(run.name, run.status, run.seconds(at(99))) for run in told.states] == [
        ("BuildSilver", Status.SUCCEEDED, 20.5),
        ("BuildGold", Status.SUCCEEDED, 8.0),
    ]
    assert (told.status, told.started, told.ended, told.failed) == (Status.SUCCEEDED, at(0), at(31), None)


def test_a_state_that_still_works_grows_with_the_clock() -> None:
    told = timeline(History().enter(1, "BuildSilver").schedule(1).events)

    (run,) = told.states
    assert (run.status, run.ended, run.seconds(at(5)), run.seconds(at(9))) == (Status.RUNNING, None, 4.0, 8.0)
    assert (told.status, told.failed) == (Status.RUNNING, None)


def test_a_retry_that_worked_is_counted_and_keeps_what_went_wrong_before() -> None:
    history = History().enter(1, "BuildSilver").schedule(1)
    history.fail(2, "Glue.ConcurrentRunsExceededException", "busy").schedule(17)

    (again,) = timeline(history.events).states
    assert (again.status, again.retries, again.error) == (Status.RUNNING, 1, "Glue.ConcurrentRunsExceededException")

    (done,) = timeline(history.succeed(30).leave(30, "BuildSilver").events).states
    assert (done.status, done.retries, done.attempts) == (Status.SUCCEEDED, 1, 2)


def test_a_caught_failure_is_the_failure_of_its_state() -> None:
    history = History().enter(1, "BuildSilver").schedule(1)
    history.fail(5, "States.TaskFailed", json.dumps(RUN)).leave(5, "BuildSilver")
    history.enter(5, "ReadCause", "Pass").leave(5, "ReadCause", "Pass")
    history.enter(5, "RecordFailure").schedule(5).succeed(6).leave(6, "RecordFailure")
    history.enter(6, "Failed", "Fail").end(6, "BuildSilver", "boom (job run jr_1)")

    told = timeline(history.events)

    assert [(run.name, run.status) for run in told.states] == [
        ("BuildSilver", Status.FAILED),
        ("RecordFailure", Status.SUCCEEDED),
    ]
    assert told.failed is told.states[0]
    assert log_stream(told.failed.cause) == LogStream("/aws-glue/jobs/error", "jr_1")
    assert (told.error, told.cause) == ("BuildSilver", "boom (job run jr_1)")


def test_a_state_that_worked_can_still_be_the_one_that_failed() -> None:
    history = History().enter(1, "CrawlBronze").schedule(1).succeed(1).leave(1, "CrawlBronze")
    history.enter(2, "PollCrawl").schedule(2).succeed(2).leave(2, "PollCrawl")
    history.end(3, "CrawlBronze", "CrawlFailed: access denied")

    told = timeline(history.events)

    assert [(run.name, run.status) for run in told.states] == [
        ("CrawlBronze", Status.FAILED),
        ("PollCrawl", Status.SUCCEEDED),
    ]
    assert told.failed is not None
    assert told.failed.name == "CrawlBronze"


def test_polls_are_one_state_visited_often() -> None:
    history = History()
    for second in (1, 3, 6):
        history.enter(second - 0.5, "WaitForCrawl", "Wait").leave(second, "WaitForCrawl", "Wait")
        history.enter(second, "PollCrawl").schedule(second).succeed(second).leave(second, "PollCrawl")

    (run,) = timeline(history.events).states

    assert (run.name, run.visits, run.retries, run.seconds(at(99))) == ("PollCrawl", 3, 0, 5.0)


def test_a_timeout_is_told_from_a_failure() -> None:
    history = History().enter(1, "BuildGold").schedule(1)
    history.add(61, "TaskTimedOut", taskTimedOutEventDetails={"error": "States.Timeout"}).leave(61, "BuildGold")
    history.end(62, "BuildGold", "States.Timeout: no cause was given")

    (run,) = timeline(history.events).states
    assert (run.status, run.error, run.cause) == (Status.TIMED_OUT, "States.Timeout", None)


def test_stopping_an_execution_ends_the_state_it_was_in() -> None:
    history = History().enter(1, "BuildSilver").schedule(1)
    history.add(8, "ExecutionAborted", executionAbortedEventDetails={"error": "StoppedByOperator", "cause": "lunch"})

    told = timeline(history.events)

    assert (told.status, told.cause) == (Status.ABORTED, "lunch")
    assert [(run.status, run.ended) for run in told.states] == [(Status.ABORTED, at(8))]
    assert told.failed is told.states[0]


def test_no_state_yet_is_a_running_execution() -> None:
    told = timeline(History().events)
    assert (told.states, told.status, told.failed) == ([], Status.RUNNING, None)


def test_a_build_tells_where_its_log_is() -> None:
    logs = {"GroupName": "/aws/codebuild/todo-dbt", "StreamName": "b1"}
    expected = LogStream("/aws/codebuild/todo-dbt", "b1")
    assert log_stream(json.dumps({"Build": {"Logs": logs}})) == expected
    assert log_stream(json.dumps({"Logs": logs})) == expected


def test_what_describes_no_job_has_no_log() -> None:
    for cause in (None, "", "Crawler not found", "[1]", "{}", '{"Id": "cut o', '{"Build": {"Logs": {}}}'):
        assert log_stream(cause) is None
