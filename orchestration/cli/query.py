"""`insights query "<sql>"`: ask Athena, see a table."""

import csv
import dataclasses
import json
import math
import re
import sys
import time
from typing import Annotated

import boto3
import typer
from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

from orchestration.cli.problems import explained, fail
from orchestration.cli.render import duration
from orchestration.cli.saved import NoSuchQueryError, saved

WORKGROUP = "todo-analytics-workgroup"
DATABASE = "todo_analytics"
ENDED = ("SUCCEEDED", "FAILED", "CANCELLED")
FIRST_PAUSE, LONGEST_PAUSE = 0.05, 1.0
WIDEST = 100_000
_READING = frozenset({"select", "with", "values", "table", "show", "describe", "desc", "explain"})
_COMMENT = re.compile(r"--[^\n]*|/\*.*?\*/", re.DOTALL)


class QueryError(Exception):
    """Athena could not answer; the message is Athena's own."""


@dataclasses.dataclass(frozen=True)
class Answer:
    """What a query gave.

    Args:
        columns: names, in order.
        types: the columns' types, as Athena names them.
        rows: values as Athena writes them, None for null.
        scanned: bytes that Athena read, which is what it charges for.
        seconds: how long it took in Athena.
    """

    columns: list[str]
    rows: list[list[str | None]]
    scanned: int
    seconds: float
    types: list[str] = dataclasses.field(default_factory=list)


def ask(sql: str, database: str = DATABASE) -> Answer:
    """Run one statement in the project's workgroup and fetch everything it gives.

    Args:
        sql: Trino SQL, as Athena takes it.
        database: where unqualified table names are looked up.

    Raises:
        QueryError: the statement failed or was cancelled.
        botocore.exceptions.ClientError: Athena refused to run it.
    """
    athena = boto3.client("athena")
    started = athena.start_query_execution(
        QueryString=sql, WorkGroup=WORKGROUP, QueryExecutionContext={"Catalog": "AwsDataCatalog", "Database": database}
    )["QueryExecutionId"]
    pause = FIRST_PAUSE
    try:
        while True:
            found = athena.get_query_execution(QueryExecutionId=started)["QueryExecution"]
            if found["Status"]["State"] in ENDED:
                break
            time.sleep(pause)
            pause = min(pause * 1.5, LONGEST_PAUSE)
    except KeyboardInterrupt:
        athena.stop_query_execution(QueryExecutionId=started)
        raise
    if found["Status"]["State"] != "SUCCEEDED":
        raise QueryError(found["Status"].get("StateChangeReason", f"the query was {found['Status']['State'].lower()}"))
    columns: list[str] = []
    types: list[str] = []
    rows: list[list[str | None]] = []
    for page in athena.get_paginator("get_query_results").paginate(QueryExecutionId=started):
        described = page["ResultSet"]["ResultSetMetadata"]["ColumnInfo"]
        columns, types = [column["Label"] for column in described], [column["Type"] for column in described]
        rows += [[cell.get("VarCharValue") for cell in row["Data"]] for row in page["ResultSet"]["Rows"]]
    # a SELECT's first row repeats the column names; other statements have none
    if rows and found.get("StatementType") == "DML" and rows[0] == columns:
        rows = rows[1:]
    statistics = found.get("Statistics", {})
    return Answer(
        columns=columns,
        types=types,
        rows=rows,
        scanned=statistics.get("DataScannedInBytes", 0),
        seconds=statistics.get("TotalExecutionTimeInMillis", 0) / 1000,
    )


def query(
    sql: Annotated[str | None, typer.Argument(help="One statement, in Athena's SQL.")] = None,
    title: Annotated[
        str | None, typer.Option("--saved", metavar="TITLE", help="A saved query of Athena's, by words of its title.")
    ] = None,
    as_csv: Annotated[bool, typer.Option("--csv", help="Comma-separated values with a header line.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object per line.")] = False,
    database: Annotated[str, typer.Option(help="Where unqualified table names are looked up.")] = DATABASE,
    write: Annotated[bool, typer.Option("--write", help="Let the statement change data or tables.")] = False,
) -> None:
    """Ask Athena: insights query "select * from business_metrics_kpis"."""
    if as_csv and as_json:
        raise typer.BadParameter("--csv and --json exclude each other", param_hint="--csv")
    if (sql is None) == (title is None):
        raise typer.BadParameter("give either a statement or --saved, not both", param_hint="SQL")
    if sql and not write and not reads(sql):
        fail("this statement is no question, it changes something", "`--write` lets it; nothing was sent to Athena")
    with explained():
        try:
            answer = ask(sql or saved(title or "", WORKGROUP), database)
        except (QueryError, NoSuchQueryError) as error:
            fail(str(error))
        except KeyboardInterrupt:
            typer.echo("the query was stopped", err=True)
            raise typer.Exit(130) from None
    if as_csv:
        writer = csv.writer(sys.stdout, lineterminator="\n")
        writer.writerow(answer.columns)
        writer.writerows([["" if cell is None else cell for cell in row] for row in answer.rows])
    elif as_json:
        for row in answer.rows:
            values = [as_value(cell, kind) for cell, kind in zip(row, answer.types, strict=True)]
            typer.echo(json.dumps(dict(zip(answer.columns, values, strict=True)), ensure_ascii=False))
    else:
        _show(answer)


def reads(sql: str) -> bool:
    """Whether a statement only reads: people who ask gold are often allowed more than they mean to do.

    https://docs.aws.amazon.com/athena/latest/ug/ddl-sql-reference.html lists the statements there are.
    """
    words = _COMMENT.sub(" ", sql).lstrip(" \n\t\r(").lower().split(maxsplit=2)
    if words[:2] == ["explain", "analyze"]:
        words = words[2:] and words[2].split(maxsplit=1)
    return not words or words[0] in _READING


def as_value(cell: str | None, kind: str) -> str | int | float | bool | None:
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


def readable(answer: Answer, width: int) -> RenderableType:
    """An answer as a table, or as one record per row when a table of several columns needs more than `width`."""
    table = Table(header_style="bold")
    for column in answer.columns:
        table.add_column(column, overflow="fold")
    for row in answer.rows:
        table.add_row(*map(_cell, row))
    fits = Console(width=WIDEST).measure(table).maximum <= width
    if fits or len(answer.columns) == 1 or not answer.rows:
        return table
    return Group(*(_record(answer.columns, row, number) for number, row in enumerate(answer.rows, 1)))


def _record(columns: list[str], row: list[str | None], number: int) -> RenderableType:
    record = Table.grid(padding=(0, 2))
    record.add_column(style="bold", no_wrap=True)
    record.add_column(overflow="fold")
    for column, cell in zip(columns, row, strict=True):
        record.add_row(f"  {column}", _cell(cell))
    return Group(Text(f"row {number}", "dim"), record)


def _cell(cell: str | None) -> Text:
    # DESCRIBE answers in one column with tabs, whose width nothing can measure
    return Text("null", "dim") if cell is None else Text(cell.expandtabs())


def _show(answer: Answer) -> None:
    terminal = Console(highlight=False)
    # a pipe has no width: what reads it gets a line per row
    console = terminal if terminal.is_terminal else Console(highlight=False, width=WIDEST)
    if answer.columns:
        console.print(readable(answer, console.width))
    counted = f"{len(answer.rows)} row" + ("" if len(answer.rows) == 1 else "s")
    console.print(f"{counted}, {answer.scanned:,} bytes scanned, {duration(answer.seconds)}", style="dim")
