"""What selections through the views of gold and of staging scan: the files that can hold their rows, and no others."""

import datetime as dt

import pytest

from tests.integration.transforms.dbt.conftest import Warehouse
from tests.integration.transforms.dbt.population import Population, Shape

pytestmark = [pytest.mark.account, pytest.mark.slow]

SHAPE = Shape(users=20, tasks=900, days=90, requests=0, end=dt.date(2026, 11, 30))
FIRST_RUN = dt.datetime(2026, 12, 1, 1, tzinfo=dt.UTC)
SECOND_RUN = FIRST_RUN + dt.timedelta(hours=1)


def test_selections_scan_the_files_that_can_hold_their_rows(warehouse: Warehouse) -> None:
    silver = {name: [{**row, "merged_at": FIRST_RUN} for row in rows] for name, rows in Population(SHAPE).rows.items()}
    # Iceberg's bounds hold the first 16 characters of a text, which tell ULIDs apart
    tasks = [{**row, "task_id": f"{n:026}"[::-1]} for n, row in enumerate(silver["tasks"])]
    tasks.sort(key=lambda row: str(row["task_id"]))
    warehouse.fill({**silver, "tasks": tasks[:300]})
    # files of other keys and of a later run, as the nightly compaction and the runs of a day leave them
    warehouse.tables.append("tasks", tasks[300:600])
    warehouse.tables.append("tasks", [{**row, "merged_at": SECOND_RUN} for row in tasks[600:]])
    built = warehouse.dbt("run", "-s", "+fct_task_events", "+int_live_tasks")
    assert built.returncode == 0, built.stdout

    def scanned(sql: str) -> int:
        return warehouse.scanned([warehouse.ended(sql)])

    def share(sql: str, condition: str) -> float:
        return scanned(f"{sql} where {condition}") / scanned(sql)

    events, of_tasks = "select * from fct_task_events", "select task_id, status, created_at, merged_at from stg_tasks"
    # gold's events have a file a month
    assert share(events, "event_date between date '2026-10-10' and date '2026-10-11'") < 0.4
    assert share(events, "event_date in (date '2026-10-10', date '2026-10-11')") < 0.4
    assert share(events, "event_date > date '2026-11-30'") == 0
    # silver's have one a day
    assert share("select * from stg_task_events", "event_date in (date '2026-10-10', date '2026-10-11')") < 0.05
    assert share(of_tasks, f"merged_at >= timestamp '{SECOND_RUN:%Y-%m-%d %H:%M:%S} UTC'") < 0.4
    assert share(of_tasks, f"merged_at > timestamp '{SECOND_RUN:%Y-%m-%d %H:%M:%S} UTC'") == 0
    keys = ", ".join(f"'{row['task_id']}'" for row in tasks[310:320])
    assert share(of_tasks, f"task_id in ({keys})") < 0.4
    # gold's tasks have one for each part of the users, whom a list of literals chooses through the view
    ((bucket,),) = warehouse.ask("select min(user_bucket) from int_task_states", warehouse.gold)
    assert 0 < share("select user_id, status from int_live_tasks", f"user_bucket in ('{bucket}', 'none')") < 0.2
    # of a table, its rows are counted without reading any
    assert scanned("select count(*) from fct_task_events") == 0
