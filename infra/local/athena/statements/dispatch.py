"""One statement, from its text to its result: which kind it is, and who runs it."""

import datetime as dt
import re
from collections.abc import Sequence
from typing import Any

import duckdb
import numpy as np
from botocore.exceptions import ClientError
from pyiceberg.exceptions import CommitFailedException
from sqlglot import exp

from infra.local.athena.api.results import ROWS, Column, Result, text
from infra.local.athena.catalog import views
from infra.local.athena.catalog.glue import is_view
from infra.local.athena.data import binding
from infra.local.athena.errors import OTHER, AthenaError, from_client
from infra.local.athena.session import Session
from infra.local.athena.sql import grammar, intervals, trino, zones
from infra.local.athena.sql.duckdb_errors import from_duckdb
from infra.local.athena.statements import create_table_as, ddl, insert, row_changes, unload

_EXPLAIN = re.compile(r"explain\s+(?P<analyze>analyze\s+)?(?:verbose\s+)?(?:\([^)]*\)\s*)?(?=\w|\()", re.IGNORECASE)


def run(session: Session, statement: str, parameters: Sequence[str] = (), checked: bool = False) -> Result:
    """Run one statement.

    Args:
        statement: Trino SQL or Athena's DDL.
        parameters: SQL literals for the question marks in it.
        checked: it is known to be in Trino's grammar.

    Raises:
        AthenaError: with the message that the query's status shows.
    """
    sql = session.sql = trino.strip_comments(statement)
    try:
        result = ddl.run(session, sql)
        return result if result is not None else _run(session, sql, parameters, checked)
    except duckdb.Error as error:
        raise from_duckdb(error, sql) from error
    except ClientError as error:
        raise from_client(error) from error
    except CommitFailedException as error:
        # by this name clients know that they may try again
        raise AthenaError(f"ICEBERG_COMMIT_ERROR: Failed to commit Iceberg update to table: {error}", OTHER) from error


def _run(session: Session, sql: str, parameters: Sequence[str], checked: bool) -> Result:
    if (unloaded := unload.unload(session, sql, parameters)) is not None:
        return Result("DML", ROWS, is_write=True, changed=unloaded)
    if re.match(r"(values|table)\b", sql, re.IGNORECASE):
        sql = f"select * from ({sql})"
    explained = _EXPLAIN.match(sql)
    tree = trino.parse(sql[explained.end() :] if explained else sql, not checked)
    if unknown := grammar.unknown_name(sql):
        raise AthenaError(unknown)
    trino.with_parameters(tree, parameters)
    if explained:
        return _explain(session, tree, bool(explained.group("analyze")))
    if isinstance(tree, exp.Query):
        return _select(session, tree)
    if isinstance(tree, exp.Create) and tree.kind == "VIEW":
        return _create_view(session, tree, sql)
    if isinstance(tree, exp.Create) and tree.kind == "TABLE" and tree.expression is not None:
        return Result("DDL", ROWS, is_write=True, changed=create_table_as.create_as(session, tree))
    if isinstance(tree, exp.Insert):
        return Result("DML", ROWS, is_write=True, changed=insert.insert(session, tree))
    if isinstance(tree, exp.Merge | exp.Update | exp.Delete):
        return Result("DML", ROWS, is_write=True, changed=row_changes.change(session, tree))
    raise AthenaError(f"NOT_SUPPORTED: {sql[:200]}")


def _select(session: Session, tree: exp.Query) -> Result:
    sql, columns = binding.query(session, tree)
    fetched = session.connection.execute(sql).fetchall()
    rows = [[_cell(c, v) for c, v in zip(columns, row, strict=True)] for row in fetched]
    return Result("DML", [_exact_type(column, [row[i] for row in rows]) for i, column in enumerate(columns)], rows)


def _exact_type(column: Column, texts: Sequence[str | None]) -> Column:
    """An interval's column with the type that its values have."""
    if column.hive != intervals.DAY_TO_SECOND:
        return column
    return Column(column.name, next((intervals.kind_of(one) for one in texts if one), column.hive))


def _cell(column: Column, value: Any) -> str | None:
    if column.hive == "float" and value is not None:
        # the shortest digits that give the same 32-bit number, not those of the double it travels as
        value = float(str(np.float32(value)))
    if column.zone and isinstance(value, dt.datetime):
        value = value.astimezone(zones.clock(column.zone))
    return text(value)


def _create_view(session: Session, tree: exp.Create, sql: str) -> Result:
    database, name = session.place(tree.this.db, tree.this.name)
    _, columns = binding.query(session, tree.expression.copy(), with_data=False)
    body = re.search(r"\bas\b(.*)\Z", sql, re.DOTALL | re.IGNORECASE)
    view = views.View(body.group(1).strip() if body else "", session.database, [column.name for column in columns])
    definition = views.definition(name, view, columns)
    catalog = session.caller.catalog
    existing = catalog.find(database, name)
    if existing is None:
        catalog.create(database, definition)
    elif tree.args.get("replace") and is_view(existing):
        catalog.update(database, definition)
    else:
        raise AthenaError(f"TABLE_ALREADY_EXISTS: View already exists: 'awsdatacatalog.{database}.{name}'")
    return Result()


def _explain(session: Session, tree: exp.Expr, analyze: bool) -> Result:
    """The plan is DuckDB's, below a line with the column's name; data is read for EXPLAIN ANALYZE only."""
    sql = binding.bind(session, tree, with_data=analyze)
    how = "explain analyze" if analyze else "explain"
    lines = session.connection.execute(f"{how} {sql}").fetchall()[0][1].splitlines()
    return Result("UTILITY", [Column("Query Plan", "string")], [[line] for line in ("Query Plan", *lines)])
