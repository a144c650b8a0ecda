"""The rows that a saved query has counted for one row of its answer: its own SQL without the aggregation.

Where the answer is aggregated in a common table expression, as before a join with a calendar, that is taken apart.
"""

import dataclasses
from collections.abc import Mapping

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

DIALECT = "trino"


class ExplainError(Exception):
    """There are no rows to show; the message says why."""


@dataclasses.dataclass(frozen=True)
class Cell:
    """A query that is taken apart.

    Args:
        sql: the rows behind every cell: the columns that the answer is grouped by, then what each aggregate is over.
        keys: names of the former.
        counted: of each aggregate that is one function, which: `count`, `count_distinct`, `sum`, `avg`, `max`, `min`.
    """

    sql: str
    keys: tuple[str, ...]
    counted: Mapping[str, str]


def take_apart(sql: str) -> Cell:
    """The rows behind the groups of a query.

    Raises:
        ExplainError: the query does not aggregate, so that its rows are rows of a table already, or cannot be read.
    """
    try:
        tree = sqlglot.parse_one(sql, dialect=DIALECT)
    except SqlglotError as error:
        raise ExplainError(f"the statement cannot be read: {str(error).splitlines()[0]}") from error
    select, before = _aggregation(tree)
    keys = _keys(select)
    shown: list[exp.Expr] = [exp.alias_(value.copy(), name, quoted=True) for name, value in keys.items()]
    counted: dict[str, str] = {}
    for projection in select.selects:
        aggregate = projection.find(exp.AggFunc)
        if aggregate is None:
            continue
        over, kind = _over(aggregate)
        if projection.unalias() == aggregate:
            counted[projection.alias_or_name] = kind
        shown.append(exp.alias_(over, projection.alias_or_name, quoted=True))
    rows = select.copy()
    for clause in ("group", "having", "order", "limit", "distinct", "with_"):
        rows.set(clause, None)
    rows.set("expressions", [*shown, *_columns_of_sources(select)])
    if before:
        rows.set("with_", exp.With(expressions=[one.copy() for one in before]))
    return Cell(rows.sql(dialect=DIALECT), tuple(keys), counted)


def rows_of(cell: Cell, values: Mapping[str, str | None]) -> str:
    """SQL of the rows behind one cell.

    Args:
        values: of columns that the answer is grouped by, as Athena writes them; None for null.

    Raises:
        ExplainError: the answer is not grouped by such a column.
    """
    unknown = sorted(values.keys() - set(cell.keys))
    if unknown:
        raise ExplainError(f"the answer is grouped by {', '.join(cell.keys) or 'nothing'}, not by {', '.join(unknown)}")
    conditions = []
    for name, value in values.items():
        column = f'rows_behind."{name}"'
        if value is None:
            conditions.append(f"{column} is null")
        else:
            literal = exp.Literal.string(value).sql(dialect=DIALECT)
            conditions.append(f"cast({column} as varchar) = {literal}")
    where = " where " + " and ".join(conditions) if conditions else ""
    return f"select * from ({cell.sql}) as rows_behind{where}"  # noqa: S608  values are literals


def _aggregation(tree: exp.Expr) -> tuple[exp.Select, list[exp.CTE]]:
    """The outermost SELECT with GROUP BY, and the common table expressions that it may read."""
    with_ = tree.args.get("with_")
    ctes: list[exp.CTE] = list(with_.expressions) if with_ else []
    if isinstance(tree, exp.Select) and tree.args.get("group"):
        return tree, ctes
    for number in range(len(ctes) - 1, -1, -1):
        inner = ctes[number].this
        if isinstance(inner, exp.Select) and inner.args.get("group"):
            return inner, ctes[:number]
    raise ExplainError("this query groups nothing: each row of its answer is a row of the tables that it names")


def _keys(select: exp.Select) -> dict[str, exp.Expr]:
    """What an answer is grouped by, by its names in it: in a query with GROUP BY, whatever aggregates nothing."""
    return {one.alias_or_name: one.unalias() for one in select.selects if not one.find(exp.AggFunc)}


def _over(aggregate: exp.AggFunc) -> tuple[exp.Expr, str]:
    """What an aggregate is over, per row, and what it makes of it."""
    inner = aggregate.this
    if isinstance(aggregate, exp.CountIf):
        return exp.func("IF", inner.copy(), exp.Literal.number(1), exp.Literal.number(0)), "sum"
    if isinstance(aggregate, exp.Count):
        if isinstance(inner, exp.Distinct):
            return inner.expressions[0].copy(), "count_distinct"
        return (exp.Literal.number(1), "sum") if isinstance(inner, exp.Star) else (inner.copy(), "count")
    if isinstance(inner, exp.Expr):
        return inner.copy(), aggregate.key
    raise ExplainError(f"{aggregate.sql(dialect=DIALECT)} has no rows to show")


def _columns_of_sources(select: exp.Select) -> list[exp.Expr]:
    """Every column of the first source, which is what the query counts."""
    source = select.args["from_"].this
    return [exp.Column(this=exp.Star(), table=exp.to_identifier(source.alias_or_name))]
