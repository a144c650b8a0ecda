"""`insights query "<sql>"`: the result of one statement as a table, CSV or JSON."""

import csv
import dataclasses
import datetime as dt
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
    settings: Annotated[
        list[str] | None, typer.Option("--set", metavar="NAME=NUMBER", help="A parameter of the saved query.")
    ] = None,
    as_csv: Annotated[bool, typer.Option("--csv", help="Comma-separated values with a header line.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object per line.")] = False,
    database: Annotated[str, typer.Option(help="Where unqualified table names are looked up.")] = DATABASE,
    write: Annotated[bool, typer.Option("--write", help="Let the statement change data or tables.")] = False,
    instant: Annotated[
        dt.datetime | None,
        typer.Option(
            "--as-of",
            formats=["%Y-%m-%dT%H:%M:%SZ", "%Y-%m-%dT%H:%M:%S.%fZ", "%Y-%m-%d"],
            help="Answer as gold stood at a past instant, UTC.",
        ),
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what the query would scan and cost, and do not run it.")
    ] = False,
) -> None:
    """Run one statement in Athena.

    For example: insights query "select * from business_metrics_kpis"
    """
    if as_csv and as_json:
        raise typer.BadParameter("--csv and --json exclude each other", param_hint="--csv")
    if (sql is None) == (title is None):
        raise typer.BadParameter("give either a statement or --saved, not both", param_hint="SQL")
    if settings and title is None:
        raise typer.BadParameter("it is for a saved query", param_hint="--set")
    if sql and not write and not is_read_only(sql):
        fail("this statement changes data or tables", "`--write` allows it; nothing was sent to Athena")
    with explain_errors(), writes() if write else nullcontext():
        try:
            statement = sql or _saved(title or "", settings or [])
            if instant:
                statement = _as_of(statement, database, instant.replace(tzinfo=dt.UTC))
            if dry_run:
                _print_estimate(statement, database, as_json=as_json)
                return
            result = run_query(statement, database)
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
        print_result(result)


def _saved(title: str, values: list[str]) -> str:
    if not values:
        return find_saved_query(title, athena.WORKGROUP)
    # takes a while to import, and no other command needs it
    from transforms.bi.saved_queries import SavedQueryError, all_queries

    searched = title.strip().casefold()
    fitting = [one for one in all_queries() if one.title.casefold() == searched]
    fitting = fitting or [one for one in all_queries() if searched in one.title.casefold()]
    if len(fitting) != 1:
        raise NoSuchQueryError(f"{len(fitting) or 'no'} saved queries are called {title!r}")
    given = dict(word.partition("=")[::2] for word in values)
    if not all(value.isdecimal() for value in given.values()):
        raise typer.BadParameter("a parameter is a whole number: --set rows=5", param_hint="--set")
    try:
        return fitting[0].with_values({name: int(value) for name, value in given.items()}).sql
    except SavedQueryError as error:
        raise NoSuchQueryError(str(error)) from None


def _as_of(sql: str, database: str, instant: dt.datetime) -> str:
    # takes a while to import, and no other command needs it
    import boto3

    from transforms.bi.time_travel import TimeTravelError, as_of

    glue = boto3.client("glue")
    try:
        return as_of(
            sql,
            database,
            instant,
            lambda place, name: glue.get_table(DatabaseName=place, Name=name)["Table"],
            lambda statement, place: run_query(statement, place).rows,
        )
    except glue.exceptions.EntityNotFoundException as error:
        fail(f"there is no such table: {error}")
    except TimeTravelError as error:
        fail(str(error))


def _print_estimate(sql: str, database: str, *, as_json: bool) -> None:
    # takes a while to import, and no other command needs it
    from transforms.bi.scan_estimate.estimate import estimate, format_lines
    from transforms.bi.scan_estimate.scans import EstimateError

    try:
        found = estimate(sql, database, lambda metadata, place: run_query(metadata, place).rows)
    except EstimateError as error:
        fail(str(error))
    if as_json:
        tables = [dataclasses.asdict(table) for table in found.tables]
        typer.echo(json.dumps({"scanned": found.scanned, "usd": found.usd, "tables": tables}))
    else:
        typer.echo("\n".join(format_lines(found)))


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


def print_result(result: QueryResult) -> None:
    """Print a result as a table, with what it took."""
    console = terminal()
    # a pipe has no width: a program that reads it gets a line per row
    console = console if console.is_terminal else Console(highlight=False, width=WIDEST)
    if result.columns:
        console.print(format_result(result, console.width))
    counted = f"{len(result.rows)} row" + ("" if len(result.rows) == 1 else "s")
    console.print(f"{counted}, {result.scanned:,} bytes scanned, {format_duration(result.seconds)}", style="dim")
