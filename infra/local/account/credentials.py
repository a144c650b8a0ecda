"""Who the local account's work runs as: the owner, or the role that AWS would use.

Calls made here go over HTTP to this very process: never make one on the emulator's event loop, only from a thread.
"""

import functools
import os
import pathlib
import sys
import threading
from typing import Any

import boto3
import botocore.loaders
import botocore.session

from infra.local.account.settings import OWNER_KEYS, REGION, Keys, Settings

# the emulator's own switches and the owner's keys must not reach what runs as a role
PRIVATE = ("AWS_", "MINISTACK", "GATEWAY_PORT", "BIND_HOST", "PERSIST_STATE", "STATE_DIR", "S3_", "AUTH", "INSIGHTS_")


class SharedSession(boto3.Session):
    """A session that threads may share, which makes each client once: a client takes longer than most of its calls.

    boto3's own makes one client at a time, and its clients are thread-safe. What botocore reads of its services' models
    is read once for all sessions of the process.

    Args:
        keys: of the owner or of a role.
        token: that goes with a role's keys.
    """

    def __init__(self, keys: Keys = OWNER_KEYS, token: str | None = None) -> None:
        below = botocore.session.get_session()
        below.register_component("data_loader", _loader())
        super().__init__(region_name=REGION, aws_session_token=token, botocore_session=below, **keys)
        self._making = threading.Lock()
        self._made: dict[tuple[Any, ...], Any] = {}

    def client(self, *arguments: Any, **options: Any) -> Any:
        """As `boto3.Session.client`; the same one again for the same service of the same endpoint."""
        with self._making:
            if not all(isinstance(option, str) for option in options.values()):
                return super().client(*arguments, **options)
            key = (os.environ.get("AWS_ENDPOINT_URL"), *arguments, *sorted(options.items()))
            if key not in self._made:
                self._made[key] = super().client(*arguments, **options)
            return self._made[key]


@functools.cache
def _loader() -> botocore.loaders.Loader:
    return botocore.loaders.create_loader()


@functools.cache
def owner() -> boto3.Session:
    """A session with the owner's keys; the launcher has set AWS_ENDPOINT_URL, so its clients reach this process."""
    return SharedSession()


@functools.cache
def settings() -> Settings:
    """The settings of the account that this process is."""
    return Settings.from_environment()


def role_arn(role: str) -> str:
    """The ARN of a role that may be given by its name, as crawlers and jobs may."""
    from ministack.core.responses import get_account_id

    return role if role.startswith("arn:") else f"arn:aws:iam::{get_account_id()}:role/{role.strip('/')}"


def role_session(role_arn: str, session_name: str) -> boto3.Session:
    """A session that may do what `role_arn` may.

    Args:
        role_arn: a role of this account.
        session_name: shows in the assumed role's ARN; cut to the 64 characters that STS takes.
    """
    keys = owner().client("sts").assume_role(RoleArn=role_arn, RoleSessionName=session_name[:64])["Credentials"]
    of_role = Keys(aws_access_key_id=keys["AccessKeyId"], aws_secret_access_key=keys["SecretAccessKey"])
    return SharedSession(of_role, keys["SessionToken"])


def role_environment(role_arn: str, session_name: str) -> dict[str, str]:
    """Environment variables with which any AWS SDK in a child process talks to this account as `role_arn`."""
    keys = role_session(role_arn, session_name).get_credentials()
    if keys is None or keys.token is None:
        raise RuntimeError(f"sts:AssumeRole gave no credentials for {role_arn}")
    return {
        **settings().client_environment(),
        "AWS_ACCESS_KEY_ID": keys.access_key,
        "AWS_SECRET_ACCESS_KEY": keys.secret_key,
        "AWS_SESSION_TOKEN": keys.token,
    }


def clean_environment(**extra: str) -> dict[str, str]:
    """This process's environment without AWS settings and without the emulator's switches, plus `extra`.

    PATH begins with this interpreter's folder, so that a job's or a build's `python3` and `dbt` are the pinned ones.
    """
    base = {name: value for name, value in os.environ.items() if not name.startswith(PRIVATE)}
    tools = str(pathlib.Path(sys.executable).parent)
    return {**base, "PATH": os.pathsep.join([tools, base.get("PATH", os.defpath)]), **extra}
