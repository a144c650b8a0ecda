"""`insights deploy`, `synth` and `outputs`: the stacks and what they tell."""

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
def deploy(context: typer.Context, as_json: AsJson = False) -> None:
    """Deploy every stack with the CDK CLI and print the outputs."""
    from infra.deploy import DeployError
    from infra.deploy import deploy as deploy_stacks

    try:
        found = deploy_stacks(dict(os.environ), target=context.obj)
    except DeployError as error:
        fail(str(error))
    _print_outputs(found, as_json)


def synth() -> None:
    """Write the templates of both targets to cdk.out/.

    `cdk.out/local` is for the local account, `cdk.out/aws` for AWS.
    """
    from infra.deploy import DeployError
    from infra.deploy import synth as synthesize

    try:
        for target in ("local", "aws"):
            synthesize(target, ROOT / "cdk.out" / target)
            typer.echo(f"cdk.out/{target}")
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
