"""The program: its commands, by name, and the options that come before them."""

import os
import sys
from typing import Annotated

import typer

from infra.cli.exit_codes import EXIT_CODES_EPILOG
from infra.cli.lazy import HELP_OPTIONS, LazyCommand, lazy_group

DBT_SETTINGS = {"allow_extra_args": True, "ignore_unknown_options": True}
COMMANDS = {
    "up": LazyCommand("infra.cli.local:up", "Start the local account and wait until it answers."),
    "down": LazyCommand("infra.cli.local:down", "Stop the local account and save its state."),
    "reset": LazyCommand("infra.cli.local:reset", "Stop the local account and delete everything in it."),
    "env": LazyCommand("infra.cli.local:env", "Print the exports that point AWS clients at the local account."),
    "status": LazyCommand(
        "infra.cli.status:status",
        "Show the account, stacks, last execution, alarms, age of the data and failed messages.",
        EXIT_CODES_EPILOG,
    ),
    "why": LazyCommand(
        "infra.cli.why:why",
        "Say why an execution failed or an alarm went off, and what to type next.",
        EXIT_CODES_EPILOG,
    ),
    "doctor": LazyCommand(
        "infra.cli.doctor:doctor", "Check what the platform needs, and say how to fix what is missing."
    ),
    "deploy": LazyCommand("infra.cli.stacks:deploy", "Deploy every stack with the CDK CLI and print the outputs."),
    "destroy": LazyCommand("infra.cli.stacks:destroy", "Delete every stack; the data stays unless it is named."),
    "synth": LazyCommand("infra.cli.stacks:synth", "Write every environment's templates to cdk.out/examples/."),
    "outputs": LazyCommand("infra.cli.stacks:outputs", "Print the outputs of the deployed stacks."),
    "demo": LazyCommand("infra.cli.demo:demo", "Show the whole platform on the local account and check the result."),
    "serve": LazyCommand(
        "infra.cli.serve:serve",
        "Serve the API of this checkout on 127.0.0.1, and reload it when a file below api/ changes.",
    ),
    "login": LazyCommand("infra.cli.login:login", "Print a Cognito token."),
    "pipeline": LazyCommand("infra.cli.pipeline:app", "Run the pipeline, and see how it went."),
    "query": LazyCommand("infra.cli.query:query", "Run one statement in Athena."),
    "explain": LazyCommand("infra.cli.explain:explain", "Show the rows behind a figure, down to a task's events."),
    "dashboard": LazyCommand("infra.cli.dashboard:dashboard", "Serve the dashboard on 127.0.0.1 until Ctrl-C."),
    "dbt": LazyCommand("infra.cli.dbt:dbt", "Run dbt on the account.", settings=DBT_SETTINGS),
    "replay": LazyCommand(
        "infra.cli.replay:replay",
        "Deliver what could not be delivered: changes, request logs, starts of the pipeline, mended objects, events.",
    ),
    "backfill": LazyCommand(
        "infra.cli.backfill:backfill",
        "Write the table's current items to bronze, and what silver has and the table has no more.",
    ),
    "reconcile": LazyCommand("infra.cli.reconcile:reconcile", "Compare the table with silver, row by row."),
    "erase-user": LazyCommand("infra.cli.erase_user:erase_user", "Erase a user from the table and the lake."),
    "verify-erasure": LazyCommand(
        "infra.cli.verify_erasure:verify_erasure",
        "Check an erasure's certificate, and search for whatever is left of the user.",
    ),
    "verify": LazyCommand("infra.cli.verify:verify", "Prove in an account what a local run cannot.", EXIT_CODES_EPILOG),
    "smoke": LazyCommand("infra.cli.smoke:app", "Check what is deployed from outside, step by step."),
    "gameday": LazyCommand(
        "infra.cli.gameday:gameday", "Put a random fault into the local account, and time its repair."
    ),
}
LOCAL_COMMANDS = frozenset({"up", "down", "reset", "env", "demo", "serve", "gameday"})
NEED_NO_ACCOUNT = LOCAL_COMMANDS - {"serve", "gameday"} | {"doctor", "synth", "status", "verify-erasure"}

app = typer.Typer(
    cls=lazy_group(COMMANDS),
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings=HELP_OPTIONS,
    help="Operate Todo API with Insights: the local account, the pipeline, queries.",
    epilog=EXIT_CODES_EPILOG,
)


@app.callback()
def choose_target(
    context: typer.Context,
    target: Annotated[
        str,
        typer.Option(
            envvar="INSIGHTS_TARGET",
            metavar="local|aws",
            help="`local`: the local account. `aws`: the account of the AWS environment or profile.",
        ),
    ] = "local",
    account: Annotated[
        str | None,
        typer.Option(
            envvar="INSIGHTS_AWS_ACCOUNT",
            metavar="NUMBER",
            help="The AWS account, 12 digits: required with `--target aws` for commands that change something.",
        ),
    ] = None,
) -> None:
    """Point every AWS client of this process at the chosen account."""
    from infra.cli.errors import fail
    from infra.cli.target import TARGET, use_aws, use_local_account

    if target not in ("local", "aws"):
        raise typer.BadParameter(f"{target!r} is neither local nor aws", param_hint="--target")
    context.obj = os.environ[TARGET] = target
    command = context.invoked_subcommand
    if {"-h", "--help"} & set(sys.argv):
        return
    if target == "aws" and command in LOCAL_COMMANDS:
        fail(f"`insights {command}` is about the local account only; it takes no --target aws")
    if target == "aws" and command != "synth":
        use_aws(account)
    elif command not in NEED_NO_ACCOUNT:
        use_local_account()
