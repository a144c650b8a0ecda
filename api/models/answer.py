"""What a write answers, in the form in which it is kept for replays."""

import dataclasses
from collections.abc import Mapping


@dataclasses.dataclass(frozen=True, slots=True)
class Answer:
    """A successful response, serialized before the write commits so that nothing can fail between the two.

    Args:
        status: HTTP status code.
        body: the JSON document, empty when there is none.
        headers: headers that belong to it (`ETag`, `Location`).
        replayed: whether it was given before.
    """

    status: int
    body: bytes = b""
    headers: Mapping[str, str] = dataclasses.field(default_factory=dict)
    replayed: bool = False


@dataclasses.dataclass(frozen=True, slots=True)
class Record:
    """An idempotency record: what was asked under a key, and what was answered.

    Args:
        user_id: whose key it is; users cannot meet in each other's keys.
        key: the `Idempotency-Key`.
        fingerprint: of the request (see `api.services.idempotency.fingerprint`).
        answer: what was answered.
        expires_at: seconds since 1970 from which on the record counts as absent.
        request_id: of the request that wrote it.
    """

    user_id: str
    key: str
    fingerprint: str
    answer: Answer
    expires_at: int
    request_id: str
