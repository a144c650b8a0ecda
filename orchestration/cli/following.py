"""Following an execution until it ends: a table that is redrawn on a terminal, lines everywhere else."""

import json
import time
from collections.abc import Callable, Mapping
from typing import Any

import typer
from botocore.exceptions import ClientError
from rich.console import Console
from rich.live import Live
from rich.text import Text

from orchestration.cli import logs, machine, render, work
from orchestration.cli.executions import StateRun, Status, Timeline
from orchestration.cli.exits import Exit

POLL_SECONDS = 0.5
REDRIVE_SECONDS = 30.0  # in which history says that an execution was redriven
LAST_LINES = 10


def run_and_watch(state_machine_arn: str, document: Mapping[str, Any] | None = None) -> Exit:
    """Start an execution, show it until it ends, and return the exit code.

    Args:
        state_machine_arn: what to run.
        document: the execution's input; an empty object when not given.
    """
    return watch(machine.start(state_machine_arn, document or {}))


def watch(execution_arn: str, as_json: bool = False, data: bool = False, redrives: int = 0) -> Exit:
    """Show an execution until it ends.

    Args:
        execution_arn: of the execution.
        as_json: one document on standard output at its end; the progress goes to standard error.
        data: show what goes into each state and comes out.
        redrives: how often it was redriven, if that is known: until history says so, it has not ended.
    """
    name = machine.name_of(execution_arn)
    console = terminal(stderr=as_json)
    look = _redriven(machine.reader(execution_arn, data or as_json), redrives)
    try:
        told = _on_terminal(console, look, name, data) if console.is_terminal else _in_lines(console, look, name)
    except KeyboardInterrupt:
        console.print(
            Text(f"no longer watching; the execution goes on.\n  insights pipeline watch {name}\n")
            + Text(f"  insights pipeline stop {name}")
        )
        return Exit.INTERRUPTED
    if as_json:
        typer.echo(json.dumps(render.as_json(told, execution_arn)))
    else:
        render.ending(console, told, name)
        show_last_lines(console, execution_arn, told)
    return Exit.OK if told.status is Status.SUCCEEDED else Exit.FAILED


def terminal(stderr: bool = False) -> Console:
    """Where people read; numbers and names keep their colour."""
    return Console(stderr=stderr, highlight=False)


def find_work(execution_arn: str, run: StateRun) -> work.Work | None:
    """What `run`, read with data, had another service do."""
    return work.of(machine.definition(execution_arn).get(run.name, {}), run)


def show_last_lines(console: Console, execution_arn: str, told: Timeline) -> None:
    """The end of the log of the job or build that an execution failed in, where there is one that may be read."""
    if told.failed is None:
        return
    try:
        failed = machine.read(execution_arn, data=True).failed
        done = find_work(execution_arn, failed) if failed else None
        if failed is None or done is None:
            return
        lines = logs.Reader(work.streams(done), failed.started, failed.ended).read()[-LAST_LINES:]
    except ClientError:  # the failure is told already, and `logs` says what is in its own way
        return
    if lines:
        console.print(Text(f"the last lines of {done}:", "dim"), soft_wrap=True)
    for line in lines:
        console.print(Text(f"  {line.text}", "dim"), soft_wrap=True)


def _redriven(look: Callable[[], Timeline], redrives: int) -> Callable[[], Timeline]:
    end = time.monotonic() + REDRIVE_SECONDS

    def told() -> Timeline:
        found = look()
        if found.redrives < redrives and time.monotonic() < end:
            found.status = Status.RUNNING
        return found

    return told


def _on_terminal(console: Console, look: Callable[[], Timeline], name: str, data: bool) -> Timeline:
    told = look()
    # an animated table is redrawn from the latest reading between two polls
    with Live(console=console, refresh_per_second=8, get_renderable=lambda: render.live(told, name, data)) as screen:
        while told.status is Status.RUNNING:
            time.sleep(POLL_SECONDS)
            told = look()
        screen.refresh()
    return told


def _in_lines(console: Console, look: Callable[[], Timeline], name: str) -> Timeline:
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
