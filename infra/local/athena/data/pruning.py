"""What a statement needs of each table, found before any data is fetched.

The tables are bound empty first, and DuckDB plans the statement over them: its plan says which columns each scan reads
and which predicates reach it, through views, subqueries and joins alike. So partitions and columns are pruned without a
second optimizer. Where the plan says something unknown, the answer is "everything"; of a table that it does not scan,
because `where false` or an elimination took the scan out, nothing is needed: the plan is right for any content.
"""

import dataclasses
import datetime as dt
import json
import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import duckdb
import sqlglot
from pyiceberg import expressions as iceberg
from pyiceberg.schema import Schema
from pyiceberg.types import IcebergType, TimestampType, TimestamptzType
from sqlglot import exp

from infra.local.athena.catalog.glue import NULL_PARTITION
from infra.local.glue.hive_types import quote_identifier, quote_literal

Predicate = exp.Expr
# what stands at the ends of a plan besides scans and table functions
_LEAVES = {"COLUMN_DATA_SCAN", "CTE_SCAN", "DELIM_SCAN", "DUMMY_SCAN", "EMPTY_RESULT", "REC_CTE_SCAN"}
# a bound that is found while the statement runs, such as a LIMIT's
_DYNAMIC = re.compile(r"Dynamic Filter \([^()]*\)")
_DAY = dt.timedelta(days=1)


@dataclasses.dataclass
class Need:
    """What a statement reads of one table.

    Args:
        columns: lower-case names; None for all.
        alternatives: one list of predicates per scan of the table; a row is needed that meets all of one list.
            None for all rows.
    """

    columns: set[str] | None = None
    alternatives: list[list[Predicate]] | None = None

    def chosen(self, available: Iterable[str]) -> set[str]:
        """The needed ones of the `available` columns."""
        return {name for name in available if self.columns is None or name in self.columns}


def needs(connection: duckdb.DuckDBPyConnection, sql: str, tables: dict[str, Sequence[str]]) -> dict[str, Need]:
    """What `sql` reads of the empty tables in schema `__scan`.

    Args:
        tables: table name -> its column names in lower case.
    """
    found = {name: Need(set(), []) for name in tables}
    rows = connection.execute(f"explain (format json) {sql}").fetchall()
    understood = True
    for node, above in _nodes(json.loads(rows[0][1]), []):
        extra = node.get("extra_info", {})
        name = str(extra.get("Table", "")).rpartition(".")[2]
        if name in found:
            _add(found[name], extra, above, tables[name])
        elif not node.get("children"):
            understood &= "Table" in extra or "Function" in extra or node.get("name", "").strip() in _LEAVES
    # a leaf of an unknown kind may be a scan of any table that was not met
    return found if understood else {name: need if need.alternatives else Need() for name, need in found.items()}


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
    read |= {name for predicate in conditions for name in _named(predicate)}
    if None in filters or None in read or not read <= set(columns):
        need.columns = None
    elif need.columns is not None:
        need.columns |= {name for name in read if name}
    conditions += [predicate for text in above for predicate in _predicates(text) or []]
    need.alternatives = [*(need.alternatives or []), conditions]


def _texts(value: Any) -> list[str]:
    return [value] if isinstance(value, str) else list(value or [])


def _column(text: str, columns: Sequence[str]) -> str | None:
    """The column that a projection reads: itself, or the one whose field it is."""
    name = text.strip('"').lower()
    return name if name in columns else next((c for c in columns if name.startswith(f"{c}.")), None)


def _named(predicate: Predicate) -> set[str]:
    """The columns that a predicate reads; of `a.b`, the field b of column a, it is a."""
    return {column.parts[0].name.lower() for column in predicate.find_all(exp.Column)}


def _predicates(text: str) -> list[Predicate] | None:
    """The conjuncts of a condition as DuckDB prints it; None when it cannot be read."""
    # an optional filter repeats what a filter above demands; outside of quotes only, where values are
    parts = text.split("'")
    parts[::2] = [_DYNAMIC.sub("true", part.replace("optional: ", "")) for part in parts[::2]]
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
    if need.alternatives is None or not values:
        return set(values)
    if not need.alternatives:
        return set()
    names = {name for name, _ in keys}
    tests = []
    for conditions in need.alternatives:
        usable = [c for c in conditions if _named(c) <= names]
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


def row_filter(need: Need, schema: Schema) -> iceberg.BooleanExpression:
    """The predicates that Iceberg's metadata can be asked, for leaving out files.

    Args:
        schema: the table's.
    """
    if need.alternatives is None:
        return iceberg.AlwaysTrue()
    columns = {field.name.lower(): (field.name, field.field_type) for field in schema.fields}
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
_Columns = dict[str, tuple[str, IcebergType]]


def _iceberg(condition: Predicate, columns: _Columns) -> iceberg.BooleanExpression:
    """A predicate that is true at least where `condition` is."""
    one: iceberg.BooleanExpression = iceberg.AlwaysTrue()
    if isinstance(condition, exp.Or):
        return iceberg.Or(_iceberg(condition.left.unnest(), columns), _iceberg(condition.right.unnest(), columns))
    if isinstance(condition, exp.And):
        return iceberg.And(_iceberg(condition.left.unnest(), columns), _iceberg(condition.right.unnest(), columns))
    if isinstance(condition, exp.Column) and condition.name.lower() in columns:
        return _compared(exp.EQ, condition, exp.true(), columns)
    if isinstance(condition, exp.Between):
        low = _compared(exp.GTE, condition.this, condition.args["low"], columns)
        return iceberg.And(low, _compared(exp.LTE, condition.this, condition.args["high"], columns))
    if isinstance(condition, exp.In) and condition.expressions:
        one = iceberg.AlwaysFalse()
        for item in condition.expressions:
            one = iceberg.Or(one, _compared(exp.EQ, condition.this, item, columns))
    elif type(condition) in _COMPARISONS:
        one = _compared(type(condition), condition.this, condition.expression, columns)
    return one


def _compared(kind: type[exp.Expr], left: exp.Expr, right: exp.Expr, columns: _Columns) -> iceberg.BooleanExpression:
    """What a comparison of a column, or of the day of an instant, with a literal says of the column."""
    everything: iceberg.BooleanExpression = iceberg.AlwaysTrue()
    value = _value(right)
    inner = left.this if isinstance(left, exp.Cast) and left.to.this == exp.DType.DATE else left
    if value is None or not isinstance(inner, exp.Column) or inner.table or inner.name.lower() not in columns:
        return everything
    name, column_type = columns[inner.name.lower()]
    compare: Any = _COMPARISONS[kind]
    if inner is left:
        found: iceberg.BooleanExpression = compare(name, value)
        return found
    if not isinstance(column_type, TimestampType | TimestamptzType):
        return everything
    try:
        day = dt.date.fromisoformat(str(value))
        begins, ends = (_midnight(moment, column_type) for moment in (day, day + _DAY))
    except (ValueError, OverflowError):
        return everything
    # (comparison, bound) on the instants that the day stands for
    bounds: dict[type[exp.Expr], list[tuple[type[exp.Expr], str]]] = {
        exp.EQ: [(exp.GTE, begins), (exp.LT, ends)],
        exp.GTE: [(exp.GTE, begins)],
        exp.GT: [(exp.GTE, ends)],
        exp.LTE: [(exp.LT, ends)],
        exp.LT: [(exp.LT, begins)],
    }
    for bound, moment in bounds[kind]:
        everything = iceberg.And(everything, _COMPARISONS[bound](name, moment))
    return everything


def _midnight(day: dt.date, column_type: IcebergType) -> str:
    """The beginning of a day, which is one of UTC for an instant: that is the time zone of every session."""
    return f"{day.isoformat()}T00:00:00" + ("+00:00" if isinstance(column_type, TimestamptzType) else "")


def _value(node: exp.Expr) -> Any:
    """A literal that Iceberg reads as any column type it can stand beside: text, dates, timestamps, integers."""
    if isinstance(node, exp.Cast) and node.this.is_string:
        if node.to.this == exp.DType.DATE:
            return node.this.name
        if node.to.this in (exp.DType.TIMESTAMP, exp.DType.TIMESTAMPNTZ, exp.DType.TIMESTAMPTZ):
            text = node.this.name.replace(" ", "T", 1)
            return text + ":00" if node.to.this == exp.DType.TIMESTAMPTZ and text[-3] in "+-" else text
        return None
    if isinstance(node, exp.Boolean):
        return bool(node.this)
    if isinstance(node, exp.Literal):
        return node.name if node.is_string else int(node.name) if node.is_int else None
    return None
