"""What may happen to a task."""

import datetime as dt
from collections.abc import Callable

from api.identity import Caller
from api.models.answer import Answer
from api.models.task import NewTask, StoredTask, Task, TaskChanges
from api.repositories.tasks import TaskRepository, Write
from api.services import answers, task_states
from api.services.commitment import commit
from api.services.idempotency import fingerprint, record_of, replay
from api.services.intent import Intent
from api.services.preconditions import require_match
from api.services.users import UserService, utc_now

Find = Callable[[StoredTask | None, dt.datetime], StoredTask]
Change = Callable[[StoredTask, dt.datetime], tuple[StoredTask, Answer]]


class TaskService:
    """The rules of single tasks. Every method acts for one caller and can reach that caller's tasks only."""

    def __init__(self, tasks: TaskRepository, users: UserService, now: Callable[[], dt.datetime] = utc_now) -> None:
        self._tasks = tasks
        self._users = users
        self._now = now

    def create(self, intent: Intent, new: NewTask) -> Answer:
        """Create a task.

        Raises:
            IdempotencyKeyReused: the key belongs to another request.
            RequestInProgress: its twin is being carried out.
        """
        self._users.meet(intent.caller, intent.request_id)
        asked = fingerprint("create", "", new.model_dump(mode="json"))

        def attempt() -> Answer:
            now = self._now()
            stored = task_states.created(new, intent, now)
            # relative to …/tasks, so that it holds below any base path
            answer = answers.of_task(201, stored.task, Location=f"tasks/{stored.task.id}")
            seconds = int(now.timestamp())
            self._tasks.save([Write(stored, replaces=None)], record_of(intent, asked, answer, seconds), seconds)
            answers.count_writes((None, stored))
            return answer

        return commit(asked, attempt)

    def get(self, caller: Caller, task_id: str, request_id: str) -> Task:
        """A live task.

        Raises:
            TaskNotFound: there is none of that id, it is deleted, or it is another user's.
        """
        self._users.meet(caller, request_id)
        (found,), _ = self._tasks.find(caller.user_id, [task_id], None, 0)
        return task_states.live(found).task

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

        def change(before: StoredTask, now: dt.datetime) -> tuple[StoredTask, Answer]:
            after = task_states.changed(before, changes.named(), intent.request_id, now)
            return after, answers.of_task(200, after.task)

        return self._write(intent, task_id, if_match, asked, _live, change)

    def delete(self, intent: Intent, task_id: str, if_match: str | None) -> Answer:
        """Delete a task; it can be restored until it is purged, 30 days later.

        Raises:
            as `update`.
        """

        def change(before: StoredTask, now: dt.datetime) -> tuple[StoredTask, Answer]:
            return task_states.deleted(before, intent.request_id, now), Answer(204)

        return self._write(intent, task_id, if_match, fingerprint("delete", task_id, {}), _live, change)

    def restore(self, intent: Intent, task_id: str, if_match: str | None) -> Answer:
        """Undo the deletion of a task; one that is not deleted stays as it is.

        Raises:
            as `update`; TaskNotFound also when it was deleted more than 30 days ago.
        """

        def change(before: StoredTask, now: dt.datetime) -> tuple[StoredTask, Answer]:
            after = task_states.restored(before, intent.request_id, now)
            return after, answers.of_task(200, after.task)

        return self._write(
            intent, task_id, if_match, fingerprint("restore", task_id, {}), task_states.restorable, change
        )

    def _write(
        self, intent: Intent, task_id: str, if_match: str | None, asked: str, of: Find, change: Change
    ) -> Answer:
        self._users.meet(intent.caller, intent.request_id)

        def attempt() -> Answer:
            now = self._now()
            seconds = int(now.timestamp())
            (found,), record = self._tasks.find(intent.caller.user_id, [task_id], intent.key, seconds)
            if record:
                return replay(record, asked)
            before = of(found, now)
            require_match(if_match, before.task.version)
            after, answer = change(before, now)
            writes = [] if after is before else [Write(after, replaces=before.task.version)]
            if writes or intent.key is not None:
                self._tasks.save(writes, record_of(intent, asked, answer, seconds), seconds)
            answers.count_writes((before, after))
            return answer

        return commit(asked, attempt)


def _live(found: StoredTask | None, _: dt.datetime) -> StoredTask:
    return task_states.live(found)
