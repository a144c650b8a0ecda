"""`insights replay`: delivers what could not be delivered before, in queues and below bronze's error prefix.

It exits with 1 when something stays in its queue.
"""

import dataclasses
import enum
from collections.abc import Callable
from typing import Annotated

import boto3
import typer
from rich.progress import Progress

from api.contract import TABLE_NAME
from infra.cli.backfill import READ_UNITS_PER_SECOND, SEGMENTS, export_lost_removals
from infra.cli.console import print_json, terminal
from infra.cli.errors import explain_errors
from infra.cli.exit_codes import ExitCode
from infra.cli.options import AsJson
from infra.cli.target import writes
from ingestion.backfill.export import Pace
from ingestion.backfill.export import export as export_table
from ingestion.bronze import Bronze
from ingestion.contract import CDC_FAILURES, CDC_QUARANTINE, UNDELIVERED_REQUESTS, UNREADABLE
from ingestion.replay import run, undelivered_logs, unreadable
from ingestion.replay.changes import Resolver
from ingestion.replay.erased import Erased
from ingestion.replay.queues import Queue
from ingestion.replay.run import Summary
from orchestration.contract import PIPELINE_FAILURES, STATE_MACHINE


class Which(enum.StrEnum):
    """What kind of undelivered data."""

    ALL = "all"
    CDC = "cdc"
    LOGS = "logs"
    PIPELINE = "pipeline"
    UNREADABLE = "unreadable"


QUEUES = {
    Which.CDC: (CDC_FAILURES, CDC_QUARANTINE),
    Which.PIPELINE: (PIPELINE_FAILURES,),
}


# what waits as objects of bronze: below which prefix, and how it is delivered
OBJECTS = {
    Which.LOGS: (UNDELIVERED_REQUESTS, undelivered_logs.replay_logs),
    Which.UNREADABLE: (UNREADABLE, unreadable.replay_unreadable),
}


@writes()
@explain_errors()
def replay(
    which: Annotated[
        Which,
        typer.Option(
            "--queue",
            help="`cdc`: changes that are not in bronze. `logs`: request logs that could not be transformed. "
            "`pipeline`: executions that were not started. `unreadable`: objects of bronze that could not be "
            "read, once they are mended.",
        ),
    ] = Which.ALL,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would be done.")] = False,
    as_json: AsJson = False,
) -> None:
    """Deliver what could not be delivered: changes, request logs, starts of the pipeline, mended objects.

    It may be repeated at any time. It exits with 1 when something is left, and says what and why.
    """
    sqs = boto3.client("sqs")
    queues = {kind: [Queue(sqs, name) for name in QUEUES[kind]] for kind in QUEUES if which in (kind, Which.ALL)}
    summaries: dict[str, Summary] = {}
    with Progress(console=terminal(stderr=True), transient=True) as progress:
        queued = sum(queue.count_messages() for some in queues.values() for queue in some)
        task = progress.add_task("replaying", total=queued or None)

        def advance(more: int) -> None:
            progress.advance(task, more)

        for kind, some in queues.items():
            deliver = _deliver_changes if kind is Which.CDC else _start_executions
            summaries |= {queue.name: deliver(queue, advance, dry_run) for queue in some}
        for kind, (prefix, take_up) in OBJECTS.items():
            if which in (kind, Which.ALL):
                summaries[prefix] = take_up(Bronze.deployed(), advance, dry_run=dry_run)
    if as_json:
        queues_summary = {name: dataclasses.asdict(summary) for name, summary in summaries.items()}
        print_json({"dry_run": dry_run, "queues": queues_summary})
    else:
        for name, summary in summaries.items():
            _print_summary(name, summary, dry_run)
    unresolved = any(summary.unresolved for summary in summaries.values())
    raise typer.Exit(ExitCode.FAILED if unresolved else ExitCode.OK)


def _deliver_changes(queue: Queue, seen: Callable[[int], None], dry_run: bool) -> Summary:
    bronze, dynamodb = Bronze.deployed(), boto3.client("dynamodb")

    def export() -> int:
        pace = Pace(READ_UNITS_PER_SECOND)
        items = export_table(dynamodb, TABLE_NAME, bronze, pace, segments=SEGMENTS, seen=lambda _more: None)
        return items.envelopes + export_lost_removals(dynamodb, bronze, pace)

    resolver = Resolver(boto3.client("dynamodbstreams"), dynamodb)
    return run.replay_changes(queue, resolver, Erased(dynamodb), bronze, export, seen, dry_run=dry_run)


def _start_executions(queue: Queue, seen: Callable[[int], None], dry_run: bool) -> Summary:
    _, partition, _, region, account, _ = queue.arn().split(":")
    machine = f"arn:{partition}:states:{region}:{account}:stateMachine:{STATE_MACHINE}"
    return run.replay_executions(queue, boto3.client("stepfunctions"), machine, seen, dry_run=dry_run)


def _print_summary(name: str, summary: Summary, dry_run: bool) -> None:
    what = {
        PIPELINE_FAILURES: "executions are started",
        UNDELIVERED_REQUESTS: "requests are in bronze",
        UNREADABLE: "lines are in bronze",
    }.get(name, "changes are in bronze")
    unit = "objects" if name in (UNDELIVERED_REQUESTS, UNREADABLE) else "messages"
    if not summary.messages:
        typer.echo(f"{name}: empty")
        return
    done = "would be replayed" if dry_run else f"replayed, {summary.records} {what}"
    typer.echo(f"{name}: {summary.replayed} of {summary.messages} {unit} {done}")
    if summary.erased:
        typer.echo(f"  {summary.erased} changes of users who have been erased were left out")
    if summary.exported:
        typer.echo(
            f"  some changes had aged out of the table's stream: the whole table was exported instead, with what "
            f"silver has and the table has no more, {summary.exported} items"
        )
    if summary.unresolved:
        typer.echo(f"  {len(summary.unresolved)} {unit} left:")
    for message_id, reason in summary.unresolved.items():
        typer.echo(f"  {message_id} stays: {reason}")
