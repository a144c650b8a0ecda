"""The demo's past: twelve weeks of users and tasks, imported into the table as a migration would import them.

Every version of every task is one write of an item, in the order of time, as the API would have written it then. Each
item carries `imported_at`: change capture then takes the time of the change from the item (ADR 0082). All else is the
same way that every change goes: stream, capture, bronze, silver, gold.
"""

import dataclasses
import datetime as dt
import random
import uuid
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import boto3
from ulid import ULID

from api.contract import IMPORTED_AT, PRIORITIES, EntityType, Status, user_key
from api.models.fields import timestamp
from api.models.task import StoredTask, Task
from api.repositories import task_items
from api.repositories.items import marshal
from infra.local.demo.traffic import CATEGORIES, TITLES

DAYS = 84
IMPORTED_USERS = 9
BATCH = 25  # https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchWriteItem.html
RESTORABLE = dt.timedelta(days=30)
STREAK_DAYS = 9
HOURS = range(7, 22)


@dataclasses.dataclass(frozen=True)
class Person:
    """Whose past it is.

    Args:
        user_id: of the profile.
        email: of the profile.
        name: of the profile.
        weeks_ago: when they signed up.
        activity: the chance that a day of theirs has a new task.
    """

    user_id: str
    email: str
    name: str
    weeks_ago: int
    activity: float


def people(demo_users: Iterable[tuple[str, str]]) -> list[Person]:
    """The demo's users, who sign in, and others, who signed up week after week and whose interest differs.

    Args:
        demo_users: user id and e-mail address.
    """
    known = [
        Person(user_id, email, f"Demo user {number}", 15 - 3 * number, 0.7)
        for number, (user_id, email) in enumerate(demo_users, 1)
    ]
    imported = [
        Person(str(uuid.uuid5(uuid.NAMESPACE_DNS, email)), email, f"Person {number}", 12 - number, activity)
        for number, activity in enumerate((0.8, 0.2, 0.6, 0.3, 0.5, 0.15, 0.7, 0.4, 0.6)[:IMPORTED_USERS], 1)
        for email in [f"person-{number}@example.com"]
    ]
    return known + imported


def import_history(
    table: str, persons: Iterable[Person], now: dt.datetime, progress: Callable[[int], None] = lambda _: None
) -> int:
    """Write the past of everybody who has no profile yet, and return how many versions of items that were.

    Args:
        table: the application's table.
        persons: as `people` gives them.
        now: the instant of the import; nothing is dated later than an hour before.
        progress: is given the number of items written so far, after each batch.

    Raises:
        botocore.exceptions.ClientError: DynamoDB refused a write.
    """
    dynamodb = boto3.client("dynamodb")
    newcomers = [person for person in persons if not _has_profile(dynamodb, table, person.user_id)]
    marker = {IMPORTED_AT: {"S": timestamp(now)}}
    versions = sorted((version for person in newcomers for version in _life(person, now)), key=lambda one: one[0])
    written = 0
    for batch in _batches([{**item, **marker} for _, item in versions]):
        requests: Any = {table: [{"PutRequest": {"Item": item}} for item in batch]}
        while requests:
            requests = dynamodb.batch_write_item(RequestItems=requests).get("UnprocessedItems")
        written += len(batch)
        progress(written)
    return written


def _has_profile(dynamodb: Any, table: str, user_id: str) -> bool:
    return "Item" in dynamodb.get_item(TableName=table, Key=user_key(user_id).typed(), ConsistentRead=True)


def _batches(items: Iterable[dict[str, Any]]) -> Iterator[list[dict[str, Any]]]:
    """Batches in order; two versions of one item are never in the same one, which DynamoDB would refuse."""
    batch: dict[tuple[str, str], dict[str, Any]] = {}
    for item in items:
        key = item["PK"]["S"], item["SK"]["S"]
        if key in batch or len(batch) == BATCH:
            yield list(batch.values())
            batch = {}
        batch[key] = item
    if batch:
        yield list(batch.values())


def _life(person: Person, now: dt.datetime) -> Iterator[tuple[dt.datetime, dict[str, Any]]]:
    chance = random.Random(person.user_id)  # noqa: S311 - not a secret
    latest = now - dt.timedelta(hours=1)
    joined = (now - dt.timedelta(weeks=person.weeks_ago)).replace(hour=HOURS[0], minute=0, second=0, microsecond=0)
    yield joined, _profile(person, joined)
    for day in range((latest - joined).days + 1):
        morning = joined + dt.timedelta(days=day)
        # the last days without a gap, so that there is a streak to see
        recent = latest - morning < dt.timedelta(days=STREAK_DAYS)
        for _ in range(chance.choice((1, 2)) if recent or chance.random() < person.activity else 0):
            yield from _task(person.user_id, morning, chance, latest, finish=recent)


def _profile(person: Person, joined: dt.datetime) -> dict[str, Any]:
    at = timestamp(joined)
    attributes: dict[str, str | int | bytes | None] = {
        "entity_type": EntityType.USER.value,
        "user_id": person.user_id,
        "email": person.email,
        "name": person.name,
        "created_at": at,
        "updated_at": at,
        "version": 1,
        "last_request_id": "import",
    }
    return {**user_key(person.user_id).typed(), **marshal(attributes)}


def _task(
    user_id: str, morning: dt.datetime, chance: random.Random, latest: dt.datetime, finish: bool
) -> Iterator[tuple[dt.datetime, dict[str, Any]]]:
    created = morning + dt.timedelta(minutes=chance.randrange(60 * len(HOURS)), microseconds=chance.randrange(10**6))
    if created > latest:
        return
    task = Task(
        id=str(ULID.from_datetime(created)),
        title=chance.choice(TITLES),
        status=Status.PENDING,
        priority=chance.choice(PRIORITIES),
        category=chance.choice(CATEGORIES),
        due_date=(created + dt.timedelta(days=chance.randrange(1, 15))).date() if chance.random() < 0.7 else None,
        created_at=timestamp(created),
        updated_at=timestamp(created),
        version=1,
    )
    yield created, task_items.item(StoredTask(user_id, task, "import"))
    at = created
    for status, hours in _plan(chance, finish):
        at += dt.timedelta(hours=hours, minutes=chance.randrange(60))
        if at > latest:
            return
        done = timestamp(at) if status is Status.COMPLETED else None
        changes = {"status": status, "completed_at": done, "updated_at": timestamp(at), "version": task.version + 1}
        task = task.model_copy(update=changes)
        yield at, task_items.item(StoredTask(user_id, task, "import"))
    at += dt.timedelta(hours=chance.randrange(1, 48))
    # a task that was deleted earlier has been purged by now
    if chance.random() < 0.1 and latest - RESTORABLE + dt.timedelta(days=5) < at < latest:
        task = task.model_copy(update={"updated_at": timestamp(at), "version": task.version + 1})
        purge = int((at + RESTORABLE).timestamp())
        yield at, task_items.item(StoredTask(user_id, task, "import", timestamp(at), purge))


def _plan(chance: random.Random, finish: bool) -> Iterator[tuple[Status, float]]:
    """What becomes of a task, each with the hours since the state before."""
    if finish:
        yield from ((Status.IN_PROGRESS, chance.uniform(0, 1)), (Status.COMPLETED, chance.uniform(0, 2)))
        return
    if chance.random() < 0.15:
        return
    yield Status.IN_PROGRESS, chance.uniform(1, 30)
    if chance.random() < 0.1:
        yield Status.CANCELLED, chance.uniform(1, 60)
        return
    if chance.random() < 0.15:
        return
    yield Status.COMPLETED, chance.expovariate(1 / 40)
    if chance.random() < 0.08:
        yield from ((Status.IN_PROGRESS, chance.uniform(2, 40)), (Status.COMPLETED, chance.uniform(1, 40)))
