"""Requests to erase users, as the API leaves them in the application's table, and what of a user is still there.

A request is the item `ERASURE` / `{user_id}`. While it has `deleting_since`, the API is still deleting. Whom the lake
has erased is recorded as `ERASED` / SHA-256 of `{user_id}`, for as long as a failure queue keeps what could bring data
of them back: a replay reads it.
"""

import contextlib
import dataclasses
import hashlib
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from api import contract
from transforms.silver.traces import Item

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

# a queue keeps messages for 14 days, and the stream that they lead to its records for one
ERASED_RETENTION = timedelta(days=16)


@dataclasses.dataclass(frozen=True)
class Erasure:
    """A request to erase a user.

    Args:
        user_id: whom.
        requested_at: when it was asked for.
        erasure_id: made by the server, new for each request.
        request_id: of the HTTP request.
    """

    user_id: str
    requested_at: datetime
    erasure_id: str
    request_id: str


@dataclasses.dataclass(frozen=True)
class Erasures:
    """The requests in a table."""

    dynamodb: "DynamoDBClient"
    table: str

    def list_due(self) -> Iterator[Erasure]:
        """The requests of users whom the API has done with."""
        pages = self.dynamodb.get_paginator("query").paginate(
            TableName=self.table,
            KeyConditionExpression="PK = :pk",
            FilterExpression="attribute_not_exists(deleting_since)",
            ExpressionAttributeValues={":pk": {"S": contract.ERASURE_PARTITION}},
            ConsistentRead=True,
        )
        for page in pages:
            for item in page["Items"]:
                requested_at = datetime.fromisoformat(item["requested_at"]["S"])
                yield Erasure(item["SK"]["S"], requested_at, item["erasure_id"]["S"], item["request_id"]["S"])

    def record_erased(self, user_id: str, erased_at: datetime) -> None:
        """Keep that a user is being erased, by a hash, so that nothing older is replayed.

        Args:
            user_id: whom.
            erased_at: an aware time.
        """
        item = {
            **contract.erased_key(hashlib.sha256(user_id.encode()).hexdigest()).typed(),
            "entity_type": {"S": contract.EntityType.ERASED.value},
            "erased_at": {"S": erased_at.isoformat()},
            contract.TTL_ATTRIBUTE: {"N": str(int((erased_at + ERASED_RETENTION).timestamp()))},
        }
        self.dynamodb.put_item(TableName=self.table, Item=item)

    def close(self, erasure: Erasure) -> None:
        """Forget a request that is done, unless the user has come back and asked again meanwhile."""
        # another request already: it is worked off in its turn
        with contextlib.suppress(self.dynamodb.exceptions.ConditionalCheckFailedException):
            self.dynamodb.delete_item(
                TableName=self.table,
                Key=contract.erasure_key(erasure.user_id).typed(),
                ConditionExpression="erasure_id = :done AND attribute_not_exists(deleting_since)",
                ExpressionAttributeValues={":done": {"S": erasure.erasure_id}},
            )

    def live_items(self, user_id: str) -> set[Item]:
        """What of a user is in the table: the keys of envelopes' images, each with `created_at`.

        A user who comes back has items again, which nobody asked to erase.
        """
        pages = self.dynamodb.get_paginator("query").paginate(
            TableName=self.table,
            KeyConditionExpression="PK = :pk",
            ExpressionAttributeValues={":pk": {"S": contract.task_partition(user_id)}},
            ProjectionExpression="SK, created_at",
            ConsistentRead=True,
        )
        found = {
            (contract.task_id_of(item["SK"]["S"]), item["created_at"]["S"]) for page in pages for item in page["Items"]
        }
        key = contract.user_key(user_id).typed()
        profile = self.dynamodb.get_item(TableName=self.table, Key=key, ConsistentRead=True).get("Item")
        return found | ({(user_id, profile["created_at"]["S"])} if profile else set())
