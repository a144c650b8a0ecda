"""`insights`: one program for operators, on the local account or on the AWS account of the usual profile.

The commands themselves know nothing of the difference: `--target` only decides what the environment says before they
run, as `eval "$(insights env)"` would.
"""

import json
import os
import pathlib
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated

import typer

from infra import ROOT
from infra.local import cli as local
from infra.local.account import lifecycle
from infra.local.account.settings import Settings
from ingestion.backfill.command import backfill
from ingestion.errors import RefusedError
from ingestion.replay.command import replay
from orchestration.cli import pipeline, query, render
from orchestration.cli import status as platform
from orchestration.cli.exits import EPILOG, Exit
from orchestration.cli.following import terminal
from orchestration.cli.login import login
from orchestration.cli.outputs import stack_outputs
from orchestration.cli.problems import explained, fail
from orchestration.cli.smoke import smoke
from orchestration.cli.smoke.api import api as smoke_api
from orchestration.cli.smoke.etl import etl as smoke_etl
from transforms.bi.dashboard.command import dashboard
from transforms.reconcile.command import reconcile
from transforms.silver.erase_user import CODES, erase_user

app = typer.Typer(
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="Operate Todo API with Insights: the local account, the pipeline, queries.",
    epilog=EPILOG,
)
DBT_PROJECT = ROOT / "transforms" / "dbt"
LOCAL_COMMANDS = frozenset({"up", "down", "reset", "env", "demo"})
NEED_NO_ACCOUNT = LOCAL_COMMANDS | {"synth", "status"}


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
    if target == "aws" and "AWS_REGION" in os.environ:
        # the CDK reads this name, boto3 the other one only
        os.environ.setdefault("AWS_DEFAULT_REGION", os.environ["AWS_REGION"])
    if {"-h", "--help"} & set(sys.argv):
        return
    if target == "aws" and context.invoked_subcommand in LOCAL_COMMANDS:
        fail(f"`insights {context.invoked_subcommand}` is about the local account only; it takes no --target aws")
    if target == "aws" or context.invoked_subcommand in NEED_NO_ACCOUNT:
        return
    settings = Settings.from_environment()
    running = lifecycle.find(settings)
    if running is None:
        fail(
            "the local account is not running",
            "`insights up` starts it; `insights --target aws …` works on the AWS account of your profile instead",
            Exit.DOWN,
        )
    os.environ.update(running.settings.client_environment())


@app.command(epilog=EPILOG)
def status(
    context: typer.Context,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document on standard output.")] = False,
) -> None:
    """Show how everything is: account, stacks, last execution, alarms, age of the data, failed messages."""
    here = local.describe(local.current()) if context.obj == "local" else None
    down = here is not None and not here["running"]
    if here and not down:
        os.environ.update(local.current().client_environment())
    with explained():
        found = None if down else platform.report()
    if as_json:
        typer.echo(json.dumps({**(here or {}), **(found or {})}, indent=2))
    else:
        if here:
            local.show(here)
        if found:
            terminal().print(platform.rows(found, render.now()))
    raise typer.Exit(Exit.DOWN if down else Exit.OK)


@app.command()
def deploy(
    context: typer.Context,
    as_json: Annotated[bool, typer.Option("--json", help="The outputs as one JSON object.")] = False,
) -> None:
    """Deploy every stack with the CDK CLI and print the outputs."""
    from infra.deploy import DeployError
    from infra.deploy import deploy as deploy_stacks

    try:
        found = deploy_stacks(dict(os.environ), target=context.obj)
    except DeployError as error:
        fail(str(error))
    _show_outputs(found, as_json)


@app.command()
def synth() -> None:
    """Write the templates of both targets to cdk.out/local and cdk.out/aws."""
    from infra.deploy import DeployError
    from infra.deploy import synth as synthesize

    try:
        for target in ("local", "aws"):
            synthesize(target, ROOT / "cdk.out" / target)
            typer.echo(f"cdk.out/{target}")
    except DeployError as error:
        fail(str(error))


@app.command()
def demo() -> None:
    """Show the whole platform on the local account, and check gold against the table."""
    from infra.local import demo as demonstration

    try:
        agrees = demonstration.run(Settings.from_environment())
    except demonstration.DemoError as error:
        fail(str(error))
    raise typer.Exit(0 if agrees else 1)


@app.command()
def outputs(
    name: Annotated[str | None, typer.Argument(help="One output's value only.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="All of them as one JSON object.")] = False,
) -> None:
    """Print the outputs of the deployed stacks."""
    found = _outputs()
    if name is None or as_json:
        _show_outputs(found, as_json)
        return
    if name not in found:
        fail(f"there is no output {name}; there are {', '.join(sorted(found))}")
    typer.echo(found[name])


@app.command(context_settings={"allow_extra_args": True, "ignore_unknown_options": True})
def dbt(context: typer.Context) -> None:
    """Run dbt on the account: insights dbt build -s stg_tasks+"""
    words = [str(pathlib.Path(sys.executable).with_name("dbt")), *context.args]
    environment = os.environ | dbt_environment(context.obj, _outputs()["GoldBucket"], os.environ.get("DBT_TARGET"))
    raise typer.Exit(subprocess.run(words, cwd=DBT_PROJECT, env=environment, check=False).returncode)


def dbt_environment(account: str, bucket: str, target: str | None) -> dict[str, str]:
    """The variables that dbt's profile reads.

    Args:
        account: `local` or `aws`.
        bucket: of gold.
        target: of dbt, as the developer has chosen it; whoever works in `dev` must never build into another target.
    """
    variables = {"DBT_PROFILES_DIR": str(DBT_PROJECT), "GOLD_BUCKET": bucket}
    if account == "aws":
        return {**variables, "DBT_TARGET": target or "prod"}
    # a laptop answers at once; what asks AWS keeps the profile's second
    return {**variables, "DBT_TARGET": target or "local", "ATHENA_POLL_SECONDS": "0.1"}


def _show_outputs(found: dict[str, str], as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps(found, indent=2, sort_keys=True))
        return
    for name, value in sorted(found.items()):
        typer.echo(f"{name:20} {value}")


def _outputs() -> dict[str, str]:
    with explained():
        return stack_outputs()


@contextmanager
def _explained() -> Iterator[None]:
    with explained():
        try:
            yield
        except RefusedError as error:
            fail(str(error))


app.add_typer(local.app)
app.command()(_explained()(replay))
app.command()(_explained()(backfill))
app.command()(login)
app.command()(query)
app.command()(explained()(reconcile))
app.command(epilog=CODES)(explained()(erase_user))
app.command()(dashboard)
app.add_typer(pipeline, name="pipeline")
app.add_typer(smoke, name="smoke")
smoke.command("api")(smoke_api)
smoke.command("etl")(smoke_etl)


def main() -> None:
    """Run the command line."""
    app()
