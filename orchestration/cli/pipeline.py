"""`insights pipeline …`: start, stop and redrive executions; the commands that only look are in `looking`."""

import datetime as dt
import json
import time
from typing import Annotated, Any

import typer
from rich.text import Text

from orchestration.cli import machine, render, windows, work
from orchestration.cli.backfill import backfill
from orchestration.cli.executions import Status
from orchestration.cli.exits import EPILOG
from orchestration.cli.following import find_work, terminal, watch
from orchestration.cli.looking import AsJson, Data, Execution, describe, follow, history, logs
from orchestration.cli.problems import explained, fail
from orchestration.cli.waiting import until_none_runs

STOP_SECONDS = 60.0
POLL_SECONDS = 0.5

pipeline = typer.Typer(no_args_is_help=True, help="Run the pipeline, and see how it went.", epilog=EPILOG)

Stay = Annotated[bool, typer.Option("--wait", "--watch", help="Stay until it ends; exit with 1 unless it succeeds.")]
Queue = Annotated[
    bool, typer.Option("--wait-for-running", help="While another execution runs, wait; without this, exit with 4.")
]


@pipeline.command(epilog=EPILOG)
def start(
    since: Annotated[
        dt.datetime | None,
        typer.Option(
            windows.FROM,
            metavar="WHEN",
            parser=windows.instant,
            help="First arrival, UTC: 2026-11-01 or 2026-11-01T06:00Z.",
        ),
    ] = None,
    until: Annotated[
        dt.datetime | None,
        typer.Option(windows.TO, metavar="WHEN", parser=windows.instant, help="End of the arrivals, not included."),
    ] = None,
    full_refresh: Annotated[
        bool, typer.Option("--full-refresh", help="Rebuild silver and gold from all of bronze.")
    ] = False,
    select: Annotated[str | None, typer.Option(metavar="MODELS", help="dbt models to build, in dbt's syntax.")] = None,
    skip: Annotated[str | None, typer.Option(metavar="MODELS", help="dbt models to leave out.")] = None,
    document: Annotated[
        str | None, typer.Option("--input", metavar="JSON", help="The whole input as JSON, instead of these flags.")
    ] = None,
    wait: Stay = False,
    wait_for_running: Queue = False,
    as_json: AsJson = False,
    data: Data = False,
) -> None:
    """Start an execution; without a window it takes everything since the last one that succeeded."""
    given = windows.document(since, until, full_refresh, select, skip)
    if document is not None:
        if given:
            raise typer.BadParameter(
                f"it takes the place of the other flags ({', '.join(given)})", param_hint="--input"
            )
        given = windows.checked(_object(document), "--input")
    with explained():
        arn = machine.state_machine()
        until_none_runs(arn, wait_for_running)
        execution = machine.start(arn, given)
        _started(execution, wait, as_json, data)


@pipeline.command(epilog=EPILOG)
def redrive(
    execution: Execution = None,
    wait: Stay = False,
    wait_for_running: Queue = False,
    as_json: AsJson = False,
    data: Data = False,
) -> None:
    """Take a failed, timed out or stopped execution up again, at the state it ended in, with the same input.

    It keeps the definition it was started with: after a change of the state machine itself, `start` anew.
    """
    with explained():
        arn = machine.find(execution)
        refusal = machine.not_redrivable(machine.describe(arn), render.now())
        if refusal is None:
            until_none_runs(arn.replace(":execution:", ":stateMachine:").rpartition(":")[0], wait_for_running)
        before = machine.read(arn).redrives
        machine.redrive(arn)
        _started(arn, wait, as_json, data, redrives=before + 1)


@pipeline.command(epilog=EPILOG)
def stop(
    execution: Execution = None,
    reason: Annotated[str, typer.Option(help="Kept with the execution.")] = "stopped by an operator",
    as_json: AsJson = False,
) -> None:
    """Stop a running execution, and see the job or build end that it had started."""
    with explained():
        arn = machine.find(execution)
        told = machine.read(arn, data=True)
        running = told.status is Status.RUNNING
        going = _work_under_way(arn, told) if running else []
        if running:
            machine.stop(arn, reason)
        ended = {str(one): _wait_for_end(one) for one in going}
    name = machine.name_of(arn)
    if as_json:
        typer.echo(json.dumps({"execution": arn, "stopped": running, "work": ended}))
    elif not running:
        typer.echo(f"{name} is not running: it {render.WORDS[told.status]}")
    else:
        typer.echo(f"stopped {name}")
        for one, status in ended.items():
            typer.echo(f"{one} ended: {status}" if status not in work.RUNNING else f"{one} is still {status}")
    if any(status in work.RUNNING for status in ended.values()):
        fail(f"what {name} had started still runs after {STOP_SECONDS:.0f} s", "look at it in its service's console")


def _started(execution: str, wait: bool, as_json: bool, data: bool, redrives: int = 0) -> None:
    if wait:
        raise typer.Exit(watch(execution, as_json, data, redrives))
    if as_json:
        typer.echo(json.dumps(render.as_json(machine.read(execution, data=True), execution)))
        return
    name = machine.name_of(execution)
    typer.echo(f"{'redriven' if redrives else 'started'} {name}")
    typer.echo(f"follow it: insights pipeline watch {name}")


def _work_under_way(arn: str, told: Any) -> list[work.Work]:
    under_way = [run for run in told.states if run.status is Status.RUNNING]
    found = [find_work(arn, run) for run in under_way]
    return [one for one in found if one is not None and work.status(one) is not None]


def _wait_for_end(one: work.Work) -> str:
    end = time.monotonic() + STOP_SECONDS
    with terminal(stderr=True).status(Text(f"waiting for {one} to end")):
        while (status := str(work.status(one))) in work.RUNNING and time.monotonic() < end:
            time.sleep(POLL_SECONDS)
    return status


def _object(document: str) -> dict[str, Any]:
    try:
        given = json.loads(document)
    except ValueError as error:
        raise typer.BadParameter(f"not JSON: {error}", param_hint="--input") from None
    if not isinstance(given, dict):
        raise typer.BadParameter("an object is wanted, such as '{\"full_refresh\": true}'", param_hint="--input")
    return given


for command in (follow, describe, history, logs, backfill):
    pipeline.command(name="watch" if command is follow else None, epilog=EPILOG)(command)
