"""Follow an execution until it ends: a table that is redrawn on a terminal, lines everywhere else."""

import time
from collections.abc import Callable, Mapping
from typing import Any

from botocore.exceptions import ClientError
from rich.console import Console, RenderableType
from rich.live import Live
from rich.text import Text

from infra.cli.console import print_json, terminal
from infra.cli.exit_codes import ExitCode
from infra.cli.pipeline import render
from infra.cli.wait import poll
from orchestration.executions import logs, service_runs, state_machine
from orchestration.executions.history import StateRun, Status, Timeline

POLL_SECONDS = 0.5
REDRIVE_SECONDS = 30.0  # in which history says that an execution was redriven
LAST_LINES = 10


def run_and_follow(state_machine_arn: str, document: Mapping[str, Any] | None = None) -> ExitCode:
    """Start an execution, show it until it ends, and return the exit code.

    Args:
        state_machine_arn: what to run.
        document: the execution's input; an empty object when not given.
    """
    return follow(state_machine.start_execution(state_machine_arn, document or {}))


def follow(execution_arn: str, as_json: bool = False, data: bool = False, redrives: int = 0) -> ExitCode:
    """Show an execution until it ends.

    Args:
        execution_arn: of the execution.
        as_json: one document on standard output at its end; the progress goes to standard error.
        data: show what goes into each state and comes out.
        redrives: how often it was redriven, if that is known: until history says so, it has not ended.
    """
    name = state_machine.execution_name(execution_arn)
    console = terminal(stderr=as_json)
    read = _await_redrive(state_machine.timeline_reader(execution_arn, data or as_json), redrives)
    try:
        timeline = _redraw(console, read, name, data) if console.is_terminal else _print_lines(console, read, name)
    except KeyboardInterrupt:
        console.print(
            Text(f"no longer watching; the execution goes on.\n  insights pipeline watch {name}\n")
            + Text(f"  insights pipeline stop {name}")
        )
        return ExitCode.INTERRUPTED
    if as_json:
        print_json(render.to_json(timeline, execution_arn))
    else:
        render.print_ending(console, timeline, name)
        show_last_lines(console, execution_arn, timeline)
    return ExitCode.OK if timeline.status is Status.SUCCEEDED else ExitCode.FAILED


def find_service_run(execution_arn: str, run: StateRun) -> service_runs.ServiceRun | None:
    """The job run, build, crawl or function call of `run`, which was read with data."""
    return service_runs.find_service_run(state_machine.read_states(execution_arn).get(run.name, {}), run)


def show_last_lines(console: Console, execution_arn: str, timeline: Timeline) -> None:
    """The end of the log of the job or build that an execution failed in, where there is one that may be read."""
    if timeline.failed is None:
        return
    try:
        failed = state_machine.read_timeline(execution_arn, data=True).failed
        service_run = find_service_run(execution_arn, failed) if failed else None
        if failed is None or service_run is None:
            return
        lines = logs.LogReader(service_runs.log_streams(service_run), failed.started, failed.ended).read()[-LAST_LINES:]
    except ClientError:  # the failure is printed already, and `logs` reports what keeps it from being read
        return
    if lines:
        console.print(Text(f"the last lines of {service_run}:", "dim"), soft_wrap=True)
    for line in lines:
        console.print(Text(f"  {line.text}", "dim"), soft_wrap=True)


def _await_redrive(read: Callable[[], Timeline], redrives: int) -> Callable[[], Timeline]:
    end = time.monotonic() + REDRIVE_SECONDS

    def read_redriven() -> Timeline:
        found = read()
        if found.redrives < redrives and time.monotonic() < end:
            found.status = Status.RUNNING
        return found

    return read_redriven


def _redraw(console: Console, read: Callable[[], Timeline], name: str, data: bool) -> Timeline:
    timeline = read()

    def draw() -> RenderableType:
        return render.live_table(timeline, name, data)

    # an animated table is redrawn from the latest reading between two polls
    with Live(console=console, refresh_per_second=8, get_renderable=draw) as screen:
        while timeline.status is Status.RUNNING:
            time.sleep(POLL_SECONDS)
            timeline = read()
        screen.refresh()
    return timeline


def _print_lines(console: Console, read: Callable[[], Timeline], name: str) -> Timeline:
    console.print(Text(f"execution {name}"), soft_wrap=True)
    before = Timeline(states=[])
    for timeline in poll(read, POLL_SECONDS):
        for line in render.changed_lines(before, timeline):
            console.print(Text(line), soft_wrap=True)
        before = timeline
        if timeline.status is not Status.RUNNING:
            break
    return before
