"""Several writes, all or none."""

import datetime as dt
from collections import Counter
from collections.abc import Callable, Sequence

import orjson

from api.models.answer import Answer
from api.models.batch import Batch, Create, Delete, Operation, Update
from api.models.task import StoredTask
from api.problems import BatchRefused, FieldError, PreconditionFailed, TaskNotFound
from api.repositories.tasks import TaskRepository, Write
from api.services import answers, task_states
from api.services.commitment import commit
from api.services.idempotency import fingerprint, record_of, replay
from api.services.intent import Intent
from api.services.preconditions import require_match
from api.services.users import UserService, utc_now

_STATUS = {"create": 201, "update": 200, "delete": 204}


class BatchService:
    """Carries a batch out in one transaction: its tasks, and the idempotency record."""

    def __init__(self, tasks: TaskRepository, users: UserService, now: Callable[[], dt.datetime] = utc_now) -> None:
        self._tasks = tasks
        self._users = users
        self._now = now

    def carry_out(self, intent: Intent, batch: Batch) -> Answer:
        """Carry all operations out, or none.

        Raises:
            BatchRefused: operations cannot be carried out; its errors name each of them.
            WriteConflict: others kept writing to the tasks.
            IdempotencyKeyReused: the key belongs to another request.
            RequestInProgress: its twin is being carried out.
        """
        operations = batch.operations
        _require_distinct(operations)
        asked = fingerprint("batch", "", batch.model_dump(mode="json", exclude_unset=True))
        self._users.meet(intent.caller, intent.request_id)
        named = [operation.id for operation in operations if not isinstance(operation, Create)]

        def attempt() -> Answer:
            now = self._now()
            seconds = int(now.timestamp())
            found: Sequence[StoredTask | None] = []
            if named:  # creates alone need not read: the record that stands in the way comes with the refusal
                found, record = self._tasks.find(intent.caller.user_id, named, intent.key, seconds)
                if record:
                    return replay(record, asked)
            before = dict(zip(named, found, strict=True))
            after = _applied(operations, before, intent, now)
            answer = _answer(operations, after)
            self._tasks.save(
                [Write(new, replaces=_version(before.get(new.task.id))) for new in after],
                record_of(intent, asked, answer, seconds),
                seconds,
            )
            answers.count_writes(*((before.get(new.task.id), new) for new in after))
            return answer

        return commit(asked, attempt)


def _require_distinct(operations: Sequence[Operation]) -> None:
    times = Counter(operation.id for operation in operations if not isinstance(operation, Create))
    errors = [
        _error(index, "id", "repeated", "the task is in more than one operation")
        for index, operation in enumerate(operations)
        if not isinstance(operation, Create) and times[operation.id] > 1
    ]
    if errors:
        raise BatchRefused(errors)


def _applied(
    operations: Sequence[Operation], before: dict[str, StoredTask | None], intent: Intent, now: dt.datetime
) -> list[StoredTask]:
    """What each operation makes of its task. One without effect gives the version that it found: writing that again
    changes nothing, but holds the transaction to it."""
    errors: list[FieldError] = []
    after: list[StoredTask] = []
    for index, operation in enumerate(operations):
        try:
            after.append(_one(operation, before, intent, now))
        except TaskNotFound as missing:
            errors.append(_error(index, "id", "task_not_found", missing.detail))
        except PreconditionFailed as moved:
            errors.append(_error(index, "if_match", "version_mismatch", moved.errors[0]["message"]))
    if errors:
        raise BatchRefused(errors)
    return after


def _one(operation: Operation, before: dict[str, StoredTask | None], intent: Intent, now: dt.datetime) -> StoredTask:
    if isinstance(operation, Create):
        return task_states.created(operation.task, intent, now)
    found = task_states.live(before[operation.id])
    require_match(operation.if_match, found.task.version)
    if isinstance(operation, Update):
        return task_states.changed(found, operation.task.named(), intent.request_id, now)
    return task_states.deleted(found, intent.request_id, now)


def _answer(operations: Sequence[Operation], after: Sequence[StoredTask]) -> Answer:
    results = [
        {"status": _STATUS[operation.op], "task": None if isinstance(operation, Delete) else dict(new.task)}
        for operation, new in zip(operations, after, strict=True)
    ]
    return Answer(200, orjson.dumps({"results": results}))


def _version(stored: StoredTask | None) -> int | None:
    return stored.task.version if stored else None


def _error(index: int, field: str, code: str, message: str) -> FieldError:
    return {"location": "body", "field": f"operations.{index}.{field}", "code": code, "message": message}
