"""Which columns of which tables a query reads, and under which conditions, as Trino plans it.

Trino puts the query of each view and of each common table expression in the place of its name, as often as it is named
(https://trino.io/docs/current/sql/select.html#with-clause), and reads no column that nothing above it uses.
"""

import base64
import dataclasses
import json
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError
from sqlglot.optimizer.pushdown_predicates import pushdown_predicates
from sqlglot.optimizer.pushdown_projections import pushdown_projections
from sqlglot.optimizer.qualify import qualify
from sqlglot.optimizer.scope import Scope, traverse_scope

DIALECT = "trino"
Table = Mapping[str, Any]
FindTable = Callable[[str, str], Table]
"""Database and name to the table's entry in the Glue catalog."""

_VIEW = re.compile(r"Presto View: (\S+)")


class EstimateError(Exception):
    """There is no estimate; the message says why."""


@dataclasses.dataclass(frozen=True)
class Scan:
    """One reading of one table.

    Args:
        database: of the table.
        table: its entry in the Glue catalog.
        columns: the lower-case names of those that are read.
        conditions: what each row that is read fulfils; columns in them have no table's name.
    """

    database: str
    table: Table
    columns: frozenset[str]
    conditions: tuple[exp.Expr, ...]


def find_scans(sql: str, database: str, find_table: FindTable) -> list[Scan]:
    """Every reading of a table that a query asks for.

    Args:
        sql: one SELECT, in Athena's SQL.
        database: where unqualified names are looked up.

    Raises:
        EstimateError: the statement is no query, or cannot be read.
    """
    try:
        tree, tables = expand_views(sql, database, find_table)
        schema: dict[str, Any] = {}
        for (place, name), table in tables.items():
            schema.setdefault(place, {})[name] = dict(columns(table))
        tree = qualify(tree, schema=schema, dialect=DIALECT, validate_qualify_columns=False)
        tree = pushdown_projections(pushdown_predicates(tree, dialect=DIALECT))
    except SqlglotError as error:
        raise EstimateError(f"the statement cannot be read: {str(error).splitlines()[0]}") from error
    return [scan for scope in traverse_scope(tree) for scan in _scans(scope, tables)]


def expand_views(
    sql: str, database: str, find_table: FindTable, rewrite: Callable[[exp.Query], None] = lambda _: None
) -> tuple[exp.Query, dict[tuple[str, str], Table]]:
    """A query with views and common table expressions in the place of their names, and the tables that are left.

    Args:
        sql: one SELECT, in Athena's SQL.
        database: where unqualified names are looked up.
        rewrite: changes the query of each view.

    Raises:
        EstimateError: the statement is no query.
        sqlglot.errors.SqlglotError: it cannot be read.
    """
    tables: dict[tuple[str, str], Table] = {}
    return _expand(_parse(sql), database, find_table, tables, rewrite), tables


def columns(table: Table) -> list[tuple[str, str]]:
    """Lower-case name and Hive type of each column, those of the partitions last."""
    described = [*table["StorageDescriptor"]["Columns"], *table.get("PartitionKeys", [])]
    # columns that a schema change has dropped stay in the entry
    current = [one for one in described if one.get("Parameters", {}).get("iceberg.field.current") != "false"]
    return [(one["Name"].lower(), one["Type"]) for one in current]


def _parse(sql: str) -> exp.Query:
    tree = sqlglot.parse_one(sql, dialect=DIALECT)
    if isinstance(tree, exp.Values):
        tree = exp.select("*").from_(tree)
    if not isinstance(tree, exp.Query):
        raise EstimateError("only a query has an estimate: SELECT, WITH or VALUES")
    return tree


def _expand(
    tree: exp.Query,
    database: str,
    find_table: FindTable,
    tables: dict[tuple[str, str], Table],
    rewrite: Callable[[exp.Query], None],
) -> exp.Query:
    """The query with views and common table expressions in the place of their names; notes the tables it names."""
    _inline_common_tables(tree)
    for node in list(tree.find_all(exp.Table)):
        if not isinstance(node.this, exp.Identifier) or (not node.db and _is_recursive(node)):
            continue
        place, name = (node.db or database).lower(), node.name.lower()
        table = find_table(place, name.partition("$")[0])
        found = _VIEW.search(table.get("ViewOriginalText") or "")
        if found:
            view = json.loads(base64.b64decode(found[1]))
            query = _parse(view["originalSql"])
            rewrite(query)
            _put(_expand(query, view.get("schema") or place, find_table, tables, rewrite), node)
        else:
            node.set("db", exp.to_identifier(place, quoted=True))
            node.set("this", exp.to_identifier(name, quoted=True))
            tables[place, name] = table
    return tree


def _inline_common_tables(tree: exp.Query) -> None:
    # those within others first
    for with_ in reversed(list(tree.find_all(exp.With))):
        owner = with_.parent
        if with_.args.get("recursive") or owner is None:
            continue
        for number, cte in enumerate(with_.expressions):
            earlier = with_.expressions[: number + 1]
            for node in list(owner.find_all(exp.Table)):
                within = any(node.find_ancestor(exp.CTE) is one for one in earlier)
                if node.name.lower() == cte.alias.lower() and not node.db and not within:
                    _put(cte.this.copy(), node, cte.args["alias"].args.get("columns"))
        owner.set("with_", None)


def _put(query: exp.Query, node: exp.Table, names: list[exp.Identifier] | None = None) -> None:
    """Put a query in the place of a table's name."""
    alias = node.args.get("alias") or exp.TableAlias(this=exp.to_identifier(node.name.lower(), quoted=True))
    if names and not alias.args.get("columns"):
        alias.set("columns", [name.copy() for name in names])
    subquery = exp.Subquery(this=query, alias=alias)
    for kept in ("joins", "laterals", "sample"):
        if node.args.get(kept):
            subquery.set(kept, node.args[kept])
    node.replace(subquery)


def _is_recursive(node: exp.Table) -> bool:
    outer = node.root().find_all(exp.CTE)
    return any(cte.alias.lower() == node.name.lower() for cte in outer)


def _scans(scope: Scope, tables: Mapping[tuple[str, str], Table]) -> Iterator[Scan]:
    conjuncts = [*_conjuncts(scope.expression.args.get("where"))]
    for join in scope.expression.args.get("joins") or []:
        if not join.side:
            conjuncts += _conjuncts(join.args.get("on"))
    for alias, (_, source) in scope.selected_sources.items():
        if not isinstance(source, exp.Table) or (source.db, source.name) not in tables:
            continue
        read = frozenset(column.name.lower() for column in scope.columns if column.table == alias)
        own = [_without_table(one) for one in conjuncts if _is_about(one, alias)]
        yield Scan(source.db, tables[source.db, source.name], read, tuple(own))


def _conjuncts(clause: exp.Expr | None) -> Iterator[exp.Expr]:
    if clause is None:
        return
    condition = clause.this if isinstance(clause, exp.Where) else clause
    yield from condition.unnest().flatten() if isinstance(condition.unnest(), exp.And) else [condition.unnest()]


def _is_about(condition: exp.Expr, alias: str) -> bool:
    """Whether one table's columns and constants alone decide it."""
    named = {column.table for column in condition.find_all(exp.Column)}
    return named == {alias} and not condition.find(exp.Query, exp.Rand)


def _without_table(condition: exp.Expr) -> exp.Expr:
    bare = condition.copy()
    for column in list(bare.find_all(exp.Column)):
        column.set("table", None)
    return bare
