"""`insights verify`: prove in an account what a run on the local account cannot (docs/local-account.md).

It works on the deployed stacks, changes nothing for good, and costs about a dollar: two runs of the pipeline, one of
silver's maintenance. It can be run against the local account, too, which proves the command.
"""

from contextlib import suppress
from typing import Annotated

import typer

from infra.cli.console import print_json, terminal
from infra.cli.errors import explain_errors
from infra.cli.exit_codes import ExitCode
from infra.cli.options import AsJson
from infra.cli.smoke.steps import StepFailedError, Steps
from infra.cli.stack_outputs import stack_outputs
from infra.cli.target import writes
from infra.cli.verify.checks import STEPS, Verification


@writes()
def verify(
    seconds: Annotated[
        int, typer.Option("--timeout", min=1, help="Seconds for each run of the pipeline, and of maintenance.")
    ] = 1800,
    chosen: Annotated[
        list[str] | None, typer.Option("--step", help="Only this step; may be repeated. Some need an earlier one.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Prove in an account what a local run cannot.

    The API's life cycle; changes followed into gold; Athena reads what Spark has merged; the crawl has catalogued
    bronze; an execution that fails, its alarm in the operators' mailbox, and its redrive, which builds all of gold with
    dbt; users who are erased from the lake. For some seconds `todo-resolve-window` may not run, so no other execution
    should. It goes on after a step that fails, and then exits with 1.
    """
    console = terminal(stderr=as_json, quiet=as_json)
    steps = Steps(console)
    if unknown := set(chosen or ()) - set(STEPS):
        raise typer.BadParameter(f"{', '.join(sorted(unknown))}: the steps are {', '.join(STEPS)}", param_hint="--step")
    with explain_errors():
        verification = Verification(stack_outputs(), seconds, console)
    try:
        for name, check in verification.checks():
            if chosen and name not in chosen:
                continue
            with suppress(StepFailedError), steps.step(name):
                check()
    except KeyboardInterrupt:
        typer.echo("interrupted; the command has undone what it had changed", err=True)
        raise typer.Exit(ExitCode.INTERRUPTED) from None
    finally:
        verification.close()
    if as_json:
        print_json({"ok": steps.ok, "steps": steps.as_json()})
    raise typer.Exit(ExitCode.OK if steps.ok else ExitCode.FAILED)
