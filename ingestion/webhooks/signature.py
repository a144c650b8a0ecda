"""Headers of Standard Webhooks: id, time, and an HMAC-SHA-256 over both and the body.

https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
"""

import base64
import hashlib
import hmac
from collections.abc import Sequence


def sign(secret: bytes, event_id: str, timestamp: int, body: bytes) -> str:
    """One signature, with its version."""
    signed = b".".join([event_id.encode(), str(timestamp).encode(), body])
    return "v1," + base64.b64encode(hmac.digest(secret, signed, hashlib.sha256)).decode()


def make_headers(secrets: Sequence[bytes], event_id: str, timestamp: int, body: bytes) -> dict[str, str]:
    """The headers of a delivery.

    Args:
        secrets: of the webhook, the newest first; each makes a signature, so that a receiver may change over in peace.
        event_id: the same at each attempt.
        timestamp: seconds since 1970 of this attempt.
        body: as it is sent.
    """
    return {
        "content-type": "application/json",
        "webhook-id": event_id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": " ".join(sign(secret, event_id, timestamp, body) for secret in secrets),
    }
