"""What a backfill has to do, read from the executions there are, and what it says at its end."""

import datetime as dt
from typing import Any

from infra.cli.pipeline.backfill import IntervalRun, backfill_executions, next_steps, plan, summary
from infra.cli.pipeline.windows import Interval, Step, split_window
from orchestration.executions.history import Status
from tests.unit.infra.cli.test_windows import at

THREE_DAYS = list(split_window(at(1), at(4), Step.DAY))
WINDOW = "--from 2026-11-01 --to 2026-11-04 --by day"


def execution(interval: Interval, status: str, attempt: int = 1) -> dict[str, Any]:
    began = at(10)
    ended = {} if status == "RUNNING" else {"stopDate": began + dt.timedelta(seconds=90)}
    return {"name": interval.attempt(attempt), "status": status, "startDate": began, **ended}


def planned(executions: list[dict[str, Any]], resume: bool = True) -> list[tuple[int, Status | None, bool]]:
    shares = plan(THREE_DAYS, backfill_executions([*executions, {"name": "by-hand"}]), resume)
    return [(share.attempt, share.status, share.done_before) for share in shares]


def test_a_first_backfill_has_everything_to_do() -> None:
    assert planned([]) == [(0, None, False)] * 3


def test_a_resumed_backfill_leaves_out_what_succeeded_and_follows_what_runs() -> None:
    first, second, _ = THREE_DAYS
    assert planned([execution(first, "SUCCEEDED"), execution(second, "RUNNING")]) == [
        (1, Status.SUCCEEDED, True),
        (1, Status.RUNNING, False),
        (0, None, False),
    ]


def test_what_failed_is_to_be_done_again_under_the_next_name() -> None:
    first, second, third = THREE_DAYS
    executions = [
        execution(first, "FAILED"),
        execution(first, "SUCCEEDED", 2),
        execution(second, "SUCCEEDED"),
        execution(second, "ABORTED", 2),
        execution(third, "TIMED_OUT", 10),
    ]
    assert planned(executions) == [(2, Status.SUCCEEDED, True), (2, None, False), (10, None, False)]


def test_without_resume_everything_is_done_again() -> None:
    first = THREE_DAYS[0]
    assert planned([execution(first, "SUCCEEDED")], resume=False)[0] == (1, None, False)


def test_the_end_says_what_is_done_and_how_to_go_on() -> None:
    first, second, third = THREE_DAYS
    shares = [
        IntervalRun(first, 1, Status.SUCCEEDED),
        IntervalRun(second, 2, Status.FAILED, error="BuildSilver"),
        IntervalRun(third),
    ]
    assert list(next_steps(shares, False, WINDOW)) == [
        "1 of 3 intervals done",
        "why it failed: insights pipeline describe backfill-20261102T0000-20261103T0000-2",
        "its log:       insights pipeline logs backfill-20261102T0000-20261103T0000-2",
        f"to go on:      insights pipeline backfill {WINDOW} --resume",
    ]
    assert list(next_steps([IntervalRun(first, 1, Status.SUCCEEDED)], False, WINDOW)) == ["1 of 1 intervals done"]
    assert "2 of 3 intervals would run" in next(next_steps(shares, True, WINDOW))


def test_an_interval_without_data_is_neither_done_nor_left() -> None:
    first, second, _ = THREE_DAYS
    runs = [IntervalRun(first, 1, Status.SUCCEEDED), IntervalRun(second, has_data=False)]
    assert list(next_steps(runs, False, WINDOW)) == ["1 of 2 intervals done, 1 have no data in bronze"]


def test_the_summary_has_an_entry_per_interval() -> None:
    shares = plan(THREE_DAYS, backfill_executions([execution(THREE_DAYS[0], "SUCCEEDED")]), resume=True)
    document = summary(at(1), at(4), Step.DAY, shares)
    assert (document["succeeded"], document["by"], len(document["intervals"])) == (1, "day", 3)
    assert document["intervals"][0] == {
        "from": "2026-11-01T00:00:00Z",
        "to": "2026-11-02T00:00:00Z",
        "execution": "backfill-20261101T0000-20261102T0000",
        "status": "SUCCEEDED",
        "seconds": 90.0,
        "error": None,
        "cause": None,
        "done_before": True,
        "has_data": True,
    }
