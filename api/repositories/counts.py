"""Counts of tasks as of a time: `COUNTS#{user_id}` / `METADATA`, and the tasks that have changed since then."""

import dataclasses
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

import orjson
from botocore.exceptions import ClientError

from api.contract import INDEXES, TTL_ATTRIBUTE, EntityType, counts_key, task_partition, user_key
from api.models.task import StoredTask
from api.repositories import task_items
from api.repositories.dynamodb import refusals_of
from api.repositories.items import attribute, marshal, unmarshal

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

_BY_CREATION, _, _BY_CHANGE = INDEXES
# of an item's 400 KB; who has more categories than fit is counted anew each time
_MAX_TALLY_BYTES = 300_000


class CountKey(NamedTuple):
    """What one number counts.

    Args:
        dimension: `status`, `priority` or `category`.
        value: of the tasks in the dimension.
        is_open: of the tasks.
    """

    dimension: str
    value: str | None
    is_open: bool


Tally = Counter[CountKey]


@dataclasses.dataclass(frozen=True, slots=True)
class Snapshot:
    """A user's counts as of a time.

    Args:
        at: the time, as `updated_at`; tasks may have changed since.
        counted_at: when all tasks were last read to count them.
        generation: when the user's profile was created: an erased user who comes back has another one.
        tally: the counts.
    """

    at: str
    counted_at: str
    generation: str
    tally: Tally


class CountsRepository:
    """Snapshots of counts in the table, and the reads that bring one up to date."""

    def __init__(self, client: "DynamoDBClient", table: str) -> None:
        self._client = client
        self._table = table

    def find(self, user_id: str) -> Snapshot | None:
        """Read a user's snapshot; None when there is none."""
        item = self._client.get_item(TableName=self._table, Key=counts_key(user_id).typed(), ConsistentRead=True).get(
            "Item"
        )
        if item is None:
            return None
        plain = unmarshal(item)
        entries = orjson.loads(plain["tally"])
        tally: Tally = Counter({CountKey(*key): number for *key, number in entries})
        return Snapshot(plain["snapshot_at"], plain["counted_at"], plain["generation"], tally)

    def save(self, user_id: str, snapshot: Snapshot, expires_at: int) -> None:
        """Keep a snapshot, unless a later one is kept already, the user was erased, or it is too large.

        Args:
            user_id: whose counts.
            snapshot: of the user's tasks.
            expires_at: seconds since 1970 after which TTL deletes it.
        """
        entries = [[*key, number] for key, number in snapshot.tally.items() if number]
        text = orjson.dumps(entries)
        if len(text) > _MAX_TALLY_BYTES:
            return
        item = counts_key(user_id).typed() | marshal(
            {
                "entity_type": EntityType.COUNTS,
                "snapshot_at": snapshot.at,
                "counted_at": snapshot.counted_at,
                "generation": snapshot.generation,
                "tally": text.decode(),
                TTL_ATTRIBUTE: expires_at,
            }
        )
        put: Any = {
            "TableName": self._table,
            "Item": item,
            "ConditionExpression": "attribute_not_exists(PK) OR snapshot_at < :at",
            "ExpressionAttributeValues": {":at": attribute(snapshot.at)},
        }
        # an erasure deletes the profile first: nothing of the user comes back after it
        same_user: Any = {
            "TableName": self._table,
            "Key": user_key(user_id).typed(),
            "ConditionExpression": "created_at = :generation",
            "ExpressionAttributeValues": {":generation": attribute(snapshot.generation)},
        }
        try:
            self._client.transact_write_items(TransactItems=[{"Put": put}, {"ConditionCheck": same_user}])
        except ClientError as error:
            if refusals_of(error, 2) is None:
                raise

    def read_tasks(
        self, user_id: str, created_after: str, changed_after: str, limit: int | None
    ) -> list[StoredTask] | None:
        """Read live tasks by their creation, and all tasks by their last change, each once, as it was last seen.

        A task that is created or changed between the two reads is seen as one of them found it.

        Args:
            user_id: whose.
            created_after: a time, as `created_at`.
            changed_after: a time, as `updated_at`.
            limit: of the number of tasks.

        Returns:
            the tasks, deleted ones among the changed; None when there are more than the limit.
        """
        found: dict[str, StoredTask] = {}
        for index, after in ((_BY_CREATION, created_after), (_BY_CHANGE, changed_after)):
            for item in self._after(user_id, index, after):
                stored = task_items.stored(item)
                before = found.get(stored.task.id)
                if before is None or before.task.version < stored.task.version:
                    found[stored.task.id] = stored
                if limit is not None and len(found) > limit:
                    return None
        return list(found.values())

    def _after(self, user_id: str, index: str, after: str) -> Iterator[Mapping[str, Any]]:
        pages = self._client.get_paginator("query").paginate(
            TableName=self._table,
            IndexName=index,
            KeyConditionExpression=f"PK = :pk AND {INDEXES[index]} > :after",
            ExpressionAttributeValues={":pk": {"S": task_partition(user_id)}, ":after": {"S": after}},
            ConsistentRead=True,
        )
        for page in pages:
            yield from page["Items"]
