"""A user with everything that a user can have, and what is left of one, for tests of erasing."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from api.repositories.items import marshal, unmarshal
from tests.integration.api.client import Client

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

Items = Callable[[str], list[dict[str, Any]]]
Erasures = Callable[[str], dict[str, Any] | None]
USERS, TASKS, WEBHOOKS = "/api/v1/users", "/api/v1/tasks", "/api/v1/webhooks"
WRITES = ("PutItem", "TransactWriteItems", "BatchWriteItem")


def settle(user: Client, dynamodb: "DynamoDBClient", table: str) -> None:
    """Give a user 30 tasks and a deleted one, a webhook with a delivery, counts, records, figures and a profile."""
    operations = [{"op": "create", "task": {"title": str(number)}} for number in range(30)]
    user.send("POST", f"{TASKS}/batch", {"operations": operations}, idempotency_key="b")
    user.send("DELETE", f"{TASKS}/{user.created()['id']}", idempotency_key="d")
    webhook = user.send("POST", WEBHOOKS, {"url": "https://example.com/"}, idempotency_key="w").json()
    user.send("POST", f"{WEBHOOKS}/{webhook['id']}/test", idempotency_key="t")
    for entity in ("INSIGHTS", "COUNTS"):
        item = {"PK": f"{entity}#{user.user_id}", "SK": "METADATA", "user_id": user.user_id, "figures": "{}"}
        dynamodb.put_item(TableName=table, Item=marshal(item))


def read_erasure(dynamodb: "DynamoDBClient", table: str, user_id: str) -> dict[str, Any] | None:
    """A user's request to be erased; None without one."""
    key = {"PK": {"S": "ERASURE"}, "SK": {"S": user_id}}
    item = dynamodb.get_item(TableName=table, Key=key, ConsistentRead=True).get("Item")
    return unmarshal(item) if item else None


def kinds(items: list[dict[str, Any]]) -> set[str]:
    """The entity types of items."""
    return {item["PK"].partition("#")[0] for item in items}
