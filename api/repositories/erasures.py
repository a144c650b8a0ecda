"""What an erasure needs of the table: the request, which the lake works off later, and whatever names a user.

A request is `ERASURE` / `{user_id}`; besides the identifier it holds nothing personal.
"""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from api import contract
from api.models.erasure import Erasure
from api.repositories.items import marshal, unmarshal

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

# "A single call to BatchWriteItem can […] comprise as many as 25 item put or delete operations."
# https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchWriteItem.html
_BATCH = 25
_KEYS_ONLY = "PK, SK"

Keys = Sequence[dict[str, Any]]


class ErasureRepository:
    """Finds and deletes a user's items, in portions."""

    def __init__(self, client: "DynamoDBClient", table: str) -> None:
        self._client = client
        self._table = table

    def find(self, user_id: str) -> Erasure | None:
        """The user's erasure, if one was requested and the lake has not worked it off yet."""
        answer = self._client.get_item(
            TableName=self._table, Key=contract.erasure_key(user_id).typed(), ConsistentRead=True
        )
        item = answer.get("Item")
        if not item:
            return None
        plain = unmarshal(item)
        return Erasure(user_id, plain["requested_at"], plain["request_id"], "next_part" in plain)

    def save(self, erasure: Erasure) -> None:
        """Write the request, or how far it has come."""
        attributes = {
            "requested_at": erasure.requested_at,
            "request_id": erasure.request_id,
            # the lake waits for a request until this attribute is gone
            "next_part": 0 if erasure.is_deleting else None,
        }
        self._client.put_item(
            TableName=self._table,
            Item=contract.erasure_key(erasure.user_id).typed()
            | marshal({"entity_type": contract.EntityType.ERASURE, **attributes}),
        )

    def tasks(self, user_id: str) -> Iterator[Keys]:
        """The keys of the user's tasks, deleted ones too, in portions for `delete`."""
        return self._partition(contract.task_partition(user_id))

    def records(self, user_id: str) -> Iterator[Keys]:
        """The keys of the user's idempotency records, in portions for `delete`."""
        return self._partition(contract.idempotency_partition(user_id))

    def figures(self, user_id: str) -> Keys:
        """The key of the user's published figures."""
        return [contract.insights_key(user_id).typed()]

    def profile(self, user_id: str) -> Keys:
        """The key of the user's profile."""
        return [contract.user_key(user_id).typed()]

    def delete(self, keys: Keys) -> bool:
        """Delete one portion of items, there or not; whether DynamoDB got to all of them."""
        answer = self._client.batch_write_item(
            RequestItems={self._table: [{"DeleteRequest": {"Key": key}} for key in keys]}
        )
        return not answer.get("UnprocessedItems")

    def _partition(self, partition: str) -> Iterator[Keys]:
        pages = self._client.get_paginator("query").paginate(
            TableName=self._table,
            KeyConditionExpression="PK = :partition",
            ExpressionAttributeValues={":partition": {"S": partition}},
            ProjectionExpression=_KEYS_ONLY,
            ConsistentRead=True,
        )
        for page in pages:
            yield from _portions(page["Items"])


def _portions(items: Sequence[Any]) -> Iterator[Keys]:
    for start in range(0, len(items), _BATCH):
        yield [{"PK": item["PK"], "SK": item["SK"]} for item in items[start : start + _BATCH]]
