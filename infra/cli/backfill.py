"""`insights backfill`: the table's items to bronze.

It exits with 1 when some items could not be used.
"""

import contextlib
import dataclasses
import time
from collections.abc import Iterator
from typing import Annotated, Any

import boto3
import typer
from rich.progress import Progress

from api.contract import TABLE_NAME
from infra.cli.console import print_json, terminal
from infra.cli.errors import explain_errors
from infra.cli.exit_codes import ExitCode
from infra.cli.options import AsJson
from infra.cli.target import writes
from ingestion.backfill.export import Pace, export
from ingestion.backfill.removed import TASK_COLUMNS, USER_COLUMNS, export_removals
from ingestion.bronze import Bronze
from ingestion.cdc.transform import rfc3339
from ingestion.errors import RefusedError
from transforms.contract import SILVER_DATABASE

# a quarter of what a new on-demand table serves: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/on-demand-capacity-mode.html
READ_UNITS_PER_SECOND = 3000
SEGMENTS = 4


@writes()
@explain_errors()
def backfill(
    full: Annotated[
        bool, typer.Option("--full", help="The whole table: required, so that nobody scans it by accident.")
    ] = False,
    rate: Annotated[
        int, typer.Option(min=1, metavar="UNITS", help="Read capacity units a second, at most.")
    ] = READ_UNITS_PER_SECOND,
    segments: Annotated[int, typer.Option(min=1, max=64, help="Parts of the table read side by side.")] = SEGMENTS,
    as_json: AsJson = False,
) -> None:
    """Write the table's current items to bronze, and what silver has and the table has no more.

    Silver can then be rebuilt without the changes that led to them, and learns of removals that were lost.
    """
    if not full:
        raise typer.BadParameter("say --full: the whole table is read and written to bronze", param_hint="--full")
    dynamodb, bronze = boto3.client("dynamodb"), Bronze.deployed()
    try:
        items = dynamodb.describe_table(TableName=TABLE_NAME)["Table"].get("ItemCount", 0)
    except dynamodb.exceptions.ResourceNotFoundException:
        raise RefusedError(f"there is no table {TABLE_NAME} in this account and region: deploy first") from None
    with Progress(console=terminal(stderr=True), transient=True) as progress:
        # the table counts its items every six hours only, so the bar is a rough one
        task = progress.add_task("reading the table", total=items or None)
        done = export(
            dynamodb, TABLE_NAME, bronze, Pace(rate), segments=segments, seen=lambda more: progress.advance(task, more)
        )
        progress.update(task, description="looking for what is gone")
        removed = export_lost_removals(dynamodb, bronze, Pace(rate))
    if as_json:
        print_json({**dataclasses.asdict(done), "removed": removed})
    else:
        typer.echo(f"{done.envelopes} of {done.scanned} items are in bronze, in {len(done.objects)} objects")
        if done.unusable:
            typer.echo(f"{done.unusable} items have no version or no time of their last update and were left out")
        if removed:
            typer.echo(f"{removed} tasks and users that silver has are gone from the table; bronze has their removal")
        typer.echo("next: `insights pipeline start`")
    raise typer.Exit(ExitCode.FAILED if done.unusable else ExitCode.OK)


def export_lost_removals(dynamodb: Any, bronze: Bronze, pace: Pace) -> int:
    """Tell bronze what silver has and the table has no more; how much. Nothing while silver has not been built."""
    from pyiceberg.exceptions import NoSuchTableError

    from transforms.reconcile.silver import rows

    def live(name: str, columns: tuple[str, ...]) -> Iterator[Any]:
        with contextlib.suppress(NoSuchTableError):
            yield from (row for row in rows(SILVER_DATABASE, name, (*columns, "is_deleted")) if not row["is_deleted"])

    tasks, users = live("tasks", TASK_COLUMNS), live("users", USER_COLUMNS)
    return export_removals(dynamodb, TABLE_NAME, bronze, pace, tasks, users, rfc3339(time.time()))
