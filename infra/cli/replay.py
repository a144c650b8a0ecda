"""`insights replay`: delivers what could not be delivered before, from queues and from objects of bronze.

It exits with 1 when something stays where it is.
"""

import dataclasses
import enum
import time
from collections.abc import Callable, Mapping
from typing import Annotated, Any

import boto3
import typer
from rich.progress import Progress

from api.contract import METRICS_NAMESPACE, TABLE_NAME
from api.webhook_contract import FAILURES, FAN_OUT_FUNCTION, QUEUE
from infra.cli.backfill import READ_UNITS_PER_SECOND, SEGMENTS, export_lost_removals
from infra.cli.console import print_json, terminal
from infra.cli.errors import explain_errors
from infra.cli.exit_codes import ExitCode
from infra.cli.options import AsJson
from infra.cli.target import writes
from ingestion.backfill.export import Pace
from ingestion.backfill.export import export as export_table
from ingestion.bronze import Bronze
from ingestion.contract import CDC_FUNCTION, CDC_QUARANTINE, DISCARDED_BATCHES, UNDELIVERED_REQUESTS, UNREADABLE
from ingestion.replay import undelivered_logs, unreadable, webhooks
from ingestion.replay.changes import Changes, QuarantineResolver, Resolved, resolve_batch
from ingestion.replay.discarded_batches import DiscardedBatches
from ingestion.replay.erased import Erased
from ingestion.replay.executions import Executions
from ingestion.replay.queues import Queue
from ingestion.replay.run import Destination, Summary
from ingestion.replay.run import replay as run_replay
from ingestion.replay.source import Source
from ingestion.webhooks.fan_out import fan_out
from ingestion.webhooks.message import Queue as MessageQueue
from ingestion.webhooks.table import WebhookTable
from orchestration.contract import PIPELINE_FAILURES, STATE_MACHINE


class Which(enum.StrEnum):
    """What kind of undelivered data."""

    ALL = "all"
    CDC = "cdc"
    LOGS = "logs"
    PIPELINE = "pipeline"
    UNREADABLE = "unreadable"
    WEBHOOKS = "webhooks"


# what Lambda discarded for a function, as objects of bronze
FUNCTIONS = {Which.CDC: CDC_FUNCTION, Which.WEBHOOKS: FAN_OUT_FUNCTION}
QUEUES = {Which.CDC: CDC_QUARANTINE, Which.PIPELINE: PIPELINE_FAILURES, Which.WEBHOOKS: FAILURES}


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
            "read, once they are mended. `webhooks`: events that no receiver got because a function or queue failed.",
        ),
    ] = Which.ALL,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would be done.")] = False,
    as_json: AsJson = False,
) -> None:
    """Deliver what could not be delivered: changes, request logs, starts of the pipeline, mended objects, events.

    It may be repeated at any time. It exits with 1 when something is left, and says what and why.
    """
    kinds = [kind for kind in Which if which in (kind, Which.ALL)]
    bronze, sqs = Bronze.deployed(), boto3.client("sqs")
    discarded = {kind: DiscardedBatches(bronze, FUNCTIONS[kind]) for kind in kinds if kind in FUNCTIONS}
    queues = {kind: Queue(sqs, QUEUES[kind]) for kind in kinds if kind in QUEUES}
    ways: list[tuple[Source, Destination[Any]]] = [
        *((source, DISCARDED_TO[kind](bronze)) for kind, source in discarded.items()),
        *((queue, QUEUED_TO[kind](queue, bronze)) for kind, queue in queues.items()),
    ]
    summaries: dict[str, Summary] = {}
    with Progress(console=terminal(stderr=True), transient=True) as progress:
        task = progress.add_task("replaying", total=sum(source.count_messages() for source, _ in ways) or None)

        def advance(more: int) -> None:
            progress.advance(task, more)

        for source, destination in ways:
            summaries[source.name] = run_replay(source, destination, advance, dry_run=dry_run)
        for kind, (prefix, take_up) in OBJECTS.items():
            if kind in kinds:
                summaries[prefix] = take_up(bronze, advance, dry_run=dry_run)
    if not dry_run:
        _report(discarded)
    if as_json:
        queues_summary = {name: dataclasses.asdict(summary) for name, summary in summaries.items()}
        print_json({"dry_run": dry_run, "queues": queues_summary})
    else:
        for name, summary in summaries.items():
            _print_summary(name, summary, dry_run)
    unresolved = any(summary.unresolved for summary in summaries.values())
    raise typer.Exit(ExitCode.FAILED if unresolved else ExitCode.OK)


def _to_bronze(resolve: Callable[[str], Resolved], bronze: Bronze) -> Changes:
    dynamodb = boto3.client("dynamodb")

    def export() -> int:
        pace = Pace(READ_UNITS_PER_SECOND)
        items = export_table(dynamodb, TABLE_NAME, bronze, pace, segments=SEGMENTS, seen=lambda _more: None)
        return items.envelopes + export_lost_removals(dynamodb, bronze, pace)

    return Changes(resolve, Erased(dynamodb), bronze, export)


def _quarantined_to_bronze(_queue: Queue, bronze: Bronze) -> Changes:
    resolver = QuarantineResolver(boto3.client("dynamodbstreams"), boto3.client("dynamodb"))
    return _to_bronze(resolver.resolve, bronze)


def _to_executions(queue: Queue, _bronze: Bronze) -> Executions:
    _, partition, _, region, account, _ = queue.arn().split(":")
    machine = f"arn:{partition}:states:{region}:{account}:stateMachine:{STATE_MACHINE}"
    return Executions(boto3.client("stepfunctions"), machine)


def _to_webhooks() -> MessageQueue:
    sqs = boto3.client("sqs")
    return MessageQueue(sqs, sqs.get_queue_url(QueueName=QUEUE)["QueueUrl"])


def _to_fan_out(_bronze: Bronze) -> webhooks.FanOut:
    table, queue = WebhookTable(boto3.client("dynamodb"), TABLE_NAME), _to_webhooks()
    return webhooks.FanOut(lambda records: fan_out(records, table, queue, int(time.time())))


DISCARDED_TO: dict[Which, Callable[[Bronze], Destination[Any]]] = {
    Which.CDC: lambda bronze: _to_bronze(resolve_batch, bronze),
    Which.WEBHOOKS: _to_fan_out,
}
QUEUED_TO: dict[Which, Callable[[Queue, Bronze], Destination[Any]]] = {
    Which.CDC: _quarantined_to_bronze,
    Which.PIPELINE: _to_executions,
    Which.WEBHOOKS: lambda _queue, _bronze: webhooks.Deliveries(_to_webhooks()),
}


def _report(discarded: Mapping[Which, DiscardedBatches]) -> None:
    """Put what is left where the alarm looks, which else hears of it at the pipeline's next run."""
    data = [
        {
            "MetricName": DISCARDED_BATCHES,
            "Dimensions": [{"Name": "service", "Value": FUNCTIONS[kind]}],
            "Value": source.count_messages(),
            "Unit": "Count",
        }
        for kind, source in discarded.items()
    ]
    if data:
        boto3.client("cloudwatch").put_metric_data(Namespace=METRICS_NAMESPACE, MetricData=data)  # type: ignore[arg-type]


def _print_summary(name: str, summary: Summary, dry_run: bool) -> None:
    what = {
        PIPELINE_FAILURES: "executions are started",
        UNDELIVERED_REQUESTS: "requests are in bronze",
        UNREADABLE: "lines are in bronze",
        FAILURES: "events are queued",
        f"{FAN_OUT_FUNCTION}-discarded": "changes are looked up",
    }.get(name, "changes are in bronze")
    unit = "messages" if name in QUEUES.values() else "objects"
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
