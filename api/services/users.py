"""Profiles: written once per user, from the first token seen, and changed by their owner."""

import datetime as dt
from collections.abc import Callable

from api.identity import Caller
from api.models.answer import Answer
from api.models.fields import timestamp
from api.models.user import ProfileChanges, User
from api.problems import WriteConflict
from api.repositories.users import UserMovedError, UserRepository
from api.services.commitment import commit
from api.services.idempotency import fingerprint, record_of, replay
from api.services.intent import Intent
from api.services.preconditions import entity_tag, require_match

_REMEMBERED = 10_000


def utc_now() -> dt.datetime:
    """The current time, aware, UTC."""
    return dt.datetime.now(dt.UTC)


class UserService:
    """Makes sure that whoever calls has a profile, and lets them change it.

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
        now = self._now()
        profile = self._saved(_first(caller, timestamp(now)), None, request_id, now)
        if profile and profile.email is None and caller.email:
            filled = {"email": caller.email, "name": profile.name or caller.name}
            # whoever was faster had an ID token, too, or the next request tries again
            profile = self._saved(_next(profile, timestamp(now), **filled), profile.version, request_id, now)
        if profile:  # else another request is writing it at this moment, and the next one looks again
            self._remember(caller.user_id, profile.email is not None)

    def find(self, user_id: str) -> User | None:
        """The profile as it is, or None."""
        return self._users.find(user_id)[0]

    def profile(self, caller: Caller, request_id: str) -> User:
        """The caller's profile.

        Raises:
            WriteConflict: others keep writing it or erasing it.
        """
        self.meet(caller, request_id)
        found = self.find(caller.user_id)
        if found is None:
            # it was there when this process met the user: write it again
            self.forget(caller.user_id)
            self.meet(caller, request_id)
            found = self.find(caller.user_id)
        if found is None:
            raise WriteConflict
        return found

    def create(self, intent: Intent, changes: ProfileChanges) -> Answer:
        """Write the caller's profile, or change what `changes` names if an earlier request has written it.

        Raises:
            as `update`.
        """
        return self._write(intent, "create-user", changes, None, status_of_new=201)

    def update(self, intent: Intent, changes: ProfileChanges, if_match: str | None) -> Answer:
        """Change the fields that `changes` names.

        Raises:
            PreconditionFailed: the profile is not at the version in `if_match`.
            WriteConflict: others kept writing to it.
            IdempotencyKeyReused: the key belongs to another request.
            RequestInProgress: its twin is being carried out.
        """
        self.meet(intent.caller, intent.request_id)
        return self._write(intent, "update-user", changes, if_match, status_of_new=200)

    def forget(self, user_id: str) -> None:
        """Meet the user anew at the next request."""
        self._met.pop(user_id, None)

    def _write(
        self, intent: Intent, operation: str, changes: ProfileChanges, if_match: str | None, status_of_new: int
    ) -> Answer:
        user_id = intent.caller.user_id
        asked = fingerprint(operation, "", changes.model_dump(mode="json", exclude_unset=True))

        def attempt() -> Answer:
            now = self._now()
            seconds = int(now.timestamp())
            before, record = self._users.find(user_id, intent.key, seconds)
            if record:
                return replay(record, asked)
            if before:
                require_match(if_match, before.version)
            after = _changed(before, intent.caller, changes, timestamp(now))
            answer = _answer(200 if before else status_of_new, after)
            record = record_of(intent, asked, answer, seconds)
            if after is not before:
                replaces = before.version if before else None
                self._users.save(after, intent.request_id, replaces=replaces, record=record, now=seconds)
            elif record:
                self._users.save_record(record, seconds)
            self._remember(user_id, after.email is not None)
            return answer

        return commit(asked, attempt)

    def _saved(self, user: User, replaces: int | None, request_id: str, now: dt.datetime) -> User | None:
        """The profile after the attempt to write `user`: that, or what stood in its way, if that can be told."""
        try:
            self._users.save(user, request_id, replaces=replaces, record=None, now=int(now.timestamp()))
        except UserMovedError as moved:
            return moved.existing
        return user

    def _remember(self, user_id: str, identified: bool) -> None:
        if len(self._met) >= _REMEMBERED and user_id not in self._met:
            del self._met[next(iter(self._met))]
        self._met[user_id] = identified


def _first(caller: Caller, at: str) -> User:
    return User(user_id=caller.user_id, email=caller.email, name=caller.name, created_at=at, updated_at=at, version=1)


def _next(user: User, at: str, **changes: str | None) -> User:
    return user.model_copy(update={**changes, "updated_at": at, "version": user.version + 1})


def _changed(before: User | None, caller: Caller, changes: ProfileChanges, at: str) -> User:
    """The next version; `before` itself when nothing would change."""
    if before is None:
        return _first(caller, at).model_copy(update=changes.named())
    named = {name: value for name, value in changes.named().items() if value != getattr(before, name)}
    return _next(before, at, **named) if named else before


def _answer(status: int, user: User) -> Answer:
    return Answer(status, user.model_dump_json().encode(), {"ETag": entity_tag(user.version)})
