"""Tasks one by one or several at once: strongly consistent reads, conditional writes."""

import dataclasses
from collections.abc import Mapping, Sequence

from api.contract import counts_key, task_key
from api.models.task import StoredTask
from api.models.write_result import IdempotencyRecord
from api.repositories import task_items
from api.repositories.dynamodb import (
    CollectionFull,
    ConditionalDelete,
    ConditionalPut,
    ConditionCheck,
    ConditionsFailed,
    Refusal,
    VersionConflict,
)
from api.repositories.idempotency import IdempotencyRepository
from api.repositories.items import attribute


@dataclasses.dataclass(frozen=True, slots=True)
class Write:
    """One version of a task to be written.

    Args:
        stored: the version.
        replaces: the version that it replaces; None when the task is new.
        parent_id: of another task that has to be live, and no subtask, when this is written; None when none has to.
    """

    stored: StoredTask
    replaces: int | None
    parent_id: str | None = None


class ParentRefused(Exception):  # noqa: N818 - an outcome, not a fault
    """Nothing was written, because of parents.

    Args:
        parents: by their ids, the tasks that were there; None where there was none.
    """

    def __init__(self, parents: Mapping[str, StoredTask | None]) -> None:
        super().__init__("a parent is not live, or is a subtask")
        self.parents = parents


class TaskRepository:
    """A user's tasks in the table."""

    def __init__(self, table: str, records: IdempotencyRepository) -> None:
        self._table = table
        self._records = records

    def find(
        self, user_id: str, task_ids: Sequence[str], key: str | None, now: int
    ) -> tuple[list[StoredTask | None], IdempotencyRecord | None]:
        """Tasks, soft-deleted or not, with the unexpired idempotency record of `key`, as they were at one instant.

        Args:
            task_ids: at most 99, each once.
            key: the `Idempotency-Key`; None when there is none.
            now: seconds since 1970.

        Returns:
            the tasks in the order of their ids, None where the user has none of that id, and the record.

        Raises:
            VersionConflict: a transaction is writing one of the tasks.
            RecordContended: one is writing the record.
        """
        keys = [task_key(user_id, task_id).typed() for task_id in task_ids]
        try:
            items, record = self._records.find(keys, user_id, key, now)
        except ConditionsFailed as refused:
            raise VersionConflict from refused
        return [task_items.stored(item) if item else None for item in items], record

    def save(self, writes: Sequence[Write], record: IdempotencyRecord | None, now: int) -> float | None:
        """Write versions of tasks, with the idempotency record when there is one, in one call: all or nothing.

        Args:
            writes: at most 99 with their different parents; none when only the record is to be written.
            record: written in the same transaction.
            now: seconds since 1970; a record that expired before counts as absent.

        Returns:
            the lower bound of the size of the user's tasks, in GB; None when DynamoDB has not said.

        A full item collection takes deletes and what makes items smaller, nothing else. A task that is marked as
        deleted is larger than before, so there it is deleted for good.
        https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/LSI.html#LSI.ItemCollections.SizeLimit

        Raises:
            VersionConflict: another request wrote one of the tasks first, or is writing a parent.
            ParentRefused: a parent is not live, or is a subtask.
            RecordExists: the key was used before.
            RecordContended: the key is being used at this moment.
            CollectionFull: the writes would make a full item collection larger.
        """
        parent_ids = tuple(dict.fromkeys(write.parent_id for write in writes if write.parent_id))
        checks = [self._check(writes[0].stored.user_id, parent_id) for parent_id in parent_ids]
        try:
            try:
                return self._records.write([self._put(write) for write in writes], record, now, checks)
            except CollectionFull:
                if not any(write.stored.deleted_at for write in writes):
                    raise
                smaller = [self._smaller(write) for write in writes]
                # counts follow from what tasks say of their changes, which one that is gone does not
                counts = ConditionalDelete(self._table, counts_key(writes[0].stored.user_id).typed(), None)
                return self._records.write([*smaller, counts], record, now, checks)
        except ConditionsFailed as refused:
            of_tasks, of_parents = refused.refusals[: len(writes)], refused.refusals[len(writes) :]
            if not any(of_tasks) and not any(one and one.contended for one in of_parents):
                refusals = dict(zip(parent_ids, of_parents, strict=True))
                raise ParentRefused({one: _found(refusal) for one, refusal in refusals.items() if refusal}) from refused
            # a put is retried by the SDK without a request token: what stands in its way may be itself
            alone = refused.refusals[0] if record is None and len(writes) == 1 and not checks else None
            if alone and alone.existing and task_items.stored(alone.existing) == writes[0].stored:
                return None
            raise VersionConflict from refused

    def _put(self, write: Write) -> ConditionalPut:
        item = task_items.item(write.stored)
        if write.replaces is None:
            return ConditionalPut(self._table, item, "attribute_not_exists(PK)")
        return ConditionalPut(self._table, item, "version = :read", {":read": attribute(write.replaces)})

    def _check(self, user_id: str, parent_id: str) -> ConditionCheck:
        condition = "attribute_exists(PK) AND attribute_not_exists(deleted_at) AND attribute_not_exists(parent_id)"
        return ConditionCheck(self._table, task_key(user_id, parent_id).typed(), condition)

    def _smaller(self, write: Write) -> ConditionalPut | ConditionalDelete:
        stored = write.stored
        if stored.deleted_at is None or write.replaces is None:
            return self._put(write)
        return ConditionalDelete(self._table, task_key(stored.user_id, stored.task.id).typed(), write.replaces)


def _found(refusal: Refusal) -> StoredTask | None:
    return task_items.stored(refusal.existing) if refusal.existing else None
