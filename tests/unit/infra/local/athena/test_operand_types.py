"""The forms that operands' types decide, on DuckDB alone."""

import duckdb
import pytest
from sqlglot import exp

from infra.local.athena.sql import operand_types, trino


def apply(tree: exp.Expr) -> exp.Expr:
    with duckdb.connect() as connection:
        connection.execute("create table t (i integer, j integer, d date, e date)")
        return operand_types.apply(connection, tree, trino.duck_sql)


@pytest.mark.parametrize(
    ("sql", "is_span"),
    [
        ("select d - e from t", True),
        ("select max(d) - min(e) from t where i > 0 group by j having max(i) > 1", True),
        ("select x - y from (select d as x, e as y from t)", True),
        ("with u as (select max(d) as x from t) select x - e from u, t", True),
        ("select i - j from t", False),
        ("select sum(i - j) from t", False),
    ],
)
def test_only_dates_apart_become_days(sql: str, is_span: bool) -> None:
    found = apply(trino.to_duck(trino.parse(sql)))
    assert any(one.name == "to_days" for one in found.find_all(exp.Anonymous)) == is_span


def test_types_in_many_queries_are_found_over_empty_tables() -> None:
    """Common tables, subqueries, joins, names given beside a query, two columns of one name."""
    sql = """
    with a (x, y) as (select d, e from t), b as (select x - y as span, i, d from a, t),
    twins as (select d as z, e as z from t), c as (select max(q.f) - min(q.f) as g, q.i from
    (select b.d as f, b.i from b join (select d - e as span from t) s on b.span = s.span) q group by q.i)
    select c.g, c.i - 1, (select max(d) - min(e) from t), b.d - a.x from c cross join b cross join a cross join twins
    """
    tree = trino.to_duck(trino.parse(sql))
    with duckdb.connect() as connection:
        connection.execute("create table t (i integer, j integer, d date, e date)")
        found = operand_types.apply(connection, tree.copy(), trino.duck_sql)
        made = connection.execute("select table_name from duckdb_tables() where temporary").fetchall()
    assert len(made) >= 4
    assert sum(one.name == "to_days" for one in found.find_all(exp.Anonymous)) == 5
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(operand_types, "FEW_QUERIES", 100)
        assert apply(tree.copy()) == found


@pytest.mark.parametrize("operands", ["i - j", "d - e"])
def test_the_forms_of_a_copy_leave_its_original_as_it_is(operands: str) -> None:
    """A view's query is kept after its translation, and copied into each statement that reads the view."""
    original = trino.to_duck(trino.parse(f"select sum({operands}), avg({operands}), ({operands}) / 2 from t"))
    nodes = {id(node) for node in original.walk()}
    first, second = apply(original.copy()), apply(original.copy())
    assert not nodes & {id(node) for node in (*first.walk(), *second.walk())}
    assert first == second
