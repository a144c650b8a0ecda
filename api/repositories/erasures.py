"""What an erasure needs of the table: the request, which the lake works off later, and whatever names a user.

A request is `ERASURE` / `{user_id}`; besides the identifier it holds nothing personal.
"""

import dataclasses
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from api.models.erasure import Erasure
from api.repositories import insights, task_items, users
from api.repositories.idempotency import records_prefix
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

    # Records have a partition each, so only a scan finds a user's. It is done in parts, each of which fits into a
    # request: about 300 MB of a table of 10 GB.
    PARTS = 32

    def __init__(self, client: "DynamoDBClient", table: str) -> None:
        self._client = client
        self._table = table

    def find(self, user_id: str) -> Erasure | None:
        """The user's erasure, if one was requested and the lake has not worked it off yet."""
        answer = self._client.get_item(TableName=self._table, Key=_key(user_id), ConsistentRead=True)
        item = answer.get("Item")
        if not item:
            return None
        plain = unmarshal(item)
        return Erasure(user_id, plain["requested_at"], plain["request_id"], plain.get("next_part"))

    def save(self, erasure: Erasure) -> None:
        """Write the request, or how far it has come."""
        attributes = dataclasses.asdict(erasure)
        del attributes["user_id"]
        self._client.put_item(
            TableName=self._table,
            Item=_key(erasure.user_id) | marshal({"entity_type": "ERASURE", **attributes}),
        )

    def tasks(self, user_id: str) -> Iterator[Keys]:
        """The keys of the user's tasks, deleted ones too, in portions for `delete`."""
        pages = self._client.get_paginator("query").paginate(
            TableName=self._table,
            KeyConditionExpression="PK = :pk",
            ExpressionAttributeValues={":pk": {"S": task_items.partition(user_id)}},
            ProjectionExpression=_KEYS_ONLY,
            ConsistentRead=True,
        )
        for page in pages:
            yield from _portions(page["Items"])

    def records(self, user_id: str, part: int) -> Iterator[Keys]:
        """The keys of those of the user's idempotency records that are in one of the table's `PARTS`."""
        pages = self._client.get_paginator("scan").paginate(
            TableName=self._table,
            Segment=part,
            TotalSegments=self.PARTS,
            FilterExpression="begins_with(PK, :prefix)",
            ExpressionAttributeValues={":prefix": {"S": records_prefix(user_id)}},
            ProjectionExpression=_KEYS_ONLY,
            ConsistentRead=True,
        )
        for page in pages:
            yield from _portions(page["Items"])

    def figures(self, user_id: str) -> Keys:
        """The key of the user's published figures."""
        return [insights.key(user_id)]

    def profile(self, user_id: str) -> Keys:
        """The key of the user's profile."""
        return [users.key(user_id)]

    def delete(self, keys: Keys) -> bool:
        """Delete one portion of items, there or not; whether DynamoDB got to all of them."""
        answer = self._client.batch_write_item(
            RequestItems={self._table: [{"DeleteRequest": {"Key": key}} for key in keys]}
        )
        return not answer.get("UnprocessedItems")


def _portions(items: Sequence[Any]) -> Iterator[Keys]:
    for start in range(0, len(items), _BATCH):
        yield [{"PK": item["PK"], "SK": item["SK"]} for item in items[start : start + _BATCH]]


def _key(user_id: str) -> dict[str, Any]:
    return {"PK": {"S": "ERASURE"}, "SK": {"S": user_id}}
