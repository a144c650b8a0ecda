"""`insights login`: a Cognito token for trying the API by hand."""

from typing import Annotated

import typer

from infra.cli.cognito import sign_in
from infra.cli.errors import explain_errors
from infra.cli.stack_outputs import stack_outputs
from infra.cli.target import writes


@writes()
def login(
    email: Annotated[str, typer.Argument(help="E-mail address, signed up if it is new; or a user name.")],
    password: Annotated[
        str, typer.Option(prompt=True, hide_input=True, envvar="INSIGHTS_PASSWORD", help="Asked for when not given.")
    ],
    name: Annotated[str, typer.Option(help="Display name of a new user.")] = "Todo user",
    access: Annotated[bool, typer.Option("--access", help="Print the access token instead of the ID token.")] = False,
) -> None:
    """Print a Cognito token.

    For example: curl -H "Authorization: Bearer $(insights login me@example.com)" …
    """
    with explain_errors():
        outputs = stack_outputs()
        tokens = sign_in(outputs["UserPoolId"], outputs["UserPoolClientId"], email, password, name)
    typer.echo(tokens.access_token if access else tokens.id_token)
