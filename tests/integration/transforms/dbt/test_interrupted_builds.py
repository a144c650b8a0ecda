"""The next build makes good what somebody deleted from gold, and what a killed build left half done."""

import datetime as dt
import json
import signal
import time

import pytest

from tests.integration.transforms.dbt.conftest import Warehouse
from tests.integration.transforms.dbt.gold_history import TABLES, History

pytestmark = [pytest.mark.account, pytest.mark.slow]


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
        f"delete from int_daily_backlog where backlog_date = date '{day}'",
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
