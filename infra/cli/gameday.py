"""`insights gameday`: a fault in the local account, found and repaired by the operator, with the time that it took."""

import datetime as dt
import random
from typing import Annotated

import typer

from infra.cli.console import print_json, terminal
from infra.cli.errors import explain_errors, fail
from infra.cli.exit_codes import ExitCode
from infra.cli.format import format_duration, now
from infra.cli.options import AsJson
from infra.cli.wait import poll

POLL_SECONDS = 2.0


@explain_errors()
def gameday(
    name: Annotated[
        str | None, typer.Option("--fault", help="This one, instead of one at random; `list` prints their names.")
    ] = None,
    minutes: Annotated[float, typer.Option("--timeout", min=0.0, help="Minutes until it gives up.")] = 60.0,
    as_json: AsJson = False,
) -> None:
    """Put a random fault into the local account, and time its repair.

    Find and repair it in another terminal, with `insights status` and the runbooks. It ends when the fault is over,
    with the time that it took and the runbook that helps. Ctrl-C takes the fault out and names it.
    """
    from infra.local.gameday.faults import FAULTS, Fault

    by_name = {fault.name: fault for fault in FAULTS}
    if name == "list":
        typer.echo("\n".join(by_name))
        return
    if name is not None and name not in by_name:
        fail(f"there is no fault {name}", f"it is one of {', '.join(by_name)}", ExitCode.USAGE)
    fault: Fault = by_name[name] if name else random.choice(FAULTS)  # noqa: S311
    console = terminal(stderr=True)
    injected = now()
    fault.inject()
    console.print(f"{injected:%H:%M:%S} UTC: {fault.symptom}. Find out why, and repair it.", highlight=False)
    try:
        repaired = any(poll(lambda: fault.is_repaired(injected), POLL_SECONDS, minutes * 60))
    except KeyboardInterrupt:
        repaired = False
    took = now() - injected
    if not repaired:
        fault.undo()
    _report(fault.name, fault.runbook, repaired, took, as_json)
    raise typer.Exit(ExitCode.OK if repaired else ExitCode.FAILED)


def _report(name: str, runbook: str, repaired: bool, took: dt.timedelta, as_json: bool) -> None:
    page = f"docs/runbooks/{runbook}.md"
    if as_json:
        print_json({"fault": name, "repaired": repaired, "seconds": round(took.total_seconds(), 1), "runbook": page})
        return
    ended = "repaired" if repaired else "not repaired, and taken out"
    typer.echo(f"{name}: {ended} after {format_duration(took.total_seconds())}; the runbook is {page}")
