"""Which account a command works on: decided once, before the command runs, and shown on standard error.

The commands themselves do not know the difference: the environment says where every AWS client of the process goes.
"""

import os
import urllib.parse
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from rich.text import Text

from infra.cli.console import terminal
from infra.cli.errors import explain_errors, fail
from infra.cli.exit_codes import ExitCode

TARGET, ACCOUNT, ROLE = "INSIGHTS_TARGET", "INSIGHTS_AWS_ACCOUNT", "INSIGHTS_LOCAL_ROLE"
LOOPBACK = ("127.0.0.1", "localhost", "::1")
EMULATOR_KEY = "test"
KEYS = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")


def use_local_account(show: bool = True) -> None:
    """Point every AWS client of this process at the running local account; exit with 3 when it is down.

    With `INSIGHTS_LOCAL_ROLE`, which `insights env --role` sets, the role's keys stay; else the owner's keys are used.

    Args:
        show: print the account on standard error.
    """
    from infra.local.account import lifecycle
    from infra.local.account.settings import Settings

    running = lifecycle.find(Settings.from_environment())
    if running is None:
        fail(
            "the local account is not running",
            "`insights up` starts it; `insights --target aws …` works on the AWS account of your profile instead",
            ExitCode.DOWN,
        )
    variables = running.settings.client_environment()
    if os.environ.get(ROLE):
        variables = {name: value for name, value in variables.items() if name not in KEYS}
    else:
        for name in ("AWS_SESSION_TOKEN", "AWS_PROFILE"):
            os.environ.pop(name, None)
    os.environ.update(variables)
    if show:
        _show(f"local account at {running.settings.endpoint}")


def use_aws(named: str | None) -> None:
    """Leave AWS clients to the environment and the profile, and show which account that is.

    Args:
        named: the account's number as the user gave it, or None.
    """
    contradiction = contradicts_aws(os.environ)
    if contradiction:
        fail(contradiction, "open a new shell, or unset the AWS_ variables that `insights env` has set", ExitCode.USAGE)
    if "AWS_REGION" in os.environ:
        # the CDK reads this name, boto3 the other one only
        os.environ.setdefault("AWS_DEFAULT_REGION", os.environ["AWS_REGION"])
    import boto3

    with explain_errors():
        session = boto3.Session()
        identity = session.client("sts").get_caller_identity()
    if named and named != identity["Account"]:
        fail(f"--account says {named}, and these credentials belong to {identity['Account']}", code=ExitCode.USAGE)
    os.environ[ACCOUNT] = named or ""
    _show(f"AWS account {identity['Account']}, {session.region_name}, as {identity['Arn'].rpartition(':')[2]}")


def contradicts_aws(environment: Mapping[str, str]) -> str | None:
    """Why these variables cannot mean AWS: they lead to a local account; None when nothing contradicts."""
    for name, value in environment.items():
        if name.startswith("AWS_ENDPOINT_URL") and urllib.parse.urlsplit(value).hostname in LOOPBACK:
            return f"--target aws, but {name}={value} leads to a local account"
    if environment.get("AWS_ACCESS_KEY_ID") == EMULATOR_KEY:
        return "--target aws, but AWS_ACCESS_KEY_ID is the local account's key"
    return None


@contextmanager
def writes() -> Iterator[None]:
    """Around a command that changes something: on AWS it runs only when the account is named by its number."""
    if os.environ.get(TARGET) == "aws" and not os.environ.get(ACCOUNT):
        import boto3

        with explain_errors():
            account = boto3.client("sts").get_caller_identity()["Account"]
        fail(
            f"this command changes AWS account {account}, which was not named",
            f"repeat it with `insights --target aws --account {account} …`, or set {ACCOUNT}={account}",
            ExitCode.USAGE,
        )
    yield


def _show(where: str) -> None:
    terminal(stderr=True).print(Text(f"[{where}]", "dim"), soft_wrap=True)
