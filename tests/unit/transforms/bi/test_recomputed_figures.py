"""The figures of the saved queries and of the overview, recomputed in Python from the tasks' events.

The histories have weeks in which nothing happens, tasks deleted, restored and purged, and one of a single day.
"""

import datetime as dt
from collections.abc import Mapping

import duckdb
import pyarrow as pa
import pytest

from infra.local.athena import session
from infra.local.athena.api.results import text
from infra.local.athena.sql import trino
from infra.local.glue.hive_types import hive_to_duck
from tests.integration.transforms.bi import tables
from tests.integration.transforms.bi.tables import Rows
from tests.unit.transforms.bi import lives, recomputed_history, recomputed_tasks
from tests.unit.transforms.bi.recomputed_history import LAST, burn_down_last_30_days
from transforms.bi.dashboard import figures
from transforms.bi.saved_queries import all_queries

FIRST_OF_BURN_DOWN = f"backlog_date = date '{LAST - dt.timedelta(days=30)}'"
HISTORIES = {"400 days": (1, 400, 160), "one day": (2, 1, 1), "five weeks": (3, 35, 60)}
RECOMPUTED = (
    recomputed_history.active_users_per_day,
    recomputed_history.activity_by_hour,
    recomputed_history.activity_by_weekday,
    recomputed_history.backlog_change_by_week,
    recomputed_history.burn_down_last_30_days,
    recomputed_history.category_trends,
    recomputed_history.created_and_completed_per_week,
    recomputed_history.cycle_time_by_priority,
    recomputed_history.cycle_time_per_week,
    recomputed_history.most_active_users,
    recomputed_history.new_users_per_week,
    recomputed_history.open_tasks_per_day,
    recomputed_history.reopened_per_week,
    recomputed_tasks.age_of_open_tasks,
    recomputed_tasks.cancelled_by_category,
    recomputed_tasks.completed_on_time,
    recomputed_tasks.completion_rate_by_category,
    recomputed_tasks.due_in_the_next_seven_days,
    recomputed_tasks.oldest_open_tasks,
    recomputed_tasks.overdue_by_priority,
    recomputed_tasks.status_by_priority,
    recomputed_tasks.time_in_each_status,
    recomputed_tasks.users_by_email_domain,
    recomputed_tasks.users_without_a_task,
)
GOLDS_OWN = {
    "api_cold_starts_per_day",
    "api_errors_by_route",
    "api_requests_per_day",
    "api_slowest_routes",
    "cohort_retention",
    "idempotent_replays",
    "key_figures",
    "pipeline_cost_per_day",
    "pipeline_runs",
    "slowest_categories",
    "streaks",
}
"""They show rows of gold or add them up: `test_saved_queries` states their answers, gold's tests recompute gold."""


def test_every_saved_query_is_recomputed_or_shows_golds_own_figures() -> None:
    assert {recompute.__name__ for recompute in RECOMPUTED} | GOLDS_OWN == {query.name for query in all_queries()}


@pytest.mark.parametrize("name", HISTORIES)
def test_every_figure_equals_its_recomputation(name: str) -> None:
    seed, days, tasks = HISTORIES[name]
    events = lives.make(seed, days, tasks, LAST)
    sql = {query.name: query.sql for query in all_queries()}
    with session.connection() as connection:
        fill(connection, lives.gold(events, LAST))
        for recompute in RECOMPUTED:
            expected = recompute(events)
            _, rows = answer(connection, sql[recompute.__name__])
            # what a query says beyond the figures, as names, is left out
            assert [row[: len(expected[0])] if expected else row for row in rows] == expected, recompute.__name__
        names, [row] = answer(connection, figures.SQL)
        first_level = f"select coalesce(max(open_tasks), 0) from fct_daily_backlog where {FIRST_OF_BURN_DOWN}"
        _, [[first_open]] = answer(connection, first_level)
    shown = {name: None if value is None else float(value) for name, value in zip(names, row, strict=True)}
    assert shown == recomputed_history.overview(events)
    assert burn_down_last_30_days(events)[0][1] == first_open


def fill(connection: duckdb.DuckDBPyConnection, gold: Mapping[str, Rows]) -> None:
    """Gold tables with the types of their contracts."""
    for table, rows in gold.items():
        types = tables.columns(table)
        assert all(row.keys() <= types.keys() for row in rows), table
        casts = ", ".join(f"cast({name} as {hive_to_duck(hive)}) as {name}" for name, hive in types.items())
        connection.register("given", pa.Table.from_pylist([{name: row.get(name) for name in types} for row in rows]))
        connection.execute(f"create table {table} as select {casts} from given")
        connection.unregister("given")


def answer(connection: duckdb.DuckDBPyConnection, sql: str) -> tuple[list[str], list[list[str | None]]]:
    """Names and rows of a query in Athena's SQL, as the local engine translates it."""
    found = connection.execute(trino.duck_sql(trino.to_duck(trino.parse(sql))))
    return [name for name, *_ in found.description], [[text(value) for value in row] for row in found.fetchall()]
