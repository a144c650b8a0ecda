"""The response to a write, in the form in which it is kept for replays."""

import dataclasses
from collections.abc import Mapping


@dataclasses.dataclass(frozen=True, slots=True)
class WriteResult:
    """A successful response, serialized before the write commits so that nothing can fail between the two.

    Args:
        status: HTTP status code.
        body: the JSON document, empty when there is none.
        headers: headers that belong to it (`ETag`, `Location`).
        replayed: whether it is the recorded response to an earlier request.
    """

    status: int
    body: bytes = b""
    headers: Mapping[str, str] = dataclasses.field(default_factory=dict)
    replayed: bool = False


@dataclasses.dataclass(frozen=True, slots=True)
class IdempotencyRecord:
    """A request under an idempotency key, and the response to it.

    Args:
        user_id: whose key it is; two users can have the same key.
        key: the `Idempotency-Key`.
        fingerprint: of the request (`api.services.write_request.fingerprint`).
        result: the response.
        expires_at: seconds since 1970 from which on the record counts as absent.
        request_id: of the request that wrote it.
    """

    user_id: str
    key: str
    fingerprint: str
    result: WriteResult
    expires_at: int
    request_id: str
