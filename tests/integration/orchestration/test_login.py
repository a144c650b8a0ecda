"""`insights login`: a token for who gives the right password, one sentence for who does not."""

import base64
import importlib
import json

import pytest
import typer
from typer.testing import CliRunner

from infra.cli.login import login
from tests.conftest import Account

pytestmark = pytest.mark.account

PASSWORD = "Correct-horse-1"
app = typer.Typer()
app.command()(login)
runner = CliRunner()


@pytest.fixture(autouse=True)
def pool(account: Account, unique: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A user pool of the test's own in the place of the deployed one."""
    cognito = account.session.client("cognito-idp")
    made = cognito.create_user_pool(
        PoolName=f"login-{unique}",
        Policies={"PasswordPolicy": {"MinimumLength": 12, "RequireUppercase": True, "RequireNumbers": True}},
        AliasAttributes=["email"],
        UsernameConfiguration={"CaseSensitive": False},
    )["UserPool"]["Id"]
    client = cognito.create_user_pool_client(
        UserPoolId=made,
        ClientName="todo-client",
        ExplicitAuthFlows=["ALLOW_USER_PASSWORD_AUTH"],
        PreventUserExistenceErrors="ENABLED",
    )["UserPoolClient"]["ClientId"]
    outputs = {"UserPoolId": made, "UserPoolClientId": client}
    monkeypatch.setattr(importlib.import_module("infra.cli.login"), "stack_outputs", lambda: outputs)


def test_another_spelling_of_an_address_is_the_same_user() -> None:
    first = runner.invoke(app, ["ann@example.com", "--password", PASSWORD])
    again = runner.invoke(app, ["Ann@Example.COM", "--password", PASSWORD])
    assert claims(first.stdout)["sub"] == claims(again.stdout)["sub"]


def test_a_user_name_that_is_no_address_signs_in(account: Account) -> None:
    outputs = importlib.import_module("infra.cli.login").stack_outputs()
    cognito = account.session.client("cognito-idp")
    cognito.sign_up(
        ClientId=outputs["UserPoolClientId"],
        Username="bob",
        Password=PASSWORD,
        UserAttributes=[{"Name": "email", "Value": "bob@example.com"}],
    )
    cognito.admin_confirm_sign_up(UserPoolId=outputs["UserPoolId"], Username="bob")
    assert claims(runner.invoke(app, ["bob", "--password", PASSWORD]).stdout)["email"] == "bob@example.com"


def claims(token: str) -> dict[str, str]:
    part = token.strip().split(".")[1]
    found: dict[str, str] = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    return found


def test_a_new_address_is_signed_up_and_signs_in_again() -> None:
    first = runner.invoke(app, ["ann@example.com", "--password", PASSWORD, "--name", "Ann"])
    again = runner.invoke(app, ["ann@example.com", "--password", PASSWORD, "--access"])
    assert (first.exit_code, again.exit_code) == (0, 0)
    identity, access = claims(first.stdout), claims(again.stdout)
    assert (identity["token_use"], identity["email"], identity["name"]) == ("id", "ann@example.com", "Ann")
    assert (access["token_use"], access["sub"]) == ("access", identity["sub"])


@pytest.mark.parametrize(
    ("email", "password", "message"),
    [
        ("ann@example.com", "Wrong-password-1", "Incorrect username or password"),
        ("bob@example.com", "short", "Password did not conform with policy"),
        ("not-an-address", PASSWORD, "Incorrect username or password"),
        ("", PASSWORD, "Incorrect username or password"),
    ],
)
def test_a_mistake_is_one_message_and_no_token(email: str, password: str, message: str) -> None:
    assert runner.invoke(app, ["ann@example.com", "--password", PASSWORD]).exit_code == 0
    result = runner.invoke(app, [email, "--password", password])
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr.startswith("error: ")
    assert message in result.stderr
