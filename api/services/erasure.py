"""Erases a user: in one transaction the profile goes and the request for the lake comes; then all other items go.

This is the one home of what that means for the table, for the user's own request and for an operator's command.

Whatever stops it, sending the request again goes on where it stopped. The lake's maintenance finds the request in the
table and erases there what had already left it.
"""

import datetime as dt
import time
from collections.abc import Callable

from ulid import ULID

from api.models.erasure import Erasure
from api.models.fields import timestamp
from api.models.user import User
from api.models.write_result import WriteResult
from api.problems import ErasureUnfinished, WriteConflict
from api.repositories.dynamodb import VersionConflict
from api.repositories.erasures import ErasureRepository
from api.services.preconditions import Preconditions, user_tag
from api.services.quotas import Quotas
from api.services.users import UserService, utc_now
from api.services.write_request import WriteRequest, retry_on_conflict

# Well below the function's timeout, so that the client hears that it has to send the request again.
_SECONDS = 15.0
# an operator's command has time
_BUSY_SECONDS, _ATTEMPTS = 0.5, 20


class ErasureService:
    """Erases callers, themselves only.

    | on record | profile | tasks or records | DELETE /users |
    |---|---|---|---|
    | nothing | yes | any | a new request; everything is deleted |
    | nothing | no | none | 204, nothing is written |
    | nothing | no | some | a new request; everything is deleted |
    | a request, still deleting | no | any | the same request goes on |
    | a request, done with the table | no | none | 204, nothing is written |
    | a request | yes: the user came back | any | a new request takes its place; everything is deleted |
    """

    def __init__(
        self,
        erasures: ErasureRepository,
        users: UserService,
        quotas: Quotas,
        now: Callable[[], dt.datetime] = utc_now,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._erasures = erasures
        self._users = users
        self._quotas = quotas
        self._now = now
        self._clock = clock

    def erase(self, request: WriteRequest, preconditions: Preconditions) -> None:
        """Erase the caller; repeating it does no harm.

        Raises:
            PreconditionFailed: the preconditions are false for the profile. Repeating an erasure that is on record
                succeeds whatever they are (RFC 9110, section 13.1.1).
            WriteConflict: others kept writing to the profile.
            ErasureUnfinished: there is more than one request can delete.
        """
        end = self._clock() + _SECONDS
        user_id = request.caller.user_id

        def attempt() -> WriteResult:
            profile, erasure = self._erasures.find(user_id)
            if profile or erasure is None:
                preconditions.require(user_tag(profile) if profile else None)
            if profile or not (erasure and erasure.deleting_since):
                if profile is None and next(self._erasures.items(user_id), None) is None:
                    return WriteResult(204)
                erasure = self._begin(request, profile)
            self._delete(user_id, end)
            self._erasures.finish(erasure)
            return WriteResult(204)

        try:
            retry_on_conflict("", attempt)
        finally:
            self._users.discard(user_id)
            self._quotas.discard(user_id)

    def _begin(self, request: WriteRequest, profile: User | None) -> Erasure:
        erasure = _new(request.caller.user_id, request.request_id, profile, self._now())
        self._erasures.begin(erasure, profile)
        return erasure

    def _delete(self, user_id: str, end: float) -> None:
        for keys in self._erasures.items(user_id):
            if self._clock() > end or not self._erasures.delete(keys):
                raise ErasureUnfinished
        if not self._erasures.delete_figures(user_id):
            raise ErasureUnfinished


def erase_for_operator(
    erasures: ErasureRepository,
    user_id: str,
    request_id: str,
    now: Callable[[], dt.datetime] = utc_now,
    sleep: Callable[[float], None] = time.sleep,
) -> int:
    """Erase a user from the table as the user's own request does, to the end; how many items went.

    A request for the lake is left even if the table holds nothing: the lake may know the user still. What stops it
    half-way leaves a request that is still deleting, which this, the user's own request, or the next call finishes.

    Args:
        erasures: of the table.
        user_id: whom.
        request_id: of the request for the lake.
        now: the current time.
        sleep: waits so many seconds.

    Raises:
        WriteConflict: others kept writing to the profile.
        botocore.exceptions.ClientError: a call failed; the command may be repeated.
    """
    profile, erasure = _find_or_begin(erasures, user_id, request_id, now, sleep)
    deleted = 1 if profile else 0
    for keys in erasures.items(user_id):
        while not erasures.delete(keys):
            sleep(_BUSY_SECONDS)
        deleted += len(keys)
    while not erasures.delete_figures(user_id):
        sleep(_BUSY_SECONDS)
    if erasure.deleting_since:
        erasures.finish(erasure)
    return deleted


def _find_or_begin(
    erasures: ErasureRepository,
    user_id: str,
    request_id: str,
    now: Callable[[], dt.datetime],
    sleep: Callable[[float], None],
) -> tuple[User | None, Erasure]:
    """The profile that has gone now, and the request that covers all that is to go."""
    for _ in range(_ATTEMPTS):
        try:
            profile, erasure = erasures.find(user_id)
            is_covered = erasure and (erasure.deleting_since or next(erasures.items(user_id), None) is None)
            if profile is None and erasure and is_covered:
                return None, erasure
            erasure = _new(user_id, request_id, profile, now())
            erasures.begin(erasure, profile)
        except VersionConflict:
            sleep(_BUSY_SECONDS)
        else:
            return profile, erasure
    raise WriteConflict


def _new(user_id: str, request_id: str, profile: User | None, now: dt.datetime) -> Erasure:
    at = timestamp(now)
    return Erasure(
        user_id=user_id,
        erasure_id=str(ULID()),
        generation=profile.created_at if profile else "",
        requested_at=at,
        request_id=request_id,
        deleting_since=at,
    )
