"""`insights pipeline start`, `redrive` and `stop`."""

import datetime as dt
import json
from typing import Annotated, Any

import typer
from rich.text import Text

from infra.cli.console import print_json, terminal
from infra.cli.errors import explain_errors, fail
from infra.cli.format import now
from infra.cli.options import AsJson, Execution, ShowData
from infra.cli.pipeline import render, windows
from infra.cli.pipeline.follow import find_service_run, follow
from infra.cli.target import writes
from infra.cli.wait import poll, wait_until_idle
from orchestration.executions import service_runs, state_machine
from orchestration.executions.history import Status, Timeline

STOP_SECONDS = 60.0
POLL_SECONDS = 0.5

Wait = Annotated[bool, typer.Option("--wait", "--watch", help="Stay until it ends; exit with 1 unless it succeeds.")]
WaitForRunning = Annotated[
    bool, typer.Option("--wait-for-running", help="While another execution runs, wait; without this, exit with 4.")
]


@writes()
def start(
    since: Annotated[
        dt.datetime | None,
        typer.Option(
            windows.FROM,
            metavar="WHEN",
            parser=windows.parse_instant,
            help="First arrival, UTC: 2026-11-01 or 2026-11-01T06:00Z.",
        ),
    ] = None,
    until: Annotated[
        dt.datetime | None,
        typer.Option(windows.TO, metavar="WHEN", parser=windows.parse_instant, help="End of the window, not included."),
    ] = None,
    full_refresh: Annotated[
        bool, typer.Option("--full-refresh", help="Rebuild silver and gold from all of bronze.")
    ] = False,
    rebuild: Annotated[
        list[str] | None,
        typer.Option(
            metavar="TABLE", help="Rebuild only this table of silver from all of bronze; may be given several times."
        ),
    ] = None,
    reject_threshold: Annotated[
        float | None,
        typer.Option(metavar="SHARE", help="Share of broken lines, 0 to 1, that this run tolerates; with --reason."),
    ] = None,
    reason: Annotated[str | None, typer.Option(help="Why they are tolerated; kept in `pipeline_runs`.")] = None,
    select: Annotated[str | None, typer.Option(metavar="MODELS", help="dbt models to build, in dbt's syntax.")] = None,
    skip: Annotated[str | None, typer.Option(metavar="MODELS", help="dbt models to leave out.")] = None,
    document: Annotated[
        str | None, typer.Option("--input", metavar="JSON", help="The whole input as JSON, instead of these flags.")
    ] = None,
    wait: Wait = False,
    wait_for_running: WaitForRunning = False,
    as_json: AsJson = False,
    data: ShowData = False,
) -> None:
    """Start an execution; without a window it takes everything since the last successful one."""
    more = {"rebuild": rebuild or None, "reject_threshold": reject_threshold, "reason": reason}
    given = windows.build_input(since, until, full_refresh, select, skip, **more)
    if document is not None:
        if given:
            raise typer.BadParameter(
                f"it takes the place of the other flags ({', '.join(given)})", param_hint="--input"
            )
        given = windows.validate_input(_parse_object(document), "--input")
    with explain_errors():
        arn = state_machine.find_state_machine()
        wait_until_idle(arn, wait_for_running)
        execution = state_machine.start_execution(arn, given)
        _report_start(execution, wait, as_json, data)


@writes()
def redrive(
    execution: Execution = None,
    wait: Wait = False,
    wait_for_running: WaitForRunning = False,
    as_json: AsJson = False,
    data: ShowData = False,
) -> None:
    """Redrive a failed, timed out or stopped execution from the state that it ended in.

    It keeps its input and the definition it was started with: after a change of the state machine, `start` anew.
    """
    with explain_errors():
        arn = state_machine.find_execution(execution)
        refusal = state_machine.redrive_refusal(state_machine.describe_execution(arn), now())
        if refusal is None:
            wait_until_idle(arn.replace(":execution:", ":stateMachine:").rpartition(":")[0], wait_for_running)
        before = state_machine.read_timeline(arn).redrives
        state_machine.redrive_execution(arn)
        _report_start(arn, wait, as_json, data, redrives=before + 1)


@writes()
def stop(
    execution: Execution = None,
    reason: Annotated[str, typer.Option(help="Kept with the execution.")] = "stopped by an operator",
    as_json: AsJson = False,
) -> None:
    """Stop a running execution, and wait for the end of the job or build that it had started."""
    with explain_errors():
        arn = state_machine.find_execution(execution)
        timeline = state_machine.read_timeline(arn, data=True)
        running = timeline.status is Status.RUNNING
        active = _active_service_runs(arn, timeline) if running else []
        if running:
            state_machine.stop_execution(arn, reason)
        ended = {str(one): _wait_for_end(one) for one in active}
    name = state_machine.execution_name(arn)
    if as_json:
        print_json({"execution": arn, "stopped": running, "work": ended})
    elif not running:
        typer.echo(f"{name} is not running: it {render.STATUS_LABELS[timeline.status]}")
    else:
        typer.echo(f"stopped {name}")
        for one, status in ended.items():
            typer.echo(f"{one} ended: {status}" if status not in service_runs.RUNNING else f"{one} is still {status}")
    if any(status in service_runs.RUNNING for status in ended.values()):
        fail(f"what {name} had started still runs after {STOP_SECONDS:.0f} s", "look at it in its service's console")


def _report_start(execution: str, wait: bool, as_json: bool, data: bool, redrives: int = 0) -> None:
    if wait:
        raise typer.Exit(follow(execution, as_json, data, redrives))
    if as_json:
        print_json(render.to_json(state_machine.read_timeline(execution, data=True), execution))
        return
    name = state_machine.execution_name(execution)
    typer.echo(f"{'redriven' if redrives else 'started'} {name}")
    typer.echo(f"follow it: insights pipeline watch {name}")


def _active_service_runs(arn: str, timeline: Timeline) -> list[service_runs.ServiceRun]:
    found = [find_service_run(arn, run) for run in timeline.states if run.status is Status.RUNNING]
    return [one for one in found if one is not None and service_runs.read_status(one) is not None]


def _wait_for_end(one: service_runs.ServiceRun) -> str:
    status = ""
    with terminal(stderr=True).status(Text(f"waiting for {one} to end")):
        for status in poll(lambda: str(service_runs.read_status(one)), POLL_SECONDS, STOP_SECONDS):
            if status not in service_runs.RUNNING:
                break
    return status


def _parse_object(document: str) -> dict[str, Any]:
    try:
        given = json.loads(document)
    except ValueError as error:
        raise typer.BadParameter(f"not JSON: {error}", param_hint="--input") from None
    if not isinstance(given, dict):
        raise typer.BadParameter("expected an object, such as '{\"full_refresh\": true}'", param_hint="--input")
    return given
