"""Whoever a planted change reaches is named: gold is built with and without it, and all that reads it is compared.

`make impact` plants all changes; the suite plants every ninth.
"""

import collections
import datetime as dt
import functools
import json
import os
import re
from collections.abc import Iterator, Mapping
from typing import Any

import duckdb
import pyarrow as pa
import pytest
import yaml

from infra.local.athena import session
from infra.local.athena.api.results import text
from infra.local.athena.sql import trino
from orchestration.publish.insights import COLUMNS, item
from tests.integration.transforms.bi.tables import PIPELINE_RUNS
from tests.integration.transforms.dbt.population import Population, Shape
from tests.integration.transforms.dbt.silver_tables import schema
from tests.unit.transforms.impact.planted import CHANGES, Change
from transforms.bi.dashboard import figures
from transforms.bi.project_models import PROJECT, compile_models
from transforms.bi.saved_queries import all_queries
from transforms.impact.consumers import OVERVIEW, Project, Reached, cards, merge
from transforms.silver.contract import TABLES

SHAPE = Shape(users=14, tasks=160, days=40, skew=0.5, requests=120)
NOW = dt.datetime.combine(SHAPE.end, dt.time(18, 30))
PLANTED = CHANGES if os.environ.get("EVERY_CHANGE") else CHANGES[::9]
Results = dict[str, Any]
translate = functools.cache(lambda sql: trino.duck_sql(trino.to_duck(trino.parse(sql))))


def columns() -> dict[str, list[str]]:
    """The columns of silver's tables and of every model, as their contracts have them."""
    found = {table.name: [column.name for column in table.columns] for table in TABLES}
    for path in (PROJECT / "models").rglob("*.yml"):
        for model in yaml.safe_load(path.read_text()).get("models", []):
            found[model["name"]] = [column["name"] for column in model["columns"]]
    return found | {"pipeline_runs": list(PIPELINE_RUNS), "change_lines": ["line", "dt", "hour"]}


COLUMNS_OF = columns()
MODELS = compile_models([path.stem for path in (PROJECT / "models").rglob("*.sql")], PROJECT / "macros", NOW)
QUERIES = {query.name: query.sql for query in all_queries()} | {OVERVIEW: figures.SQL}


def reads(sql: str) -> set[str]:
    """The tables that a statement names, by its words alone."""
    return set(re.findall(r"(?:from|join)\s+(\w+)", sql)) & COLUMNS_OF.keys()


@pytest.fixture(scope="module")
def before() -> Project:
    return Project(MODELS, COLUMNS_OF)


@pytest.fixture(scope="module")
def lake() -> Iterator[tuple[duckdb.DuckDBPyConnection, Results]]:
    silver = Population(SHAPE).rows
    with session.connection() as connection:
        for table in TABLES:
            rows = [{"merged_at": NOW.replace(tzinfo=dt.UTC), **row} for row in silver.get(table.name, [])]
            connection.register("given", pa.Table.from_pylist(rows, schema=schema(table)))
            connection.execute(f"create table {table.name} as select * from given")
            connection.unregister("given")
        connection.execute(f"create table pipeline_runs ({', '.join(f'{name} varchar' for name in PIPELINE_RUNS)})")
        connection.execute("create table change_lines (line varchar, dt varchar, hour varchar)")
        connection.execute("create schema kept")
        results = build(connection, MODELS, set(MODELS))
        for name in MODELS:
            connection.execute(f"create table kept.{name} as select * from {name}")
        yield connection, results | ask(connection, set(QUERIES))


def build(connection: duckdb.DuckDBPyConnection, models: Mapping[str, str], names: set[str]) -> Results:
    """Build some models, each after what it reads; their rows."""
    done: list[str] = []

    def visit(name: str) -> None:
        if name in done or name not in names:
            return
        for table in sorted(reads(models[name]) - {name}):
            visit(table)
        connection.execute(f"create or replace table {name} as {translate(models[name])}")
        done.append(name)

    for name in sorted(names):
        visit(name)
    return {name: _sorted(connection.execute(f"select * from {name}").fetchall()) for name in done}


def ask(connection: duckdb.DuckDBPyConnection, names: set[str]) -> Results:
    return {
        f"? {name}": _sorted(connection.execute(translate(QUERIES[name])).fetchall())
        for name in names
        if "pipeline" not in name
    }


def _sorted(rows: list[Any]) -> list[str]:
    return sorted(map(str, rows))


def insights(connection: duckdb.DuckDBPyConnection) -> dict[str, Any]:
    """The fields of every user's insights, as they are published."""
    rows = connection.execute(f"select {', '.join(COLUMNS)} from user_insights order by user_id").fetchall()
    found = [json.loads(item({n: text(v) or "" for n, v in zip(COLUMNS, row, strict=True)})["figures"]) for row in rows]
    fields: dict[str, Any] = {name: [one[name] for one in found] for name in found[0] if name != "cycle_time_hours"}
    return fields | {f"cycle_time_hours.{p}": [one["cycle_time_hours"][p] for one in found] for p in ("p50", "p90")}


def apply(change: Change) -> dict[str, str]:
    assert MODELS[change.model].count(change.old) == 1, change
    return MODELS | {change.model: MODELS[change.model].replace(change.old, change.new)}


def differences(lake: tuple[duckdb.DuckDBPyConnection, Results], change: Change) -> Reached:
    """What really differs with a change, found by building everything that hangs on it."""
    connection, results = lake
    names = {change.model}
    while more := {name for name, sql in MODELS.items() if reads(sql) & names} - names:
        names |= more
    published = insights(connection)
    after = build(connection, apply(change), names)
    after |= ask(connection, {name for name, sql in QUERIES.items() if reads(sql) & names})
    changed_insights = insights(connection)
    for name in names:
        connection.execute(f"create or replace table {name} as select * from kept.{name}")
    differing = {name for name, rows in after.items() if rows != results[name]}
    queries = {name.removeprefix("? ") for name in differing if name.startswith("? ")}
    charts = {f"{page}: {name}" for page, shown in cards().items() for name in shown if name in queries}
    charts |= {f"questions: {name}" for name in queries - {OVERVIEW}} | (queries & {OVERVIEW})
    return Reached(
        models={name: frozenset() for name in differing if not name.startswith("? ")},
        saved_queries={name: frozenset() for name in queries - {OVERVIEW}},
        charts=tuple(charts),
        insights=tuple(name for name in published if published[name] != changed_insights[name]),
        cloudwatch="business_metrics_kpis" in differing,
    )


def listed(reached: Reached) -> set[str]:
    found = {f"model {name}" for name in reached.models} | {f"query {name}" for name in reached.saved_queries}
    found |= {f"chart {name}" for name in reached.charts} | {f"insights {name}" for name in reached.insights}
    return found | ({"CloudWatch"} if reached.cloudwatch else set())


def test_there_are_enough_changes() -> None:
    assert len(CHANGES) >= 30
    assert len({change.model for change in CHANGES}) > 20


def test_every_consumer_of_a_planted_change_is_named(
    lake: tuple[duckdb.DuckDBPyConnection, Results], before: Project
) -> None:
    counts: collections.Counter[str] = collections.Counter()
    for change in PLANTED:
        after = Project(apply(change), COLUMNS_OF)
        named = listed(after.reach(after.changed_since(before)))
        differing = listed(differences(lake, change))
        assert differing, f"{change} changes nothing in this lake"
        assert differing <= named, (change, sorted(differing - named))
        counts.update(named=len(named), differing=len(differing))
    print(dict(counts), f"in {len(PLANTED)} changes")
    # what is named beside may differ with other data
    assert counts["differing"] >= 0.6 * counts["named"]


def test_a_rewritten_query_that_says_the_same_reaches_nobody(before: Project) -> None:
    renamed = re.sub(r"\blive_tasks\b", "todo", MODELS["task_analytics_category_trends"])
    assert renamed != MODELS["task_analytics_category_trends"]
    after = Project(MODELS | {"task_analytics_category_trends": renamed}, COLUMNS_OF)
    assert after.changed_since(before) == {}


def test_a_column_that_is_gone_reaches_what_read_it(before: Project) -> None:
    sql = MODELS["dim_users"].replace("        email_domain,\n", "")
    after = Project(
        MODELS | {"dim_users": sql},
        COLUMNS_OF | {"dim_users": [one for one in COLUMNS_OF["dim_users"] if one != "email_domain"]},
    )
    changed = after.changed_since(before)
    assert changed == {"dim_users": frozenset({"email_domain"})}
    reached = merge(after.reach(changed), before.reach(changed))
    assert set(reached.saved_queries) == {"users_by_email_domain", "users_without_a_task"}


def test_a_column_reaches_only_what_reads_it(before: Project) -> None:
    reached = before.reach({"dim_users": frozenset({"email_domain"})})
    assert set(reached.saved_queries) == {"users_by_email_domain", "users_without_a_task"}
    assert reached.charts == (
        "people: users_by_email_domain",
        "questions: users_by_email_domain",
        "questions: users_without_a_task",
    )
    assert reached.insights == ()
