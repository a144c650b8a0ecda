"""What the application's table holds, as silver should have it: read consistently, item by item."""

import datetime as dt
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from api.contract import TASK_ATTRIBUTES, USER_ATTRIBUTES, Attribute
from transforms.reconcile.compare import Row
from transforms.silver.contract import TASKS, USERS

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

ENTITIES = ("TASK", "USER", "ERASURE")
# every column that follows from an item: not the place of the change in the stream, nor what only silver has of a user
TASK_COLUMNS = tuple(name for name in TASKS.content_names() if name != "sequence_number")
_NOT_IN_A_PROFILE = ("sequence_number", "email_masked", "email_hash", "name_masked")
USER_COLUMNS = tuple(name for name in USERS.content_names() if name not in _NOT_IN_A_PROFILE)


def scan(dynamodb: "DynamoDBClient", table: str) -> Iterator[dict[str, Any]]:
    """The items that silver has rows of, and the erasures that are on their way; strongly consistent.

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
            yield {name: plain(value) for name, value in item.items()}


def identifier(item: Mapping[str, Any]) -> str:
    """The id of a task or user, from the key: an item that lacks other attributes is a difference, not an error."""
    name = "SK" if item["entity_type"] == "TASK" else "PK"
    return str(item[name]).partition("#")[2]


def task(item: Mapping[str, Any]) -> Row:
    """The row of `tasks` that a task's item should have."""
    held = {one.name: _value(one, item) for one in TASK_ATTRIBUTES}
    row = {**held, "task_id": held["id"], "is_deleted": held["deleted_at"] is not None}
    return {name: row[name] for name in TASK_COLUMNS}


def user(item: Mapping[str, Any]) -> Row:
    """The row of `users` that a profile's item should have, but for what silver masks or hashes."""
    held = {one.name: _value(one, item) for one in USER_ATTRIBUTES}
    email = held["email"]
    domain = email.rpartition("@")[2].lower() if email and "@" in email else None
    row = {**held, "email_domain": domain, "is_deleted": False}
    return {name: row[name] for name in USER_COLUMNS}


def _value(attribute: Attribute, item: Mapping[str, Any]) -> Any:
    """An attribute of an item as silver's column of it holds it; None without one, and the text if it is malformed:
    silver rejected the change then, and the comparison says so."""
    held = item.get(attribute.name)
    if held is None or attribute.type not in ("timestamp", "date"):
        return held
    try:
        return instant(held) if attribute.type == "timestamp" else dt.date.fromisoformat(held)
    except (TypeError, ValueError):
        return held


def instant(text: str | None) -> dt.datetime | None:
    """RFC 3339 text as a time in UTC.

    Raises:
        ValueError: it is none.
    """
    return dt.datetime.fromisoformat(text).astimezone(dt.UTC) if text else None


def plain(value: Mapping[str, Any]) -> Any:
    """A value of DynamoDB without its type: None for NULL; a number that is no integer stays text."""
    ((descriptor, held),) = value.items()
    if descriptor == "NULL":
        return None
    if descriptor != "N":
        return held
    return int(held) if held.lstrip("-").isdigit() else held
