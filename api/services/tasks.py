"""What may happen to a task."""

import datetime as dt
from collections.abc import Callable

from api.identity import Caller
from api.models.task import NewTask, StoredTask, Task, TaskChanges
from api.models.write_result import WriteResult
from api.problems import Problem
from api.repositories.tasks import ParentRefused, TaskRepository, Write
from api.services import recurrence, serialization, subtasks, task_states
from api.services.preconditions import NONE, Preconditions, task_tag
from api.services.quotas import Quotas
from api.services.users import UserService, utc_now
from api.services.write_request import WriteRequest, fingerprint, idempotency_record, replay, retry_on_conflict

RequireTask = Callable[[StoredTask | None, dt.datetime], StoredTask]
# the version to be written, the task that it creates besides, and the response
Change = Callable[[StoredTask, dt.datetime], tuple[StoredTask, StoredTask | None, WriteResult]]


class TaskService:
    """The rules of single tasks. Every method acts for one caller and can reach that caller's tasks only."""

    def __init__(
        self,
        tasks: TaskRepository,
        users: UserService,
        quotas: Quotas,
        now: Callable[[], dt.datetime] = utc_now,
    ) -> None:
        self._tasks = tasks
        self._users = users
        self._quotas = quotas
        self._now = now

    def create(self, request: WriteRequest, new: NewTask, preconditions: Preconditions = NONE) -> WriteResult:
        """Create a task.

        Args:
            request: the write.
            new: the task.
            preconditions: of the collection, which always exists and has no entity tag.

        Raises:
            PreconditionFailed: the preconditions are false.
            QuotaExceeded: the caller has no room for it.
            ValidationFailed: there is no such parent, or it is a subtask.
            IdempotencyKeyReused: the key belongs to another request.
            RequestInProgress: a request with the same key is being carried out.
        """
        preconditions.require("")
        self._users.ensure_profile(request.caller, request.request_id)
        digest = fingerprint("create", "", new.model_dump(mode="json", exclude_unset=True))

        def attempt() -> WriteResult:
            now = self._now()
            seconds = int(now.timestamp())
            if full := self._quotas.problem(request.caller.user_id, 1):
                return self._replay_or_refuse(request, digest, full, seconds)
            stored = task_states.create(new, request, now)
            # relative to …/tasks, so that it holds below any base path
            result = serialization.task_result(201, stored.task, Location=f"tasks/{stored.task.id}")
            record = idempotency_record(request, digest, result, seconds)
            write = Write(stored, replaces=None, parent_id=subtasks.checked_parent(None, stored))
            try:
                gigabytes = self._tasks.save([write], record, seconds)
            except ParentRefused as refused:
                return self._replay_or_refuse(request, digest, subtasks.problem_of(refused), seconds)
            self._quotas.record(request.caller.user_id, 1, gigabytes)
            serialization.count_writes((None, stored))
            return result

        return retry_on_conflict(digest, attempt)

    def _replay_or_refuse(self, request: WriteRequest, digest: str, refusal: Problem, seconds: int) -> WriteResult:
        """Answer again what has been created already, whatever stands in the way by now."""
        _, before = self._tasks.find(request.caller.user_id, [], request.idempotency_key, seconds)
        if before is None:
            raise refusal
        return replay(before, digest)

    def get(self, caller: Caller, task_id: str, request_id: str) -> Task:
        """Read a live task.

        Raises:
            TaskNotFound: there is none of that id, it is deleted, or it is another user's.
        """
        self._users.ensure_profile_unless_erased(caller, request_id)
        (found,), _ = self._tasks.find(caller.user_id, [task_id], None, 0)
        return task_states.require_live(found).task

    def update(
        self, request: WriteRequest, task_id: str, changes: TaskChanges, preconditions: Preconditions
    ) -> WriteResult:
        """Change the fields that `changes` gives; completing a recurring task creates the next one.

        Raises:
            TaskNotFound: see `get`.
            PreconditionFailed: the preconditions are false.
            ValidationFailed: the parent that it names cannot be the task's, or it recurs and has no due date.
            QuotaExceeded: the caller has no room for the next task.
            WriteConflict: others kept writing to it.
            IdempotencyKeyReused: the key belongs to another request.
            RequestInProgress: a request with the same key is being carried out.
        """
        digest = fingerprint("update", task_id, changes.model_dump(mode="json", include=set(changes.given())))

        def change(before: StoredTask, now: dt.datetime) -> tuple[StoredTask, StoredTask | None, WriteResult]:
            changed = task_states.change(before, changes.given(), request.request_id, now)
            after, successor = recurrence.follow(
                before, changed, now, lambda: self._users.time_zone(request.caller.user_id)
            )
            if successor and (refusal := self._quotas.problem(request.caller.user_id, 1)):
                raise refusal
            return after, successor, serialization.task_result(200, after.task)

        return self._write(request, task_id, preconditions, digest, _require_live, change)

    def delete(self, request: WriteRequest, task_id: str, preconditions: Preconditions) -> WriteResult:
        """Delete a task; it can be restored until it is purged, 30 days later.

        Raises:
            as `update`.
        """

        def change(before: StoredTask, now: dt.datetime) -> tuple[StoredTask, StoredTask | None, WriteResult]:
            return task_states.delete(before, request.request_id, now), None, WriteResult(204)

        digest = fingerprint("delete", task_id, {})
        return self._write(request, task_id, preconditions, digest, _require_live, change)

    def restore(self, request: WriteRequest, task_id: str, preconditions: Preconditions) -> WriteResult:
        """Undo the deletion of a task; one that is not deleted stays as it is.

        Raises:
            as `update`; TaskNotFound also when it was deleted more than 30 days ago.
            QuotaExceeded: the caller has no room for it.
        """

        def change(before: StoredTask, now: dt.datetime) -> tuple[StoredTask, StoredTask | None, WriteResult]:
            if before.deleted_at and (refusal := self._quotas.problem(request.caller.user_id, 1)):
                raise refusal
            after = task_states.restore(before, request.request_id, now)
            return after, None, serialization.task_result(200, after.task)

        digest = fingerprint("restore", task_id, {})
        return self._write(request, task_id, preconditions, digest, task_states.require_restorable, change)

    def _write(
        self,
        request: WriteRequest,
        task_id: str,
        preconditions: Preconditions,
        digest: str,
        require: RequireTask,
        change: Change,
    ) -> WriteResult:
        self._users.ensure_profile(request.caller, request.request_id)

        def attempt() -> WriteResult:
            now = self._now()
            seconds = int(now.timestamp())
            (found,), record = self._tasks.find(request.caller.user_id, [task_id], request.idempotency_key, seconds)
            if record:
                return replay(record, digest)
            before = require(found, now)
            preconditions.require(task_tag(before.task.version))
            after, successor, result = change(before, now)
            parent_id = subtasks.checked_parent(before, after)
            writes = [] if after is before else [Write(after, before.task.version, parent_id)]
            created = [] if successor is None else [Write(successor, replaces=None)]
            if writes or request.idempotency_key is not None:
                record = idempotency_record(request, digest, result, seconds)
                try:
                    gigabytes = self._tasks.save([*writes, *created], record, seconds)
                except ParentRefused as refused:
                    raise subtasks.problem_of(refused) from refused
                more = bool(before.deleted_at) - bool(after.deleted_at) + len(created)
                self._quotas.record(request.caller.user_id, more, gigabytes)
            serialization.count_writes((before, after), *((None, write.stored) for write in created))
            return result

        return retry_on_conflict(digest, attempt)


def _require_live(found: StoredTask | None, _: dt.datetime) -> StoredTask:
    return task_states.require_live(found)
