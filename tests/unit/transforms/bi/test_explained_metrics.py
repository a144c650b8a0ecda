"""The rows behind every metric of made-up silver: counted again, they give what gold publishes."""

import datetime as dt
import math
from collections.abc import Iterator

import duckdb
import pyarrow as pa
import pytest

from infra.local.athena import session
from infra.local.athena.sql import trino
from tests.integration.transforms.dbt.population import Population, Shape
from tests.integration.transforms.dbt.silver_tables import schema
from tests.unit.transforms.bi.test_recomputed_figures import answer
from transforms.bi.explain import metrics
from transforms.bi.explain.cells import ExplainError
from transforms.bi.explain.metrics import METRICS, OF_A_DAY, OF_A_USER, Explanation, explain_metric
from transforms.bi.explain.recount import recount
from transforms.bi.project_models import PROJECT, compile_models
from transforms.silver.contract import TABLES

SHAPE = Shape(users=7, tasks=90, days=25, skew=0.7)
# a day's figures are published at its end
NOW = dt.datetime.combine(SHAPE.end, dt.time(18, 30))
MODELS = [
    "stg_tasks",
    "stg_users",
    "stg_task_events",
    "int_kept_events",
    "int_task_states",
    "int_live_tasks",
    "int_user_changes",
    "int_users",
    "int_daily_backlog",
    "fct_tasks",
    "fct_task_events",
    "fct_daily_backlog",
    "user_analytics",
    "business_metrics_kpis",
    "user_insights",
]


@pytest.fixture(scope="module")
def gold() -> Iterator[duckdb.DuckDBPyConnection]:
    silver = Population(SHAPE).rows
    with session.connection() as connection:
        for table in TABLES:
            rows = [{"merged_at": NOW.replace(tzinfo=dt.UTC), **row} for row in silver.get(table.name, [])]
            connection.register("given", pa.Table.from_pylist(rows, schema=schema(table)))
            connection.execute(f"create table {table.name} as select * from given")
            connection.unregister("given")
        for name, sql in compile_models(MODELS, PROJECT / "macros", NOW).items():
            connection.execute(f"create table {name} as {trino.duck_sql(trino.to_duck(trino.parse(sql)))}")
        yield connection


def published(gold: duckdb.DuckDBPyConnection, explanation: Explanation) -> float:
    _, [[figure]] = answer(gold, explanation.figure)
    return float(figure or 0)


def recounted(gold: duckdb.DuckDBPyConnection, explanation: Explanation) -> float:
    return recount(explanation, *answer(gold, explanation.rows))


NOW_METRICS = [name for name in METRICS if name not in OF_A_DAY or name in OF_A_USER or name == "cancelled_tasks"]


@pytest.mark.parametrize("metric", NOW_METRICS)
def test_the_rows_behind_a_figure_of_the_business_give_it(gold: duckdb.DuckDBPyConnection, metric: str) -> None:
    explanation = explain_metric(metric)
    assert recounted(gold, explanation) == pytest.approx(published(gold, explanation))
    assert published(gold, explanation) > 0


@pytest.mark.parametrize("metric", sorted(OF_A_USER))
def test_the_rows_behind_every_users_figure_give_it(gold: duckdb.DuckDBPyConnection, metric: str) -> None:
    _, users = answer(gold, "select user_id from user_insights where total_tasks > 0")
    assert len(users) > 3
    for [user] in users[:4]:
        explanation = explain_metric(metric, str(user))
        found = recounted(gold, explanation)
        assert math.isnan(found) or found == pytest.approx(published(gold, explanation)), user


@pytest.mark.parametrize("metric", sorted(OF_A_DAY))
def test_the_rows_behind_every_days_figure_give_it(gold: duckdb.DuckDBPyConnection, metric: str) -> None:
    _, users = answer(gold, "select user_id from user_insights")
    for days in range(0, SHAPE.days, 6):
        day = SHAPE.end - dt.timedelta(days=days)
        explanation = explain_metric(metric, day=day)
        figure = published(gold, explanation) if gold.execute(explanation.figure).fetchall() else 0
        assert recounted(gold, explanation) == figure, day
        if days == 6:
            of_users = (explain_metric(metric, str(user), day) for [user] in users)
            assert sum(recounted(gold, one) for one in of_users) == figure


def test_rows_lead_to_the_events_of_their_tasks(gold: duckdb.DuckDBPyConnection) -> None:
    names, rows = answer(gold, explain_metric("open_tasks").rows)
    for row in rows[:20]:
        shown = dict(zip(names, row, strict=True))
        columns, events = answer(gold, metrics.events_of(str(shown["task_id"])))
        last = dict(zip(columns, events[-1], strict=True))
        assert (str(len(events)), last["event_id"]) == (shown["events"], shown["last_event_id"])
        assert last["status"] == shown["status"]


@pytest.mark.parametrize(
    ("metric", "user", "day", "message"),
    [
        ("opened_tasks", "", None, "there is no metric opened_tasks"),
        ("active_users", "anna", None, "active_users counts users"),
        ("total_tasks", "", dt.date(2026, 11, 1), "total_tasks is not kept by day"),
        ("created_tasks", "", None, "created_tasks is a figure of one day"),
    ],
)
def test_what_cannot_be_explained_is_refused(metric: str, user: str, day: dt.date | None, message: str) -> None:
    with pytest.raises(ExplainError, match=message):
        explain_metric(metric, user, day)


def test_a_quote_in_an_identifier_stays_text(gold: duckdb.DuckDBPyConnection) -> None:
    assert recounted(gold, explain_metric("open_tasks", "x' or 'a' = 'a")) == 0
    assert answer(gold, metrics.events_of("x' or 'a' = 'a"))[1] == []
