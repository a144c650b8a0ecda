"""Erases a user: the request for the lake first, then tasks, idempotency records and figures, and the profile last.

Whatever stops it, sending the request again goes on where it stopped. The lake's maintenance finds the request in the
table and erases there what had already left it.
"""

import dataclasses
import datetime as dt
import time
from collections.abc import Callable, Iterable

from api.models.erasure import Erasure
from api.models.fields import timestamp
from api.problems import ErasureUnfinished
from api.repositories.erasures import ErasureRepository, Keys
from api.services.intent import Intent
from api.services.preconditions import require_match
from api.services.users import UserService, utc_now

# Well below the function's timeout, so that the client hears that it has to send the request again.
_SECONDS = 15.0


class ErasureService:
    """Erases whoever asks for it, themselves only."""

    def __init__(
        self,
        erasures: ErasureRepository,
        users: UserService,
        now: Callable[[], dt.datetime] = utc_now,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._erasures = erasures
        self._users = users
        self._now = now
        self._clock = clock

    def erase(self, intent: Intent, if_match: str | None) -> None:
        """Erase the caller; it does no harm to repeat it.

        Raises:
            PreconditionFailed: the profile is not at the version in `if_match`.
            ErasureUnfinished: there is more than one request can delete.
        """
        user_id = intent.caller.user_id
        profile = self._users.find(user_id)
        require_match(if_match, profile.version if profile else None)
        end = self._clock() + _SECONDS
        erasure = self._begun(intent)
        self._delete(self._erasures.tasks(user_id), end)
        self._delete(self._erasures.records(user_id), end)
        self._delete([self._erasures.figures(user_id), self._erasures.profile(user_id)], end)
        self._users.forget(user_id)
        # the next request to erase, if the user comes back, begins from the start
        self._erasures.save(dataclasses.replace(erasure, is_deleting=False))

    def _begun(self, intent: Intent) -> Erasure:
        found = self._erasures.find(intent.caller.user_id)
        if found and found.is_deleting:
            return found
        begun = Erasure(intent.caller.user_id, timestamp(self._now()), intent.request_id, is_deleting=True)
        self._erasures.save(begun)
        return begun

    def _delete(self, portions: Iterable[Keys], end: float) -> None:
        for keys in portions:
            if self._clock() > end or not self._erasures.delete(keys):
                raise ErasureUnfinished
