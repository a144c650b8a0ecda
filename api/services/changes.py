"""Delta synchronization: what changed since a client's last request, with nothing lost to writers that overlap.

Changes are delivered in the order of the times that their writers gave them, and a writer does so before it commits. So
a change may become visible after a later one, and a reader that went on from the last delivered change would miss it.
Therefore the next run begins again where, at the time of reading, every change had surely become visible: `LATE` before
then. What it reads again is left out if it has been delivered, as far as the token can remember that; a change may be
delivered twice, but is never left out.

A token belongs to one generation of the caller's data. An erasure deletes tasks without a trace, so a token from before
it is refused with 410, and the client starts afresh and drops what it held.
"""

import base64
import dataclasses
import datetime as dt
import hashlib
from collections.abc import Callable

import orjson

from api.identity import Caller
from api.models.changes import ChangesQuery
from api.models.fields import moment, timestamp
from api.models.task import StoredTask
from api.problems import CursorInvalid, SyncTokenExpired, WriteConflict
from api.repositories.dynamodb import VersionConflict
from api.repositories.erasures import ErasureRepository
from api.repositories.task_items import changed_at
from api.repositories.task_lists import ChangePage, TaskLists
from api.services.cursors import Cursors
from api.services.serialization import task_json
from api.services.task_states import RESTORABLE
from api.services.users import UserService, utc_now

# How long after a change's own time it may become visible. A write that takes longer than the function's timeout (28 s)
# is cut off with it; the rest is room for clocks that differ.
LATE = dt.timedelta(seconds=60)
# A deletion is delivered until its task is purged; an older token may have missed it.
_TOKEN_LIFETIME = RESTORABLE - dt.timedelta(days=1)
# Bounds the token's length; what does not fit is delivered again.
_MAX_DIGESTS = 128
_MOMENT_BYTES, _DIGEST_BYTES = 8, 4
_ENTRY_BYTES = _MOMENT_BYTES + _DIGEST_BYTES
_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
_GENERATION_BYTES = 8
_BEGINNING = "0"
_BINDING: dict[str, str | list[str]] = {"feed": "changes"}


@dataclasses.dataclass(frozen=True, slots=True)
class Token:
    """Where a client is.

    Args:
        run_at: seconds since 1970 at which the run of pages began; all that was visible then is delivered by its end.
        ended: whether the run has ended.
        after: sort key after which the next page begins.
        floor: sort key after which the next run begins; no change at or before it can still become visible.
        generation: of the caller's data; another one means that the data of this token were erased.
        delivered: digests of changes after `floor` that the client has received.
    """

    run_at: int
    ended: bool
    after: str
    floor: str
    generation: str
    delivered: tuple[bytes, ...] = ()

    def text(self) -> str:
        """Serialize the token, for signing."""
        delivered = base64.b64encode(b"".join(self.delivered)).decode()
        content = [self.run_at, self.ended, self.after, self.floor, self.generation, delivered]
        return orjson.dumps(content).decode()

    @classmethod
    def parse(cls, text: str) -> "Token":
        """Read a token: the inverse of `text`.

        Raises:
            ValueError: it was issued by a release whose tokens had another form.
        """
        run_at, ended, after, floor, generation, delivered = orjson.loads(text)
        raw = base64.b64decode(delivered)
        digests = tuple(raw[start : start + _ENTRY_BYTES] for start in range(0, len(raw), _ENTRY_BYTES))
        return cls(run_at, ended, after, floor, generation, digests)


class ChangeFeed:
    """A caller's changes, page by page, run by run."""

    def __init__(
        self,
        tasks: TaskLists,
        users: UserService,
        erasures: ErasureRepository,
        cursors: Cursors,
        now: Callable[[], dt.datetime] = utc_now,
    ) -> None:
        self._tasks = tasks
        self._users = users
        self._erasures = erasures
        self._cursors = cursors
        self._now = now

    def since(self, caller: Caller, query: ChangesQuery, request_id: str) -> bytes:
        """Read the changes since a token was issued, as JSON, with the next token.

        Raises:
            CursorInvalid: the token was not issued for this user.
            SyncTokenExpired: it is so old that deletions may be missing, or the caller was erased since.
        """
        # before reading: what becomes visible while the page is read counts as not read
        now = self._now()
        self._users.ensure_profile_unless_erased(caller, request_id)
        token = self._token(caller, query.since, now)
        page = self._tasks.changed(caller.user_id, token.after, query.limit)
        delivered = set(token.delivered)
        fresh = [stored for stored in page.tasks if change_digest(stored) not in delivered]
        next_token = advance(token, page, now)
        return b"".join(
            (
                b'{"changes":[',
                b",".join(_json(stored) for stored in fresh),
                b'],"next":',
                orjson.dumps(self._cursors.issue(caller.user_id, _BINDING, next_token.text())),
                b',"has_more":true}' if page.has_more else b',"has_more":false}',
            )
        )

    def _token(self, caller: Caller, since: str | None, now: dt.datetime) -> Token:
        seconds = int(now.timestamp())
        if since is None:
            return Token(seconds, False, _BEGINNING, _BEGINNING, self._generation(caller.user_id))
        try:
            text = self._cursors.position(caller.user_id, _BINDING, since)
        except CursorInvalid:
            raise CursorInvalid("since") from None
        try:
            token = Token.parse(text)
        except ValueError:
            raise SyncTokenExpired from None
        if seconds - token.run_at > _TOKEN_LIFETIME.total_seconds():
            raise SyncTokenExpired
        if token.generation != self._generation(caller.user_id):
            raise SyncTokenExpired
        return dataclasses.replace(token, run_at=seconds, ended=False) if token.ended else token

    def _generation(self, user_id: str) -> str:
        """Compute what differs after an erasure has begun, after it has ended, and for a new profile."""
        try:
            profile, erasure = self._erasures.find(user_id)
        except VersionConflict as conflict:
            raise WriteConflict from conflict
        erasing = erasure.erasure_id if erasure and erasure.deleting_since else ""
        identity = f"{profile.created_at if profile else ''}#{erasing}"
        return hashlib.blake2b(identity.encode(), digest_size=_GENERATION_BYTES).hexdigest()


def advance(token: Token, page: ChangePage, now: dt.datetime) -> Token:
    """Make the token after `page`, which was read from `token` at `now`."""
    after = page.position
    floor = token.floor
    if token.after == floor:
        # what was read adjoins the floor, so the floor rises with it, but to no time that changes may still bear
        floor = max(floor, min(after, timestamp(now - LATE)))
    since = _moment_bytes(floor)
    digests = dict.fromkeys([*token.delivered, *(change_digest(stored) for stored in page.tasks)])
    delivered = tuple(one for one in digests if one[:_MOMENT_BYTES] >= since)[-_MAX_DIGESTS:]
    resume_at = after if page.has_more else floor
    return Token(token.run_at, not page.has_more, resume_at, floor, token.generation, delivered)


def change_digest(stored: StoredTask) -> bytes:
    """Compute what is remembered of a delivered change: its time, and a digest of the task's id."""
    digest = hashlib.blake2b(stored.task.id.encode(), digest_size=_DIGEST_BYTES).digest()
    return _moment_bytes(changed_at(stored)) + digest


def _moment_bytes(sort_key: str) -> bytes:
    """The time that a sort key begins with, so that the order of bytes is the order of time."""
    if sort_key == _BEGINNING:
        return bytes(_MOMENT_BYTES)
    microseconds = (moment(sort_key.partition("#")[0]) - _EPOCH) // dt.timedelta(microseconds=1)
    return microseconds.to_bytes(_MOMENT_BYTES, "big")


def _json(stored: StoredTask) -> bytes:
    if not stored.deleted_at:
        return task_json(stored.task)
    return orjson.dumps({"id": stored.task.id, "deleted": True, "version": stored.task.version})
