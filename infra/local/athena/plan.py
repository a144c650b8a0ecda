"""What a statement needs of each table, found before any data is fetched.

The tables are bound empty first, and DuckDB plans the statement over them: its plan says which columns each scan reads
and which predicates reach it, through views, subqueries and joins alike. So partitions and columns are pruned without a
second optimizer. Where the plan says something unknown, the answer is "everything".
"""

import dataclasses
import json
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import duckdb
import sqlglot
from pyiceberg import expressions as iceberg
from sqlglot import exp

from infra.local.athena.catalog import NULL_PARTITION
from infra.local.hive_types import quote_identifier, quote_literal

Predicate = exp.Expr


@dataclasses.dataclass
class Need:
    """What a statement reads of one table.

    Args:
        columns: lower-case names; None for all.
        alternatives: one list of predicates per scan of the table; a row is needed that meets all of one list.
    """

    columns: set[str] | None = None
    alternatives: list[list[Predicate]] = dataclasses.field(default_factory=list)

    def chosen(self, available: Iterable[str]) -> set[str]:
        """The needed ones of the `available` columns."""
        return {name for name in available if self.columns is None or name in self.columns}


def needs(connection: duckdb.DuckDBPyConnection, sql: str, tables: dict[str, Sequence[str]]) -> dict[str, Need]:
    """What `sql` reads of the empty tables in schema `__scan`.

    Args:
        tables: table name -> its column names in lower case.
    """
    found = {name: Need(set()) for name in tables}
    seen: set[str] = set()
    rows = connection.execute(f"explain (format json) {sql}").fetchall()
    for node, above in _nodes(json.loads(rows[0][1]), []):
        name = str(node.get("extra_info", {}).get("Table", "")).rpartition(".")[2]
        if name in found:
            seen.add(name)
            _add(found[name], node["extra_info"], above, tables[name])
    # what the plan does not scan, it may still read in a way that is not known here
    return {name: need if name in seen else Need() for name, need in found.items()}


def _nodes(nodes: list[dict[str, Any]], above: list[str]) -> Iterator[tuple[dict[str, Any], list[str]]]:
    """Every node of a plan with the conditions of the filter right above it."""
    for node in nodes:
        yield node, above
        conditions = _texts(node["extra_info"].get("Expression")) if node.get("name", "").strip() == "FILTER" else []
        yield from _nodes(node.get("children", []), conditions)


def _add(need: Need, scan: dict[str, Any], above: list[str], columns: Sequence[str]) -> None:
    filters = [_predicates(text) for text in _texts(scan.get("Filters"))]
    conditions = [predicate for found in filters if found for predicate in found]
    read = {_column(text, columns) for text in _texts(scan.get("Projections")) if text}
    read |= {column.name.lower() for predicate in conditions for column in predicate.find_all(exp.Column)}
    if None in filters or None in read or not read <= set(columns):
        need.columns = None
    elif need.columns is not None:
        need.columns |= {name for name in read if name}
    conditions += [predicate for text in above for predicate in _predicates(text) or []]
    need.alternatives.append(conditions)


def _texts(value: Any) -> list[str]:
    return [value] if isinstance(value, str) else list(value or [])


def _column(text: str, columns: Sequence[str]) -> str | None:
    """The column that a projection reads: itself, or the one whose field it is."""
    name = text.strip('"').lower()
    return name if name in columns else next((c for c in columns if name.startswith(f"{c}.")), None)


def _predicates(text: str) -> list[Predicate] | None:
    """The conjuncts of a condition as DuckDB prints it; None when it cannot be read."""
    # an optional filter repeats what a filter above demands; outside of quotes only, where values are
    parts = text.split("'")
    parts[::2] = [part.replace("optional: ", "") for part in parts[::2]]
    try:
        tree = sqlglot.parse_one("'".join(parts), read="duckdb")
    except sqlglot.errors.SqlglotError:
        return None
    return list(_conjuncts(tree))


def _conjuncts(tree: exp.Expr) -> Iterator[Predicate]:
    tree = tree.unnest()
    if isinstance(tree, exp.And):
        yield from _conjuncts(tree.left)
        yield from _conjuncts(tree.right)
    else:
        yield tree


def partitions(
    connection: duckdb.DuckDBPyConnection,
    need: Need,
    keys: Sequence[tuple[str, str]],
    values: Sequence[tuple[str, ...]],
) -> set[tuple[str, ...]]:
    """Those partition values that a statement can need.

    Args:
        keys: (name, DuckDB type) of the partition columns.
        values: each partition's, in the keys' order.
    """
    if not need.alternatives or not values:
        return set(values)
    names = {name for name, _ in keys}
    tests = []
    for conditions in need.alternatives:
        usable = [c for c in conditions if {column.name.lower() for column in c.find_all(exp.Column)} <= names]
        if not usable:
            return set(values)
        tests.append(" and ".join(f"({c.sql(dialect='duckdb')})" for c in usable))
    rows = ", ".join(f"({', '.join([str(i), *map(quote_literal, v)])})" for i, v in enumerate(values))
    typed = ", ".join(
        f"cast(nullif(k{i}, {quote_literal(NULL_PARTITION)}) as {kind}) as {quote_identifier(name)}"
        for i, (name, kind) in enumerate(keys)
    )
    columns = ", ".join(["i", *(f"k{i}" for i in range(len(keys)))])
    query = f"select i from (select i, {typed} from (values {rows}) p({columns})) where {' or '.join(tests)}"
    try:
        return {values[i] for (i,) in connection.execute(query).fetchall()}
    except duckdb.Error:
        return set(values)


def row_filter(need: Need, columns: dict[str, str]) -> iceberg.BooleanExpression:
    """The predicates that Iceberg's metadata can be asked, for leaving out files.

    Args:
        columns: lower-case name -> the name in the table's schema.
    """
    if not need.alternatives:
        return iceberg.AlwaysTrue()
    result: iceberg.BooleanExpression = iceberg.AlwaysFalse()
    for conditions in need.alternatives:
        every: iceberg.BooleanExpression = iceberg.AlwaysTrue()
        for condition in conditions:
            every = iceberg.And(every, _iceberg(condition, columns))
        result = iceberg.Or(result, every)
    return result


_COMPARISONS: dict[type[exp.Expr], Any] = {
    exp.EQ: iceberg.EqualTo,
    exp.GT: iceberg.GreaterThan,
    exp.GTE: iceberg.GreaterThanOrEqual,
    exp.LT: iceberg.LessThan,
    exp.LTE: iceberg.LessThanOrEqual,
}


def _iceberg(condition: Predicate, columns: dict[str, str]) -> iceberg.BooleanExpression:
    """A predicate that is true at least where `condition` is."""
    comparison = _COMPARISONS.get(type(condition))
    column = columns.get(condition.this.name.lower()) if isinstance(condition.this, exp.Column) else None
    if comparison and column:
        value = _value(condition.expression)
        found: iceberg.BooleanExpression = iceberg.AlwaysTrue() if value is None else comparison(column, value)
        return found
    if isinstance(condition, exp.In) and column:
        values = [_value(item) for item in condition.expressions]
        one: iceberg.BooleanExpression = iceberg.AlwaysTrue() if not values or None in values else iceberg.AlwaysFalse()
        for value in values:
            one = iceberg.Or(one, _COMPARISONS[exp.EQ](column, value))
        return one
    if isinstance(condition, exp.Or):
        return iceberg.Or(_iceberg(condition.left.unnest(), columns), _iceberg(condition.right.unnest(), columns))
    if isinstance(condition, exp.And):
        return iceberg.And(_iceberg(condition.left.unnest(), columns), _iceberg(condition.right.unnest(), columns))
    return iceberg.AlwaysTrue()


def _value(node: exp.Expr) -> Any:
    """A literal that Iceberg reads as any column type it can stand beside: text, dates, timestamps, integers."""
    if isinstance(node, exp.Cast) and node.this.is_string:
        if node.to.this == exp.DType.DATE:
            return node.this.name
        if node.to.this in (exp.DType.TIMESTAMP, exp.DType.TIMESTAMPNTZ, exp.DType.TIMESTAMPTZ):
            text = node.this.name.replace(" ", "T", 1)
            return text + ":00" if node.to.this == exp.DType.TIMESTAMPTZ and text[-3] in "+-" else text
        return None
    if isinstance(node, exp.Literal):
        return node.name if node.is_string else int(node.name) if node.is_int else None
    return None
