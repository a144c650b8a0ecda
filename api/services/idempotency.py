"""When is a write the same write again?

The record of a key commits in the transaction of the write itself, so neither exists without the other. The semantics
follow draft-ietf-httpapi-idempotency-key-header: same key and request, the same answer; same key and another request,
422; not finished yet, 409.
"""

import hashlib
from collections.abc import Mapping
from typing import Any

import orjson

from api.models.answer import Answer, Record
from api.observability import count
from api.problems import IdempotencyKeyReused
from api.services.intent import Intent

LIFETIME_SECONDS = 24 * 60 * 60


def fingerprint(operation: str, target: str, body: Mapping[str, Any]) -> str:
    """What makes two requests the same: the operation, what it is applied to, and the body's meaning.

    The body counts as validated JSON, so white space and the order of fields do not matter.
    """
    canonical = orjson.dumps([operation, target, body], option=orjson.OPT_SORT_KEYS)
    return hashlib.sha256(canonical).hexdigest()


def record_of(intent: Intent, asked: str, answer: Answer, now: int) -> Record | None:
    """The record to commit with a write; None when the client sent no key.

    Args:
        asked: the request's fingerprint.
        now: seconds since 1970.
    """
    if intent.key is None:
        return None
    return Record(intent.caller.user_id, intent.key, asked, answer, now + LIFETIME_SECONDS, intent.request_id)


def replay(record: Record, asked: str) -> Answer:
    """The recorded answer.

    Raises:
        IdempotencyKeyReused: the key belongs to another request than the one `asked`.
    """
    if record.fingerprint != asked:
        raise IdempotencyKeyReused
    count("IdempotentReplays")
    return record.answer
