"""Counts are those of a recount, whatever happened and however it overlapped, and cost what has changed (ADR 0147)."""

import datetime as dt
import random
import uuid
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

from api.models.fields import moment, timestamp
from api.models.task import MAX_KEPT
from tests.integration.api.client import Client, Reply

if TYPE_CHECKING:
    from fastapi import FastAPI
    from mypy_boto3_dynamodb import DynamoDBClient

pytestmark = pytest.mark.account

Items = Callable[[str], list[dict[str, Any]]]
TASKS = "/api/v1/tasks"
STATUSES = ("pending", "in_progress", "completed", "cancelled")
PRIORITIES = ("urgent", "high", "medium", "low")
CATEGORIES = (None, "home", "Home", "work", "🌱")
LATEST_COMMIT = dt.timedelta(seconds=30)


class Clock:
    """The time of the application's processes, which the test moves on."""

    def __init__(self) -> None:
        self.now = dt.datetime(2026, 11, 1, 8, tzinfo=dt.UTC)
        self.behind = dt.timedelta(0)

    def __call__(self) -> dt.datetime:
        return self.now - self.behind


@pytest.fixture
def clock(app: "FastAPI", monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock()
    services = app.state.services
    for service in (services.tasks, services.batches, services.counts, services.erasure, services.users):
        monkeypatch.setattr(service, "_now", made)
    return made


def counts(client: Client) -> dict[str, Any]:
    reply = client.send("GET", f"{TASKS}/counts")
    assert reply.status == 200, reply.text
    found: dict[str, Any] = reply.json()
    return found


def recount(tasks: list[dict[str, Any]]) -> dict[str, Any]:
    """The counts of tasks, one by one."""

    def both(name: str, value: str | None) -> dict[str, Any]:
        among = [task for task in tasks if task[name] == value]
        return {name: value, "total": len(among), "open": sum(task["status"] in STATUSES[:2] for task in among)}

    categories = [both("category", one) for one in {task["category"] for task in tasks}]
    return {
        "total": len(tasks),
        "open": sum(task["status"] in STATUSES[:2] for task in tasks),
        "by_status": {status: sum(task["status"] == status for task in tasks) for status in STATUSES},
        "by_priority": [both("priority", priority) for priority in PRIORITIES],
        "by_category": sorted(
            categories, key=lambda one: (-one["total"], one["category"] is None, one["category"] or "")
        ),
        "other_categories": {"categories": 0, "total": 0, "open": 0},
    }


def live(items: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The live tasks among a user's items."""
    tasks = [item for item in items if item["PK"].startswith("TASK#") and "deleted_at" not in item]
    return [{"category": None, **task} for task in tasks]


def kept_snapshots(items: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [item for item in items if item["PK"].startswith("COUNTS#")]


class Life:
    """A user who does this and that, with writes that commit late, retries, and tasks that TTL purges."""

    def __init__(self, client: Client, clock: Clock, chance: random.Random) -> None:
        self.client, self.clock, self.chance = client, clock, chance
        self.live: list[str] = []
        self.deleted: list[str] = []

    def fields(self) -> dict[str, Any]:
        values = {"status": STATUSES, "priority": PRIORITIES, "category": CATEGORIES}
        given = {name: self.chance.choice(among) for name, among in values.items() if self.chance.random() < 0.5}
        return given or {"title": uuid.uuid4().hex}

    def act(self) -> None:
        """Do one thing; a write's own time may be half a minute before it becomes visible."""
        self.clock.behind = self.chance.random() * LATEST_COMMIT
        deeds = (self.create, self.create, self.change, self.change, self.delete, self.restore, self.batch)
        self.chance.choice(deeds)()
        self.clock.behind = dt.timedelta(0)

    def create(self) -> None:
        body, key = {"title": "a task", **self.fields()}, uuid.uuid4().hex
        for _ in range(self.chance.choice((1, 1, 2))):  # the second is a retry
            reply = self.client.send("POST", TASKS, body, idempotency_key=key)
            assert reply.status == 201, reply.text
        self.live.append(reply.json()["id"])

    def change(self) -> None:
        if self.live:
            self.send("PATCH", f"{TASKS}/{self.chance.choice(self.live)}", self.fields())

    def delete(self) -> None:
        if self.live:
            self.deleted.append(self.live.pop(self.chance.randrange(len(self.live))))
            self.send("DELETE", f"{TASKS}/{self.deleted[-1]}")

    def restore(self) -> None:
        if self.deleted:
            self.live.append(self.deleted.pop(self.chance.randrange(len(self.deleted))))
            self.send("POST", f"{TASKS}/{self.live[-1]}/restore")

    def batch(self) -> None:
        operations: list[dict[str, Any]] = [{"op": "create", "task": {"title": "b", **self.fields()}}]
        operations += [{"op": "update", "id": one, "task": self.fields()} for one in self.live[:2]]
        reply = self.send("POST", f"{TASKS}/batch", {"operations": operations})
        self.live.append(reply.json()["results"][0]["task"]["id"])

    def send(self, method: str, path: str, body: Any = None) -> Reply:
        reply = self.client.send(method, path, body, idempotency_key=uuid.uuid4().hex)
        assert reply.status < 300, reply.text
        return reply

    def purge(self, dynamodb: "DynamoDBClient", table: str, items: list[dict[str, Any]]) -> None:
        """Delete what TTL would."""
        for item in items:
            if item.get("expiration_timestamp", 1e12) < self.clock().timestamp():
                dynamodb.delete_item(TableName=table, Key={name: {"S": item[name]} for name in ("PK", "SK")})
                if item["PK"].startswith("TASK#"):
                    self.deleted.remove(item["id"])


STEPS = (
    dt.timedelta(seconds=1),
    dt.timedelta(seconds=20),
    dt.timedelta(minutes=10),
    dt.timedelta(days=2),
    dt.timedelta(days=9),
)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_counts_are_those_of_a_recount(
    alice: Client, clock: Clock, items_of: Items, dynamodb: "DynamoDBClient", table: str, seed: int
) -> None:
    chance = random.Random(seed)
    life = Life(alice, clock, chance)
    kept: set[str] = set()
    for _ in range(60):
        for _ in range(chance.randrange(5)):
            life.act()
            clock.now += chance.choices(STEPS[:2], (3, 1))[0]
        clock.now += chance.choices(STEPS, (40, 20, 20, 10, 2))[0]
        items = items_of(alice.user_id)
        life.purge(dynamodb, table, items)
        assert counts(alice) == recount(live(items))
        kept |= {item["snapshot_at"] for item in kept_snapshots(items)}
    assert len(kept) >= 5  # several were made, and used


def test_a_further_count_reads_what_changed_and_a_create_stays_one_call(
    alice: Client, clock: Clock, calls: list[str], items_of: Items, app: "FastAPI"
) -> None:
    for number in range(30):
        alice.created(category=str(number % 3))
    assert kept_snapshots(items_of(alice.user_id)) == []  # who asks for no counts has none
    clock.now += dt.timedelta(minutes=5)
    assert counts(alice)["total"] == 30
    calls.clear()
    alice.created(category="1")
    assert calls == ["TransactWriteItems"]
    read: list[int] = []

    def note(parsed: dict[str, Any], **_: Any) -> None:
        read.append(parsed["Count"])

    app.state.dynamodb.meta.events.register("after-call.dynamodb.Query", note)
    calls.clear()
    assert counts(alice)["total"] == 31
    assert (calls, read) == (["GetItem", "Query", "Query"], [1, 0])


def test_many_changes_make_a_later_snapshot_and_many_of_one_task_a_recount(
    alice: Client, clock: Clock, items_of: Items
) -> None:
    path = f"{TASKS}/{alice.created()['id']}"
    clock.now += dt.timedelta(minutes=5)
    counts(alice)
    for number in range(MAX_KEPT + 2):
        alice.send("PUT", path, {"status": STATUSES[number % 2 + 1]})
        clock.now += dt.timedelta(minutes=1)
    (first,) = kept_snapshots(items_of(alice.user_id))
    assert counts(alice) == recount(live(items_of(alice.user_id)))
    (second,) = kept_snapshots(items_of(alice.user_id))
    assert second["counted_at"] == second["snapshot_at"] > first["snapshot_at"]
    operations = [{"op": "create", "task": {"title": str(number)}} for number in range(50)]
    for _ in range(3):
        alice.send("POST", f"{TASKS}/batch", {"operations": operations}, idempotency_key=uuid.uuid4().hex)
    clock.now += dt.timedelta(minutes=5)
    assert counts(alice)["total"] == 151
    (third,) = kept_snapshots(items_of(alice.user_id))
    assert third["snapshot_at"] > second["snapshot_at"]
    assert third["counted_at"] == second["counted_at"]
    assert third["expiration_timestamp"] == int((moment(third["snapshot_at"]) + dt.timedelta(days=7)).timestamp())
    assert third["snapshot_at"] == timestamp(clock() - dt.timedelta(seconds=60))


def test_the_largest_categories_are_listed_and_the_others_summed(alice: Client) -> None:
    operations = [{"op": "create", "task": {"title": "x", "category": f"c{number:03}"}} for number in range(110)]
    for start in (0, 50, 100):
        part = operations[start : start + 50]
        alice.send("POST", f"{TASKS}/batch", {"operations": part}, idempotency_key=f"b{start}")
    alice.created(category="c109", status="completed")
    found = counts(alice)
    assert [one["category"] for one in found["by_category"]] == ["c109", *(f"c{number:03}" for number in range(99))]
    assert found["by_category"][0] == {"category": "c109", "total": 2, "open": 1}
    assert found["other_categories"] == {"categories": 10, "total": 10, "open": 10}


def test_an_erased_user_who_comes_back_counts_from_nothing(
    alice: Client, bob: Client, clock: Clock, items_of: Items, app: "FastAPI"
) -> None:
    bob.created(category="bob's")
    alice.created(category="secret")
    clock.now += dt.timedelta(minutes=5)
    assert counts(alice)["total"] == 1
    assert kept_snapshots(items_of(alice.user_id)) != []
    assert alice.send("DELETE", "/api/v1/users").status == 204
    assert items_of(alice.user_id) == []
    assert counts(alice)["total"] == 0
    assert items_of(alice.user_id) == []
    alice.created(category="new")
    clock.now += dt.timedelta(minutes=5)
    assert [one["category"] for one in counts(alice)["by_category"]] == ["new"]
    # one that was read before an erasure is kept no more after it
    repository = app.state.services.counts._counts
    before = repository.find(alice.user_id)
    alice.send("DELETE", "/api/v1/users")
    alice.created(category="third life")
    repository.save(alice.user_id, before, int(clock().timestamp()) + 1000)
    assert kept_snapshots(items_of(alice.user_id)) == []
    assert [one["category"] for one in counts(bob)["by_category"]] == ["bob's"]


def test_imported_tasks_count_at_once(alice: Client, bob: Client, clock: Clock) -> None:
    bob.created(category="old", due_at="2026-12-01T09:00:00+14:00")
    exported = bob.send("GET", "/api/v1/export").text
    alice.created(category="new")
    clock.now += dt.timedelta(days=1)
    assert counts(alice)["total"] == 1
    imported = alice.send("POST", "/api/v1/import", raw=exported, content_type="application/x-ndjson")
    assert (imported.status, counts(alice)["total"]) == (200, 2), imported.text
    clock.now += dt.timedelta(minutes=5)
    assert [counts(alice)["total"] for _ in range(2)] == [2, 2]


def test_no_other_method_is_possible(alice: Client) -> None:
    reply = alice.send("DELETE", f"{TASKS}/counts")
    assert (reply.status, reply.headers["allow"]) == (405, "GET, HEAD")
