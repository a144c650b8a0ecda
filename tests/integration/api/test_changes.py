"""Delta synchronization, from a client's point of view."""

import base64
import concurrent.futures
import datetime as dt
import functools
import random
import uuid
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from fastapi import FastAPI

from tests.integration.api.client import Client, in_own_loop

pytestmark = pytest.mark.account

TASKS = "/api/v1/tasks"
CHANGES = f"{TASKS}/changes"


class Replica:
    """What a client keeps: of each task the highest version that it has received."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._next: str | None = None
        self.tasks: dict[str, dict[str, Any]] = {}
        self.received: list[tuple[str, int]] = []

    def page(self, limit: int = 200) -> bool:
        """Take one page in; whether there are more."""
        query = {"limit": limit} | ({"since": self._next} if self._next else {})
        reply = self._client.send("GET", CHANGES, query=query)
        assert reply.status == 200, reply.text
        answer = reply.json()
        assert answer.keys() == {"changes", "next", "has_more"}
        for change in answer["changes"]:
            self.received.append((change["id"], change["version"]))
            if change["version"] > self.tasks.get(change["id"], {"version": 0})["version"]:
                self.tasks[change["id"]] = change
        self._next = answer["next"]
        more: bool = answer["has_more"]
        return more

    def run(self, limit: int = 200) -> list[tuple[str, int]]:
        """Take pages in until there are no more; what was received."""
        self.received.clear()
        while self.page(limit):
            pass
        return self.received.copy()

    def live(self) -> list[dict[str, Any]]:
        """The tasks that are not deleted, newest first."""
        tasks = [task for task in self.tasks.values() if not task.get("deleted")]
        return sorted(tasks, key=lambda task: str(task["id"]), reverse=True)


@pytest.fixture
def replica(alice: Client) -> Replica:
    return Replica(alice)


def test_without_a_token_everything_is_a_change_and_then_nothing_is(alice: Client, replica: Replica) -> None:
    assert replica.run() == []
    made = [alice.created(str(number)) for number in range(3)]
    assert replica.run() == [(task["id"], 1) for task in made]
    assert replica.live() == alice.send("GET", TASKS).json()
    assert replica.run() == []


def test_updates_deletions_and_restores_are_delivered_in_order(alice: Client, replica: Replica) -> None:
    first, second = alice.created("first"), alice.created("second")
    replica.run()
    alice.send("PUT", f"{TASKS}/{first['id']}", {"title": "changed"})
    alice.send("DELETE", f"{TASKS}/{second['id']}")
    assert replica.run() == [(first["id"], 2), (second["id"], 2)]
    assert replica.tasks[second["id"]] == {"id": second["id"], "deleted": True, "version": 2}
    alice.send("POST", f"{TASKS}/{second['id']}/restore", idempotency_key="r")
    assert replica.run() == [(second["id"], 3)]
    assert replica.live() == alice.send("GET", TASKS).json()


def test_pages_tell_each_change_once(alice: Client, replica: Replica) -> None:
    made = [alice.created(str(number)) for number in range(5)]
    assert replica.run(limit=2) == [(task["id"], 1) for task in made]
    alice.send("PUT", f"{TASKS}/{made[0]['id']}", {"title": "x"})
    assert replica.run(limit=2) == [(made[0]["id"], 2)]


def test_a_page_costs_three_calls(alice: Client, replica: Replica, calls: list[str]) -> None:
    alice.created()
    for _ in range(2):
        calls.clear()
        replica.page()
        # whether there was an erasure; what was created; what was changed
        assert calls == ["TransactGetItems", "Query", "Query"]


def test_a_change_that_becomes_visible_after_a_later_one_is_delivered(
    alice: Client, replica: Replica, app: FastAPI
) -> None:
    task = alice.created("slow")
    replica.run()
    held: list[str] = []

    def overtake(**_: Any) -> None:
        # the slow writer has given its change a time but not committed it, when another commits and a client reads
        if not held:
            held.append("once")
            with concurrent.futures.ThreadPoolExecutor() as pool:
                fast = pool.submit(in_own_loop, lambda: alice.create("fast")).result().json()
                received = pool.submit(in_own_loop, replica.run).result()
            assert received == [(fast["id"], 1)]
            held.append(fast["updated_at"])

    app.state.dynamodb.meta.events.register("before-call.dynamodb.PutItem", overtake)
    slow = alice.send("PUT", f"{TASKS}/{task['id']}", {"title": "slower"}).json()
    assert slow["updated_at"] < held[1]
    assert replica.run() == [(slow["id"], 2)]


def test_nothing_is_lost_to_concurrent_writers(alice: Client, replica: Replica) -> None:
    def write(seed: int) -> None:
        chance = random.Random(seed)
        mine: list[str] = []
        for number in range(12):
            action = chance.choice(["create", "update", "delete"]) if mine else "create"
            if action == "create":
                mine.append(alice.create(f"{seed}-{number}", key=uuid.uuid4().hex).json()["id"])
            elif action == "update":
                alice.send("PUT", f"{TASKS}/{chance.choice(mine)}", {"title": f"changed {number}"})
            else:
                alice.send("DELETE", f"{TASKS}/{mine.pop()}")

    with concurrent.futures.ThreadPoolExecutor(5) as pool:
        writers = [pool.submit(in_own_loop, functools.partial(write, seed)) for seed in range(4)]
        while any(not writer.done() for writer in writers):
            replica.page(limit=7)
        for writer in writers:
            writer.result()
    replica.run()
    assert replica.live() == alice.send("GET", TASKS, query={"limit": 200}).json()
    assert len(replica.tasks) > len(replica.live()) > 0


def test_a_token_is_good_for_its_user_only(alice: Client, bob: Client) -> None:
    alice.created()
    token = alice.send("GET", CHANGES).json()["next"]
    raw = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4))
    cursor = alice.send("GET", TASKS, query={"limit": 1})
    for client, since in (
        (bob, token),
        (alice, token[:-3]),
        (alice, base64.urlsafe_b64encode(bytes(16) + raw[16:]).decode().rstrip("=")),
        (alice, ""),
        (alice, "é"),
        (alice, cursor.headers.get("link", "x")),
    ):
        reply = client.send("GET", CHANGES, query={"since": since})
        assert (reply.status, reply.problem_type, reply.fields) == (400, "cursor-invalid", {"since"})


@pytest.fixture
def clock(app: FastAPI) -> Iterator[Callable[[dt.timedelta], None]]:
    """Moves the change feed's clock."""
    now = app.state.services.changes._now

    def move(by: dt.timedelta) -> None:
        app.state.services.changes._now = lambda: now() + by

    yield move
    app.state.services.changes._now = now


def test_a_token_that_may_have_missed_a_purge_is_refused(alice: Client, clock: Callable[[dt.timedelta], None]) -> None:
    token = alice.send("GET", CHANGES).json()["next"]
    clock(dt.timedelta(days=28, hours=23))
    assert alice.send("GET", CHANGES, query={"since": token}).status == 200
    clock(dt.timedelta(days=29, minutes=1))
    reply = alice.send("GET", CHANGES, query={"since": token})
    assert (reply.status, reply.problem_type, reply.fields) == (410, "sync-token-expired", {"since"})


def test_a_run_carries_its_token_s_age_from_page_to_page(alice: Client, clock: Callable[[dt.timedelta], None]) -> None:
    for number in range(3):
        alice.created(str(number))
    token = alice.send("GET", CHANGES, query={"limit": 1}).json()["next"]
    clock(dt.timedelta(days=20))
    token = alice.send("GET", CHANGES, query={"limit": 1, "since": token}).json()["next"]
    clock(dt.timedelta(days=40))
    assert alice.send("GET", CHANGES, query={"limit": 1, "since": token}).status == 410


@pytest.mark.parametrize("query", [{"limit": 0}, {"limit": 201}, {"limit": "x"}, {"from": "x"}, {"since": "x" * 4097}])
def test_a_bad_parameter_is_named(alice: Client, query: dict[str, Any]) -> None:
    reply = alice.send("GET", CHANGES, query=query)
    assert (reply.status, reply.problem_type, reply.fields) == (422, "validation-failed", {*query})
