"""Changes that the stream lost and a backfill brought back: gold builds, its tests pass, and its figures are right."""

import collections
import datetime as dt
import json
from typing import Any

import pytest

from tests.integration.transforms.conftest import HOURS, Lake
from tests.integration.transforms.dbt.conftest import Warehouse
from tests.integration.transforms.dbt.gold_history import comparable
from tests.integration.transforms.dbt.recomputed import marts
from tests.integration.transforms.history import History
from tests.integration.transforms.oracle import silver, with_instants
from transforms.silver.contract import TABLES

pytestmark = [
    pytest.mark.account,
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore:unclosed <socket:ResourceWarning"),
]

AS_OF = dt.date(2026, 11, 26)
# what does not tell when a change was captured
SAME_AS_UNDISTURBED = (
    "fct_tasks",
    "fct_daily_backlog",
    "business_metrics_kpis",
    "task_analytics_user_metrics",
    "task_analytics_category_trends",
)
Rows = dict[str, list[dict[str, Any]]]


def test_gold_is_right_after_lost_changes_came_back_as_snapshots(lake: Lake, warehouse: Warehouse) -> None:
    history = History()
    history.sign_up("u-1", "Ada@Example.com", "Ada")
    for number in range(6):
        history.create_task(f"t-{number}", category="home")
    history.delete_task("t-5")
    captured = list(history.lines)
    lake.arrive(HOURS[0], captured)
    lake.run()
    build(warehouse, with_instants(rows_of(lake)), "run")

    # none of these is captured; `insights backfill --full` exports what the table holds, and what it holds no more
    history.complete_task("t-0")
    history.delete_task("t-1")
    history.write("t-2", status="in_progress")
    history.restore_task("t-5")
    history.create_task("t-6")
    gone = history.items["t-3"]
    history.remove("t-3")
    undisturbed = list(history.lines)
    snapshots = [*map(history.backfill, history.items)]
    history.items["t-3"] = gone
    lake.arrive(HOURS[1], [*snapshots, history.backfill_removal("t-3")])
    lake.run()

    recovered = with_instants(rows_of(lake))
    build(warehouse, recovered, "build", "--exclude-resource-type", "unit_test")
    assert {one["status"] for one in warehouse.run_results()["results"]} <= {"success", "pass", "no-op"}
    expected = marts(with_instants(oracle_rows(undisturbed)), AS_OF)
    of_silver = marts(recovered, AS_OF)
    for mart, rows in of_silver.items():
        if mart != "dim_dates":
            assert counted(warehouse.rows(mart)) == counted(rows), mart
    for mart in SAME_AS_UNDISTURBED:
        assert counted(warehouse.rows(mart)) == counted(expected[mart]), mart


def build(warehouse: Warehouse, rows: Rows, *command: str) -> None:
    """Build gold of these rows by a command of dbt."""
    warehouse.fill(rows)
    built = warehouse.dbt(*command, "--vars", json.dumps({"as_of_date": str(AS_OF)}))
    assert built.returncode == 0, built.stdout


def counted(rows: list[dict[str, Any]]) -> collections.Counter[Any]:
    return collections.Counter(map(comparable, rows))


def rows_of(lake: Lake) -> Rows:
    return {table.name: lake.rows(table.name) for table in TABLES}


def oracle_rows(lines: list[bytes]) -> Rows:
    return {"rejects": []} | {name: list(rows.values()) for name, rows in silver(lines, b"key").items()}
