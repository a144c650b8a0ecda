"""Delta synchronization: what changed since a client last asked, with nothing lost to writers that overlap.

Changes are told in the order of the times that their writers gave them, and a writer does so before it commits. So a
change may become visible after a later one, and a reader that went on from the last change it was told would never hear
of it. Therefore the next run begins again where, at the time of reading, every change had surely become visible: `LATE`
before then. What it reads anew is left out if it has been told, as far as the token can remember that; a client may be
told a change twice, but never not at all.
"""

import base64
import dataclasses
import datetime as dt
import hashlib
from collections.abc import Callable, Sequence

import orjson

from api.identity import Caller
from api.models.changes import ChangesQuery
from api.models.fields import moment, timestamp
from api.models.task import StoredTask, Task
from api.problems import CursorInvalid, SyncTokenExpired
from api.repositories.task_items import change_sort
from api.repositories.task_lists import TaskLists
from api.services.answers import task_json
from api.services.cursors import Cursors
from api.services.task_states import RESTORABLE
from api.services.users import UserService, utc_now

# How long after a change's own time it may become visible. A write that takes longer than the function's timeout (28 s)
# is cut off with it; the rest is room for clocks that differ.
LATE = dt.timedelta(seconds=60)
# A deletion is told until its task is purged; a token from before that may have missed it.
_TOKEN_LIFETIME = RESTORABLE - dt.timedelta(days=1)
# Bounds the token's length; what does not fit is told again.
_REMEMBERED = 128
_MOMENT_BYTES, _DIGEST_BYTES = 8, 4
_MARK_BYTES = _MOMENT_BYTES + _DIGEST_BYTES
_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
_BEGINNING = "0"
_BINDING = {"feed": "changes"}


@dataclasses.dataclass(frozen=True, slots=True)
class Token:
    """Where a client is.

    Args:
        run_at: seconds since 1970 at which the run of pages began; all that was visible then is told by its end.
        ended: whether the run has ended.
        after: sort key after which the next page begins.
        floor: sort key after which the next run begins; no change at or before it can still become visible.
        told: marks of changes after `floor` that the client has been told.
    """

    run_at: int
    ended: bool
    after: str
    floor: str
    told: tuple[bytes, ...] = ()

    def text(self) -> str:
        """The token's content, for signing."""
        told = base64.b64encode(b"".join(self.told)).decode()
        return orjson.dumps([self.run_at, self.ended, self.after, self.floor, told]).decode()

    @classmethod
    def of(cls, text: str) -> "Token":
        """The inverse of `text`."""
        run_at, ended, after, floor, told = orjson.loads(text)
        raw = base64.b64decode(told)
        marks = tuple(raw[start : start + _MARK_BYTES] for start in range(0, len(raw), _MARK_BYTES))
        return cls(run_at, ended, after, floor, marks)


class ChangeFeed:
    """A caller's changes, page by page, run by run."""

    def __init__(
        self, tasks: TaskLists, users: UserService, cursors: Cursors, now: Callable[[], dt.datetime] = utc_now
    ) -> None:
        self._tasks = tasks
        self._users = users
        self._cursors = cursors
        self._now = now

    def since(self, caller: Caller, query: ChangesQuery, request_id: str) -> bytes:
        """The changes since a token was issued, as JSON, with the next token.

        Raises:
            CursorInvalid: the token was not issued for this user.
            SyncTokenExpired: it is so old that deletions may be missing.
        """
        # before reading: what becomes visible while the page is read counts as not read
        now = self._now()
        token = self._token(caller, query.since, now)
        self._users.meet(caller, request_id)
        page, has_more = self._tasks.changed(caller.user_id, token.after, query.limit)
        told = set(token.told)
        fresh = [stored for stored in page if mark(stored.task) not in told]
        following = advance(token, page, has_more, now)
        return b"".join(
            (
                b'{"changes":[',
                b",".join(_json(stored) for stored in fresh),
                b'],"next":',
                orjson.dumps(self._cursors.issue(caller.user_id, _BINDING, following.text())),
                b',"has_more":true}' if has_more else b',"has_more":false}',
            )
        )

    def _token(self, caller: Caller, since: str | None, now: dt.datetime) -> Token:
        seconds = int(now.timestamp())
        if since is None:
            return Token(seconds, False, _BEGINNING, _BEGINNING)
        try:
            token = Token.of(self._cursors.position(caller.user_id, _BINDING, since))
        except CursorInvalid:
            raise CursorInvalid("since") from None
        if seconds - token.run_at > _TOKEN_LIFETIME.total_seconds():
            raise SyncTokenExpired
        return dataclasses.replace(token, run_at=seconds, ended=False) if token.ended else token


def advance(token: Token, page: Sequence[StoredTask], has_more: bool, now: dt.datetime) -> Token:
    """The token after `page`, which was read from `token` at `now`."""
    after = change_sort(page[-1].task) if page else token.after
    floor = token.floor
    if token.after == floor:
        # what was read adjoins the floor, so the floor rises with it, but to no time that changes may still bear
        floor = max(floor, min(after, timestamp(now - LATE)))
    since = _moment_mark(floor)
    marks = dict.fromkeys([*token.told, *(mark(stored.task) for stored in page)])
    told = [one for one in marks if one[:_MOMENT_BYTES] >= since]
    return Token(token.run_at, not has_more, after if has_more else floor, floor, tuple(told[-_REMEMBERED:]))


def mark(task: Task) -> bytes:
    """What is remembered of a change that was told: its time, and a digest of the task's id."""
    return _moment_mark(task.updated_at) + hashlib.blake2b(task.id.encode(), digest_size=_DIGEST_BYTES).digest()


def _moment_mark(sort_key: str) -> bytes:
    """The time that a sort key begins with, so that the order of bytes is the order of time."""
    if sort_key == _BEGINNING:
        return bytes(_MOMENT_BYTES)
    microseconds = (moment(sort_key.partition("#")[0]) - _EPOCH) // dt.timedelta(microseconds=1)
    return microseconds.to_bytes(_MOMENT_BYTES, "big")


def _json(stored: StoredTask) -> bytes:
    if not stored.deleted_at:
        return task_json(stored.task)
    return orjson.dumps({"id": stored.task.id, "deleted": True, "version": stored.task.version})
