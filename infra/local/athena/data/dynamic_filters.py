"""Dynamic filters: the join keys of a MERGE's source decide which files of its target are read.

Trino collects the build side's keys of a join and prunes the probe side's files with them:
https://trino.io/docs/current/admin/dynamic-filtering.html. Beyond 1,000 distinct keys it keeps their range only
(`iceberg.domain-compaction-threshold`, https://trino.io/docs/current/connector/iceberg.html).
"""

import dataclasses
import datetime as dt
from collections.abc import Iterator, Mapping
from typing import Any

import duckdb
from pyiceberg import expressions as iceberg
from pyiceberg.types import (
    DateType,
    IcebergType,
    IntegerType,
    LongType,
    StringType,
    TimestampType,
    TimestamptzType,
)
from sqlglot import exp

from infra.local.athena.sql import operand_types, trino

DISTINCT_KEYS = 1000
# pyiceberg's predicates take column names and literals, which their annotations do not say
_AT_LEAST: Any = iceberg.GreaterThanOrEqual
_UP_TO: Any = iceberg.LessThanOrEqual
_IN: Any = iceberg.In
_KEYS_PER_PREDICATE = 200  # pyiceberg looks at no file's bounds for a longer list

_PYTHON: dict[type[IcebergType], type] = {
    DateType: dt.date,
    IntegerType: int,
    LongType: int,
    StringType: str,
    TimestampType: dt.datetime,
    TimestamptzType: dt.datetime,
}


def merge_filter(
    connection: duckdb.DuckDBPyConnection,
    condition: exp.Expr,
    target: str,
    source: exp.Expr,
    columns: Mapping[str, tuple[str, IcebergType]],
) -> iceberg.BooleanExpression:
    """What the target's rows that match a source row have in common.

    Args:
        condition: the MERGE's ON.
        target: the target's alias.
        source: the source as it stands in FROM, bound in `connection`.
        columns: the target's, lower-case name -> name and type in its schema.
    """
    result: iceberg.BooleanExpression = iceberg.AlwaysTrue()
    for column, key in _equalities(condition, target):
        if column not in columns:
            continue
        name, kind = columns[column]
        keys = _distinct(connection, key, source)
        if keys is not None and all(type(value) is _PYTHON.get(type(kind)) for value in keys.values):
            result = iceberg.And(result, _predicate(name, keys))
    return result


def _equalities(condition: exp.Expr, target: str) -> Iterator[tuple[str, exp.Expr]]:
    """(target column, expression of the source) of the conjuncts that compare the two."""
    condition = condition.unnest()
    if isinstance(condition, exp.And):
        yield from _equalities(condition.left, target)
        yield from _equalities(condition.right, target)
    elif isinstance(condition, exp.EQ):
        for column, key in ((condition.left, condition.right), (condition.right, condition.left)):
            of_target = isinstance(column, exp.Column) and column.table.lower() == target.lower()
            others = [one.table.lower() for one in key.find_all(exp.Column)]
            if of_target and others and target.lower() not in others and "" not in others:
                yield column.name.lower(), key


@dataclasses.dataclass(frozen=True)
class _Keys:
    """The distinct keys in ascending order, or, `ranged`, the least and the greatest of them."""

    values: list[Any]
    ranged: bool = False


def _distinct(connection: duckdb.DuckDBPyConnection, key: exp.Expr, source: exp.Expr) -> _Keys | None:
    """The keys of the source's rows; None where they cannot be evaluated."""
    query = trino.to_duck(exp.select(exp.alias_(key.copy(), "k")).from_(source.copy()))
    query = operand_types.apply(connection, query, trino.duck_sql)
    keys = f"(select distinct k from ({trino.duck_sql(query)}) where k is not null)"
    try:
        rows = connection.execute(f"select k from {keys} order by k limit {DISTINCT_KEYS + 1}").fetchall()
        if len(rows) <= DISTINCT_KEYS:
            return _Keys([value for (value,) in rows])
        bounds = connection.execute(f"select min(k), max(k) from {keys}").fetchone()
    except duckdb.Error:
        return None
    return _Keys(list(bounds), ranged=True) if bounds else None


def _predicate(name: str, keys: _Keys) -> iceberg.BooleanExpression:
    literals = [value.isoformat() if isinstance(value, dt.date) else value for value in keys.values]
    if keys.ranged:
        return iceberg.And(_AT_LEAST(name, literals[0]), _UP_TO(name, literals[1]))
    result: iceberg.BooleanExpression = iceberg.AlwaysFalse()
    for start in range(0, len(literals), _KEYS_PER_PREDICATE):
        result = iceberg.Or(result, _IN(name, literals[start : start + _KEYS_PER_PREDICATE]))
    return result
