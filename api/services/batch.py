"""Several writes, all or none."""

import datetime as dt
import functools
from collections import Counter
from collections.abc import Callable, Sequence

import orjson

from api.models.batch import Batch, Create, Delete, Operation, Restore, Update
from api.models.task import StoredTask
from api.models.write_result import WriteResult
from api.problems import BatchRefused, FieldError, PreconditionFailed, TaskNotFound, ValidationFailed
from api.repositories.tasks import ParentRefused, TaskRepository, Write
from api.services import recurrence, serialization, subtasks, task_states
from api.services.preconditions import NONE, Preconditions, task_tag
from api.services.quotas import Quotas
from api.services.users import UserService, utc_now
from api.services.write_request import WriteRequest, fingerprint, idempotency_record, replay, retry_on_conflict

# https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TransactWriteItems.html
_MAX_ACTIONS = 100
_STATUS = {"create": 201, "update": 200, "delete": 204, "restore": 200}


class BatchService:
    """Executes a batch in one transaction: its tasks, and the idempotency record."""

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

    def execute(self, request: WriteRequest, batch: Batch, preconditions: Preconditions = NONE) -> WriteResult:
        """Execute all operations, or none.

        Args:
            request: the write.
            batch: the operations.
            preconditions: of the address of batches, which has no representation.

        Raises:
            PreconditionFailed: the preconditions are false.
            BatchRefused: operations cannot be executed; its errors name each of them.
            QuotaExceeded: the caller has no room for the tasks that it creates.
            WriteConflict: others kept writing to the tasks.
            IdempotencyKeyReused: the key belongs to another request.
            RequestInProgress: a request with the same key is being carried out.
        """
        preconditions.require(None)
        operations = batch.operations
        _require_distinct(operations)
        digest = fingerprint("batch", "", batch.model_dump(mode="json", exclude_unset=True))
        self._users.ensure_profile(request.caller, request.request_id)
        user_id = request.caller.user_id
        task_ids = [operation.id for operation in operations if not isinstance(operation, Create)]
        adding = sum(isinstance(operation, Create | Restore) for operation in operations)
        more = adding - sum(isinstance(operation, Delete) for operation in operations)

        def attempt() -> WriteResult:
            now = self._now()
            seconds = int(now.timestamp())
            found: Sequence[StoredTask | None] = []
            refusal = self._quotas.problem(user_id, more) if adding else None
            # creates alone need not read: the record that stands in the way comes with the refusal
            if task_ids or refusal:
                found, record = self._tasks.find(user_id, task_ids, request.idempotency_key, seconds)
                if record:
                    return replay(record, digest)
            if refusal:
                raise refusal
            before = dict(zip(task_ids, found, strict=True))
            zone = functools.cache(lambda: self._users.time_zone(user_id))
            after, successors = _follow(before, _apply(operations, before, request, now), now, zone)
            if successors and (full := self._quotas.problem(user_id, more + len(successors))):
                raise full
            result = _result(operations, after)
            writes = _writes(before, after, successors)
            try:
                gigabytes = self._tasks.save(writes, idempotency_record(request, digest, result, seconds), seconds)
            except ParentRefused as refused:
                _, record = self._tasks.find(user_id, [], request.idempotency_key, seconds)
                if record:
                    return replay(record, digest)
                raise BatchRefused(_parent_errors(writes, refused)) from refused
            written = [(before.get(new.task.id), new) for new in (*after, *successors)]
            self._quotas.record(user_id, sum(_is_live(new) - _is_live(old) for old, new in written), gigabytes)
            serialization.count_writes(*written)
            return result

        return retry_on_conflict(digest, attempt)


def _require_distinct(operations: Sequence[Operation]) -> None:
    times = Counter(operation.id for operation in operations if not isinstance(operation, Create))
    errors = [
        _error(index, "id", "repeated", "the task is in more than one operation")
        for index, operation in enumerate(operations)
        if not isinstance(operation, Create) and times[operation.id] > 1
    ]
    if errors:
        raise BatchRefused(errors)


def _apply(
    operations: Sequence[Operation], before: dict[str, StoredTask | None], request: WriteRequest, now: dt.datetime
) -> list[StoredTask]:
    """Apply each operation to its task. One without effect gives the version that it found: writing that again
    changes nothing, but holds the transaction to it."""
    errors: list[FieldError] = []
    after: list[StoredTask] = []
    for index, operation in enumerate(operations):
        try:
            after.append(_apply_one(operation, before, request, now))
        except TaskNotFound as not_found:
            errors.append(_error(index, "id", "task_not_found", not_found.detail))
        except PreconditionFailed as failed:
            errors.append(_error(index, "if_match", "version_mismatch", failed.errors[0]["message"]))
        except ValidationFailed as failed:
            errors += [_error(index, f"task.{one['field']}", one["code"], one["message"]) for one in failed.errors]
    if errors:
        raise BatchRefused(errors)
    return after


def _apply_one(
    operation: Operation, before: dict[str, StoredTask | None], request: WriteRequest, now: dt.datetime
) -> StoredTask:
    if isinstance(operation, Create):
        return task_states.create(operation.task, request, now)
    stored = before[operation.id]
    is_restore = isinstance(operation, Restore)
    found = task_states.require_restorable(stored, now) if is_restore else task_states.require_live(stored)
    Preconditions.parse(operation.if_match).require(task_tag(found.task.version))
    if isinstance(operation, Restore):
        return task_states.restore(found, request.request_id, now)
    if isinstance(operation, Update):
        return task_states.change(found, operation.task.given(), request.request_id, now)
    return task_states.delete(found, request.request_id, now)


def _follow(
    before: dict[str, StoredTask | None],
    after: Sequence[StoredTask],
    now: dt.datetime,
    time_zone: Callable[[], str],
) -> tuple[list[StoredTask], list[StoredTask]]:
    """Let recurring tasks that the batch completes name their successors; the versions to be written, and those.

    Raises:
        BatchRefused: there are more successors than the transaction has room for.
    """
    followed: list[StoredTask] = []
    successors: list[StoredTask] = []
    errors: list[FieldError] = []
    for index, new in enumerate(after):
        old = before.get(new.task.id)
        named, successor = recurrence.follow(old, new, now, time_zone) if old else (new, None)
        followed.append(named)
        successors += [successor] if successor else []
        if successor and len(after) + len(successors) >= _MAX_ACTIONS:
            message = "the batch would create more tasks than one transaction holds"
            errors.append(_error(index, "task.status", "too_many_successors", message))
    if errors:
        raise BatchRefused(errors)
    return followed, successors


def _writes(
    before: dict[str, StoredTask | None], after: Sequence[StoredTask], successors: Sequence[StoredTask]
) -> list[Write]:
    """Make the writes; a parent that the batch itself writes is checked here, any other one by the transaction.

    Raises:
        BatchRefused: a task cannot be a subtask of the parent that it names, or there are too many parents to check.
    """
    written = {new.task.id: new for new in after}
    errors: list[FieldError] = []
    writes: list[Write] = []
    parents: set[str] = set()
    room = _MAX_ACTIONS - 1 - len(after) - len(successors)
    for index, new in enumerate(after):
        found, code, parent_id = before.get(new.task.id), None, None
        try:
            parent_id = subtasks.checked_parent(found, new)
        except ValidationFailed as failed:
            code = failed.errors[0]["code"]
        if parent_id in written:
            code, parent_id = subtasks.reason(written[parent_id]), None
        if parent_id and parent_id not in parents:
            parents.add(parent_id)
            code = "too_many_parents" if len(parents) > room else None
        if code:
            errors.append(subtasks.error(code, f"operations.{index}.task."))
        writes.append(Write(new, _version(found), parent_id))
    if errors:
        raise BatchRefused(errors)
    return writes + [Write(successor, replaces=None) for successor in successors]


def _parent_errors(writes: Sequence[Write], refused: ParentRefused) -> list[FieldError]:
    codes = {parent_id: subtasks.reason(parent) or "parent_not_found" for parent_id, parent in refused.parents.items()}
    return [
        subtasks.error(codes[write.parent_id], f"operations.{index}.task.")
        for index, write in enumerate(writes)
        if write.parent_id in codes
    ]


def _result(operations: Sequence[Operation], after: Sequence[StoredTask]) -> WriteResult:
    results = [
        {"status": _STATUS[operation.op], "task": None if isinstance(operation, Delete) else dict(new.task)}
        for operation, new in zip(operations, after, strict=True)
    ]
    return WriteResult(200, orjson.dumps({"results": results}))


def _is_live(stored: StoredTask | None) -> bool:
    return stored is not None and stored.deleted_at is None


def _version(stored: StoredTask | None) -> int | None:
    return stored.task.version if stored else None


def _error(index: int, field: str, code: str, message: str) -> FieldError:
    return {"location": "body", "field": f"operations.{index}.{field}", "code": code, "message": message}
