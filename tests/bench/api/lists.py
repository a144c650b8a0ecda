"""What a page of a list costs a user with 5,000 tasks of which 4,500 are deleted: calls, and read units by size.

A strongly consistent read costs a unit per 4 KB that a query has looked at, filtered out or not
(https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/read-write-operations.html).
"""

import datetime as dt
import math
import sys
import uuid
from typing import Any

from ulid import ULID

from api.contract import Priority, Status
from api.models.fields import timestamp
from api.models.task import StoredTask, Task
from api.repositories import task_items
from api.settings import Settings
from tests.bench.api.observed import handler_of
from tests.bench.api.units import size
from tests.integration.api.client import Client

TASKS = "/api/v1/tasks"
LIVE, DELETED = 500, 4500
READ_UNIT = 4096
START = dt.datetime(2026, 11, 1, tzinfo=dt.UTC)
# the live tasks are the oldest, so that reading newest first would meet all the deleted ones before them
PAGES: dict[str, dict[str, Any]] = {
    "first page": {},
    "page with a selective filter": {"category": "rare"},
    "page with a filter that nothing matches": {"q": "no such text"},
}


def costs(settings: Settings) -> dict[str, dict[str, int]]:
    """Calls and read units of each page."""
    user_id = str(uuid.uuid4())
    handler, dynamodb = handler_of(settings)
    _seed(dynamodb, settings.table_name, user_id)
    user = Client(handler, {"sub": user_id, "token_use": "access"})
    user.send("GET", f"{TASKS}/{'0' * 26}")
    found = {name: _cost(dynamodb, user, query) for name, query in PAGES.items()}
    for name, cost in found.items():
        print(f"{name}: {cost['calls']} calls, {cost['read_units']} read units", file=sys.stderr)
    return found


def _cost(dynamodb: Any, user: Client, query: dict[str, Any]) -> dict[str, int]:
    scanned: list[int] = []

    def note(parsed: dict[str, Any], **_: Any) -> None:
        scanned.append(parsed["ScannedCount"])

    dynamodb.meta.events.register("after-call.dynamodb.Query", note)
    assert user.send("GET", TASKS, query=query).status == 200
    dynamodb.meta.events.unregister("after-call.dynamodb.Query", note)
    bytes_each = size(task_items.item(stored_task(user.user_id, 0)))
    return {
        "calls": len(scanned),
        "read_units": sum(math.ceil(count * bytes_each / READ_UNIT) for count in scanned),
    }


def _seed(dynamodb: Any, table: str, user_id: str) -> None:
    items = [task_items.item(stored_task(user_id, number)) for number in range(LIVE + DELETED)]
    for start in range(0, len(items), 25):
        requests = [{"PutRequest": {"Item": item}} for item in items[start : start + 25]]
        dynamodb.batch_write_item(RequestItems={table: requests})


def stored_task(user_id: str, number: int) -> StoredTask:
    """The task of a number: live below `LIVE`, deleted from there on."""
    at = START + dt.timedelta(seconds=number)
    deleted = number >= LIVE
    task = Task(
        id=str(ULID.from_datetime(at)),
        title=f"task {number}",
        description="The fern needs more than the cactus.",
        status=Status.PENDING,
        priority=Priority.MEDIUM,
        category="rare" if number == 1 else "home",
        created_at=timestamp(at),
        updated_at=timestamp(at),
        version=2 if deleted else 1,
    )
    if not deleted:
        return StoredTask(user_id, task, "bench")
    return StoredTask(user_id, task, "bench", timestamp(at), int((at + dt.timedelta(days=30)).timestamp()))
