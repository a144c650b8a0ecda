"""The write protocol: an idempotency record commits with each write, and a write that lost a race is tried again.

1. A route makes a `WriteRequest` of the caller, the correlation id and the `Idempotency-Key`.
2. A service computes the request's `fingerprint` and hands an attempt to `retry_on_conflict`.
3. The attempt reads, checks, changes, and saves its items together with `idempotency_record`, in one transaction.

So neither the write nor its record exists without the other. The semantics follow
draft-ietf-httpapi-idempotency-key-header: the same key and request give the same response; the same key and another
request give 422; a request that has not finished gives 409.
"""

import dataclasses
import hashlib
import random
import time
from collections.abc import Callable, Mapping
from typing import Any

import orjson

from api.identity import Caller
from api.models.write_result import IdempotencyRecord, WriteResult
from api.observability import count
from api.problems import IdempotencyKeyReused, RequestInProgress, WriteConflict
from api.repositories.dynamodb import VersionConflict
from api.repositories.idempotency import RecordContended, RecordExists

LIFETIME_SECONDS = 24 * 60 * 60
# All attempts of a request share this time; an attempt that begins at its end still fits into the function's 28 s.
DEADLINE_SECONDS = 8.0
# Exponential back-off with full jitter:
# https://aws.amazon.com/builders-library/timeouts-retries-and-backoff-with-jitter/
FIRST_BACKOFF_SECONDS, MAX_BACKOFF_SECONDS = 0.02, 0.5


@dataclasses.dataclass(frozen=True, slots=True)
class WriteRequest:
    """Who writes, under which correlation id and which idempotency key.

    Args:
        caller: the authenticated user.
        request_id: goes onto every item that is written.
        idempotency_key: the header `Idempotency-Key`; None when the client sent none.
    """

    caller: Caller
    request_id: str
    idempotency_key: str | None = None


def fingerprint(operation: str, target: str, body: Mapping[str, Any]) -> str:
    """Compute what makes two requests the same: the operation, its target, and what the client sent.

    Args:
        operation: its name.
        target: the id of what it is applied to; empty when there is none.
        body: the fields that the client sent, as validated JSON; no defaults, which change from release to release.
            White space and the order of fields do not matter.

    Returns:
        a SHA-256, hexadecimal.
    """
    canonical = orjson.dumps([operation, target, body], option=orjson.OPT_SORT_KEYS)
    return hashlib.sha256(canonical).hexdigest()


def idempotency_record(
    request: WriteRequest, fingerprint: str, result: WriteResult, now: int
) -> IdempotencyRecord | None:
    """Make the record to commit with a write; None when the client sent no key.

    Args:
        request: the write.
        fingerprint: of the request.
        result: the response to repeat when the request is sent again.
        now: seconds since 1970.
    """
    if request.idempotency_key is None:
        return None
    return IdempotencyRecord(
        request.caller.user_id,
        request.idempotency_key,
        fingerprint,
        result,
        now + LIFETIME_SECONDS,
        request.request_id,
    )


def replay(record: IdempotencyRecord, fingerprint: str) -> WriteResult:
    """Give the recorded response again.

    Raises:
        IdempotencyKeyReused: the key belongs to a request with another fingerprint.
    """
    if record.fingerprint != fingerprint:
        raise IdempotencyKeyReused
    count("IdempotentReplays")
    return record.result


def retry_on_conflict(
    fingerprint: str,
    attempt: Callable[[], WriteResult],
    *,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> WriteResult:
    """Call `attempt` until it commits, or until `DEADLINE_SECONDS` have passed.

    Without `If-Match` a change is applied afresh to what another writer left. Writers that collided wait for random
    times, so that they do not collide again.

    Args:
        fingerprint: of the request.
        attempt: reads, checks, changes and saves; gives each change it makes a time of its own.
        clock: seconds, monotonic.
        sleep: waits for so many seconds.

    Raises:
        WriteConflict: others kept writing until the deadline.
        IdempotencyKeyReused: the key belongs to another request.
        RequestInProgress: a request with the same key is being carried out.
    """
    deadline = clock() + DEADLINE_SECONDS
    backoff = FIRST_BACKOFF_SECONDS
    while True:
        try:
            return attempt()
        except RecordExists as twin:
            return replay(twin.record, fingerprint)
        except RecordContended as contended:
            raise RequestInProgress from contended
        except VersionConflict as conflict:
            pause = random.uniform(0, backoff)  # noqa: S311 - jitter is no secret
            if clock() + pause >= deadline:
                raise WriteConflict from conflict
            sleep(pause)
            backoff = min(backoff * 2, MAX_BACKOFF_SECONDS)
