"""Cards about a part of gold: what they count is what the chosen tasks and days alone would have given."""

import datetime as dt
import re
from collections.abc import Iterator
from typing import Any

import duckdb
import pyarrow as pa
import pytest

from infra.local.athena import session
from infra.local.athena.sql import trino
from tests.integration.transforms.bi.tables import PIPELINE_RUNS
from tests.integration.transforms.dbt.population import Population, Shape
from tests.integration.transforms.dbt.silver_tables import schema
from transforms.bi.dashboard import figures
from transforms.bi.filters import Filters, apply
from transforms.bi.project_models import PROJECT, compile_models, in_build_order
from transforms.bi.saved_queries import all_queries
from transforms.impact.consumers import cards
from transforms.silver.contract import TABLES

SHAPE = Shape(users=8, tasks=120, days=20, requests=40)
LAST = SHAPE.end
HIGH = ("high", "urgent")
QUERIES = {query.name: query.sql for query in all_queries()}
MODELS = compile_models(
    [path.stem for path in (PROJECT / "models").rglob("*.sql")],
    PROJECT / "macros",
    dt.datetime.combine(LAST, dt.time(18)),
)


def build(connection: duckdb.DuckDBPyConnection, silver: dict[str, list[dict[str, Any]]]) -> None:
    now = dt.datetime.combine(LAST, dt.time(18), dt.UTC)
    for table in TABLES:
        rows = [{"merged_at": now, **row} for row in silver.get(table.name, [])]
        connection.register("given", pa.Table.from_pylist(rows, schema=schema(table)))
        connection.execute(f"create or replace table {table.name} as select * from given")
        connection.unregister("given")
    connection.execute("create or replace table change_lines (line varchar, dt varchar, hour varchar)")
    columns = ", ".join(f"{name} {'timestamp' if name.endswith('_at') else 'varchar'}" for name in PIPELINE_RUNS)
    connection.execute(f"create or replace table pipeline_runs ({columns})")
    for name in in_build_order(MODELS):
        connection.execute(f"create or replace table {name} as {translated(MODELS[name])}")


def translated(sql: str) -> str:
    return trino.duck_sql(trino.to_duck(trino.parse(sql)))


@pytest.fixture(scope="module")
def lakes() -> Iterator[dict[str, duckdb.DuckDBPyConnection]]:
    """Gold of all tasks, and gold as it would be if there were none but those of high priorities."""
    silver = Population(SHAPE).rows
    tasks = {row["task_id"] for row in latest(silver["task_events"]) if row["priority"] in HIGH}
    part = {name: [row for row in rows if row.get("task_id") in tasks] for name, rows in silver.items()}
    with session.connection() as whole, session.connection() as chosen:
        build(whole, silver)
        build(chosen, {**part, "users": silver["users"], "api_requests": silver["api_requests"]})
        yield {"whole": whole, "chosen": chosen}


def latest(events: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return list({row["task_id"]: row for row in sorted(events, key=lambda row: row["version"])}.values())


@pytest.mark.parametrize(
    "name",
    ["overdue_by_priority", "created_and_completed_per_week", "cycle_time_by_priority", "status_by_priority"],
)
def test_a_card_about_some_priorities_is_that_of_a_gold_without_others(
    lakes: dict[str, duckdb.DuckDBPyConnection], name: str
) -> None:
    filtered = apply(QUERIES[name], Filters(priorities=HIGH), LAST)
    assert filtered.unfiltered == ()
    rows = lakes["whole"].execute(translated(filtered.sql)).fetchall()
    expected = lakes["chosen"].execute(translated(QUERIES[name])).fetchall()
    assert list(map(str, rows)) == list(map(str, expected))
    assert rows


def test_a_backlog_about_a_category_adds_up_over_categories(lakes: dict[str, duckdb.DuckDBPyConnection]) -> None:
    whole = lakes["whole"]
    found = whole.execute("select distinct coalesce(category, '') from int_kept_events").fetchall()
    parts: dict[Any, int] = {}
    for (category,) in found:
        filtered = apply(QUERIES["open_tasks_per_day"], Filters(categories=(category,)), LAST)
        for day, still_open, _ in whole.execute(translated(filtered.sql)).fetchall():
            parts[day] = parts.get(day, 0) + still_open
    expected = {day: count for day, count, _ in whole.execute(translated(QUERIES["open_tasks_per_day"])).fetchall()}
    assert {day: count for day, count in parts.items() if count} == {d: c for d, c in expected.items() if c}


@pytest.mark.parametrize("page", [page for page in cards() if page != "operations"])
def test_every_card_obeys_a_range_of_days_and_a_choice_of_tasks(
    lakes: dict[str, duckdb.DuckDBPyConnection], page: str
) -> None:
    start = LAST - dt.timedelta(days=6)
    for name in cards()[page]:
        sql = QUERIES.get(name, figures.SQL)
        ranged = apply(sql, Filters(start=start), LAST)
        bounds = re.findall(r"CAST\('(\d{4}-\d\d-\d\d)' AS DATE\)", ranged.sql)
        assert str(start) in bounds or name in ("cycle_time_by_priority",), name
        for filters in (Filters(start, LAST, ("work",), HIGH), Filters(start, LAST, ("",), HIGH, live=True)):
            lakes["whole"].execute(translated(apply(sql, filters, LAST).sql)).fetchall()


def test_live_takes_the_place_of_what_the_last_run_knows() -> None:
    live = apply(QUERIES["overdue_by_priority"], Filters(live=True), LAST)
    assert live.is_live
    assert "live_tasks" in live.sql
    assert "fct_tasks" not in live.sql
    assert not apply(QUERIES["open_tasks_per_day"], Filters(live=True), LAST).is_live


def test_no_choice_changes_no_query() -> None:
    assert apply(QUERIES["key_figures"], Filters(), LAST).sql == QUERIES["key_figures"]
