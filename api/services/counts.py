"""How many tasks a caller has, at the cost of what has changed since the last time (ADR 0147).

A snapshot has the counts as of a time T. Each task says what it counted as before its changes of the last days. So the
counts are those of the snapshot, and for each task that changed after T: less what it counted as at T, plus what it
counts as now. Writes do not know of snapshots, and whoever asks for no counts has none.

T lies `LATE` before the time of reading: a write that is under way may have an earlier time than what is visible.
"""

import dataclasses
import datetime as dt
from collections import Counter
from collections.abc import Callable, Iterable

from api.contract import CLOSED_STATUSES, PRIORITIES, STATUSES
from api.identity import Caller
from api.models.counts import UNKNOWN, Counted, TaskCounts
from api.models.fields import moment, timestamp
from api.models.task import StoredTask
from api.repositories.counts import CountKey, CountsRepository, Snapshot, Tally
from api.services.changes import LATE
from api.services.users import UserService, utc_now

MAX_CATEGORIES = 100
# A task knows its changes for `api.models.task.KEPT`, and a deleted one is purged after 30 days.
_SNAPSHOT_LIFETIME = dt.timedelta(days=7)
_RECOUNT_AFTER = dt.timedelta(days=30)
# so that a snapshot that is in use does not expire
_RENEW_AFTER = dt.timedelta(days=1)
_RENEW_CHANGES = 100
# beyond this, counting the live tasks is no dearer
_MAX_CHANGES = 5_000
# less than any time
_BEGINNING = "0"


class CountsService:
    """Counts a caller's live tasks."""

    def __init__(self, counts: CountsRepository, users: UserService, now: Callable[[], dt.datetime] = utc_now) -> None:
        self._counts = counts
        self._users = users
        self._now = now

    def get(self, caller: Caller, request_id: str) -> TaskCounts:
        """Count the caller's tasks, as of this moment."""
        self._users.ensure_profile_unless_erased(caller, request_id)
        now = self._now()
        late = timestamp(now - LATE)
        kept = self._counts.find(caller.user_id)
        if kept and kept.at > timestamp(now - _SNAPSHOT_LIFETIME) and kept.counted_at > timestamp(now - _RECOUNT_AFTER):
            changed = self._counts.read_tasks(caller.user_id, kept.at, kept.at, _MAX_CHANGES)
            if changed is not None and _know(changed, kept.at, late):
                if len(changed) > _RENEW_CHANGES or now - moment(kept.at) > _RENEW_AFTER:
                    tally = _add(kept.tally, changed, since=kept.at, until=late)
                    self._save(caller.user_id, dataclasses.replace(kept, at=late, tally=tally))
                return _answer(_add(kept.tally, changed, since=kept.at, until=None))
        return self._count_all(caller, late)

    def discard(self, user_id: str) -> None:
        """Count all of a user's tasks anew, because some were written with an earlier time.

        A count that has begun already keeps nothing: what it would keep is older than what is kept here.
        """
        profile = self._users.find(user_id)
        if profile:
            self._save(user_id, Snapshot(timestamp(self._now()), _BEGINNING, profile.created_at, Counter()))

    def _count_all(self, caller: Caller, late: str) -> TaskCounts:
        """Read all live tasks, and those that were deleted a moment ago."""
        profile = self._users.find(caller.user_id)
        tasks = self._counts.read_tasks(caller.user_id, _BEGINNING, late, None) or []
        if profile and _know(tasks, late):
            tally = _add(Counter(), tasks, since=None, until=late)
            self._save(caller.user_id, Snapshot(late, late, profile.created_at, tally))
        return _answer(_add(Counter(), tasks, since=None, until=None))

    def _save(self, user_id: str, snapshot: Snapshot) -> None:
        expires_at = int((moment(snapshot.at) + _SNAPSHOT_LIFETIME).timestamp())
        self._counts.save(user_id, snapshot, expires_at)


def _know(tasks: Iterable[StoredTask], *times: str) -> bool:
    """Whether all tasks know what they counted as at the times."""
    return all(task.counted_at(at) != UNKNOWN for task in tasks for at in times)


def _add(tally: Tally, tasks: Iterable[StoredTask], *, since: str | None, until: str | None) -> Tally:
    """Add what tasks count as at a time, less what they counted as at an earlier one.

    Args:
        tally: the counts at the earlier time.
        tasks: those that may have changed in between.
        since: the earlier time; None when nothing has been counted yet.
        until: the later time; None for now.
    """
    total = tally.copy()
    for task in tasks:
        total.update(_keys(task.counted if until is None else task.counted_at(until)))
        if since is not None:
            total.subtract(_keys(task.counted_at(since)))
    return total


def _keys(counted: Counted | None) -> list[CountKey]:
    if counted is None:
        return []
    is_open = counted.status not in CLOSED_STATUSES
    return [CountKey(name, None if value is None else str(value), is_open) for name, value in counted._asdict().items()]


def _answer(tally: Tally) -> TaskCounts:
    by_status = {status: sum(_sums(tally, "status").get(status, (0, 0))[:1]) for status in STATUSES}
    by_priority = _sums(tally, "priority")
    # as in the insights: the largest first, and in alphabetical order among equals
    categories = sorted(
        ((name, *sums) for name, sums in _sums(tally, "category").items() if sums[0]),
        key=lambda one: (-one[1], one[0] is None, one[0] or ""),
    )
    listed, others = categories[:MAX_CATEGORIES], categories[MAX_CATEGORIES:]
    return TaskCounts.model_validate(
        {
            "total": sum(by_status.values()),
            "open": sum(number for _, number in _sums(tally, "status").values()),
            "by_status": by_status,
            "by_priority": [
                dict(zip(("priority", "total", "open"), (name, *by_priority.get(name, (0, 0))), strict=True))
                for name in reversed(PRIORITIES)
            ],
            "by_category": [dict(zip(("category", "total", "open"), one, strict=True)) for one in listed],
            "other_categories": {
                "categories": len(others),
                "total": sum(total for _, total, _ in others),
                "open": sum(number for _, _, number in others),
            },
        }
    )


def _sums(tally: Tally, dimension: str) -> dict[str | None, tuple[int, int]]:
    """Total and open tasks of each value in a dimension."""
    sums: dict[str | None, tuple[int, int]] = {}
    for key, number in tally.items():
        if key.dimension == dimension:
            total, still_open = sums.get(key.value, (0, 0))
            sums[key.value] = total + number, still_open + key.is_open * number
    return sums
