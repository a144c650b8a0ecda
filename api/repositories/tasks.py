"""Task items: `TASK#{user_id}` / `TASK#{ulid}`, and in two local indexes by `due_sort` and `change_sort`.

All reads are strongly consistent, so that users read what they wrote.
"""

import dataclasses
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from api.models.answer import Record
from api.models.task import StoredTask, Task
from api.repositories.dynamodb import ConditionalPut, Refusal, RefusedError, commit, refusals_of
from api.repositories.idempotency import IdempotencyRepository
from api.repositories.items import attribute, marshal, unmarshal

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

_TASK_PREFIX = "TASK#"
_LIVE = "attribute_not_exists(deleted_at)"
# Filters are applied after DynamoDB has read, so a page may take several queries; the bound keeps one request's cost
# and time finite, and the cursor carries on from wherever it ended.
_QUERIES_PER_PAGE = 8
_FILTERED_READ = 500


class TaskMovedError(Exception):
    """The task is no longer at the version it was read at (or, new, its id is taken). `stored` is what is there."""

    def __init__(self, stored: StoredTask | None) -> None:
        super().__init__("the task was written by another request")
        self.stored = stored


class RecordFoundError(Exception):
    """The idempotency record exists already; nothing was written."""

    def __init__(self, record: Record) -> None:
        super().__init__("the idempotency key was used before")
        self.record = record


class RecordContendedError(Exception):
    """Another transaction under the same idempotency key is under way; nothing was written."""


@dataclasses.dataclass(frozen=True, slots=True)
class TaskPage:
    """Part of a list.

    Args:
        tasks: in order.
        position: the id of the task after which the next page begins; None when there is nothing more.
    """

    tasks: list[StoredTask]
    position: str | None


class TaskRepository:
    """A user's tasks in the table."""

    def __init__(self, client: "DynamoDBClient", table: str, records: IdempotencyRepository) -> None:
        self._client = client
        self._table = table
        self._records = records

    def find(self, user_id: str, task_id: str) -> StoredTask | None:
        """The task, soft-deleted or not; None when the user has none of that id."""
        answer = self._client.get_item(TableName=self._table, Key=_key(user_id, task_id), ConsistentRead=True)
        item = answer.get("Item")
        return _stored(item) if item else None

    def find_with_record(
        self, user_id: str, task_id: str, key: str, now: int
    ) -> tuple[StoredTask | None, Record | None]:
        """The task and the unexpired idempotency record of `key`, as they were at one instant.

        Read one after the other, a concurrent twin could commit in between: its effect would be seen without its
        record, and a retried delete would be told 404.

        Raises:
            RecordContendedError: a transaction is writing one of the two.
        """
        try:
            answer = self._client.transact_get_items(
                TransactItems=[
                    {"Get": {"TableName": self._table, "Key": _key(user_id, task_id)}},
                    {"Get": {"TableName": self._table, "Key": self._records.key(user_id, key)}},
                ]
            )
        except ClientError as error:
            if refusals_of(error, 2):
                raise RecordContendedError from error
            raise
        task, record = (response.get("Item") for response in answer["Responses"])
        return _stored(task) if task else None, self._records.unexpired(record, user_id, key, now)

    def save(self, stored: StoredTask, *, replaces: int | None, record: Record | None = None, now: int) -> None:
        """Write one version of a task, with its idempotency record when there is one, in one call.

        Args:
            stored: the version to write.
            replaces: the version that it replaces; None when the task is new.
            record: written in the same transaction.
            now: seconds since 1970; a record that expired before counts as absent.

        Raises:
            TaskMovedError: another request wrote the task first.
            RecordFoundError: the key was used before.
            RecordContendedError: the key is being used at this moment.
        """
        if replaces is None:
            put = ConditionalPut(self._table, _item(stored), "attribute_not_exists(PK)")
        else:
            put = ConditionalPut(self._table, _item(stored), "version = :read", {":read": attribute(replaces)})
        puts = [put] if record is None else [put, self._records.put(record, now)]
        try:
            commit(self._client, puts)
        except RefusedError as refused:
            refusal, *of_record = refused.refusals
            if record and of_record and of_record[0]:
                self._raise_for_record(of_record[0], record, now)
            existing = _stored(refusal.existing) if refusal and refusal.existing else None
            # a put is retried by the SDK without a request token: what stands in its way may be itself
            if record is None and existing == stored:
                return
            raise TaskMovedError(existing) from refused

    def save_record(self, record: Record, now: int) -> None:
        """Write a record alone, for a request that was answered without a write.

        Raises:
            RecordFoundError: the key was used before.
            RecordContendedError: the key is being used at this moment.
        """
        try:
            commit(self._client, [self._records.put(record, now)])
        except RefusedError as refused:
            refusal = refused.refusals[0]
            if refusal:
                self._raise_for_record(refusal, record, now)
            raise

    def page(self, user_id: str, filters: Mapping[str, str], after: str | None, limit: int) -> TaskPage:
        """Live tasks, newest first.

        Args:
            filters: attributes and the values they must have.
            after: the id of the task after which to begin.
            limit: at most so many tasks; fewer, with a position, when the bound on queries is reached first.
        """
        request = _query(self._table, user_id, filters)
        # one more than asked for tells whether there is a next page
        request["Limit"] = _FILTERED_READ if filters else limit + 1
        start = after
        found: list[StoredTask] = []
        for _ in range(_QUERIES_PER_PAGE):
            if start:
                request["ExclusiveStartKey"] = _key(user_id, start)
            answer = self._client.query(**request)
            found += map(_stored, answer["Items"])
            last = answer.get("LastEvaluatedKey")
            start = last["SK"]["S"].removeprefix(_TASK_PREFIX) if last else None
            if len(found) > limit:
                return TaskPage(found[:limit], found[limit - 1].task.id)
            if start is None:
                break
        return TaskPage(found, start)

    def _raise_for_record(self, refusal: Refusal, record: Record, now: int) -> None:
        existing = self._records.unexpired(refusal.existing, record.user_id, record.key, now)
        if existing:
            raise RecordFoundError(existing)
        raise RecordContendedError


def _key(user_id: str, task_id: str) -> dict[str, Any]:
    return {"PK": {"S": f"TASK#{user_id}"}, "SK": {"S": f"{_TASK_PREFIX}{task_id}"}}


def _query(table: str, user_id: str, filters: Mapping[str, str]) -> dict[str, Any]:
    request: dict[str, Any] = {
        "TableName": table,
        "KeyConditionExpression": "PK = :pk AND begins_with(SK, :prefix)",
        "FilterExpression": " AND ".join([_LIVE, *(f"#{name} = :{name}" for name in filters)]),
        "ExpressionAttributeValues": {
            ":pk": {"S": f"TASK#{user_id}"},
            ":prefix": {"S": _TASK_PREFIX},
            **{f":{name}": {"S": value} for name, value in filters.items()},
        },
        "ConsistentRead": True,
        "ScanIndexForward": False,
    }
    if filters:
        request["ExpressionAttributeNames"] = {f"#{name}": name for name in filters}
    return request


def _item(stored: StoredTask) -> dict[str, Any]:
    task = stored.task
    due_date = task.due_date.isoformat() if task.due_date else None
    return _key(stored.user_id, task.id) | marshal(
        {
            "entity_type": "TASK",
            "id": task.id,
            "user_id": stored.user_id,
            "title": task.title,
            "description": task.description,
            "status": task.status,
            "priority": task.priority,
            "category": task.category,
            "due_date": due_date,
            "created_at": task.created_at,
            "updated_at": task.updated_at,
            "completed_at": task.completed_at,
            "deleted_at": stored.deleted_at,
            "expiration_timestamp": stored.expires_at,
            "version": task.version,
            "last_request_id": stored.request_id,
            "due_sort": f"{due_date}#{task.id}" if due_date and not stored.deleted_at else None,
            "change_sort": f"{task.updated_at}#{task.id}",
        }
    )


def _stored(item: Mapping[str, Any]) -> StoredTask:
    plain = unmarshal(item)
    return StoredTask(
        user_id=plain["user_id"],
        task=Task.model_validate({name: plain[name] for name in Task.model_fields if name in plain}),
        request_id=plain["last_request_id"],
        deleted_at=plain.get("deleted_at"),
        expires_at=plain.get("expiration_timestamp"),
    )
