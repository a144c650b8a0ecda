"""Tasks one by one or several at once: strongly consistent reads, conditional writes."""

import dataclasses
from collections.abc import Sequence

from api.contract import task_key
from api.models.task import StoredTask
from api.models.write_result import IdempotencyRecord
from api.repositories import task_items
from api.repositories.dynamodb import (
    CollectionFull,
    ConditionalDelete,
    ConditionalPut,
    ConditionsFailed,
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
    """

    stored: StoredTask
    replaces: int | None


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
            writes: at most 99; none when only the record is to be written.
            record: written in the same transaction.
            now: seconds since 1970; a record that expired before counts as absent.

        Returns:
            the lower bound of the size of the user's tasks, in GB; None when DynamoDB has not said.

        A full item collection takes deletes and what makes items smaller, nothing else. A task that is marked as
        deleted is larger than before, so there it is deleted for good.
        https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/LSI.html#LSI.ItemCollections.SizeLimit

        Raises:
            VersionConflict: another request wrote one of the tasks first.
            RecordExists: the key was used before.
            RecordContended: the key is being used at this moment.
            CollectionFull: the writes would make a full item collection larger.
        """
        try:
            try:
                return self._records.write([self._put(write) for write in writes], record, now)
            except CollectionFull:
                if not any(write.stored.deleted_at for write in writes):
                    raise
                return self._records.write([self._smaller(write) for write in writes], record, now)
        except ConditionsFailed as refused:
            # a put is retried by the SDK without a request token: what stands in its way may be itself
            alone = refused.refusals[0] if record is None and len(writes) == 1 else None
            if alone and alone.existing and task_items.stored(alone.existing) == writes[0].stored:
                return None
            raise VersionConflict from refused

    def _put(self, write: Write) -> ConditionalPut:
        item = task_items.item(write.stored)
        if write.replaces is None:
            return ConditionalPut(self._table, item, "attribute_not_exists(PK)")
        return ConditionalPut(self._table, item, "version = :read", {":read": attribute(write.replaces)})

    def _smaller(self, write: Write) -> ConditionalPut | ConditionalDelete:
        stored = write.stored
        if stored.deleted_at is None or write.replaces is None:
            return self._put(write)
        return ConditionalDelete(self._table, task_key(stored.user_id, stored.task.id).typed(), write.replaces)
