"""Incremental gold is what silver says, after every run of a history, and what a full refresh would make of it."""

import collections
import datetime as dt
import json
import signal
import time
from typing import Any

import pytest

from tests.integration.transforms.dbt.changing_silver import ChangingSilver
from tests.integration.transforms.dbt.conftest import Warehouse
from tests.integration.transforms.dbt.population import Shape
from tests.integration.transforms.dbt.recomputed import marts

pytestmark = [pytest.mark.account, pytest.mark.slow]

SHAPE = Shape(users=10, tasks=70, days=25, requests=60, end=dt.date(2027, 1, 8))
HISTORY = (
    "tasks_are_created",
    "tasks_change",
    "tasks_are_deleted",
    "late_events_arrive",
    "tasks_are_restored",
    "requests_arrive",
    "nothing",
    "tasks_are_deleted",
    "tasks_are_purged",
    "a_day_passes",
    "profiles_change",
    "events_are_delivered_again",
    "a_user_is_erased",
    "tasks_change",
    "erased_users_are_deleted",
    "rows_are_corrected",
    "late_events_arrive",
    "everything_is_refreshed",
    "tasks_are_created",
    "a_user_is_erased",
    "an_erased_user_comes_back",
    "tasks_are_deleted",
    "tasks_change",
    "a_day_passes",
    "a_user_is_erased",
    "requests_arrive",
    "tasks_are_purged",
    "erased_users_are_deleted",
    "events_are_delivered_again",
    "rows_are_corrected",
    "late_events_arrive",
    "tasks_change",
)
# views show their tables as they are; those that show a day are made anew when the day changes
TABLES = ("--select", "config.materialized:incremental", "config.materialized:table")


class History:
    """A warehouse that follows a silver that changes."""

    def __init__(self, warehouse: Warehouse, seed: int) -> None:
        self.warehouse, self.silver = warehouse, ChangingSilver(SHAPE, seed)
        self.day: dt.date | None = None
        warehouse.parse()

    def build(self, *words: str) -> str:
        """Give silver's rows to the warehouse and build; what dbt printed."""
        self.warehouse.fill(self.silver.rows)
        select = words or (() if self.day != self.silver.as_of else TABLES)
        self.day = self.silver.as_of
        built = self.warehouse.dbt("run", *select, "--vars", json.dumps({"as_of_date": str(self.day)}))
        assert built.returncode == 0, built.stdout
        return built.stdout

    def differences(self) -> dict[str, Any]:
        """By mart, rows that gold alone has and rows that the recomputation alone has."""
        found = {}
        for mart, expected in marts(self.silver.rows, self.silver.as_of).items():
            if mart == "dim_dates":
                continue
            gold, recomputed = (
                collections.Counter(map(comparable, rows)) for rows in (self.warehouse.rows(mart), expected)
            )
            if gold != recomputed:
                found[mart] = [list((gold - recomputed).elements())[:3], list((recomputed - gold).elements())[:3]]
        return found


def comparable(row: dict[str, Any]) -> tuple[Any, ...]:
    return tuple(
        (name, round(value, 6) if isinstance(value, float) else value)
        for name, value in sorted(row.items())
        if name != "merged_at"
    )


@pytest.mark.timeout(2400)  # more than thirty builds
def test_gold_follows_a_history_run_by_run(warehouse: Warehouse) -> None:
    history = History(warehouse, seed=7)
    history.build()
    assert history.differences() == {}
    for number, change in enumerate(HISTORY):
        history.silver.next_run(change)
        history.build()
        assert history.differences() == {}, f"run {number}: {change}"
    incremental = {mart: warehouse.rows(mart) for mart in marts(history.silver.rows, history.silver.as_of)}
    history.build("--full-refresh")
    for mart, rows in incremental.items():
        refreshed = collections.Counter(map(comparable, warehouse.rows(mart)))
        assert collections.Counter(map(comparable, rows)) == refreshed, mart


@pytest.fixture
def history(warehouse: Warehouse) -> History:
    """A history that has been built once."""
    made = History(warehouse, seed=11)
    made.build()
    return made


def test_what_somebody_deleted_from_gold_is_there_after_the_next_build(history: History) -> None:
    day = history.silver.as_of - dt.timedelta(days=9)
    for statement in (
        f"delete from int_kept_events where event_date >= date '{day}'",
        f"delete from int_daily_activity where activity_date = date '{day}'",
        "delete from int_task_states where position = 2",
        "delete from int_live_tasks where status = 'pending'",
        "delete from user_insights where total_tasks > 3",
        f"delete from agg_api_usage_daily where usage_date < date '{day}'",
        "drop table `int_users`",
    ):
        history.warehouse.ask(statement, history.warehouse.gold)
    printed = history.build()
    assert "int_kept_events holds" in printed
    assert history.differences() == {}


def test_a_build_that_is_killed_is_made_good_by_the_next_one(history: History) -> None:
    chance = history.silver.chance
    for change in ("tasks_change", "late_events_arrive", "tasks_are_deleted"):
        history.silver.next_run(change)
        history.warehouse.fill(history.silver.rows)
        statements = len(history.warehouse.statements())
        variables = json.dumps({"as_of_date": str(history.silver.as_of)})
        with history.warehouse.start_dbt("run", *TABLES, "--vars", variables) as process:
            # somewhere between the first and the last of its statements
            kill_after = statements + chance.randrange(3, 40)
            end = time.monotonic() + 300
            while (
                len(history.warehouse.statements()) < kill_after and process.poll() is None and time.monotonic() < end
            ):
                time.sleep(0.05)
            process.send_signal(signal.SIGKILL)
    history.build()
    assert history.differences() == {}
