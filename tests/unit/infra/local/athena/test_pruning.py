"""What a statement needs of its tables, as DuckDB's plan over empty ones tells."""

import datetime as dt
from collections.abc import Iterator

import duckdb
import pytest
from pyiceberg.expressions import AlwaysFalse, AlwaysTrue, BooleanExpression, parser
from pyiceberg.expressions.visitors import expression_evaluator
from pyiceberg.schema import Schema
from pyiceberg.typedef import Record
from pyiceberg.types import (
    DateType,
    IntegerType,
    NestedField,
    StringType,
    StructType,
    TimestampType,
    TimestamptzType,
)

from infra.local.athena.data import pruning
from infra.local.athena.session import connection

KEYS = [("dt", "VARCHAR"), ("n", "INTEGER")]
VALUES = [("2026-01-01", "1"), ("2026-01-02", "2"), ("2026-01-03", "3")]
COLUMNS = ["a", "b", "s", "at", "dt", "n"]
EVENTS = Schema(
    NestedField(1, "a", IntegerType()),
    NestedField(2, "b", StringType()),
    NestedField(3, "at", TimestampType()),
    NestedField(4, "Moment", TimestamptzType()),
    NestedField(5, "d", DateType()),
    NestedField(6, "s", StructType(NestedField(7, "a", IntegerType()))),
)


@pytest.fixture
def con() -> Iterator[duckdb.DuckDBPyConnection]:
    with connection() as opened:
        opened.execute(
            'create table __scan.t (a int, b varchar, s struct(x int, y int), "at" timestamp, dt varchar, n int)'
        )
        opened.execute("create table __scan.u (a int, c varchar)")
        yield opened


def need(con: duckdb.DuckDBPyConnection, sql: str) -> pruning.Need:
    return pruning.needs(con, sql, {"t": COLUMNS, "u": ["a", "c"]})["t"]


@pytest.mark.parametrize(
    ("sql", "columns"),
    [
        ("select a from __scan.t", {"a"}),
        ("select count(*) from __scan.t", set()),
        ("select s.x from __scan.t", {"s"}),
        ("select a from __scan.t where b = 'x'", {"a", "b"}),
        ("with q as (select * from __scan.t) select b from q where n > 1", {"b", "n"}),
        ("select t.a from __scan.t t join __scan.u u on t.b = u.c", {"a", "b"}),
        ("select * from __scan.t", set(COLUMNS)),
        ("select a from __scan.t where s.x = 5", {"a", "s"}),
        ("select a from __scan.t order by n limit 3", {"a", "n"}),
    ],
)
def test_only_the_columns_that_are_used_are_needed(con: duckdb.DuckDBPyConnection, sql: str, columns: set[str]) -> None:
    assert need(con, sql).chosen(COLUMNS) == columns


@pytest.mark.parametrize(
    ("where", "days"),
    [
        ("dt = '2026-01-02'", {"2"}),
        ("dt in ('2026-01-01', '2026-01-03')", {"1", "3"}),
        ("dt between '2026-01-02' and '2026-01-03' and a = 1", {"2", "3"}),
        ("cast(dt as date) > date '2026-01-01'", {"2", "3"}),
        ("dt like '%-03'", {"3"}),
        ("n + 1 = 2", {"1"}),
        ("dt = '2026-01-01' or n = 3", {"1", "3"}),
        ("dt = '2026-01-01' or a = 3", {"1", "2", "3"}),
        ("b = 'optional: x' and n = 1", {"1"}),
        ("dt is null", set()),
        ("a = 1", {"1", "2", "3"}),
    ],
)
def test_partitions_that_no_row_can_come_from_are_left_out(
    con: duckdb.DuckDBPyConnection, where: str, days: set[str]
) -> None:
    found = pruning.partitions(con, need(con, f"select a from __scan.t where {where}"), KEYS, VALUES)
    assert {n for _, n in found} == days


def test_a_table_read_twice_needs_what_either_reading_needs(con: duckdb.DuckDBPyConnection) -> None:
    sql = "select a from __scan.t where n = 1 union all select a from __scan.t where n = 3"
    assert {n for _, n in pruning.partitions(con, need(con, sql), KEYS, VALUES)} == {"1", "3"}


def test_the_null_extended_side_of_a_join_is_not_pruned_by_its_nulls(con: duckdb.DuckDBPyConnection) -> None:
    sql = "select u.a from __scan.u u left join __scan.t t on u.a = t.a where t.n is null"
    assert pruning.partitions(con, need(con, sql), KEYS, VALUES) == set(VALUES)


@pytest.mark.parametrize(
    "sql",
    [
        "select * from (select * from __scan.t) q where false limit 0",
        "select * from __scan.t limit 0",
        "select count(*) from __scan.t where 1 = 0",
        "select u.a from __scan.u u left join (select a from __scan.t where false) t on u.a = t.a",
        "select u.a from __scan.u u left join (select distinct a from __scan.t) t on u.a = t.a",
        "select c from __scan.u",
    ],
)
def test_nothing_is_needed_of_a_table_whose_scan_the_plan_does_not_have(
    con: duckdb.DuckDBPyConnection, sql: str
) -> None:
    found = need(con, sql)
    assert found.chosen(COLUMNS) == set()
    assert pruning.partitions(con, found, KEYS, VALUES) == set()
    assert pruning.row_filter(found, EVENTS) == AlwaysFalse()


@pytest.mark.parametrize(
    "sql",
    [
        "select a from __scan.t where false union all select a from __scan.t",
        "with recursive r as (select 1 as a union select t.a + 1 from __scan.t t join r on r.a = t.a) select * from r",
        "select c, (select max(t.a) from __scan.t t where t.a < u.a) from __scan.u u",
        "select c from __scan.u u where exists (select 1 from __scan.t t where t.a = u.a)",
        "select c from __scan.u where a not in (select a from __scan.t)",
        "with q as materialized (select a from __scan.t) select * from q x cross join q y",
        "select a from __scan.t except select a from __scan.u",
    ],
)
def test_a_table_is_scanned_in_whatever_way_it_takes_part(con: duckdb.DuckDBPyConnection, sql: str) -> None:
    found = need(con, sql)
    assert found.chosen(COLUMNS) == {"a"}
    assert pruning.partitions(con, found, KEYS, VALUES) == set(VALUES)


def test_a_plan_that_ends_in_something_unknown_may_need_all_of_what_it_does_not_show(
    con: duckdb.DuckDBPyConnection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pruning, "_LEAVES", set())
    found = need(con, "select count(*) from __scan.t where false")
    assert found == pruning.Need()
    assert found.chosen(COLUMNS) == set(COLUMNS)
    assert pruning.partitions(con, found, KEYS, VALUES) == set(VALUES)
    assert pruning.row_filter(found, EVENTS) == AlwaysTrue()


def iceberg_filter(con: duckdb.DuckDBPyConnection, where: str) -> BooleanExpression:
    con.execute('create table __scan.e (a int, b varchar, "at" timestamp, moment timestamptz, d date, s struct(a int))')
    columns = [field.name.lower() for field in EVENTS.fields]
    return pruning.row_filter(pruning.needs(con, f"select b from __scan.e where {where}", {"e": columns})["e"], EVENTS)


@pytest.mark.parametrize(
    ("where", "expected"),
    [
        ("a = 5", "a = 5"),
        ("b > 'x' and a <> 3", "b > 'x'"),
        ("\"at\" >= timestamp '2026-01-02 03:04:05'", "at >= '2026-01-02T03:04:05'"),
        ("length(b) = 3", "true"),
        ("a = 5 or length(b) = 3", "true"),
        ("s.a = 5", "true"),
    ],
)
def test_simple_predicates_reach_icebergs_metadata(con: duckdb.DuckDBPyConnection, where: str, expected: str) -> None:
    assert iceberg_filter(con, where) == parser.parse(expected)


JANUARY = ", ".join(f"date '2026-01-{day:02}'" for day in range(1, 32))


@pytest.mark.parametrize(
    ("where", "days"),
    [
        ("cast({} as date) = date '2026-01-03'", {3}),
        ("cast({} as date) in (date '2026-01-02', date '2026-01-04')", {2, 4}),
        (f"cast({{}} as date) in ({JANUARY}) and cast({{}} as date) <= date '2026-01-02'", {1, 2}),
        ("cast({} as date) between date '2026-01-02' and date '2026-01-03'", {2, 3}),
        ("cast({} as date) > date '2026-01-03'", {4, 5}),
        ("cast({} as date) >= date '2026-01-03'", {3, 4, 5}),
        ("cast({} as date) < date '2026-01-03'", {1, 2}),
        ("date '2026-01-02' >= cast({} as date)", {1, 2}),
        ("cast({} as date) in (date '1970-01-01')", set()),
        ("(cast({} as date) = date '2026-01-03' or b = 'x')", {1, 2, 3, 4, 5}),
    ],
)
@pytest.mark.parametrize("column", ["at", "moment"])
def test_the_day_of_an_instant_leaves_out_the_files_of_other_days(
    con: duckdb.DuckDBPyConnection, where: str, days: set[int], column: str
) -> None:
    catalog_filter = iceberg_filter(con, where.format(f'"{column}"', f'"{column}"'))
    assert {day for day in range(1, 6) if any(_may_hold(catalog_filter, day, hour) for hour in (0, 12, 23))} == days


def _may_hold(expression: BooleanExpression, day: int, hour: int) -> bool:
    moment = dt.datetime(2026, 1, day, hour, 59 if hour == 23 else 0, 59 if hour == 23 else 0, tzinfo=dt.UTC)
    microseconds = int(moment.timestamp()) * 1_000_000 + (999_999 if hour == 23 else 0)
    row = Record(1, "x", microseconds, microseconds, None, None)
    return expression_evaluator(EVENTS, expression, case_sensitive=True)(row)


def test_the_day_that_a_text_names_says_nothing_of_the_text(con: duckdb.DuckDBPyConnection) -> None:
    assert iceberg_filter(con, "cast(b as date) >= date '2026-01-02'") == AlwaysTrue()
