"""What an ended execution's history says about its states."""

from datetime import UTC, datetime, timedelta
from typing import Any

from orchestration.on_execution_end.summary import ExecutionSummary, summarize

BEGIN = datetime(2026, 11, 24, 10, tzinfo=UTC)
Entry = tuple[float, str] | tuple[float, str, str]


def summary(*entries: Entry) -> ExecutionSummary:
    """Read a history of (seconds since its begin, type, state)."""

    def event(entry: Entry) -> dict[str, Any]:
        kind = entry[1]
        details = {f"state{kind[9:]}EventDetails": {"name": entry[2]}} if len(entry) == 3 else {}
        return {"type": kind, "timestamp": BEGIN + timedelta(seconds=entry[0]), **details}

    return summarize(map(event, entries), "NotifyOperators")


def test_a_state_that_polls_counts_from_its_first_entry_to_its_last_exit() -> None:
    found = summary(
        (0, "ExecutionStarted"),
        (1, "TaskStateEntered", "PollCrawl"),
        (2, "TaskStateExited", "PollCrawl"),
        (60, "TaskStateEntered", "PollCrawl"),
        (61, "TaskStateExited", "PollCrawl"),
        (61, "TaskStateEntered", "BuildSilver"),
        (100, "TaskStateExited", "BuildSilver"),
        (100, "ExecutionSucceeded"),
    )
    assert found.seconds == {"PollCrawl": 60, "BuildSilver": 39}
    assert not found.reported


def test_an_execution_that_was_stopped_ends_in_the_state_under_way() -> None:
    found = summary((0, "ExecutionStarted"), (1, "TaskStateEntered", "BuildSilver"), (31, "ExecutionAborted"))
    assert (found.last, found.seconds, found.reported) == ("BuildSilver", {"BuildSilver": 30}, False)


def test_the_reason_is_what_the_operator_gave() -> None:
    details = {"error": "StoppedByOperator", "cause": "enough for today"}
    stopped = {"type": "ExecutionAborted", "timestamp": BEGIN, "executionAbortedEventDetails": details}
    found = summarize([stopped], "NotifyOperators")
    assert (found.error, found.cause) == ("StoppedByOperator", "enough for today")


def test_one_that_waits_was_last_in_the_task_before() -> None:
    found = summary(
        (0, "ExecutionStarted"),
        (1, "TaskStateEntered", "ResolveWindow"),
        (2, "TaskStateExited", "ResolveWindow"),
        (9, "ExecutionTimedOut"),
    )
    assert (found.last, found.seconds) == ("ResolveWindow", {"ResolveWindow": 1})


def test_a_failure_that_the_machine_reported_needs_no_second_message() -> None:
    found = summary(
        (1, "TaskStateEntered", "NotifyOperators"),
        (2, "TaskSucceeded"),
        (2, "TaskStateExited", "NotifyOperators"),
        (2, "TaskStateEntered", "Failed"),
        (3, "ExecutionFailed"),
    )
    assert found.reported


def test_a_message_that_could_not_be_sent_does_not_count_as_sent() -> None:
    found = summary(
        (0, "TaskStateEntered", "RecordFailure"),
        (1, "TaskSucceeded"),
        (1, "TaskStateExited", "RecordFailure"),
        (1, "TaskStateEntered", "NotifyOperators"),
        (2, "TaskFailed"),
        (2, "TaskStateExited", "NotifyOperators"),  # by its Catch
        (2, "TaskStateEntered", "Failed"),
        (3, "ExecutionFailed"),
    )
    assert not found.reported


def test_a_redrive_that_came_before_this_was_read_is_left_out() -> None:
    events = [
        {"type": "TaskSucceeded", "timestamp": BEGIN},
        {"type": "TaskStateExited", "timestamp": BEGIN, "stateExitedEventDetails": {"name": "NotifyOperators"}},
        {"type": "ExecutionFailed", "timestamp": BEGIN + timedelta(seconds=1)},
        {"type": "ExecutionRedriven", "timestamp": BEGIN + timedelta(seconds=2)},
    ]
    entered = {"type": "TaskStateEntered", "timestamp": BEGIN, "stateEnteredEventDetails": {"name": "NotifyOperators"}}
    assert summarize([entered, *events], "NotifyOperators", BEGIN + timedelta(seconds=1, milliseconds=1)).reported
    assert not summarize([entered, *events], "NotifyOperators", BEGIN + timedelta(seconds=90)).reported


def test_a_redrive_is_a_summary_of_its_own() -> None:
    found = summary(
        (1, "TaskStateEntered", "BuildSilver"),
        (9, "ExecutionAborted"),
        (1000, "ExecutionRedriven"),
        (1030, "TaskStateExited", "BuildSilver"),
        (1030, "TaskStateEntered", "BuildGold"),
        (1040, "TaskStateExited", "BuildGold"),
        (1040, "ExecutionSucceeded"),
    )
    assert found.seconds == {"BuildSilver": 30, "BuildGold": 10}
