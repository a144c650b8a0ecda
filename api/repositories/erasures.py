"""What an erasure needs of the table: the request, which the lake works off later, and the user's items.

A request is `ERASURE` / `{user_id}`; besides the identifier it holds nothing personal.
"""

import dataclasses
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, cast

from botocore.exceptions import ClientError

from api import contract
from api.models.erasure import Erasure
from api.models.user import User
from api.repositories.dynamodb import VersionConflict, refusals_of
from api.repositories.items import attribute, marshal, unmarshal
from api.repositories.users import user_from_item
from api.webhook_contract import webhook_partition

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

# "A single call to BatchWriteItem can […] comprise as many as 25 item put or delete operations."
# https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchWriteItem.html
_BATCH = 25

Keys = Sequence[dict[str, Any]]


class ErasureRepository:
    """Reads and writes requests to erase, and deletes a user's items in portions."""

    def __init__(self, client: "DynamoDBClient", table: str) -> None:
        self._client = client
        self._table = table

    def find(self, user_id: str) -> tuple[User | None, Erasure | None]:
        """Read the user's profile and the request to erase the user that is on record, as of one instant.

        The lake removes the request when it has erased the user there.

        Raises:
            VersionConflict: a transaction is writing one of them.
        """
        keys = (contract.user_key(user_id), contract.erasure_key(user_id))
        try:
            answer = self._client.transact_get_items(
                TransactItems=[{"Get": {"TableName": self._table, "Key": key.typed()}} for key in keys]
            )
        except ClientError as error:
            if refusals_of(error, len(keys)) is None:
                raise
            raise VersionConflict from error
        profile, erasure = (cast("dict[str, Any] | None", response.get("Item")) for response in answer["Responses"])
        return user_from_item(profile) if profile else None, _erasure(user_id, unmarshal(erasure)) if erasure else None

    def has_returned(self, user_id: str) -> bool:
        """Whether an erased user has written tasks since: there are some, and none is left to be deleted."""
        request = self._client.get_item(
            TableName=self._table, Key=contract.erasure_key(user_id).typed(), ConsistentRead=True
        ).get("Item")
        if request and "deleting_since" in request:
            return False
        answer = self._client.query(
            TableName=self._table,
            KeyConditionExpression="PK = :partition",
            ExpressionAttributeValues={":partition": {"S": contract.task_partition(user_id)}},
            ProjectionExpression="PK",
            ConsistentRead=True,
            Limit=1,
        )
        return bool(answer["Items"])

    def begin(self, erasure: Erasure, profile: User | None) -> None:
        """Write a request and delete the profile, both or neither.

        Args:
            erasure: takes the place of an earlier request.
            profile: what was read; None when there was none.

        Raises:
            VersionConflict: another request wrote the profile first.
        """
        put: Any = {"Put": {"TableName": self._table, "Item": _item(erasure)}}
        gone: Any = {
            "TableName": self._table,
            "Key": contract.user_key(erasure.user_id).typed(),
            "ConditionExpression": "attribute_not_exists(PK)",
        }
        if profile:
            gone["ConditionExpression"] = "version = :read AND created_at = :created_at"
            gone["ExpressionAttributeValues"] = {
                ":read": attribute(profile.version),
                ":created_at": attribute(profile.created_at),
            }
        try:
            self._client.transact_write_items(TransactItems=[put, {"Delete": gone}])
        except ClientError as error:
            if refusals_of(error, 2) is None:
                raise
            raise VersionConflict from error

    def finish(self, erasure: Erasure) -> None:
        """Note that the table holds nothing more of the user, unless a later request has replaced this one."""
        finished = dataclasses.replace(erasure, deleting_since=None)
        try:
            self._client.put_item(
                TableName=self._table,
                Item=_item(finished),
                ConditionExpression="erasure_id = :id",
                ExpressionAttributeValues={":id": attribute(erasure.erasure_id)},
            )
        except ClientError as error:
            if refusals_of(error, 1) is None:
                raise

    def items(self, user_id: str) -> Iterator[Keys]:
        """Find the keys of the user's tasks, deleted ones too, webhooks and their deliveries, and idempotency records.

        They come in portions for `delete`.
        """
        yield from self._partition(contract.task_partition(user_id))
        # before the records: what is still being sent finds no webhook any more
        yield from self._partition(webhook_partition(user_id))
        yield from self._partition(contract.idempotency_partition(user_id))

    def delete_figures(self, user_id: str) -> bool:
        """Delete the user's published figures and counts, there or not; whether DynamoDB did it."""
        return self.delete([contract.insights_key(user_id).typed(), contract.counts_key(user_id).typed()])

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
            ProjectionExpression="PK, SK",
            ConsistentRead=True,
        )
        for page in pages:
            items = page["Items"]
            for start in range(0, len(items), _BATCH):
                yield [{"PK": item["PK"], "SK": item["SK"]} for item in items[start : start + _BATCH]]


def _item(erasure: Erasure) -> dict[str, Any]:
    attributes = dataclasses.asdict(erasure)
    del attributes["user_id"]
    return contract.erasure_key(erasure.user_id).typed() | marshal(
        {"entity_type": contract.EntityType.ERASURE, **attributes}
    )


def _erasure(user_id: str, plain: dict[str, Any]) -> Erasure:
    return Erasure(
        user_id,
        erasure_id=plain["erasure_id"],
        generation=plain["generation"],
        requested_at=plain["requested_at"],
        request_id=plain["request_id"],
        deleting_since=plain.get("deleting_since"),
    )
