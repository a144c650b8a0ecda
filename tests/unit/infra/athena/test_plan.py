"""What a statement needs of its tables, as DuckDB's plan over empty ones tells."""

from collections.abc import Iterator

import duckdb
import pytest
from pyiceberg.expressions import parser

from infra.local.athena import plan
from infra.local.athena.session import connection

KEYS = [("dt", "VARCHAR"), ("n", "INTEGER")]
VALUES = [("2026-01-01", "1"), ("2026-01-02", "2"), ("2026-01-03", "3")]
COLUMNS = ["a", "b", "s", "at", "dt", "n"]


@pytest.fixture
def con() -> Iterator[duckdb.DuckDBPyConnection]:
    with connection() as opened:
        opened.execute(
            'create table __scan.t (a int, b varchar, s struct(x int, y int), "at" timestamp, dt varchar, n int)'
        )
        opened.execute("create table __scan.u (a int, c varchar)")
        yield opened


def need(con: duckdb.DuckDBPyConnection, sql: str) -> plan.Need:
    return plan.needs(con, sql, {"t": COLUMNS, "u": ["a", "c"]})["t"]


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
    found = plan.partitions(con, need(con, f"select a from __scan.t where {where}"), KEYS, VALUES)
    assert {n for _, n in found} == days


def test_a_table_read_twice_needs_what_either_reading_needs(con: duckdb.DuckDBPyConnection) -> None:
    sql = "select a from __scan.t where n = 1 union all select a from __scan.t where n = 3"
    assert {n for _, n in plan.partitions(con, need(con, sql), KEYS, VALUES)} == {"1", "3"}


def test_the_null_extended_side_of_a_join_is_not_pruned_by_its_nulls(con: duckdb.DuckDBPyConnection) -> None:
    sql = "select u.a from __scan.u u left join __scan.t t on u.a = t.a where t.n is null"
    assert plan.partitions(con, need(con, sql), KEYS, VALUES) == set(VALUES)


@pytest.mark.parametrize(
    ("where", "expected"),
    [
        ("a = 5", "a = 5"),
        ("b > 'x' and n <> 3", "b > 'x'"),
        ("\"at\" >= timestamp '2026-01-02 03:04:05'", "at >= '2026-01-02T03:04:05'"),
        ("length(b) = 3", "true"),
        ("a = 5 or length(b) = 3", "true"),
    ],
)
def test_simple_predicates_reach_icebergs_metadata(con: duckdb.DuckDBPyConnection, where: str, expected: str) -> None:
    found = plan.row_filter(need(con, f"select a from __scan.t where {where}"), {name: name for name in COLUMNS})
    assert found == parser.parse(expected)
