"""What a simulated year plans, and what it expects of figures."""

import datetime as dt
import os
import pathlib
import subprocess
import sys
from typing import Any

import pytest

from tests.year import clock
from tests.year.__main__ import parse
from tests.year.comparisons import work_out
from tests.year.incidents import INCIDENTS
from tests.year.simulation import MOST_RUNS, Tally, days_with_runs


@pytest.mark.parametrize("days", [1, 5, 27, 28, 30, 60, 61, 365, 366])
def test_the_last_day_has_a_run_and_no_time_has_more_runs_than_an_hour_takes(days: int) -> None:
    runs = days_with_runs(days)
    assert runs[-1] == days - 1
    assert runs == sorted(set(runs))
    assert len(runs) <= MOST_RUNS + 1


def test_a_month_has_a_week_without_runs() -> None:
    runs = days_with_runs(30)
    assert [day for day in range(30) if day not in runs] == list(range(15, 22))


def test_every_process_reads_the_clock_from_the_file(tmp_path: pathlib.Path) -> None:
    file = tmp_path / "offset"
    leap_day = dt.datetime(2028, 2, 29, 12, tzinfo=dt.UTC)
    clock.write_offset(file, (leap_day - dt.datetime.now(dt.UTC)).total_seconds())
    done = subprocess.run(
        [sys.executable, "-c", "import datetime as dt; print(dt.datetime.now(dt.UTC).isoformat())"],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, **clock.environment(file)},
    )
    assert abs(dt.datetime.fromisoformat(done.stdout.strip()) - leap_day) < dt.timedelta(minutes=1)


def task(status: str, due_date: str | None = None, due_at: str | None = None) -> dict[str, Any]:
    return {"status": status, "due_date": due_date, "due_at": due_at}


@pytest.mark.parametrize(("zone", "overdue"), [("Pacific/Pago_Pago", 1), ("UTC", 2), ("Pacific/Kiritimati", 3)])
def test_what_is_overdue_follows_the_clock_of_the_user(zone: str, overdue: int) -> None:
    # it is 23:30 on the 28th in Pago Pago, and 00:30 on the first of March in Kiritimati
    figures = {"as_of": "2028-02-29T10:30:00.000000Z", "time_zone": zone}
    tasks = [
        task("pending", "2028-02-27"),
        task("in_progress", "2028-02-28"),
        task("pending", "2028-02-29"),
        task("completed", "2028-02-01"),
        task("pending", "2028-02-29", "2028-02-29T10:31:00.000000Z"),
        task("pending"),
    ]
    assert work_out(tasks, figures) == {
        "total_tasks": 6,
        "open_tasks": 5,
        "completed_tasks": 1,
        "overdue_tasks": overdue,
    }


@pytest.mark.parametrize("what", ["lost", "doubled", "mismatches", "wrong_reads"])
def test_one_thing_that_is_wrong_makes_a_year_wrong(what: str) -> None:
    assert Tally(days=3, pages=2, faults=4).is_right
    assert not Tally(**{what: 1}).is_right


def test_a_negative_number_of_changes_is_refused_by_name(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        parse(["--changes", "-1"])
    assert "--changes is 0 or more, not -1" in capsys.readouterr().err


@pytest.mark.parametrize("days", ["0", "367"])
def test_a_number_of_days_that_cannot_be_is_refused_by_name(days: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        parse(["--days", days])
    assert f"--days is 1 to 366, not {days}" in capsys.readouterr().err


def test_a_fault_of_the_matrix_is_repaired_by_the_command_of_its_row() -> None:
    rows = {one.row.fault: one.repair for one in INCIDENTS if one.row}
    assert len(rows) >= 9
    assert rows["The silver job raises"] == ("pipeline", "redrive", "--wait")
    assert all(one.row for one in INCIDENTS if one.name[0].isupper())
