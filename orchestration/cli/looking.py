"""The commands that look at executions and change nothing: watch, describe, history, logs."""

import json
import time
from typing import Annotated, Any

import typer
from rich.table import Table
from rich.text import Text

from orchestration.cli import following, machine, render, work
from orchestration.cli.executions import StateRun, Status, Timeline
from orchestration.cli.exits import Exit
from orchestration.cli.logs import Line, Reader
from orchestration.cli.problems import explained, fail

POLL_SECONDS = 1.0

Execution = Annotated[
    str | None, typer.Argument(metavar="EXECUTION", help="Name or ARN of an execution; the latest when not given.")
]
AsJson = Annotated[bool, typer.Option("--json", help="One JSON document on standard output, nothing else there.")]
Data = Annotated[bool, typer.Option("--io", help="Show what goes into each state and comes out.")]
State = Annotated[str | None, typer.Option(metavar="NAME", help="One state, as the state machine names it.")]


def follow(execution: Execution = None, as_json: AsJson = False, data: Data = False) -> None:
    """Follow an execution until it ends; exit with 1 unless it succeeds."""
    with explained():
        raise typer.Exit(following.watch(machine.find(execution), as_json, data))


def describe(execution: Execution = None, state: State = None, as_json: AsJson = False, data: Data = False) -> None:
    """Show the states of an execution, and why it failed if it did; `--state` shows all that is known of one."""
    with explained():
        arn = machine.find(execution)
        told = machine.read(arn, data=True)
    only = _state(told, state) if state else None
    if as_json:
        found = render.as_json(told, arn)
        if only:
            found["states"] = [one for one in found["states"] if one["name"] == only.name]
        typer.echo(json.dumps(found))
        return
    console = following.terminal()
    if only:
        for part in render.one_state(only, told):
            console.print(part)
        return
    if told.input and told.input != "{}":
        console.print(Text(f"input  {told.input}"), soft_wrap=True)
    console.print(render.table(told))
    for part in render.passed(told) if data else ():
        console.print(part)
    render.ending(console, told, machine.name_of(arn))


def history(
    limit: Annotated[int, typer.Option(min=1, max=1000, help="How many, from the latest.")] = 10,
    status: Annotated[Status | None, typer.Option(case_sensitive=False, help="Only those of this status.")] = None,
    as_json: AsJson = False,
) -> None:
    """List executions, the latest first."""
    with explained():
        found = list(machine.recent(machine.state_machine(), limit, status))
    if as_json:
        typer.echo(json.dumps([_listed(execution) for execution in found]))
        return
    console = following.terminal()
    if not found:
        none = "the pipeline has not run yet: `insights pipeline start` runs it"
        console.print(f"no execution has the status {status}" if status else none, soft_wrap=True)
        return
    # a name has 36 characters, and a terminal 80
    rows = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, header_style="dim")
    for heading in ("execution", "status", "started (UTC)", "duration"):
        rows.add_column(heading, overflow="fold")
    for execution in map(_listed, found):
        ended = Status(execution["status"])
        rows.add_row(
            execution["name"],
            Text(render.WORDS[ended], render.STYLES[ended]),
            execution["started"][:16].replace("T", " "),
            render.duration(execution["seconds"]) + (" *" if execution["redrives"] else ""),
        )
    console.print(rows)
    if any(execution.get("redriveCount") for execution in found):
        console.print("* redriven: the time before the redrive is in it", style="dim")


def logs(
    execution: Execution = None,
    state: State = None,
    lines: Annotated[
        int | None, typer.Option("--lines", "-n", min=1, help="Only the last so many that are there.")
    ] = None,
    follow: Annotated[bool, typer.Option(help="Go on while the state runs.")] = True,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object per line.")] = False,
) -> None:
    """Print the log of the job, build, crawl or function of a state.

    Without `--state`: of the state that failed, or of the one that runs, or else of the last one that left a log.
    """
    with explained():
        try:
            _print_logs(machine.find(execution), state, lines, follow, as_json)
        except KeyboardInterrupt:
            raise typer.Exit(Exit.INTERRUPTED) from None


def _print_logs(arn: str, state: str | None, lines: int | None, follow: bool, as_json: bool) -> None:
    look = machine.reader(arn, data=True)
    told = look()
    states = machine.definition(arn)
    wanted = [_state(told, state)] if state else _likely(told)
    found = [(run, done) for run in wanted if (done := work.of(states.get(run.name, {}), run))]
    if not found:
        which = state or "no state of this execution"
        fail(f"{which} has a log: only jobs, builds, crawls and functions write one", "`--state` names another state")
    run, done = found[0]
    following.terminal(stderr=True).print(Text(f"{run.name}: {done}", "dim"), soft_wrap=True)
    reader = Reader(work.streams(done), run.started, run.ended)
    # as much as there is when the state has ended; the rest as it comes
    for line in reader.read()[-lines if lines else 0 :]:
        _print_line(run, line, as_json)
    while follow and run.ended is None:
        time.sleep(POLL_SECONDS)
        run = _state(look(), run.name)
        for line in reader.read():
            _print_line(run, line, as_json)


def _likely(told: Timeline) -> list[StateRun]:
    """The states of which a log is wanted first, without being told which."""
    failed = [told.failed] if told.failed else []
    running = [run for run in told.states if run.ended is None]
    return failed + running + told.states[::-1]


def _state(told: Timeline, name: str) -> StateRun:
    for run in told.states:
        if run.name == name:
            return run
    there = ", ".join(run.name for run in told.states) or "none yet"
    raise typer.BadParameter(f"this execution has not been in {name!r}; it has been in {there}", param_hint="--state")


def _print_line(run: StateRun, line: Line, as_json: bool) -> None:
    if as_json:
        document = {"state": run.name, "time": render.instant(line.when), "message": line.text}
        typer.echo(json.dumps(document, ensure_ascii=False))
    else:
        typer.echo(line.text)


def _listed(execution: Any) -> dict[str, Any]:
    ended = execution.get("stopDate")
    status = Status(execution["status"])
    return {
        "name": execution["name"],
        "execution": execution["executionArn"],
        "status": status.value,
        "started": render.instant(execution["startDate"].replace(microsecond=0)),
        "seconds": round(((ended or render.now()) - execution["startDate"]).total_seconds(), 3),
        "redrives": execution.get("redriveCount", 0),
    }
