"""Whose permissions a query runs with.

On AWS, Athena reads and writes S3 and the catalog as whoever called StartQueryExecution
(https://docs.aws.amazon.com/athena/latest/ug/security-iam-athena.html). Here the call's access key is remembered in
the request's context, and the engine signs its own calls with that key, whose secret the emulator knows.
"""

import contextvars
import dataclasses

from infra.local.account.settings import OWNER_KEYS

_access_key: contextvars.ContextVar[str] = contextvars.ContextVar("athena_caller", default="")


@dataclasses.dataclass(frozen=True)
class Keys:
    """An access key that the emulator has accepted.

    Args:
        privileged: it may read everything.
    """

    access_key_id: str
    secret_access_key: str
    session_token: str | None = None
    privileged: bool = False


def set_access_key(access_key: str) -> None:
    """Keep the access key that signed the current request, for the queries it starts."""
    _access_key.set(access_key)


def access_key() -> str:
    """The access key that signed the current request."""
    return _access_key.get()


def current() -> Keys:
    """The keys of the current request's caller; work inside the emulator without one is the owner's.

    Raises:
        PermissionError: the key is unknown or has expired.
    """
    from ministack.core.iam_evaluator import CredentialResolutionError, is_root_access_key, resolve_credential

    key = _access_key.get()
    if not key or is_root_access_key(key):
        # a 12-digit key is the root of that account, whose resources are its own
        return Keys(key or OWNER_KEYS["aws_access_key_id"], OWNER_KEYS["aws_secret_access_key"], privileged=True)
    found = resolve_credential(key)
    if isinstance(found, CredentialResolutionError):
        raise PermissionError(found.message)
    return Keys(found.access_key_id, found.secret_access_key, found.session_token)
