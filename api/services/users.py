"""Profiles: written once per user, from the first token seen."""

import datetime as dt
from collections.abc import Callable

from api.identity import Caller
from api.models.fields import timestamp
from api.models.user import User
from api.repositories.users import UserRepository

_REMEMBERED = 10_000


def utc_now() -> dt.datetime:
    """The current time, aware, UTC."""
    return dt.datetime.now(dt.UTC)


class UserService:
    """Makes sure that whoever calls has a profile.

    Users this process has met are remembered, the newest ten thousand, so that the table is asked once per user and
    process and not once per request.
    """

    def __init__(self, users: UserRepository, now: Callable[[], dt.datetime] = utc_now) -> None:
        self._users = users
        self._now = now
        # user id -> whether the profile has its e-mail address; in order of first meeting
        self._met: dict[str, bool] = {}

    def meet(self, caller: Caller, request_id: str) -> None:
        """Write the caller's profile if there is none; fill in e-mail and name from the first ID token."""
        identified = self._met.get(caller.user_id)
        if identified or (identified is False and caller.email is None):
            return
        moment = timestamp(self._now())
        fresh = User(
            user_id=caller.user_id,
            email=caller.email,
            name=caller.name,
            created_at=moment,
            updated_at=moment,
            version=1,
        )
        existing = self._users.add(fresh, request_id)
        if existing and existing.email is None and caller.email:
            fuller = existing.model_copy(
                update={
                    "email": caller.email,
                    "name": caller.name,
                    "updated_at": moment,
                    "version": existing.version + 1,
                }
            )
            # whoever was faster had an ID token, too, or the next request tries again
            existing = self._users.replace(fuller, replaces=existing.version, request_id=request_id) or fuller
        self._remember(caller.user_id, (existing or fresh).email is not None)

    def profile(self, caller: Caller, request_id: str) -> User:
        """The caller's profile."""
        self.meet(caller, request_id)
        found = self._users.find(caller.user_id)
        if found is None:
            # it was there when this process met the user: write it again
            self._met.pop(caller.user_id, None)
            self.meet(caller, request_id)
            found = self._users.find(caller.user_id)
        if found is None:
            raise LookupError("a profile vanished between writing and reading it")
        return found

    def _remember(self, user_id: str, identified: bool) -> None:
        if len(self._met) >= _REMEMBERED and user_id not in self._met:
            del self._met[next(iter(self._met))]
        self._met[user_id] = identified
