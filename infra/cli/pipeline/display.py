"""`insights pipeline watch`, `describe`, `history` and `logs`: they change nothing."""

import json
import time
from typing import Annotated, Any

import typer
from rich.text import Text

from infra.cli.console import listing, print_json, terminal
from infra.cli.errors import explain_errors, fail
from infra.cli.exit_codes import ExitCode
from infra.cli.format import format_duration, format_instant, now
from infra.cli.options import AsJson, Execution, ShowData, StateName
from infra.cli.pipeline import follow as follow_module
from infra.cli.pipeline import render
from orchestration.executions import service_runs, state_machine
from orchestration.executions.history import StateRun, Status, Timeline
from orchestration.executions.logs import Line, LogReader

POLL_SECONDS = 1.0


def watch(execution: Execution = None, as_json: AsJson = False, data: ShowData = False) -> None:
    """Follow an execution until it ends; exit with 1 unless it succeeds."""
    with explain_errors():
        raise typer.Exit(follow_module.follow(state_machine.find_execution(execution), as_json, data))


def describe(
    execution: Execution = None, state: StateName = None, as_json: AsJson = False, data: ShowData = False
) -> None:
    """Show the states of an execution, and why it failed if it did.

    `--state` shows everything about one state.
    """
    with explain_errors():
        arn = state_machine.find_execution(execution)
        timeline = state_machine.read_timeline(arn, data=True)
    only = _state(timeline, state) if state else None
    if as_json:
        found = render.to_json(timeline, arn)
        if only:
            found["states"] = [one for one in found["states"] if one["name"] == only.name]
        print_json(found)
        return
    console = terminal()
    if only:
        for part in render.state_detail(only, timeline):
            console.print(part)
        return
    if timeline.input and timeline.input != "{}":
        console.print(Text(f"input  {timeline.input}"), soft_wrap=True)
    console.print(render.table(timeline))
    for part in render.state_data(timeline) if data else ():
        console.print(part)
    render.print_ending(console, timeline, state_machine.execution_name(arn))


def history(
    limit: Annotated[int, typer.Option(min=1, max=1000, help="How many, from the latest.")] = 10,
    status: Annotated[Status | None, typer.Option(case_sensitive=False, help="Only those of this status.")] = None,
    as_json: AsJson = False,
) -> None:
    """List executions, the latest first."""
    with explain_errors():
        found = list(state_machine.list_executions(state_machine.find_state_machine(), limit, status))
    if as_json:
        print_json([_listed(execution) for execution in found])
        return
    console = terminal()
    if not found:
        none = "the pipeline has not run yet: `insights pipeline start` runs it"
        console.print(f"no execution has the status {status}" if status else none, soft_wrap=True)
        return
    # a name has 36 characters, and a terminal 80
    rows = listing("execution", "status", "started (UTC)", "duration")
    for execution in map(_listed, found):
        ended = Status(execution["status"])
        rows.add_row(
            execution["name"],
            Text(render.STATUS_LABELS[ended], render.STATUS_STYLES[ended]),
            execution["started"][:16].replace("T", " "),
            format_duration(execution["seconds"]) + (" *" if execution["redrives"] else ""),
        )
    console.print(rows)
    if any(execution.get("redriveCount") for execution in found):
        console.print("* redriven: the time before the redrive is in it", style="dim")


def logs(
    execution: Execution = None,
    state: StateName = None,
    lines: Annotated[
        int | None, typer.Option("--lines", "-n", min=1, help="Only the last so many that are there.")
    ] = None,
    follow: Annotated[bool, typer.Option(help="Go on while the state runs.")] = True,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object per line.")] = False,
) -> None:
    """Print the log of the job, build, crawl or function of a state.

    Without `--state`: of the state that failed, or of the one that runs, or else of the last one that left a log.
    """
    with explain_errors():
        try:
            _print_logs(state_machine.find_execution(execution), state, lines, follow, as_json)
        except KeyboardInterrupt:
            raise typer.Exit(ExitCode.INTERRUPTED) from None


def _print_logs(arn: str, state: str | None, lines: int | None, follow: bool, as_json: bool) -> None:
    read = state_machine.timeline_reader(arn, data=True)
    timeline = read()
    states = state_machine.read_states(arn)
    candidates = [_state(timeline, state)] if state else _states_by_interest(timeline)
    found = [
        (run, service_run)
        for run in candidates
        if (service_run := service_runs.find_service_run(states.get(run.name, {}), run))
    ]
    if not found:
        which = state or "no state of this execution"
        fail(f"{which} has a log: only jobs, builds, crawls and functions write one", "`--state` names another state")
    run, service_run = found[0]
    terminal(stderr=True).print(Text(f"{run.name}: {service_run}", "dim"), soft_wrap=True)
    reader = LogReader(service_runs.log_streams(service_run), run.started, run.ended)
    # as much as there is when the state has ended; the rest as it comes
    for line in reader.read()[-lines if lines else 0 :]:
        _print_line(run, line, as_json)
    while follow and run.ended is None:
        time.sleep(POLL_SECONDS)
        run = _state(read(), run.name)
        for line in reader.read():
            _print_line(run, line, as_json)


def _states_by_interest(timeline: Timeline) -> list[StateRun]:
    """The states of which a log is wanted first, without being timeline which."""
    failed = [timeline.failed] if timeline.failed else []
    running = [run for run in timeline.states if run.ended is None]
    return failed + running + timeline.states[::-1]


def _state(timeline: Timeline, name: str) -> StateRun:
    for run in timeline.states:
        if run.name == name:
            return run
    there = ", ".join(run.name for run in timeline.states) or "none yet"
    raise typer.BadParameter(f"this execution has not been in {name!r}; it has been in {there}", param_hint="--state")


def _print_line(run: StateRun, line: Line, as_json: bool) -> None:
    if as_json:
        document = {"state": run.name, "time": format_instant(line.when), "message": line.text}
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
        "started": format_instant(execution["startDate"].replace(microsecond=0)),
        "seconds": round(((ended or now()) - execution["startDate"]).total_seconds(), 3),
        "redrives": execution.get("redriveCount", 0),
    }
