"""User items: `USER#{id}` / `METADATA`."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from api.models.user import User
from api.repositories.dynamodb import ConditionalPut, RefusedError, commit
from api.repositories.items import attribute, marshal, unmarshal

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


class UserRepository:
    """Profiles in the table."""

    def __init__(self, client: "DynamoDBClient", table: str) -> None:
        self._client = client
        self._table = table

    def find(self, user_id: str) -> User | None:
        """The profile, or None."""
        answer = self._client.get_item(TableName=self._table, Key=_key(user_id), ConsistentRead=True)
        item = answer.get("Item")
        return _user(item) if item else None

    def add(self, user: User, request_id: str) -> User | None:
        """Write a new profile; answers with the one that was there already, then nothing is written."""
        return self._save(ConditionalPut(self._table, _item(user, request_id), "attribute_not_exists(PK)"))

    def replace(self, user: User, *, replaces: int, request_id: str) -> User | None:
        """Write the next version of a profile; answers with the one in the way, if another request was faster."""
        condition, values = "version = :read", {":read": attribute(replaces)}
        return self._save(ConditionalPut(self._table, _item(user, request_id), condition, values))

    def _save(self, put: ConditionalPut) -> User | None:
        try:
            commit(self._client, [put])
        except RefusedError as refused:
            refusal = refused.refusals[0]
            if refusal and refusal.existing:
                return _user(refusal.existing)
            raise
        return None


def _key(user_id: str) -> dict[str, Any]:
    return {"PK": {"S": f"USER#{user_id}"}, "SK": {"S": "METADATA"}}


def _item(user: User, request_id: str) -> dict[str, Any]:
    return _key(user.user_id) | marshal(
        {"entity_type": "USER", **user.model_dump(), "last_request_id": request_id},
    )


def _user(item: Mapping[str, Any]) -> User:
    plain = unmarshal(item)
    return User.model_validate({name: plain[name] for name in User.model_fields if name in plain})
