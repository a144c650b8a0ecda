"""Past instants of gold: each query as of an instant equals what it answered then. `make past-instants` asks of twenty.

Each instant's gold is a schema of its own, in which the engine of this process reads what a table's version names.
"""

import base64
import datetime as dt
import functools
import json
import os
from collections.abc import Iterator
from typing import Any

import duckdb
import pyarrow as pa
import pytest
import sqlglot
import yaml
from sqlglot import exp

from infra.local.athena import session
from infra.local.athena.api.results import text
from infra.local.athena.sql import trino
from tests.integration.transforms.dbt.population import Population, Shape
from tests.integration.transforms.dbt.silver_tables import schema
from transforms.bi.project_models import PROJECT, compile_models, in_build_order
from transforms.bi.saved_queries import all_queries
from transforms.bi.time_travel import TimeTravelError, as_of
from transforms.silver.contract import TABLES

LAST = dt.datetime(2026, 11, 22, 18, 30, tzinfo=dt.UTC)
COUNT = int(os.environ.get("INSTANTS", "5"))
INSTANTS = [LAST - dt.timedelta(days=number // 4, hours=number % 4) for number in range(COUNT)]
PATHS = {
    path.stem: path
    for path in (PROJECT / "models").rglob("*.sql")
    # bronze keeps no snapshots, so live views have no past
    if path.parent.name != "live"
    and path.stem not in ("stg_rejects", "stg_api_requests", "stg_changes", "int_current_tasks", "int_current_users")
}
MODELS = [name for name in PATHS if name != "agg_api_usage_daily"]
QUERIES = {query.name: query.sql for query in all_queries()}
SELECTED = (
    *(QUERIES[name] for name in ("key_figures", "overdue_by_priority", "open_tasks_per_day", "cohort_retention")),
    "select * from user_insights order by user_id",
    "select * from fct_tasks as t inner join dim_users as users on t.user_id = users.user_id order by t.task_id",
)
translate = functools.cache(lambda sql: trino.duck_sql(trino.to_duck(trino.parse(sql))))
Rows = list[list[str | None]]


class Past:
    """Gold at every instant.

    Args:
        connection: with a schema for each instant.
    """

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self.connection = connection
        self.views: dict[str, str] = {}
        for number, instant in enumerate(INSTANTS):
            self._build(number, instant)

    def _build(self, number: int, instant: dt.datetime) -> None:
        shape = Shape(users=6, tasks=25, days=12, end=instant.date())
        self.connection.execute(f"create schema past{number}; set search_path = 'past{number},memory.main'")
        silver = Population(shape, seed=number + 1).rows
        for table in TABLES:
            rows = [{"merged_at": instant, **row} for row in silver.get(table.name, [])]
            self.connection.register("given", pa.Table.from_pylist(rows, schema=schema(table)))
            self.connection.execute(f"create table {table.name} as select * from given")
            self.connection.unregister("given")
        # the same text for a whole day, so that it is translated once
        models = compile_models(MODELS, PROJECT / "macros", instant.replace(hour=18, tzinfo=None))
        if number == 0:
            self.views = {name: sql for name, sql in models.items() if _materialized(name) == "view"}
        for name in in_build_order(models):
            self.connection.execute(f"create table {name} as {translate(models[name])}")

    def find_table(self, _: str, name: str) -> dict[str, Any]:
        """The entry in the Glue catalog; views are those of the last build."""
        if name in self.views:
            view = json.dumps({"originalSql": self.views[name], "schema": "gold"})
            return {"ViewOriginalText": f"/* Presto View: {base64.b64encode(view.encode()).decode()} */"}
        if name == "pipeline_runs":
            return {"Parameters": {}}
        assert name in MODELS, name
        return {"Parameters": {"table_type": "ICEBERG"}}

    def ask(self, sql: str, _: str = "gold") -> Rows:
        """Run a query on the last gold, or on the versions that it names."""
        tree = sqlglot.parse_one(sql, dialect="trino")
        for table in tree.find_all(exp.Table):
            version = table.args.get("version")
            if version is None:
                continue
            moment = dt.datetime.fromisoformat(
                version.expression.find(exp.Literal).name.removesuffix(" UTC") + "+00:00"
            )
            # the newest snapshot that is not after it
            number = next((n for n, instant in enumerate(INSTANTS) if instant <= moment), None)
            if number is None:
                return [[None]]
            table.set("version", None)
            table.set("db", exp.to_identifier(f"past{number}"))
        return self.answer(0, tree.sql(dialect="trino"))

    def answer(self, number: int, sql: str) -> Rows:
        """Run a query on the gold of one instant."""
        self.connection.execute(f"set search_path = 'past{number},memory.main'")
        return [[text(value) for value in row] for row in self.connection.execute(translate(sql)).fetchall()]


def _materialized(name: str) -> str:
    (model,) = yaml.safe_load(PATHS[name].with_suffix(".yml").read_text())["models"]
    given = model.get("config", {}).get("materialized")
    return str(given or ("incremental" if "intermediate" in str(PATHS[name]) else "view"))


@pytest.fixture(scope="module")
def past() -> Iterator[Past]:
    with session.connection() as connection:
        yield Past(connection)


def test_past_instants_answer_as_they_did(past: Past) -> None:
    different = 0
    for number, instant in enumerate(INSTANTS):
        for sql in SELECTED:
            # a moment later, as people ask: the snapshot before it answers
            statement = as_of(sql, "gold", instant + dt.timedelta(minutes=7), past.find_table, past.ask)
            assert past.ask(statement) == past.answer(number, sql), (instant, sql)
            different += past.answer(number, sql) != past.answer(0, sql)
    assert different > 2 * len(INSTANTS)


def test_a_day_that_somebody_writes_stays(past: Past) -> None:
    sql = f"select date '{LAST:%Y-%m-%d}' as day, count(*) as tasks from fct_tasks"
    [[day, _]] = past.ask(as_of(sql, "gold", INSTANTS[-1], past.find_table, past.ask))
    assert day == f"{LAST:%Y-%m-%d}"


@pytest.mark.parametrize(
    ("sql", "instant", "message"),
    [
        ("select * from fct_tasks", INSTANTS[-1] - dt.timedelta(days=1), "gold was not built at"),
        ("select * from pipeline_runs", LAST, "pipeline_runs keeps no snapshots"),
        ("drop table fct_tasks", LAST, "only a query can be asked"),
        ("select from where", LAST, "cannot be read"),
    ],
)
def test_what_has_no_past_is_refused(past: Past, sql: str, instant: dt.datetime, message: str) -> None:
    with pytest.raises(TimeTravelError, match=message):
        as_of(sql, "gold", instant, past.find_table, past.ask)
