"""What operators read while an execution runs, and when it has ended."""

import io
import itertools
import json

import pytest
from rich.console import Console

from infra.cli.format import format_duration
from infra.cli.pipeline import render
from orchestration.executions.history import Timeline, parse_history
from tests.unit.orchestration.test_history import RUN, History, redriven


def printed(timeline: Timeline) -> str:
    console = Console(file=io.StringIO(), width=60, highlight=False)
    render.print_ending(console, timeline, "run-1")
    output = console.file
    assert isinstance(output, io.StringIO)
    return output.getvalue()


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [
        (0.04, "0.0 s"),
        (9.94, "9.9 s"),
        (42.4, "42 s"),
        (59.6, "1 min 00 s"),
        (200.2, "3 min 20 s"),
        (3599.7, "1 h 00 min"),
        (3725, "1 h 02 min"),
        (172_799, "47 h 59 min"),
        (183_600, "2 d 03 h"),
    ],
)
def test_durations_read_as_people_say_them(seconds: float, expected: str) -> None:
    assert format_duration(seconds) == expected


def test_each_state_is_a_line_when_it_starts_and_one_when_it_ends() -> None:
    history = History()
    looks = [parse_history(history.events)]
    history.enter(1, "CrawlBronze").schedule(1)
    looks.append(parse_history(history.events))
    history.succeed(2).leave(2, "CrawlBronze").enter(2, "BuildSilver").schedule(2)
    looks.append(parse_history(history.events))
    history.fail(9, "States.TaskFailed", "boom").leave(9, "BuildSilver").end(9, "BuildSilver", "boom")
    looks.append(parse_history(history.events))

    lines = [list(render.changed_lines(before, after)) for before, after in itertools.pairwise(looks)]

    assert lines == [
        ["CrawlBronze started"],
        ["CrawlBronze succeeded after 1.0 s", "BuildSilver started"],
        ["BuildSilver failed after 7.0 s"],
    ]


def test_a_polling_state_is_announced_once_however_often_it_polls() -> None:
    history, looks = History(), [Timeline(states=[])]
    for second in (1, 3, 5):
        history.enter(second, "PollCrawl").schedule(second)
        looks.append(parse_history(history.events))
        history.succeed(second).leave(second, "PollCrawl")
        looks.append(parse_history(history.events))
    looks.append(parse_history(history.enter(6, "BuildSilver").schedule(6).events))

    lines = [line for before, after in itertools.pairwise(looks) for line in render.changed_lines(before, after)]

    assert lines == ["PollCrawl started", "PollCrawl succeeded after 4.0 s (3 times)", "BuildSilver started"]


def test_a_state_missed_between_two_looks_still_gets_both_lines() -> None:
    history = History().enter(1, "CrawlBronze").schedule(1).succeed(2).leave(2, "CrawlBronze")
    timeline = parse_history(history.enter(2, "BuildSilver").events)
    assert list(render.changed_lines(Timeline(states=[]), timeline)) == [
        "CrawlBronze started",
        "CrawlBronze succeeded after 1.0 s",
        "BuildSilver started",
    ]


def test_retries_are_remarked_upon() -> None:
    history = History().enter(1, "BuildSilver").schedule(1).fail(2, "Glue.ThrottlingException").schedule(3)
    history.succeed(4).leave(4, "BuildSilver").enter(5, "BuildGold")
    assert list(render.changed_lines(Timeline(states=[]), parse_history(history.events)))[1] == (
        "BuildSilver succeeded after 3.0 s (tried again once, last Glue.ThrottlingException)"
    )


def test_a_failure_ends_with_state_reason_and_what_to_do_next() -> None:
    history = History().enter(1, "BuildSilver").schedule(1)
    history.fail(5, "States.TaskFailed", json.dumps(RUN)).leave(5, "BuildSilver")
    history.end(5, "BuildSilver", "boom (job run jr_1), a reason longer than the terminal is wide, in one line")

    assert printed(parse_history(history.events)).splitlines() == [
        "execution run-1 failed after 5.0 s",
        "  state    BuildSilver",
        "  error    boom (job run jr_1), a reason longer than the terminal is wide, in one line",
        "  logs     insights pipeline logs run-1",
        "  go on    insights pipeline redrive run-1",
    ]


def test_a_success_ends_with_one_line() -> None:
    history = History().enter(1, "BuildGold").schedule(1).succeed(2).leave(2, "BuildGold")
    history.add(3, "ExecutionSucceeded", executionSucceededEventDetails={})
    assert printed(parse_history(history.events)) == "execution run-1 succeeded after 3.0 s\n"


def test_json_has_every_state_with_its_figures() -> None:
    history = History().enter(1, "BuildGold").schedule(1).succeed(2.5).leave(2.5, "BuildGold")
    history.add(3, "ExecutionSucceeded", executionSucceededEventDetails={})
    document = json.loads(json.dumps(render.to_json(parse_history(history.events), "arn:x")))
    assert document == {
        "execution": "arn:x",
        "status": "SUCCEEDED",
        "started": "2026-11-23T22:00:00Z",
        "ended": "2026-11-23T22:00:03Z",
        "seconds": 3.0,
        "redrives": 0,
        "input": None,
        "output": None,
        "error": None,
        "cause": None,
        "states": [
            {
                "name": "BuildGold",
                "status": "SUCCEEDED",
                "started": "2026-11-23T22:00:01Z",
                "ended": "2026-11-23T22:00:02.500000Z",
                "seconds": 1.5,
                "visits": 1,
                "retries": 0,
                "error": None,
                "cause": None,
                "input": None,
                "output": None,
            }
        ],
    }


def test_the_live_table_shows_a_waiting_machine_as_still_at_its_last_state() -> None:
    history = History().enter(1, "CrawlBronze").schedule(1).succeed(2).leave(2, "CrawlBronze")
    console = Console(file=io.StringIO(), width=80, force_terminal=True, color_system=None)
    console.print(render.live_table(parse_history(history.events), "run-1"))
    output = console.file
    assert isinstance(output, io.StringIO)
    row = next(line for line in output.getvalue().splitlines() if "CrawlBronze" in line)
    assert "running" in row
    assert "succeeded" not in row


def test_a_state_that_worked_and_is_blamed_later_is_said_to_have_failed() -> None:
    history = History().enter(1, "CrawlBronze").schedule(1).succeed(2).leave(2, "CrawlBronze").enter(3, "PollCrawl")
    before = parse_history(history.events)
    history.schedule(3).succeed(4).leave(4, "PollCrawl").end(5, "CrawlBronze", "no such bucket")

    assert list(render.changed_lines(before, parse_history(history.events))) == [
        "CrawlBronze failed after 1.0 s",
        "PollCrawl succeeded after 1.0 s",
    ]


def test_an_execution_that_runs_has_not_ended() -> None:
    timeline = parse_history(History().enter(1, "BuildSilver").schedule(1).events)
    assert "run-1 has been running for " in printed(timeline)
    assert "after" not in printed(timeline)


def shown(timeline: Timeline, width: int, data: bool = False) -> list[str]:
    console = Console(file=io.StringIO(), width=width, force_terminal=True, color_system=None)
    console.print(render.live_table(timeline, "backfill-20261101T0000-20261102T0000-2", data))
    output = console.file
    assert isinstance(output, io.StringIO)
    return output.getvalue().splitlines()


def test_the_live_table_has_one_line_per_state_in_80_columns() -> None:
    history = redriven().enter(3607, "BuildSilver").schedule(3607)
    history.fail(3608, "Glue.ConcurrentRunsExceededException").schedule(3620)

    lines = shown(parse_history(history.events), 80)

    assert [line.split()[0] for line in lines[1:]] == ["state", "BuildSilver", "RecordFailure"]
    assert lines[0].endswith(", redriven once")
    assert "tried again 2 times, last Glue." in lines[2]
    assert max(map(len, lines)) <= 80


def test_data_is_cut_at_the_edge_of_the_terminal_and_complete_in_describe() -> None:
    history = History()
    entered = json.dumps({"window": {"from": "2026-11-01T00:00:00Z", "to": "2026-11-02T00:00:00Z"}, "skip": "x" * 80})
    history.add(1, "TaskStateEntered", stateEnteredEventDetails={"name": "BuildSilver", "input": entered})
    timeline = parse_history(history.events)

    lines = shown(timeline, 80, data=True)
    assert lines[-2].startswith('  in  {"window"')
    assert lines[-2].rstrip().endswith("…")
    assert len(lines[-2]) <= 80

    console = Console(file=io.StringIO(), width=80)
    for part in render.state_detail(timeline.states[0], timeline):
        console.print(part)
    output = console.file
    assert isinstance(output, io.StringIO)
    assert "x" * 78 in output.getvalue()


def test_a_redriven_history_is_printed_as_one() -> None:
    history = redriven()
    before = parse_history(history.events)
    assert list(render.changed_lines(Timeline(states=[]), before)) == [
        "BuildSilver started",
        "BuildSilver failed after 4.0 s",
        "RecordFailure started",
    ]
    assert list(
        render.changed_lines(before, parse_history(history.enter(3607, "BuildSilver").schedule(3607).events))
    ) == [
        "BuildSilver started again",
        "RecordFailure succeeded after 1.0 s",
    ]
