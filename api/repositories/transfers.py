"""All items of a user, page by page, and imported versions of tasks."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from api import contract
from api.models.task import StoredTask
from api.repositories import task_items
from api.repositories.dynamodb import ConditionalPut, ConditionsFailed, write
from api.repositories.items import attribute

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

Item = Mapping[str, Any]


class TransferRepository:
    """Reads partitions whole, and writes versions that come from elsewhere."""

    def __init__(self, client: "DynamoDBClient", table: str) -> None:
        self._client = client
        self._table = table

    def page(self, partition: str, after: str | None) -> tuple[list[Item], str | None]:
        """Items of a partition in the order of their sort keys: as many as one call reads, 1 MB.

        Args:
            partition: the partition key.
            after: the sort key after which the page begins.

        Returns:
            the items, and the sort key after which there may be more.
        """
        start: dict[str, Any] = {}
        if after is not None:
            start = {"ExclusiveStartKey": contract.Key(partition, after).typed()}
        answer = self._client.query(
            TableName=self._table,
            KeyConditionExpression="PK = :partition",
            ExpressionAttributeValues={":partition": {"S": partition}},
            ConsistentRead=True,
            **start,
        )
        last = answer.get("LastEvaluatedKey")
        return list(answer["Items"]), last["SK"]["S"] if last else None

    def put_version(self, stored: StoredTask) -> tuple[bool, float | None]:
        """Write a version of a task unless there is that version, a later one, or another task of its id.

        Returns:
            whether it was written, and the size of the user's tasks, in GB, as `dynamodb.write` says it.

        Raises:
            CollectionFull: the user's tasks have reached their limit.
        """
        put = ConditionalPut(
            self._table,
            task_items.item(stored),
            "attribute_not_exists(PK) OR (version < :version AND created_at = :created_at)",
            {":version": attribute(stored.task.version), ":created_at": attribute(stored.task.created_at)},
        )
        try:
            return True, write(self._client, [put])
        except ConditionsFailed:
            return False, None
