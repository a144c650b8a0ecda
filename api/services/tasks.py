"""What may happen to a task."""

import dataclasses
import datetime as dt
from collections.abc import Callable
from typing import Any

import orjson
from ulid import ULID

from api.identity import Caller
from api.models.answer import Answer, Record
from api.models.fields import Status, moment, timestamp
from api.models.task import NewTask, StoredTask, Task, TaskChanges
from api.models.task_query import TaskQuery
from api.observability import count
from api.problems import RequestInProgress, TaskNotFound, WriteConflict
from api.repositories.tasks import RecordContendedError, RecordFoundError, TaskMovedError, TaskRepository
from api.services.cursors import Cursors
from api.services.idempotency import fingerprint, record_of, replay
from api.services.intent import Intent
from api.services.preconditions import entity_tag, require_match
from api.services.users import UserService, utc_now

# A purge later than the longest wait before a restore; the table's TTL does it.
RESTORABLE = dt.timedelta(days=30)
# Without If-Match a change is applied afresh to what another writer left; contention beyond this is told to the client.
_ATTEMPTS = 4
_TICK = dt.timedelta(microseconds=1)

Change = Callable[[StoredTask], tuple[StoredTask, Answer]]


@dataclasses.dataclass(frozen=True, slots=True)
class ListedTasks:
    """A page of a list: its JSON, and the cursor of the next page if there may be one."""

    body: bytes
    cursor: str | None


class TaskService:
    """The rules of tasks. Every method acts for one caller and can reach that caller's tasks only."""

    def __init__(
        self,
        tasks: TaskRepository,
        users: UserService,
        cursors: Cursors,
        now: Callable[[], dt.datetime] = utc_now,
    ) -> None:
        self._tasks = tasks
        self._users = users
        self._cursors = cursors
        self._now = now

    def create(self, intent: Intent, new: NewTask) -> Answer:
        """Create a task.

        Raises:
            IdempotencyKeyReused: the key belongs to another request.
            RequestInProgress: its twin is being carried out.
        """
        self._users.meet(intent.caller, intent.request_id)
        now = self._now()
        at = timestamp(now)
        task = Task.model_construct(
            **dict(new),
            id=str(ULID.from_datetime(now)),
            created_at=at,
            updated_at=at,
            completed_at=at if new.status is Status.COMPLETED else None,
            version=1,
        )
        # relative to …/tasks, so that it holds below any base path
        answer = _answer(201, task, Location=f"tasks/{task.id}")
        asked = fingerprint("create", "", new.model_dump(mode="json"))
        record = record_of(intent, asked, answer, int(now.timestamp()))
        stored = StoredTask(intent.caller.user_id, task, intent.request_id)
        try:
            self._tasks.save(stored, replaces=None, record=record, now=int(now.timestamp()))
        except RecordFoundError as found:
            return replay(found.record, asked)
        except RecordContendedError as contended:
            raise RequestInProgress from contended
        except TaskMovedError as taken:
            raise WriteConflict from taken
        count("TasksCreated")
        if task.completed_at:
            count("TasksCompleted")
        return answer

    def get(self, caller: Caller, task_id: str, request_id: str) -> Task:
        """A live task.

        Raises:
            TaskNotFound: there is none of that id, it is deleted, or it is another user's.
        """
        self._users.meet(caller, request_id)
        return _live(self._tasks.find(caller.user_id, task_id)).task

    def page(self, caller: Caller, query: TaskQuery, request_id: str) -> ListedTasks:
        """A page of the caller's live tasks.

        Raises:
            CursorInvalid: the cursor was not issued for this user and query.
        """
        filters = query.filters()
        after = self._cursors.position(caller.user_id, filters, query.cursor) if query.cursor is not None else None
        self._users.meet(caller, request_id)
        page = self._tasks.page(caller.user_id, filters, after, query.limit)
        body = b"[" + b",".join(_json(stored.task) for stored in page.tasks) + b"]"
        cursor = self._cursors.issue(caller.user_id, filters, page.position) if page.position else None
        return ListedTasks(body, cursor)

    def update(self, intent: Intent, task_id: str, changes: TaskChanges, if_match: str | None) -> Answer:
        """Change the fields that `changes` names.

        Raises:
            TaskNotFound: see `get`.
            PreconditionFailed: the task is not at the version in `if_match`.
            WriteConflict: others kept writing to it.
            IdempotencyKeyReused: the key belongs to another request.
            RequestInProgress: its twin is being carried out.
        """
        asked = fingerprint("update", task_id, changes.model_dump(mode="json", exclude_unset=True))

        def change(stored: StoredTask) -> tuple[StoredTask, Answer]:
            task = self._changed(stored.task, changes.named())
            changed = stored if task is stored.task else StoredTask(stored.user_id, task, intent.request_id)
            return changed, _answer(200, task)

        return self._write(intent, task_id, if_match, asked, change)

    def delete(self, intent: Intent, task_id: str, if_match: str | None) -> Answer:
        """Delete a task; it can be restored until it is purged, 30 days later.

        Raises:
            as `update`.
        """
        asked = fingerprint("delete", task_id, {})

        def change(stored: StoredTask) -> tuple[StoredTask, Answer]:
            now = self._next_moment(stored.task)
            at = timestamp(now)
            task = stored.task.model_copy(update={"updated_at": at, "version": stored.task.version + 1})
            purged_at = int((now + RESTORABLE).timestamp())
            return StoredTask(stored.user_id, task, intent.request_id, at, purged_at), Answer(204)

        return self._write(intent, task_id, if_match, asked, change)

    def _write(self, intent: Intent, task_id: str, if_match: str | None, asked: str, change: Change) -> Answer:
        """Read, check, change, commit; again from the start when another writer came between."""
        self._users.meet(intent.caller, intent.request_id)
        for _ in range(_ATTEMPTS):
            now = int(self._now().timestamp())
            try:
                found, record = self._read(intent, task_id, now)
                if record:
                    return replay(record, asked)
                before = _live(found)
                require_match(if_match, before.task.version)
                after, answer = change(before)
                self._commit(before, after, record_of(intent, asked, answer, now), now)
            except RecordFoundError as twin:
                return replay(twin.record, asked)
            except RecordContendedError as contended:
                raise RequestInProgress from contended
            except TaskMovedError:
                continue
            if after.task.completed_at and not before.task.completed_at:
                count("TasksCompleted")
            return answer
        raise WriteConflict

    def _read(self, intent: Intent, task_id: str, now: int) -> tuple[StoredTask | None, Record | None]:
        if intent.key is None:
            return self._tasks.find(intent.caller.user_id, task_id), None
        return self._tasks.find_with_record(intent.caller.user_id, task_id, intent.key, now)

    def _commit(self, before: StoredTask, after: StoredTask, record: Record | None, now: int) -> None:
        if after is not before:
            self._tasks.save(after, replaces=before.task.version, record=record, now=now)
        elif record:
            self._tasks.save_record(record, now)

    def _changed(self, task: Task, named: dict[str, Any]) -> Task:
        """The next version of `task`; `task` itself when nothing would change."""
        changes = {name: value for name, value in named.items() if value != getattr(task, name)}
        if not changes:
            return task
        at = timestamp(self._next_moment(task))
        if "status" in changes:
            changes["completed_at"] = at if changes["status"] is Status.COMPLETED else None
        return task.model_copy(update={**changes, "updated_at": at, "version": task.version + 1})

    def _next_moment(self, task: Task) -> dt.datetime:
        # clocks of two processes differ; a task's versions are in order of time all the same
        return max(self._now(), moment(task.updated_at) + _TICK)


def _live(found: StoredTask | None) -> StoredTask:
    if found is None or found.deleted_at:
        raise TaskNotFound
    return found


def _json(task: Task) -> bytes:
    return orjson.dumps(dict(task))


def _answer(status: int, task: Task, **headers: str) -> Answer:
    return Answer(status, _json(task), {"ETag": entity_tag(task.version), **headers})
