"""Requests to erase users, as the API leaves them in the application's table, and what of a user is still there.

A request is the item `ERASURE` / `{user_id}`. While it has `next_part`, the API is still deleting.
"""

import contextlib
import dataclasses
from collections.abc import Iterator
from datetime import datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


@dataclasses.dataclass(frozen=True)
class Erasure:
    """A request to erase a user.

    Args:
        user_id: whom.
        requested_at: when it was asked for.
        request_id: of the request that asked.
    """

    user_id: str
    requested_at: datetime
    request_id: str


@dataclasses.dataclass(frozen=True)
class Erasures:
    """The requests in a table."""

    dynamodb: "DynamoDBClient"
    table: str

    def due(self) -> Iterator[Erasure]:
        """The requests of users whom the API has done with."""
        pages = self.dynamodb.get_paginator("query").paginate(
            TableName=self.table,
            KeyConditionExpression="PK = :pk",
            FilterExpression="attribute_not_exists(next_part)",
            ExpressionAttributeValues={":pk": {"S": "ERASURE"}},
            ConsistentRead=True,
        )
        for page in pages:
            for item in page["Items"]:
                requested_at = datetime.fromisoformat(item["requested_at"]["S"])
                yield Erasure(item["SK"]["S"], requested_at, item["request_id"]["S"])

    def close(self, erasure: Erasure) -> None:
        """Forget a request that is done, unless the user has come back and asked again meanwhile."""
        # another request already: it is worked off in its turn
        with contextlib.suppress(self.dynamodb.exceptions.ConditionalCheckFailedException):
            self.dynamodb.delete_item(
                TableName=self.table,
                Key={"PK": {"S": "ERASURE"}, "SK": {"S": erasure.user_id}},
                ConditionExpression="request_id = :done AND attribute_not_exists(next_part)",
                ExpressionAttributeValues={":done": {"S": erasure.request_id}},
            )

    def alive(self, user_id: str) -> set[tuple[str, str]]:
        """What of a user is in the table: the keys of envelopes' images, each with `created_at`.

        A user who comes back has items again, which nobody asked to erase.
        """
        pages = self.dynamodb.get_paginator("query").paginate(
            TableName=self.table,
            KeyConditionExpression="PK = :pk",
            ExpressionAttributeValues={":pk": {"S": f"TASK#{user_id}"}},
            ProjectionExpression="SK, created_at",
            ConsistentRead=True,
        )
        found = {
            (item["SK"]["S"].removeprefix("TASK#"), item["created_at"]["S"]) for page in pages for item in page["Items"]
        }
        key = {"PK": {"S": f"USER#{user_id}"}, "SK": {"S": "METADATA"}}
        profile = self.dynamodb.get_item(TableName=self.table, Key=key, ConsistentRead=True).get("Item")
        return found | ({(user_id, profile["created_at"]["S"])} if profile else set())
