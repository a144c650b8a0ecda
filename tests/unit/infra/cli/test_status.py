"""The platform at a glance: what is well takes a line, what is not names the way on."""

import datetime as dt
import io
from typing import Any

import pytest
from rich.console import Console

from infra.cli import status
from infra.resource_names import NIGHTLY_HOURS, NOT_DONE, STACKS

NOW = dt.datetime(2026, 11, 24, 12, 0, tzinfo=dt.UTC)


def execution(name: str, state: str, minutes_ago: float) -> dict[str, Any]:
    started = NOW - dt.timedelta(minutes=minutes_ago)
    return {"name": name, "status": state, "started": started.isoformat(), "seconds": 60.0}


def found(**other: Any) -> dict[str, Any]:
    return {
        "stacks": dict.fromkeys(STACKS, "UPDATE_COMPLETE"),
        "running_execution": None,
        "last_execution": execution("run-2", "SUCCEEDED", 30),
        "last_success": execution("run-2", "SUCCEEDED", 30),
        "alarms": [],
        "not_due": [],
        "freshness": {"bronze": "2026-11-24T11:59:18Z", "silver": "2026-11-24T09:00:00Z", "gold": None},
        "failures": {"todo-cdc-discarded": 0},
        "unheard": [],
        **other,
    }


def shown(report: dict[str, Any]) -> list[str]:
    console = Console(file=io.StringIO(), width=80)
    console.print(status.report_table(report, NOW))
    output = console.file
    assert isinstance(output, io.StringIO)
    return [" ".join(line.split()) for line in output.getvalue().splitlines()]


def test_a_healthy_platform_takes_a_line_for_each() -> None:
    assert shown(found()) == [
        "stacks all 6 deployed",
        "last execution run-2 succeeded, 30 min ago",
        "data written bronze 42 s ago, silver 3 h ago, gold –",
        "todo-cdc-discarded empty",
        "alarms none in ALARM",
    ]


def test_what_is_not_well_is_named_with_the_way_on() -> None:
    lines = shown(
        found(
            stacks=dict.fromkeys(STACKS[1:], "UPDATE_COMPLETE") | {STACKS[1]: "UPDATE_ROLLBACK_COMPLETE"},
            last_execution=execution("run-3", "FAILED", 4),
            failures={"todo-cdc-discarded": 3},
            unheard=["the schedule todo-pipeline-hourly is switched off"],
            alarms=[
                {"name": "todo-insights-pipeline-BuildSilver-failed", "since": "2026-11-20T00:00:00Z", "reason": ""}
            ],
        )
    )
    assert lines == [
        f"stacks {STACKS[1]} UPDATE_ROLLBACK_COMPLETE",
        f"{STACKS[0]} is missing",
        "last execution run-3 failed, 4 min ago",
        "`insights why run-3` says why",
        "last success run-2, 30 min ago",
        "data written bronze 42 s ago, silver 3 h ago, gold –",
        "todo-cdc-discarded 3 messages",
        "nobody would know the schedule todo-pipeline-hourly is switched off",
        "alarms todo-insights-pipeline-BuildSilver-failed, for 4 days",
    ]


def test_an_alarm_on_a_nightly_job_is_none_before_its_first_night(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(status, "now", lambda: NOW)
    names = [f"{job}{NOT_DONE}" for job in ("todo-reconcile", "todo-silver-maintenance")]
    alarms = [{"name": name} for name in (*names, "todo-api-5xx")]
    assert status.find_not_due(alarms, NOW - dt.timedelta(hours=NIGHTLY_HOURS - 1)) == names
    assert status.find_not_due(alarms, NOW - dt.timedelta(hours=NIGHTLY_HOURS + 1)) == []
    report = found(not_due=names)
    assert status.is_well(report)
    assert "first night to come todo-reconcile-not-done," in " ".join(shown(report))


def test_an_execution_beside_the_latest_one_is_shown_too() -> None:
    lines = shown(found(running_execution=execution("run-1", "RUNNING", 90)))
    assert "running run-1 running, 90 min ago" in lines


def test_an_empty_account_says_how_to_deploy() -> None:
    assert shown(found(stacks={})) == ["stacks none – `insights deploy`"]


@pytest.mark.parametrize(
    "unwell",
    [
        {"stacks": {STACKS[0]: "UPDATE_COMPLETE"}},
        {"last_execution": execution("run-3", "FAILED", 4)},
        {"alarms": [{"name": "todo-x", "since": "2026-11-20T00:00:00Z", "reason": ""}]},
        {"failures": {"todo-undelivered": 1}},
        {"unheard": ["nobody is subscribed to todo-alerts: alarms notify nobody"]},
    ],
)
def test_a_script_learns_from_the_exit_code_that_something_is_not_well(unwell: dict[str, Any]) -> None:
    assert status.is_well(found())
    assert status.is_well(found(last_execution=execution("run-3", "RUNNING", 4)))
    assert status.is_well(found(stacks={}, last_execution=None))
    assert not status.is_well(found(**unwell))
