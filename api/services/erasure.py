"""Erases a user: in one transaction the profile goes and the request for the lake comes; then all other items go.

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
from api.problems import ErasureUnfinished
from api.repositories.erasures import ErasureRepository
from api.services.preconditions import Preconditions, user_tag
from api.services.quotas import Quotas
from api.services.users import UserService, utc_now
from api.services.write_request import WriteRequest, retry_on_conflict

# Well below the function's timeout, so that the client hears that it has to send the request again.
_SECONDS = 15.0


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
        at = timestamp(self._now())
        erasure = Erasure(
            user_id=request.caller.user_id,
            erasure_id=str(ULID()),
            generation=profile.created_at if profile else "",
            requested_at=at,
            request_id=request.request_id,
            deleting_since=at,
        )
        self._erasures.begin(erasure, profile)
        return erasure

    def _delete(self, user_id: str, end: float) -> None:
        for keys in self._erasures.items(user_id):
            if self._clock() > end or not self._erasures.delete(keys):
                raise ErasureUnfinished
        if not self._erasures.delete_figures(user_id):
            raise ErasureUnfinished
