"""Users who were erased: what a queue or the stream still holds about them is not replayed.

The lake's maintenance records whom it has erased in the application's table, as `ERASED` / SHA-256 of the user's
identifier, with the time; DynamoDB deletes that once no queue can hold a message from before.
"""

import hashlib
import json
from collections.abc import Iterable
from datetime import datetime
from typing import TYPE_CHECKING, Any

from api import contract

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


class Erased:
    """Finds the changes of erased users.

    Args:
        dynamodb: a DynamoDB client.
    """

    def __init__(self, dynamodb: "DynamoDBClient") -> None:
        self._dynamodb = dynamodb

    def drop_erased(self, lines: Iterable[bytes]) -> list[bytes]:
        """Leave out the lines of bronze about something that was erased.

        Whoever was erased may have come back: changes of items that they made later, or have now, are theirs to keep.

        Args:
            lines: envelopes.

        Raises:
            botocore.exceptions.ClientError: the table cannot be read.
        """
        known: dict[tuple[str, str], datetime | None] = {}
        return [line for line in lines if not self._is_of_erased(json.loads(line), known)]

    def _is_of_erased(self, change: dict[str, Any], known: dict[tuple[str, str], datetime | None]) -> bool:
        table, keys = change["table_name"], change["keys"]
        owner = table, keys["PK"].partition("#")[2]
        if owner not in known:
            known[owner] = self._erased_at(*owner)
        erased_at, created_at = known[owner], (change["new_image"] or change["old_image"] or {}).get("created_at")
        if erased_at is None or _is_after(created_at, erased_at):
            return False
        return self._item(table, keys["PK"], keys["SK"]).get("created_at") != {"S": created_at}

    def _erased_at(self, table: str, user_id: str) -> datetime | None:
        found = self._item(table, *contract.erased_key(hashlib.sha256(user_id.encode()).hexdigest()))
        return datetime.fromisoformat(found["erased_at"]["S"]) if found else None

    def _item(self, table: str, partition: str, sort: str) -> dict[str, Any]:
        key: Any = contract.Key(partition, sort).typed()
        found: dict[str, Any] = self._dynamodb.get_item(TableName=table, Key=key, ConsistentRead=True).get("Item") or {}
        return found


def _is_after(created_at: Any, moment: datetime) -> bool:
    try:
        created = datetime.fromisoformat(created_at)
    except (TypeError, ValueError):
        return False
    return created.tzinfo is not None and created > moment
