"""`insights query "<sql>"`: the result of one statement as a table, CSV or JSON."""

import csv
import json
import math
import re
import sys
from contextlib import nullcontext
from typing import Annotated

import typer
from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

from infra.cli import athena
from infra.cli.athena import DATABASE, QueryError, QueryResult, run_query
from infra.cli.console import terminal
from infra.cli.errors import explain_errors, fail
from infra.cli.exit_codes import ExitCode
from infra.cli.format import format_duration
from infra.cli.saved_queries import NoSuchQueryError, find_saved_query
from infra.cli.target import writes

WIDEST = 100_000
_READING = frozenset({"select", "with", "values", "table", "show", "describe", "desc", "explain"})
_COMMENT = re.compile(r"--[^\n]*|/\*.*?\*/", re.DOTALL)


def query(
    sql: Annotated[str | None, typer.Argument(help="One statement, in Athena's SQL.")] = None,
    title: Annotated[
        str | None, typer.Option("--saved", metavar="TITLE", help="A saved query in Athena, by words of its title.")
    ] = None,
    as_csv: Annotated[bool, typer.Option("--csv", help="Comma-separated values with a header line.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object per line.")] = False,
    database: Annotated[str, typer.Option(help="Where unqualified table names are looked up.")] = DATABASE,
    write: Annotated[bool, typer.Option("--write", help="Let the statement change data or tables.")] = False,
) -> None:
    """Run one statement in Athena.

    For example: insights query "select * from business_metrics_kpis"
    """
    if as_csv and as_json:
        raise typer.BadParameter("--csv and --json exclude each other", param_hint="--csv")
    if (sql is None) == (title is None):
        raise typer.BadParameter("give either a statement or --saved, not both", param_hint="SQL")
    if sql and not write and not is_read_only(sql):
        fail("this statement changes data or tables", "`--write` allows it; nothing was sent to Athena")
    with explain_errors(), writes() if write else nullcontext():
        try:
            result = run_query(sql or find_saved_query(title or "", athena.WORKGROUP), database)
        except (QueryError, NoSuchQueryError) as error:
            fail(str(error))
        except KeyboardInterrupt:
            typer.echo("the query was stopped", err=True)
            raise typer.Exit(ExitCode.INTERRUPTED) from None
    if as_csv:
        writer = csv.writer(sys.stdout, lineterminator="\n")
        writer.writerow(result.columns)
        writer.writerows([["" if cell is None else cell for cell in row] for row in result.rows])
    elif as_json:
        for row in result.rows:
            values = [to_json_value(cell, kind) for cell, kind in zip(row, result.types, strict=True)]
            typer.echo(json.dumps(dict(zip(result.columns, values, strict=True)), ensure_ascii=False))
    else:
        _print_table(result)


def is_read_only(sql: str) -> bool:
    """Whether a statement only reads: people who query gold often have more permissions than they mean to use.

    https://docs.aws.amazon.com/athena/latest/ug/ddl-sql-reference.html lists the statements there are.
    """
    words = _COMMENT.sub(" ", sql).lstrip(" \n\t\r(").lower().split(maxsplit=2)
    if words[:2] == ["explain", "analyze"]:
        words = words[2:] and words[2].split(maxsplit=1)
    return not words or words[0] in _READING


def to_json_value(cell: str | None, kind: str) -> str | int | float | bool | None:
    """A cell as JSON has it; what JSON has no number for (decimals, NaN) stays text.

    Args:
        kind: the column's type, as Athena names it.
    """
    if cell is None:
        return None
    if kind in ("tinyint", "smallint", "integer", "bigint"):
        return int(cell)
    if kind in ("double", "float", "real") and math.isfinite(float(cell)):
        return float(cell)
    return cell == "true" if kind == "boolean" else cell


def format_result(result: QueryResult, width: int) -> RenderableType:
    """A result as a table, or as one record per row when a table of several columns needs more than `width`."""
    table = Table(header_style="bold")
    for column in result.columns:
        table.add_column(column, overflow="fold")
    for row in result.rows:
        table.add_row(*map(_cell, row))
    fits = Console(width=WIDEST).measure(table).maximum <= width
    if fits or len(result.columns) == 1 or not result.rows:
        return table
    return Group(*(_record(result.columns, row, number) for number, row in enumerate(result.rows, 1)))


def _record(columns: list[str], row: list[str | None], number: int) -> RenderableType:
    record = Table.grid(padding=(0, 2))
    record.add_column(style="bold", no_wrap=True)
    record.add_column(overflow="fold")
    for column, cell in zip(columns, row, strict=True):
        record.add_row(f"  {column}", _cell(cell))
    return Group(Text(f"row {number}", "dim"), record)


def _cell(cell: str | None) -> Text:
    # DESCRIBE results in one column with tabs, whose width nothing can measure
    return Text("null", "dim") if cell is None else Text(cell.expandtabs())


def _print_table(result: QueryResult) -> None:
    console = terminal()
    # a pipe has no width: a program that reads it gets a line per row
    console = console if console.is_terminal else Console(highlight=False, width=WIDEST)
    if result.columns:
        console.print(format_result(result, console.width))
    counted = f"{len(result.rows)} row" + ("" if len(result.rows) == 1 else "s")
    console.print(f"{counted}, {result.scanned:,} bytes scanned, {format_duration(result.seconds)}", style="dim")
