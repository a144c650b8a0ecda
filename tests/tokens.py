"""JSON Web Tokens, taken apart and put together without a key."""

import base64
import json
from typing import Any


def segment(value: dict[str, Any]) -> str:
    """A header or a payload as part of a token."""
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


def payload(token: str) -> dict[str, Any]:
    """The claims of a token."""
    part = token.split(".")[1]
    found: dict[str, Any] = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    return found
