"""`insights pipeline …`: start, watch, history, describe, stop.

Exit status: 0 the execution succeeded (or the command did what it was asked), 1 it failed or AWS refused, 2 the command
line is wrong, 130 interrupted by Ctrl-C.
"""

import json
import time
from collections.abc import Callable
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.live import Live
from rich.table import Table
from rich.text import Text

from orchestration.cli import machine, render
from orchestration.cli.executions import Status, Timeline
from orchestration.cli.problems import explained

POLL_SECONDS = 0.5
INTERRUPTED = 130

pipeline = typer.Typer(no_args_is_help=True, help="Run the pipeline, and see how it went.")

Execution = Annotated[
    str | None, typer.Argument(metavar="[EXECUTION]", help="Name or ARN of an execution; the latest when not given.")
]
AsJson = Annotated[bool, typer.Option("--json", help="One JSON document on standard output, nothing else there.")]


@pipeline.command()
def start(
    wait: Annotated[
        bool, typer.Option("--wait", "--watch", help="Stay until it ends; exit with 1 unless it succeeds.")
    ] = False,
    document: Annotated[str, typer.Option("--input", metavar="JSON", help="Input of the execution, an object.")] = "{}",
    as_json: AsJson = False,
) -> None:
    """Start an execution."""
    given = _object(document)
    with explained():
        execution = machine.start(machine.state_machine(), given)
        if wait:
            raise typer.Exit(_watch(execution, as_json))
        if as_json:
            typer.echo(json.dumps(render.as_json(machine.read(execution), execution)))
            return
    name = machine.name_of(execution)
    typer.echo(f"started {name}")
    typer.echo(f"follow it: insights pipeline watch {name}")


@pipeline.command()
def watch(execution: Execution = None, as_json: AsJson = False) -> None:
    """Follow an execution until it ends; exit with 1 unless it succeeds."""
    with explained():
        raise typer.Exit(_watch(machine.find(execution), as_json))


@pipeline.command()
def describe(execution: Execution = None, as_json: AsJson = False) -> None:
    """Show the states of an execution, and why it failed if it did."""
    with explained():
        arn = machine.find(execution)
        told = machine.read(arn)
    if as_json:
        typer.echo(json.dumps(render.as_json(told, arn)))
        return
    console = _console()
    console.print(render.table(told))
    render.ending(console, told, machine.name_of(arn))


@pipeline.command()
def history(
    limit: Annotated[int, typer.Option(min=1, max=1000, help="How many, from the latest.")] = 10,
    as_json: AsJson = False,
) -> None:
    """List executions, the latest first."""
    with explained():
        found = list(machine.recent(machine.state_machine(), limit))
    if as_json:
        typer.echo(json.dumps([_listed(execution) for execution in found]))
        return
    # a name has 36 characters, and a terminal 80
    rows = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, header_style="dim")
    for heading in ("execution", "status", "started (UTC)", "duration"):
        rows.add_column(heading, overflow="fold")
    for execution in map(_listed, found):
        status = Status(execution["status"])
        rows.add_row(
            execution["name"],
            Text(render.WORDS[status], render.STYLES[status]),
            execution["started"][:16].replace("T", " "),
            render.duration(execution["seconds"]),
        )
    _console().print(rows if found else "the pipeline has not run yet: `insights pipeline start` runs it")


@pipeline.command()
def stop(
    execution: Execution = None,
    reason: Annotated[str, typer.Option(help="Kept with the execution.")] = "stopped by an operator",
) -> None:
    """Stop a running execution."""
    with explained():
        arn = machine.find(execution)
        told = machine.read(arn)
        if told.status is not Status.RUNNING:
            typer.echo(f"{machine.name_of(arn)} is not running: it {render.WORDS[told.status]}")
            return
        machine.stop(arn, reason)
    typer.echo(f"stopped {machine.name_of(arn)}")


def run_and_watch(state_machine_arn: str, document: dict[str, Any] | None = None) -> int:
    """Start an execution, show it until it ends, and return the exit status: 0 when it succeeded.

    Args:
        state_machine_arn: what to run.
        document: the execution's input; an empty object when not given.
    """
    return _watch(machine.start(state_machine_arn, document or {}), as_json=False)


def _watch(execution_arn: str, as_json: bool) -> int:
    name = machine.name_of(execution_arn)
    console = _console(stderr=as_json)
    try:
        follow = _follow_on_terminal if console.is_terminal else _follow_in_lines
        told = follow(console, machine.reader(execution_arn), name)
    except KeyboardInterrupt:
        console.print(
            Text(f"no longer watching; the execution goes on.\n  insights pipeline watch {name}\n")
            + Text(f"  insights pipeline stop {name}")
        )
        return INTERRUPTED
    if as_json:
        typer.echo(json.dumps(render.as_json(told, execution_arn)))
    else:
        render.ending(console, told, name)
    return 0 if told.status is Status.SUCCEEDED else 1


def _follow_on_terminal(console: Console, look: Callable[[], Timeline], name: str) -> Timeline:
    told = look()
    # an animated table is redrawn from the latest reading between two polls
    with Live(console=console, refresh_per_second=8, get_renderable=lambda: render.live(told, name)) as screen:
        while told.status is Status.RUNNING:
            time.sleep(POLL_SECONDS)
            told = look()
        screen.refresh()
    return told


def _follow_in_lines(console: Console, look: Callable[[], Timeline], name: str) -> Timeline:
    console.print(Text(f"execution {name}"), soft_wrap=True)
    before = Timeline(states=[])
    while True:
        told = look()
        for line in render.changes(before, told):
            console.print(Text(line), soft_wrap=True)
        if told.status is not Status.RUNNING:
            return told
        before = told
        time.sleep(POLL_SECONDS)


def _console(stderr: bool = False) -> Console:
    return Console(stderr=stderr, highlight=False)


def _object(document: str) -> dict[str, Any]:
    try:
        given = json.loads(document)
    except ValueError as error:
        raise typer.BadParameter(f"not JSON: {error}", param_hint="--input") from None
    if not isinstance(given, dict):
        raise typer.BadParameter("an object is wanted, such as '{\"full_refresh\": true}'", param_hint="--input")
    return given


def _listed(execution: Any) -> dict[str, Any]:
    ended = execution.get("stopDate")
    return {
        "name": execution["name"],
        "execution": execution["executionArn"],
        "status": execution["status"],
        "started": execution["startDate"].astimezone(render.UTC).isoformat(timespec="seconds").replace("+00:00", "Z"),
        "seconds": round(((ended or render.now()) - execution["startDate"]).total_seconds(), 3),
    }
