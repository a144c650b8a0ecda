"""A metric is defined once: a changed definition moves saved queries, insights, CloudWatch and dashboard alike."""

import datetime as dt
import pathlib
import re
import shutil
from collections.abc import Iterator
from typing import Any

import duckdb
import pandas as pd
import pytest
import yaml

from infra.local.athena import session
from infra.local.athena.sql import trino
from orchestration.publish.insights import COLUMNS, item
from orchestration.publish.kpis import make_metric_data
from tests.unit.transforms.bi.test_recomputed_figures import answer
from transforms.bi.dashboard import figures
from transforms.bi.metrics import MACROS, MetricError, render
from transforms.bi.project_models import PROJECT, compile_models
from transforms.bi.saved_queries import all_queries
from transforms.silver.contract import TASKS

NOW = dt.datetime(2026, 11, 22, 12)  # noqa: DTZ001  gold has no zones
MODELS = [
    "int_task_states",
    "int_live_tasks",
    "fct_tasks",
    "int_daily_backlog",
    "fct_daily_backlog",
    "business_metrics_kpis",
    "user_insights",
]
# silver of one user, all of one category and priority: due yesterday, today and never, two done, one given up
SILVER = """
create table stg_users as select 'anna' as user_id, false as is_deleted, 'UTC' as time_zone;
create table stg_tasks as
select
    task_id, 'anna' as user_id, status, 'high' as priority, 'work' as category, cast(null as varchar[]) as labels,
    cast(null as varchar) as parent_id, cast(null as varchar) as recurrence, cast(null as varchar) as previous_id,
    false as is_deleted, cast(null as timestamp) as due_at, cast(due as date) as due_date,
    timestamp '2026-11-20 08:00:00' as created_at, timestamp '2026-11-20 08:00:00' as updated_at,
    timestamp '2026-11-20 08:00:00' + to_hours(hours) as completed_at, 1 as version,
    timestamptz '2026-11-21 00:00:00+00' as merged_at
from (values
    ('t1', 'pending', '2026-11-21', null), ('t2', 'in_progress', '2026-11-22', null), ('t3', 'pending', null, null),
    ('t4', 'completed', null, 2), ('t5', 'completed', null, 6), ('t6', 'cancelled', null, null)
) as tasks (task_id, status, due, hours);
create table int_kept_events as
select
    'e' || task_id as event_id, task_id, user_id, 'created' as event_type, status,
    cast(null as varchar) as previous_status, false as was_deleted, due_date, cast(null as date) as previous_due_date,
    cast(created_at as date) as event_date,
    created_at as occurred_at, version, cast(merged_at as timestamp) as merged_at
from stg_tasks;
create table int_users as select 'anna' as user_id, timestamp '2026-11-21 00:00:00' as merged_at;
create table int_user_changes as select * from int_users;
create table user_analytics as
select *
from (values ('anna', timestamp '2026-11-20'), ('ben', timestamp '2026-11-01')) as users (user_id, last_updated);
create table fct_daily_activity as select 'anna' as user_id, date '2026-11-20' as activity_date;
"""
QUERIES = {
    "age_of_open_tasks",
    "completion_rate_by_category",
    "cycle_time_by_priority",
    "key_figures",
    "overdue_by_priority",
}
Surfaces = dict[str, dict[str, float]]


@pytest.fixture
def lake() -> Iterator[duckdb.DuckDBPyConnection]:
    with session.connection() as connection:
        connection.execute(SILVER)
        held = {str(row[0]) for row in connection.execute("describe stg_tasks").fetchall()}
        for column in TASKS.content_columns():
            if column.name not in held:
                kind = {"string": "varchar", "array<string>": "varchar[]"}.get(column.type, column.type)
                connection.execute(f"alter table stg_tasks add column {column.name} {kind}")
        yield connection


def measure(lake: duckdb.DuckDBPyConnection, macros: pathlib.Path) -> Surfaces:
    """What each surface says of each metric."""
    for name, sql in compile_models(MODELS, macros, NOW).items():
        lake.execute(f"create or replace table {name} as {trino.duck_sql(trino.to_duck(trino.parse(sql)))}")
    queries = all_queries(macros=macros / MACROS.name)
    saved = {query.name: _rows(lake, query.sql) for query in queries if query.name in QUERIES}
    (insight,) = _rows(lake, f"select {', '.join(COLUMNS)} from user_insights")
    published = yaml.safe_load(item({name: value or "" for name, value in insight.items()})["figures"])
    metrics = make_metric_data([{"metric": row["metric"], "value": row["value"] or ""} for row in saved["key_figures"]])
    cloudwatch = {one["MetricName"]: one["Value"] for one in metrics}
    sql = render(figures.TEMPLATE, macros / MACROS.name)
    frame = pd.DataFrame([{name: None if v is None else float(v) for name, v in _rows(lake, sql)[0].items()}])
    shown = {one.label: one.value for one in figures.figures(frame)}

    def total(query: str, column: str) -> float:
        return float(sum(float(row[column]) for row in saved[query]))

    return {
        "open": {
            "saved query": total("age_of_open_tasks", "open_tasks"),
            "insights": published["open_tasks"],
            "CloudWatch": cloudwatch["OpenTasks"],
            "dashboard": float(shown["Open tasks now"]),
        },
        "overdue": {
            "saved query": total("overdue_by_priority", "overdue_tasks"),
            "insights": published["overdue_tasks"],
            "CloudWatch": cloudwatch["OverdueTasks"],
            "dashboard": float(shown["Overdue now"]),
        },
        "completion rate": {
            "saved query": total("completion_rate_by_category", "completion_rate_pct"),
            "insights": round(published["completion_rate_pct"], 1),
            "CloudWatch": round(cloudwatch["CompletionRatePct"], 1),
        },
        "cycle time": {
            "saved query": total("cycle_time_by_priority", "p50_hours"),
            "insights": published["cycle_time_hours"]["p50"],
            "CloudWatch": cloudwatch["CycleTimeP50Hours"],
            "dashboard": float(shown["Median cycle time, 28 days"].removesuffix(" h")),
        },
        "active users": {
            "saved query": next(float(row["value"]) for row in saved["key_figures"] if row["metric"] == "active_users"),
            "CloudWatch": cloudwatch["ActiveUsers"],
        },
    }


CHANGES: dict[str, tuple[str, str, dict[str, float]]] = {
    "open": ("in ('pending', 'in_progress')", "in ('pending')", {"open": 2, "overdue": 1}),
    "overdue": ("+ interval '1' day", "+ interval '0' day", {"overdue": 2}),
    "completion rate": (
        "nullif(count(*), 0)",
        "nullif(count_if({{ status }} <> 'cancelled'), 0)",
        {"completion rate": 40.0},
    ),
    "cycle time": ("/ 3.6e6", "/ 1.8e6", {"cycle time": 4.0}),
    "active users": ("    30\n", "    7\n", {"active users": 1}),
}
DEFINED = {"open": 3, "overdue": 1, "completion rate": 33.3, "cycle time": 2.0, "active users": 2}


@pytest.mark.parametrize("metric", ["as it is", *CHANGES])
def test_a_changed_definition_moves_all_surfaces_alike(
    lake: duckdb.DuckDBPyConnection, tmp_path: pathlib.Path, metric: str
) -> None:
    macros = tmp_path / "macros"
    shutil.copytree(PROJECT / "macros", macros)
    expected: dict[str, float] = dict(DEFINED)
    if metric in CHANGES:
        old, new, moved = CHANGES[metric]
        defined = (macros / MACROS.name).read_text()
        assert defined.count(old) == 1
        (macros / MACROS.name).write_text(defined.replace(old, new))
        expected |= moved
    for name, surfaces in measure(lake, macros).items():
        assert set(surfaces.values()) == {expected[name]}, (name, surfaces)


def _rows(lake: duckdb.DuckDBPyConnection, sql: str) -> list[dict[str, Any]]:
    names, rows = answer(lake, sql)
    return [dict(zip(names, row, strict=True)) for row in rows]


def test_nothing_but_the_definitions_says_what_a_metric_counts() -> None:
    definition = re.compile(
        r"in \('pending', 'in_progress'\)|count_if\(status = 'completed'\)|array_sort\(array_agg|approx_|3\.6e6"
    )
    root = PROJECT.parent
    # hours of a status's period and of a bill are no cycle time
    of_other_durations = {"fct_task_status_periods.sql"}
    files = [*PROJECT.glob("models/**/*.sql"), *root.glob("bi/queries/*.sql"), *root.glob("bi/dashboard/**/*.py")]
    assert [
        path.name for path in files if definition.search(path.read_text()) and path.name not in of_other_durations
    ] == []


def test_every_metric_says_how_it_is_measured() -> None:
    described = {one["name"]: one for one in yaml.safe_load(MACROS.with_suffix(".yml").read_text())["macros"]}
    defined = re.findall(r"{% macro (\w+)\(", MACROS.read_text())
    assert sorted(described) == sorted(defined)
    methods = {
        one["config"]["meta"]["metric"]: one["config"]["meta"]["method"]
        for one in described.values()
        if "config" in one
    }
    assert set(methods) == {
        "open_tasks", "completed_tasks", "overdue_tasks", "active_users", "completion_rate_pct", "cycle_time_hours"
    }  # fmt: skip
    assert set(methods.values()) == {"exact"}


@pytest.mark.parametrize("sql", ["{{ is_opened('status') }}", "{{ is_open() }", "{{ is_open('a', 'b') }}"])
def test_sql_that_names_no_metric_is_refused(sql: str) -> None:
    with pytest.raises(MetricError, match="the SQL cannot be rendered"):
        render(sql)
