"""The versions of a task: what each kind of write makes of the one before. Nothing here reads a clock or the table."""

import datetime as dt
from typing import Any

from ulid import ULID

from api.contract import Status
from api.models.due import due_fields
from api.models.fields import moment, timestamp
from api.models.task import NewTask, StoredTask, Task
from api.problems import TaskNotFound
from api.services import recurrence
from api.services.write_request import WriteRequest

# A purge later than the longest wait before a restore; the table's TTL does it.
RESTORABLE = dt.timedelta(days=30)
_TICK = dt.timedelta(microseconds=1)


def create(new: NewTask, request: WriteRequest, now: dt.datetime) -> StoredTask:
    """Make the first version of a new task.

    Raises:
        ValidationFailed: it recurs and has no due date.
    """
    at = timestamp(now)
    task = Task.model_construct(
        **{**dict(new), **due_fields(dict(new))},
        id=str(ULID.from_datetime(now)),
        created_at=at,
        updated_at=at,
        completed_at=at if new.status is Status.COMPLETED else None,
        version=1,
    )
    recurrence.require_due_date(task)
    return StoredTask(request.caller.user_id, task, request.request_id)


def change(before: StoredTask, given: dict[str, Any], request_id: str, now: dt.datetime) -> StoredTask:
    """Make the next version, with the fields `given`; `before` itself when nothing would change.

    Raises:
        ValidationFailed: it recurs and has no due date.
    """
    task = before.task
    selected = {name: value for name, value in given.items() if name not in ("due_at", "due_date")}
    selected |= due_fields(given, task.due_date)
    changes = {name: value for name, value in selected.items() if value != getattr(task, name)}
    if not changes:
        return before
    at = timestamp(_next_moment(task, now))
    if "status" in changes:
        changes["completed_at"] = at if changes["status"] is Status.COMPLETED else None
    after = _next(task, at, **changes)
    recurrence.require_due_date(after)
    return before.next_version(after, request_id)


def delete(before: StoredTask, request_id: str, now: dt.datetime) -> StoredTask:
    """Make the next version, which is deleted and will be purged when it cannot be restored any more."""
    now = _next_moment(before.task, now)
    at = timestamp(now)
    return before.next_version(_next(before.task, at), request_id, at, int((now + RESTORABLE).timestamp()))


def restore(before: StoredTask, request_id: str, now: dt.datetime) -> StoredTask:
    """Make the next version, which is live again; `before` itself when it is not deleted."""
    if not before.deleted_at:
        return before
    return before.next_version(_next(before.task, timestamp(_next_moment(before.task, now))), request_id)


def require_live(found: StoredTask | None) -> StoredTask:
    """Narrow what was found to a task.

    Raises:
        TaskNotFound: there is none, or it is deleted.
    """
    if found is None or found.deleted_at:
        raise TaskNotFound
    return found


def require_restorable(found: StoredTask | None, now: dt.datetime) -> StoredTask:
    """Narrow what was found to a task, deleted or not.

    Raises:
        TaskNotFound: there is none, or it was deleted too long ago: TTL purges late, so it may still be there.
    """
    if found is None or (found.expires_at is not None and found.expires_at < now.timestamp()):
        raise TaskNotFound
    return found


def _next(task: Task, at: str, **changes: Any) -> Task:
    return task.model_copy(update={**changes, "updated_at": at, "version": task.version + 1})


def _next_moment(task: Task, now: dt.datetime) -> dt.datetime:
    # clocks of two processes differ; a task's versions are in order of time all the same
    return max(now, moment(task.updated_at) + _TICK)
