"""`insights`: one program for operators, on the local account or on the AWS account of the usual profile.

The commands themselves know nothing of the difference: `--target` only decides what the environment says before they
run, as `eval "$(insights env)"` would.
"""

import os
import sys
from typing import Annotated

import typer

from infra.local import account
from infra.local import cli as local
from infra.local.settings import Settings

app = typer.Typer(
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="Operate Todo API with Insights: the local account, the pipeline, queries.",
)
LOCAL_COMMANDS = frozenset({"up", "down", "reset", "status", "env"})


@app.callback()
def choose_account(
    context: typer.Context,
    target: Annotated[
        str,
        typer.Option(
            envvar="INSIGHTS_TARGET",
            metavar="local|aws",
            help="`local`: the local account. `aws`: whatever the AWS environment or profile says.",
        ),
    ] = "local",
) -> None:
    """Point every AWS client of this process at the chosen account."""
    if target not in ("local", "aws"):
        raise typer.BadParameter(f"{target!r} is neither local nor aws", param_hint="--target")
    context.obj = target
    asks_for_help = bool({"-h", "--help"} & set(sys.argv))
    if target == "aws" or context.invoked_subcommand in LOCAL_COMMANDS or asks_for_help:
        return
    settings = Settings.from_environment()
    running = account.find(settings)
    if running is None and context.invoked_subcommand == "demo":
        return
    if running is None:
        local.fail(
            "the local account is not running. `insights up` starts it; `insights --target aws …` works on the AWS "
            "account of your profile instead."
        )
    os.environ.update(running.settings.client_environment())


@app.command()
def deploy(context: typer.Context) -> None:
    """Deploy every stack with the CDK CLI and print the outputs."""
    from infra.deploy import DeployError
    from infra.deploy import deploy as deploy_stacks

    try:
        outputs = deploy_stacks(dict(os.environ), target=context.obj)
    except DeployError as error:
        local.fail(str(error))
    for name, value in sorted(outputs.items()):
        typer.echo(f"{name:20} {value}")


app.add_typer(local.app)


def main() -> None:
    """Run the command line."""
    app()
