"""Empty tables in the place of a statement's sources, for questions about types that are asked again and again.

A view that stands in a statement has a dozen common table expressions. Whoever asks DuckDB for the types in each of
them has it bind all that come before, each time. An empty table with the columns of one is bound once.
"""

from collections.abc import Callable, Sequence
from typing import Any

import duckdb
from sqlglot import exp


class EmptyTables:
    """What is known of a statement's sources.

    Args:
        connection: in which its tables are bound; gets temporary tables, gone with it.
        sql: gives the DuckDB SQL of a tree.
    """

    def __init__(self, connection: duckdb.DuckDBPyConnection, sql: Callable[[exp.Expr], str]) -> None:
        self._connection, self._sql = connection, sql
        # with the query itself: the id of one that is gone may become another one's
        self._made: dict[int, tuple[exp.Expr, str | None]] = {}

    def common_tables(self, ctes: Sequence[exp.Expr]) -> list[exp.Expr]:
        """The common table expressions by the same names, over empty tables where that is possible.

        Args:
            ctes: in the order in which they are defined, none of them recursive.
        """
        found: list[exp.Expr] = []
        for cte in ctes:
            query = self._query(cte.this, found)
            found.append(cte.copy() if query is None else exp.CTE(this=query, alias=cte.args["alias"].copy()))
        return found

    def copied(self, value: Any, ctes: Sequence[exp.Expr]) -> Any:
        """A copy of a clause, with empty tables in the place of the queries that it reads from.

        Args:
            value: FROM, a list of joins, or what else a query has.
            ctes: the common table expressions that it sees.
        """
        if isinstance(value, list):
            return [self.copied(one, ctes) for one in value]
        if isinstance(value, exp.From | exp.Join):
            return type(value)(**{name: self.copied(one, ctes) for name, one in value.args.items()})
        if isinstance(value, exp.Subquery) and (query := self._query(value.this, ctes)) is not None:
            rest = {name: self.copied(one, ctes) for name, one in value.args.items() if name != "this"}
            return exp.Subquery(this=query, **rest)
        return copied(value)

    def _query(self, query: exp.Expr, ctes: Sequence[exp.Expr]) -> exp.Expr | None:
        """What selects nothing and has a query's columns; None where DuckDB makes no table of these."""
        if id(query) not in self._made:
            self._made[id(query)] = query, self._make(query, ctes)
        _, name = self._made[id(query)]
        return None if name is None else exp.select("*").from_(exp.table_(name, db="main", catalog="temp"))

    def _make(self, query: exp.Expr, ctes: Sequence[exp.Expr]) -> str | None:
        name = f"__types{len(self._made)}"
        nothing = exp.select("*").from_(exp.Subquery(this=query.copy(), alias=exp.to_identifier("q"))).limit(0)
        if ctes:
            nothing.set("with_", exp.With(expressions=[cte.copy() for cte in ctes]))
        try:
            self._connection.execute(f"create temp table {name} as {self._sql(nothing)}")
        except duckdb.Error:
            return None
        return name


def copied(value: Any) -> Any:
    """A copy of what an argument of a node holds."""
    if isinstance(value, list):
        return [copied(one) for one in value]
    return value.copy() if isinstance(value, exp.Expr) else value
