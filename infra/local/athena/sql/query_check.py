"""Queries that DuckDB runs and Trino refuses: set operations on types that do not fit, an ORDER BY that DISTINCT lost.

https://trino.io/docs/current/sql/select.html: the queries of a set operation need as many columns of types that Trino
converts implicitly; with DISTINCT, ORDER BY may only use what is selected.
"""

import re
from collections.abc import Iterator, Sequence

import duckdb
from sqlglot import exp

from infra.local.athena.errors import AthenaError, place
from infra.local.glue.hive_types import duck_to_hive, hive_to_trino

_NUMBERS = re.compile(r"(TINYINT|SMALLINT|INTEGER|BIGINT|HUGEINT|U?(TINY|SMALL|BIG|HUGE)?INT|DECIMAL.*|DOUBLE|FLOAT)\Z")
_DATES = re.compile(r"(DATE|TIMESTAMP.*)\Z")
_Types = list[str] | None
_END = "__end"
"""The column after the last one of a query that is described beside others."""
_UNTYPED = ("NULL", '"NULL"')


def check(connection: duckdb.DuckDBPyConnection, tree: exp.Expr, sql: str) -> None:
    """Refuse such a query.

    Args:
        tree: whose tables are bound in `connection`.
        sql: the statement's text, for the place in the message.

    Raises:
        AthenaError: TYPE_MISMATCH or EXPRESSION_NOT_IN_DISTINCT.
    """
    for select in tree.find_all(exp.Select):
        _check_order(select, sql)
    for operation in tree.find_all(exp.SetOperation):
        if not isinstance(operation.parent, exp.SetOperation):
            _check_sides(connection, tree, operation, sql)


def _check_order(select: exp.Select, sql: str) -> None:
    order = select.args.get("order")
    if order is None or not isinstance(select.args.get("distinct"), exp.Distinct) or select.is_star:
        return
    names = {item.alias_or_name.lower() for item in select.expressions}
    selected = [item.unalias() for item in select.expressions]
    for item in order.expressions:
        key = item.this.unnest()
        known = isinstance(key, exp.Literal) or key in selected
        if isinstance(key, exp.Column):
            known = known or key.name.lower() in names
        if not known:
            at = place(sql, key.name) if isinstance(key, exp.Column) else ""
            raise AthenaError(
                f"EXPRESSION_NOT_IN_DISTINCT: {at}For SELECT DISTINCT, ORDER BY expressions must appear in select list"
            )


def _check_sides(connection: duckdb.DuckDBPyConnection, tree: exp.Expr, operation: exp.SetOperation, sql: str) -> None:
    kind = type(operation).__name__.upper()
    at = place(sql, kind)
    known: list[str] | None = None
    for types in _types(connection, tree, list(_sides(operation))):
        if types is None:
            continue
        known = known or types
        if len(known) != len(types):
            raise AthenaError(
                f"TYPE_MISMATCH: {at}{kind} query has different number of fields: {len(known)}, {len(types)}"
            )
        for i, (one, other) in enumerate(zip(known, types, strict=True), 1):
            if one not in _UNTYPED and other not in _UNTYPED and _class(one) != _class(other):
                names = ", ".join(hive_to_trino(duck_to_hive(of)) for of in (one, other))
                raise AthenaError(f"TYPE_MISMATCH: {at}column {i} in {kind} query has incompatible types: {names}")
        known = [other if one in _UNTYPED else one for one, other in zip(known, types, strict=True)]


def _sides(operation: exp.Expr) -> Iterator[exp.Expr]:
    """The queries of a chain of set operations, from left to right."""
    pending = [operation]
    while pending:
        node = pending.pop()
        if isinstance(node, exp.SetOperation):
            pending += [node.right, node.left]
        else:
            yield node


def _types(connection: duckdb.DuckDBPyConnection, tree: exp.Expr, sides: Sequence[exp.Expr]) -> list[_Types]:
    """The types of each side; None where it cannot be bound by itself, as in a correlated subquery."""
    with_ = tree.args.get("with_")
    if with_ is not None and with_.args.get("recursive"):
        with_ = None
    if with_ is not None and sides[0].find_ancestor(exp.With) is not None:
        # it sees those tables only that come before its own
        return [_described(connection, None, [one])[0] if one.unnest().args.get("with_") else None for one in sides]
    found = _described(connection, with_, sides)
    return [_described(connection, with_, [one])[0] for one in sides] if None in found and len(sides) > 1 else found


def _described(
    connection: duckdb.DuckDBPyConnection, with_: exp.With | None, queries: Sequence[exp.Expr]
) -> list[_Types]:
    """The types of queries that are bound in one statement; None for each when one of them cannot be bound."""
    texts = [query.unnest().sql(dialect="duckdb", comments=False) for query in queries]
    sources = ", ".join(f"({text}) q{i}, (select null as {_END}{i})" for i, text in enumerate(texts))
    common = f"{with_.sql(dialect='duckdb', comments=False)} " if with_ is not None else ""
    try:
        rows = connection.execute(f"describe {common}select * from {sources}").fetchall()
    except duckdb.Error:
        return [None for _ in queries]
    types: list[list[str]] = [[]]
    for name, kind, *_ in rows:
        if str(name).startswith(_END):
            types.append([])
        else:
            types[-1].append(str(kind))
    return list(types[:-1])


def _class(kind: str) -> str:
    if _NUMBERS.match(kind):
        return "number"
    if _DATES.match(kind):
        return "date"
    if kind.endswith("]"):
        return "array"
    return re.split(r"[( ]", kind)[0].replace("TUPLE", "STRUCT")
