"""`insights deploy`, `destroy`, `synth` and `outputs`: the stacks and their outputs."""

import os
from typing import Annotated

import typer

from infra import ROOT
from infra.cli.console import print_json
from infra.cli.errors import explain_errors, fail
from infra.cli.options import AsJson
from infra.cli.stack_outputs import stack_outputs
from infra.cli.target import writes


@writes()
def deploy(
    context: typer.Context,
    environment: Annotated[
        str | None,
        typer.Option("--environment", "-e", metavar="dev|staging|prod", help="Required with `--target aws`."),
    ] = None,
    settings: Annotated[
        list[str] | None,
        typer.Option("--set", "-c", metavar="KEY=VALUE", help="A context value: alert-email=ops@example.com."),
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Deploy to AWS without showing the difference.")] = False,
    revert_drift: Annotated[
        bool, typer.Option("--revert-drift", help="Also bring back what was deleted or changed by hand.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Deploy every stack with the CDK CLI and print the outputs."""
    from infra.deploy import DeployError
    from infra.deploy import deploy as deploy_stacks

    try:
        found = deploy_stacks(
            dict(os.environ),
            target=context.obj,
            context=_context_values(environment, settings or []),
            confirm=None if yes or context.obj == "local" else _confirm_difference,
            revert_drift=revert_drift,
        )
    except DeployError as error:
        fail(str(error))
    _print_outputs(found, as_json)
    if context.obj == "aws":
        from infra.cli.unheard import find_unheard

        with explain_errors():
            for sentence in find_unheard():
                typer.echo(f"warning: {sentence}", err=True)


@writes()
def destroy(
    context: typer.Context,
    delete_data: Annotated[
        bool, typer.Option("--delete-data", help="Also delete table, buckets, databases, secrets and users, for good.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
) -> None:
    """Delete every stack; the data stays unless it is named."""
    import boto3

    from infra.teardown import DestroyError
    from infra.teardown import destroy as destroy_stacks

    with explain_errors():
        session = boto3.Session()
        what = "every stack AND ALL DATA" if delete_data else "every stack; data is kept"
        if not yes and not typer.confirm(f"{context.obj}, {session.region_name}: delete {what}?"):
            raise typer.Exit(1)
        try:
            destroy_stacks(session, delete_data=delete_data, report=typer.echo)
        except DestroyError as error:
            fail(str(error))


def _context_values(environment: str | None, settings: list[str]) -> dict[str, str]:
    values = {} if environment is None else {"environment": environment}
    for setting in settings:
        key, equals, value = setting.partition("=")
        if not equals:
            raise typer.BadParameter(f"{setting!r} is not KEY=VALUE", param_hint="--set")
        values[key] = value
    return values


def _confirm_difference(difference: str) -> bool:
    typer.echo(difference, err=True)
    return typer.confirm("Deploy this?", err=True)


def synth() -> None:
    """Write every environment's templates to cdk.out/examples/.

    Addresses and origins are examples; `insights deploy` takes the real ones.
    """
    from infra.deploy import DeployError, synth_examples

    try:
        synth_examples(ROOT / "cdk.out" / "examples")
        for folder in sorted((ROOT / "cdk.out" / "examples").iterdir()):
            typer.echo(str(folder.relative_to(ROOT)))
    except DeployError as error:
        fail(str(error))


def outputs(
    name: Annotated[str | None, typer.Argument(help="One output's value only.")] = None,
    as_json: AsJson = False,
) -> None:
    """Print the outputs of the deployed stacks."""
    with explain_errors():
        found = stack_outputs()
    if name is None or as_json:
        _print_outputs(found, as_json)
        return
    if name not in found:
        fail(f"there is no output {name}; there are {', '.join(sorted(found))}")
    typer.echo(found[name])


def _print_outputs(found: dict[str, str], as_json: bool) -> None:
    if as_json:
        print_json(dict(sorted(found.items())), indent=2)
        return
    for name, value in sorted(found.items()):
        typer.echo(f"{name:20} {value}")
