"""What the application's table holds, as silver should tell of it: read consistently, item by item."""

import datetime as dt
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from transforms.reconcile.compare import Row

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

ENTITIES = ("TASK", "USER", "ERASURE")


def scan(dynamodb: "DynamoDBClient", table: str) -> Iterator[dict[str, Any]]:
    """The items that silver tells of, and the erasures that are on their way; strongly consistent.

    Args:
        dynamodb: the client.
        table: its name.
    """
    names = {f":e{number}": {"S": name} for number, name in enumerate(ENTITIES)}
    pages = dynamodb.get_paginator("scan").paginate(
        TableName=table,
        ConsistentRead=True,
        FilterExpression=f"entity_type IN ({', '.join(names)})",
        ExpressionAttributeValues=names,
    )
    for page in pages:
        for item in page["Items"]:
            yield {name: _plain(value) for name, value in item.items()}


def task(item: Mapping[str, Any]) -> Row:
    """The row of `tasks` that a task's item should have."""
    return {
        "task_id": item["id"],
        "user_id": item["user_id"],
        "title": item["title"],
        "status": item["status"],
        "priority": item["priority"],
        "category": item.get("category"),
        "due_date": dt.date.fromisoformat(item["due_date"]) if item.get("due_date") else None,
        "created_at": instant(item["created_at"]),
        "updated_at": instant(item["updated_at"]),
        "completed_at": instant(item.get("completed_at")),
        "deleted_at": instant(item.get("deleted_at")),
        "is_deleted": bool(item.get("deleted_at")),
        "version": item["version"],
    }


def user(item: Mapping[str, Any]) -> Row:
    """The row of `users` that a profile's item should have, but for what silver masks or hashes."""
    email = item.get("email")
    return {
        "user_id": item["user_id"],
        "email_domain": email.rpartition("@")[2].lower() if email and "@" in email else None,
        "created_at": instant(item["created_at"]),
        "updated_at": instant(item["updated_at"]),
        "is_deleted": False,
        "version": item["version"],
    }


def instant(text: str | None) -> dt.datetime | None:
    """RFC 3339 text as a time in UTC."""
    return dt.datetime.fromisoformat(text).astimezone(dt.UTC) if text else None


def _plain(value: Mapping[str, Any]) -> Any:
    ((descriptor, held),) = value.items()
    return int(held) if descriptor == "N" else held
