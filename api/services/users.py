"""Profiles: written once per user, from the first token seen, and changed by their owner."""

import datetime as dt
import time
from collections.abc import Callable

from api.identity import Caller
from api.models.fields import timestamp
from api.models.time_zones import DEFAULT_TIME_ZONE
from api.models.user import ProfileChanges, User
from api.models.write_result import WriteResult
from api.problems import UserNotFound
from api.repositories.erasures import ErasureRepository
from api.repositories.users import ProfileConflict, UserRepository
from api.services.preconditions import NONE, Preconditions, user_tag
from api.services.write_request import WriteRequest, fingerprint, idempotency_record, replay, retry_on_conflict

_MAX_KNOWN_USERS = 10_000
# Another process may erase a user that this one knows; after so long it looks again.
_KNOWN_SECONDS = 300.0


def utc_now() -> dt.datetime:
    """The current time, aware, UTC."""
    return dt.datetime.now(dt.UTC)


class UserService:
    """Makes sure that callers have a profile, and lets them change it.

    Users whose profile this process has seen are remembered for five minutes, the newest ten thousand, so that most
    requests do not read it.
    """

    def __init__(
        self,
        users: UserRepository,
        erasures: ErasureRepository,
        now: Callable[[], dt.datetime] = utc_now,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._users = users
        self._erasures = erasures
        self._now = now
        self._clock = clock
        # user id -> whether the profile has its e-mail address, and until when that is remembered; oldest first
        self._known: dict[str, tuple[bool, float]] = {}

    def ensure_profile(self, caller: Caller, request_id: str) -> None:
        """Write the caller's profile if there is none; fill in e-mail and name from the first ID token."""
        if self._is_known(caller):
            return
        now = self._now()
        first = _first(caller, timestamp(now))
        self._complete(caller, self._save(first, None, request_id, now), request_id, now)

    def ensure_profile_unless_erased(self, caller: Caller, request_id: str) -> None:
        """As `ensure_profile`, for safe methods: nothing is written while an erasure of the caller is on record.

        So a device that only reads does not bring the profile of an erased user back; the next write does. A process
        that still knew the profile writes without one, so a user who has tasks since the erasure gets the profile here.
        """
        if self._is_known(caller):
            return
        profile = self.find(caller.user_id)
        now = self._now()
        if profile is None:
            first = _first(caller, timestamp(now))
            if self._users.create_unless_erased(first, request_id, int(now.timestamp())):
                profile = first
            elif self._erasures.has_returned(caller.user_id):
                profile = self._save(first, None, request_id, now)
        self._complete(caller, profile, request_id, now)

    def find(self, user_id: str) -> User | None:
        """Read a profile; None when there is none."""
        return self._users.find(user_id)[0]

    def time_zone(self, user_id: str) -> str:
        """Read the name of a user's time zone."""
        profile = self.find(user_id)
        return profile.time_zone if profile else DEFAULT_TIME_ZONE

    def get(self, caller: Caller, request_id: str) -> User:
        """Read the caller's profile.

        Raises:
            UserNotFound: the caller was erased and has written nothing since.
        """
        self.ensure_profile_unless_erased(caller, request_id)
        found = self.find(caller.user_id)
        if found is None:
            # it was there when this process saw it: look again, and write it if nobody erased it
            self.discard(caller.user_id)
            self.ensure_profile_unless_erased(caller, request_id)
            found = self.find(caller.user_id)
        if found is None:
            raise UserNotFound
        return found

    def create(
        self, request: WriteRequest, changes: ProfileChanges, preconditions: Preconditions = NONE
    ) -> WriteResult:
        """Write the caller's profile, or change what `changes` gives if an earlier request has written it.

        Raises:
            as `update`.
        """
        return self._write(request, "create-user", changes, preconditions, status_of_new=201)

    def update(self, request: WriteRequest, changes: ProfileChanges, preconditions: Preconditions) -> WriteResult:
        """Change the fields that `changes` gives; a caller without a profile gets one.

        Raises:
            PreconditionFailed: the preconditions are false.
            WriteConflict: others kept writing to it.
            IdempotencyKeyReused: the key belongs to another request.
            RequestInProgress: a request with the same key is being carried out.
        """
        return self._write(request, "update-user", changes, preconditions, status_of_new=200)

    def discard(self, user_id: str) -> None:
        """Look for the user's profile again at the next request."""
        self._known.pop(user_id, None)

    def _write(
        self,
        request: WriteRequest,
        operation: str,
        changes: ProfileChanges,
        preconditions: Preconditions,
        status_of_new: int,
    ) -> WriteResult:
        user_id = request.caller.user_id
        digest = fingerprint(operation, "", changes.model_dump(mode="json", exclude_unset=True))

        def attempt() -> WriteResult:
            now = self._now()
            seconds = int(now.timestamp())
            before, record = self._users.find(user_id, request.idempotency_key, seconds)
            if record:
                return replay(record, digest)
            preconditions.require(user_tag(before) if before else None)
            after = _change(before, request.caller, changes, timestamp(now))
            result = _result(200 if before else status_of_new, after)
            record = idempotency_record(request, digest, result, seconds)
            if after is not before:
                replaces = before.version if before else None
                self._users.save(after, request.request_id, replaces=replaces, record=record, now=seconds)
            elif record:
                self._users.save_record(record, seconds)
            self._cache(user_id, after.email is not None)
            return result

        return retry_on_conflict(digest, attempt)

    def _is_known(self, caller: Caller) -> bool:
        has_email, until = self._known.get(caller.user_id, (False, 0.0))
        return self._clock() < until and (has_email or caller.email is None)

    def _complete(self, caller: Caller, profile: User | None, request_id: str, now: dt.datetime) -> None:
        """Fill in what a profile without an e-mail address lacks and the token has; remember what is there now."""
        if profile and profile.email is None and caller.email:
            filled = {"email": caller.email, "name": profile.name or caller.name}
            # whoever was faster had an ID token, too, or the next request tries again
            profile = self._save(_next(profile, timestamp(now), **filled), profile.version, request_id, now)
        if profile:  # else another request is writing it at this moment, or it was erased: the next one looks again
            self._cache(caller.user_id, profile.email is not None)

    def _save(self, user: User, replaces: int | None, request_id: str, now: dt.datetime) -> User | None:
        """Try to write `user`; the profile that is there afterwards, None when that is not known."""
        try:
            self._users.save(user, request_id, replaces=replaces, record=None, now=int(now.timestamp()))
        except ProfileConflict as conflict:
            return conflict.existing
        return user

    def _cache(self, user_id: str, has_email: bool) -> None:
        self._known.pop(user_id, None)
        if len(self._known) >= _MAX_KNOWN_USERS:
            del self._known[next(iter(self._known))]
        self._known[user_id] = has_email, self._clock() + _KNOWN_SECONDS


def _first(caller: Caller, at: str) -> User:
    return User(user_id=caller.user_id, email=caller.email, name=caller.name, created_at=at, updated_at=at, version=1)


def _next(user: User, at: str, **changes: str | None) -> User:
    return user.model_copy(update={**changes, "updated_at": at, "version": user.version + 1})


def _change(before: User | None, caller: Caller, changes: ProfileChanges, at: str) -> User:
    """Make the next version; `before` itself when nothing would change."""
    if before is None:
        return _first(caller, at).model_copy(update=changes.given())
    given = {name: value for name, value in changes.given().items() if value != getattr(before, name)}
    return _next(before, at, **given) if given else before


def _result(status: int, user: User) -> WriteResult:
    return WriteResult(status, user.model_dump_json().encode(), {"ETag": user_tag(user)})
