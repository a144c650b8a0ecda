"""What the application's table holds, as silver should have it: read consistently, item by item."""

import datetime as dt
import itertools
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from api.contract import ERASURE_PARTITION, TASK_ATTRIBUTES, USER_ATTRIBUTES, Attribute, Key, task_key, user_key
from transforms.reconcile.compare import Row
from transforms.silver.contract import TASKS, USERS

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

ENTITIES = ("TASK", "USER", "ERASURE")
TABLES = {"TASK": "tasks", "USER": "users"}
# https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchGetItem.html
BATCH = 100
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


def get(dynamodb: "DynamoDBClient", table: str, keys: Iterable[Key]) -> Iterator[dict[str, Any]]:
    """The items of these keys that are there; strongly consistent.

    Args:
        dynamodb: the client.
        table: its name.
        keys: of the items, each once.
    """
    remaining = iter(keys)
    while chosen := [key.typed() for key in itertools.islice(remaining, BATCH)]:
        batch: list[Any] = list(chosen)
        while batch:
            answer = dynamodb.batch_get_item(RequestItems={table: {"Keys": batch, "ConsistentRead": True}})
            for item in answer["Responses"].get(table, []):
                yield {name: plain(value) for name, value in item.items()}
            # what a response has no room for, 16 MB, is left
            batch = [dict(key) for left in answer["UnprocessedKeys"].values() for key in left["Keys"]]


def erased_users(dynamodb: "DynamoDBClient", table: str) -> set[str]:
    """The users whose erasure is on its way.

    Args:
        dynamodb: the client.
        table: its name.
    """
    pages = dynamodb.get_paginator("query").paginate(
        TableName=table,
        ConsistentRead=True,
        KeyConditionExpression="PK = :erasure",
        ExpressionAttributeValues={":erasure": {"S": ERASURE_PARTITION}},
    )
    return {str(plain(item["SK"])) for page in pages for item in page["Items"]}


def key_of(name: str, identifier: str, user_id: str) -> Key:
    """The key of the item that a row is made of.

    Args:
        name: of silver's table, `tasks` or `users`.
        identifier: of the task or user.
        user_id: of the task's owner.
    """
    return task_key(user_id, identifier) if name == "tasks" else user_key(identifier)


def row(item: Mapping[str, Any]) -> Row:
    """The row that an item of a task or user should have."""
    return task(item) if item["entity_type"] == "TASK" else user(item)


def identifier(item: Mapping[str, Any]) -> str:
    """The id of a task or user, from the key: an item that lacks other attributes is a difference, not an error."""
    name = "SK" if item["entity_type"] == "TASK" else "PK"
    return str(item[name]).partition("#")[2]


def task(item: Mapping[str, Any]) -> Row:
    """The row of `tasks` that a task's item should have."""
    held = {one.name: _value(one, item) for one in TASK_ATTRIBUTES}
    found = {**held, "task_id": held["id"], "is_deleted": held["deleted_at"] is not None}
    return {name: found[name] for name in TASK_COLUMNS}


def user(item: Mapping[str, Any]) -> Row:
    """The row of `users` that a profile's item should have, but for what silver masks or hashes."""
    held = {one.name: _value(one, item) for one in USER_ATTRIBUTES}
    email = held["email"]
    domain = email.rpartition("@")[2].lower() if email and "@" in email else None
    found = {**held, "email_domain": domain, "is_deleted": False}
    return {name: found[name] for name in USER_COLUMNS}


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
    if descriptor == "L":
        return [plain(one) for one in held]
    if descriptor != "N":
        return held
    return int(held) if held.lstrip("-").isdigit() else held
