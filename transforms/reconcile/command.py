"""`insights reconcile`: table and silver, row by row.

Exit status: 0 they agree, 1 they differ (or AWS refused), 2 the command line is wrong.
"""

import datetime as dt
import json
from typing import Annotated

import boto3
import typer
from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn


def reconcile(
    before: Annotated[
        str | None,
        typer.Option(
            metavar="TIME",
            help="Leave out what was written at this time (ISO 8601, UTC) or later: silver is behind by one run.",
        ),
    ] = None,
    since: Annotated[
        str | None,
        typer.Option(
            metavar="TIME",
            help="Compare only the rows that silver has merged at this time (ISO 8601, UTC) or later with their items.",
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document on standard output.")] = False,
) -> None:
    """Compare the table with silver, row by row.

    Every task and every profile, or those that silver has merged lately; it exits with 1 when they differ.
    """
    from pyiceberg.exceptions import NoSuchTableError

    from transforms.reconcile.check import check, check_changed

    with Progress(
        SpinnerColumn(), TextColumn("{task.completed:,.0f} items read"), console=Console(stderr=True), transient=True
    ) as progress:
        reading = progress.add_task("reading", total=None)
        try:
            dynamodb, start, end = boto3.client("dynamodb"), moment(since, "--since"), moment(before)

            def seen(more: int) -> None:
                progress.advance(reading, more)

            found = (
                check_changed(dynamodb, start, before=end, seen=seen)
                if start
                else check(dynamodb, before=end, seen=seen)
            )
        except NoSuchTableError as error:
            typer.echo(f"silver has not been built yet ({error}); `insights pipeline start` builds it", err=True)
            raise typer.Exit(1) from None
    if as_json:
        typer.echo(json.dumps(found.document()))
    else:
        for name, one in (("tasks", found.tasks), ("users", found.users)):
            typer.echo(f"{name}: {one.table:,} in the table, {one.silver:,} in silver, {one.differences:,} differ")
            for example in one.examples:
                columns = f": {', '.join(example.columns)}" if example.columns else ""
                typer.echo(f"  {example.key} {example.kind}{columns}")
    raise typer.Exit(1 if found.differences else 0)


def moment(text: str | None, option: str = "--before") -> dt.datetime | None:
    """An ISO 8601 time, UTC unless it says otherwise.

    Raises:
        typer.BadParameter: it is none.
    """
    if text is None:
        return None
    try:
        given = dt.datetime.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter(f"{text!r} is no ISO 8601 time", param_hint=option) from None
    return given if given.tzinfo else given.replace(tzinfo=dt.UTC)
