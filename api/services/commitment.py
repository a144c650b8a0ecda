"""Carries a write out until it is committed or cannot be."""

from collections.abc import Callable

from api.models.answer import Answer
from api.problems import RequestInProgress, WriteConflict
from api.repositories.dynamodb import MovedError
from api.repositories.idempotency import RecordContendedError, RecordFoundError
from api.services.idempotency import replay

# Without If-Match a change is applied afresh to what another writer left; contention beyond this is told to the client.
ATTEMPTS = 4


def commit(asked: str, attempt: Callable[[], Answer]) -> Answer:
    """What `attempt` answers: it reads, checks, changes and saves, and does so again when another writer came between.

    Args:
        asked: the request's fingerprint.
        attempt: gives each change it makes a time of its own.

    Raises:
        WriteConflict: others kept writing.
        IdempotencyKeyReused: the key belongs to another request.
        RequestInProgress: the request's twin is being carried out.
    """
    for _ in range(ATTEMPTS):
        try:
            return attempt()
        except RecordFoundError as twin:
            return replay(twin.record, asked)
        except RecordContendedError as contended:
            raise RequestInProgress from contended
        except MovedError:
            continue
    raise WriteConflict
