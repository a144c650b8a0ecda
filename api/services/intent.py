"""A write as a client asked for it."""

import dataclasses

from api.identity import Caller


@dataclasses.dataclass(frozen=True, slots=True)
class Intent:
    """Who writes, under which correlation id and which idempotency key.

    Args:
        caller: the authenticated user.
        request_id: goes onto every item that is written.
        key: the `Idempotency-Key`; None when the client sent none.
    """

    caller: Caller
    request_id: str
    key: str | None = None
