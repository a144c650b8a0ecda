"""Whose permissions a query runs with.

On AWS, Athena reads and writes S3 and the catalog as whoever called StartQueryExecution
(https://docs.aws.amazon.com/athena/latest/ug/security-iam-athena.html). Here the call's access key is remembered in
the request's context, and the engine signs its own calls with that key, whose secret the emulator knows.
"""

import contextvars
import dataclasses
import functools
from typing import Any

from botocore.config import Config

from infra.local.account import credentials
from infra.local.account.settings import OWNER_KEYS, REGION
from infra.local.athena.catalog.glue import Catalog
from infra.local.athena.data.iceberg import Iceberg
from infra.local.athena.data.s3_objects import Objects

_access_key: contextvars.ContextVar[str] = contextvars.ContextVar("athena_caller", default="")


@dataclasses.dataclass(frozen=True)
class Caller:
    """The services that a query uses, with its caller's permissions."""

    objects: Objects
    catalog: Catalog
    iceberg: Iceberg


def remember(access_key: str) -> None:
    """Keep the access key that signed the current request, for the queries it starts."""
    _access_key.set(access_key)


def current() -> Caller:
    """The caller of the current request; work inside the emulator without one is the owner's.

    Raises:
        PermissionError: the key is unknown or has expired.
    """
    from ministack.core.iam_evaluator import CredentialResolutionError, is_root_access_key, resolve_credential

    key = _access_key.get()
    if not key or is_root_access_key(key):
        # a 12-digit key is the root of that account, whose resources are its own
        keys = {**OWNER_KEYS, "aws_access_key_id": key or OWNER_KEYS["aws_access_key_id"]}
        return _caller(keys["aws_access_key_id"], keys["aws_secret_access_key"], None, True)
    found = resolve_credential(key)
    if isinstance(found, CredentialResolutionError):
        raise PermissionError(found.message)
    return _caller(found.access_key_id, found.secret_access_key, found.session_token, False)


@functools.lru_cache(maxsize=32)
def _caller(key: str, secret: str, token: str | None, privileged: bool) -> Caller:
    endpoint = credentials.settings().endpoint
    keys: dict[str, Any] = {"aws_access_key_id": key, "aws_secret_access_key": secret, "aws_session_token": token}
    config = Config(retries={"max_attempts": 2}, max_pool_connections=16)
    s3 = credentials.owner().client("s3", config=config, **keys)
    glue = credentials.owner().client("glue", config=config, **keys)
    io = {
        "s3.endpoint": endpoint,
        "s3.region": REGION,
        "s3.access-key-id": key,
        "s3.secret-access-key": secret,
        "s3.path-style-access": "true",
        **({"s3.session-token": token} if token else {}),
    }
    cache = credentials.settings().home / "athena-cache"
    return Caller(Objects(s3, cache, privileged), Catalog(glue), Iceberg(glue, io))
