"""Exports and imports as a client sends them."""

import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from api.contract import task_key
from api.models.transfer import MAX_LINES
from tests.integration.api.client import Client, Reply

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

EXPORT, IMPORT, TASKS = "/api/v1/export", "/api/v1/import", "/api/v1/tasks"
NDJSON = "application/x-ndjson"


def export(client: Client) -> list[dict[str, Any]]:
    """All lines of a client's export."""
    lines: list[dict[str, Any]] = []
    query: dict[str, str] = {}
    while True:
        page = client.send("GET", EXPORT, query=query)
        assert (page.status, page.headers["content-type"]) == (200, NDJSON), page.text
        lines += [json.loads(line) for line in page.text.split("\n")[:-1]]
        link = page.headers.get("link")
        if link is None:
            return lines
        query = {"cursor": link.partition("cursor=")[2].partition(">")[0]}


def send(client: Client, lines: list[Any]) -> Reply:
    text = "".join(f"{line if isinstance(line, str) else json.dumps(line)}\n" for line in lines)
    return client.send("POST", IMPORT, raw=text, content_type=NDJSON)


def import_all(client: Client, lines: list[dict[str, Any]]) -> dict[str, Any]:
    total: dict[str, Any] = {"imported": 0, "unchanged": 0, "skipped": []}
    for start in range(0, len(lines), MAX_LINES):
        reply = send(client, lines[start : start + MAX_LINES])
        assert reply.status == 200, reply.text
        for name, value in reply.json().items():
            total[name] += value
    return total


def answers(client: Client) -> dict[str, Any]:
    """What a client sees of its tasks: lists, trash, entity tags."""
    live = client.send("GET", TASKS, query={"limit": "200"}).json()
    return {
        "live": live,
        "trash": client.send("GET", TASKS, query={"limit": "200", "deleted": "true"}).json(),
        "due": client.send("GET", TASKS, query={"limit": "200", "sort": "due_date"}).json(),
        "updated": client.send("GET", TASKS, query={"limit": "200", "sort": "-updated_at"}).json(),
        "tags": {one["id"]: client.send("GET", f"{TASKS}/{one['id']}").headers["etag"] for one in live},
    }


def tasks(lines: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [line["task"] for line in lines if line["type"] == "task"]


def purged(dynamodb: "DynamoDBClient", table: str, user_id: str) -> Callable[[str], None]:
    """Deletes a task as TTL does 30 days after its owner has."""

    def purge(task_id: str) -> None:
        dynamodb.delete_item(TableName=table, Key=task_key(user_id, task_id).typed())

    return purge
