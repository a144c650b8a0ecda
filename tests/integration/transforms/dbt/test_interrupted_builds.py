"""The next build makes good what somebody deleted from gold, what a killed or failed build left half done, and what
silver committed while a build was reading it."""

import datetime as dt
import json
import signal
import time

import pytest

from tests.conftest import Account
from tests.integration.conftest import RoleFactory
from tests.integration.transforms.dbt.conftest import make_warehouse
from tests.integration.transforms.dbt.gold_history import TABLES, History

pytestmark = [pytest.mark.account, pytest.mark.slow]


@pytest.fixture(scope="module")
def history(account: Account, role_of_module: RoleFactory, tmp_path_factory: pytest.TempPathFactory) -> History:
    """A history that has been built once; each test leaves gold right."""
    made = History(make_warehouse(account, "interrupted", role_of_module, tmp_path_factory.mktemp("gold")), seed=11)
    made.build()
    return made


def test_what_somebody_deleted_from_gold_is_there_after_the_next_build(history: History) -> None:
    day = history.silver.as_of - dt.timedelta(days=9)
    for statement in (
        f"delete from int_kept_events where event_date >= date '{day}'",
        f"delete from int_daily_activity where activity_date = date '{day}'",
        f"delete from int_daily_backlog where backlog_date = date '{day}'",
        "delete from int_task_states where status = 'pending'",
        "delete from user_insights where total_tasks > 3",
        f"delete from agg_api_usage_daily where usage_date < date '{day}'",
        "drop table `int_user_changes`",
    ):
        history.warehouse.ask(statement, history.warehouse.gold)
    printed = history.build()
    assert "int_kept_events holds" in printed
    assert history.differences() == {}


def test_files_of_a_failed_insert_are_no_rows_and_the_next_build_doubles_none(history: History) -> None:
    """Athena leaves what a failed INSERT or CTAS has written: files in the folders of tables, and a temporary table."""
    warehouse = history.warehouse
    s3 = warehouse.account.session.client("s3")
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=warehouse.name, Prefix="tables/")
    files = [one["Key"] for page in pages for one in page["Contents"] if one["Key"].endswith(".parquet")]
    for key in files:
        copy = key.replace(".parquet", "-failed.parquet")
        s3.copy_object(Bucket=warehouse.name, Key=copy, CopySource={"Bucket": warehouse.name, "Key": key})
    warehouse.ask(
        "create table int_task_states__dbt_tmp with (format = 'parquet') as select * from int_task_states",
        warehouse.gold,
    )
    assert len(files) > 7
    assert history.differences() == {}
    history.silver.next_run("tasks_change")
    printed = history.build()
    assert "the last build of int_task_states did not end" in printed
    assert history.differences() == {}


def test_what_silver_commits_during_a_build_is_in_gold_after_the_next_one(history: History) -> None:
    """Some models have read silver before the commit, and some read it afterwards."""
    before = ("int_kept_events", "int_task_states")
    history.silver.next_run("tasks_change")
    history.build("--select", *before)
    for change in ("tasks_change", "late_events_arrive", "profiles_change"):
        history.silver.next_run(change)
    history.build(*TABLES, "--exclude", *before)
    assert history.differences() != {}
    history.build()
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
