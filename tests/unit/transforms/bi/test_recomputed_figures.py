"""The figures of the saved queries and of the overview, recomputed in Python from the tasks' events.

The histories have weeks in which nothing happens, tasks deleted, restored and purged, and one of a single day.
"""

import datetime as dt
import re
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
from tests.unit.transforms.bi import (
    aggregates,
    lives,
    recomputed_aggregates,
    recomputed_history,
    recomputed_tasks,
    recomputed_usage,
    usage,
)
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
RECOMPUTED_AGGREGATES = (
    recomputed_aggregates.cohort_retention,
    recomputed_aggregates.key_figures,
    recomputed_aggregates.slowest_categories,
    recomputed_aggregates.streaks,
)
RECOMPUTED_REQUESTS = (
    recomputed_usage.api_cold_starts_per_day,
    recomputed_usage.api_errors_by_route,
    recomputed_usage.api_requests_per_day,
    recomputed_usage.api_slowest_routes,
    recomputed_usage.idempotent_replays,
)
RECOMPUTED_RUNS = (recomputed_usage.pipeline_cost_per_day, recomputed_usage.pipeline_runs)


def test_every_saved_query_is_recomputed() -> None:
    recomputed = (*RECOMPUTED, *RECOMPUTED_AGGREGATES, *RECOMPUTED_REQUESTS, *RECOMPUTED_RUNS)
    assert sorted(recompute.__name__ for recompute in recomputed) == sorted(query.name for query in all_queries())


@pytest.mark.parametrize("name", HISTORIES)
def test_every_figure_equals_its_recomputation(name: str) -> None:
    seed, days, tasks = HISTORIES[name]
    events = lives.make(seed, days, tasks, LAST)
    sql = {query.name: query.sql for query in all_queries()}
    requests, runs = usage.make_requests(seed, days, LAST), usage.make_runs(seed, days, LAST)
    expected = {recompute.__name__: recompute(events) for recompute in (*RECOMPUTED, *RECOMPUTED_AGGREGATES)}
    expected |= {recompute.__name__: recompute(requests) for recompute in RECOMPUTED_REQUESTS}
    expected |= {recompute.__name__: recompute(runs) for recompute in RECOMPUTED_RUNS}
    with session.connection() as connection:
        gold = lives.gold(events, LAST) | aggregates.make(events, LAST) | usage.gold(requests, runs)
        fill(connection, gold)
        for query, figures_ in expected.items():
            _, rows = answer(connection, sql[query])
            # what a query says beyond the figures, as names, is left out
            assert [row[: len(figures_[0])] if figures_ else row for row in rows] == figures_, query
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
        kinds = {name: re.sub(r"^array\((.+)\)$", r"array<\1>", kind) for name, kind in types.items()}
        casts = ", ".join(f"cast({name} as {hive_to_duck(hive)}) as {name}" for name, hive in kinds.items())
        connection.register("given", pa.Table.from_pydict({name: [row.get(name) for row in rows] for name in types}))
        connection.execute(f"create table {table} as select {casts} from given")
        connection.unregister("given")


def answer(connection: duckdb.DuckDBPyConnection, sql: str) -> tuple[list[str], list[list[str | None]]]:
    """Names and rows of a query in Athena's SQL, as the local engine translates it."""
    found = connection.execute(trino.duck_sql(trino.to_duck(trino.parse(sql))))
    return [name for name, *_ in found.description], [[text(value) for value in row] for row in found.fetchall()]
