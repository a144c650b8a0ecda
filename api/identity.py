"""Who is calling, as API Gateway's JWT authorizer verified it; never a header.

The authorizer puts the token's claims into `requestContext.authorizer.jwt.claims` of the proxy event (API Gateway
documentation, "Control access to HTTP APIs with JWT authorizers"), all of them as strings.
"""

import dataclasses
import hashlib
import re
from collections.abc import Mapping
from typing import Any

from api.problems import Unauthenticated

# Cognito names the kind of a token in `token_use`; a refresh token, or one of another kind, opens nothing.
# https://docs.aws.amazon.com/cognito/latest/developerguide/amazon-cognito-user-pools-using-tokens-verifying-a-jwt.html
_ID, _ACCESS = "id", "access"
# A subject is part of partition keys, where `#` and `:` separate: nothing else may contain them.
_SUBJECT = re.compile(r"[A-Za-z0-9_-]{1,128}")


@dataclasses.dataclass(frozen=True, slots=True)
class Caller:
    """The authenticated user.

    Args:
        user_id: the token's `sub`.
        email: from an ID token; access tokens carry none.
        name: from an ID token.
    """

    user_id: str
    email: str | None = None
    name: str | None = None


def caller_of(event: Mapping[str, Any]) -> Caller:
    """The caller of a proxy event.

    Raises:
        Unauthenticated: the event carries no verified claims, no usable subject, or those of another kind of token
            than an ID or an access token.
    """
    claims = _claims(event)
    subject = claims.get("sub")
    if not isinstance(subject, str) or not _SUBJECT.fullmatch(subject):
        raise Unauthenticated("The request carries no verified identity.")
    if claims.get("token_use") not in {_ID, _ACCESS}:
        raise Unauthenticated("The token is neither an ID token nor an access token.")
    if claims["token_use"] != _ID:
        return Caller(subject)
    return Caller(subject, claims.get("email") or None, claims.get("name") or None)


def user_hash_of(event: Mapping[str, Any]) -> str | None:
    """A pseudonym of the caller for logs: the first 16 hexadecimal digits of the subject's SHA-256."""
    subject = _claims(event).get("sub")
    return hashlib.sha256(subject.encode()).hexdigest()[:16] if isinstance(subject, str) and subject else None


def _claims(event: Mapping[str, Any]) -> Mapping[str, Any]:
    found: Any = event
    for name in ("requestContext", "authorizer", "jwt", "claims"):
        found = found.get(name) if isinstance(found, Mapping) else None
    return found if isinstance(found, Mapping) else {}
