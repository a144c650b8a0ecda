"""Recurring tasks: completing one creates the next in the same transaction, exactly once, whatever else happens."""

import concurrent.futures
import datetime as dt
import functools
import random
import threading
from collections.abc import Callable
from typing import Any

import pytest
from dateutil.rrule import rrulestr  # type: ignore[import-untyped]

from tests.integration.api.client import Client, Reply, in_own_loop

pytestmark = pytest.mark.account

TASKS = "/api/v1/tasks"
Items = Callable[[str], list[dict[str, Any]]]


def path(task: dict[str, Any]) -> str:
    return f"{TASKS}/{task['id']}"


def complete(client: Client, task: dict[str, Any], key: str | None = None) -> dict[str, Any]:
    also = {"idempotency-key": key} if key else None
    reply = client.send("PATCH", path(task), {"status": "completed"}, also=also)
    assert reply.status == 200, reply.text
    done: dict[str, Any] = reply.json()
    return done


def successors(client: Client, task: dict[str, Any]) -> list[dict[str, Any]]:
    every: list[dict[str, Any]] = []
    for deleted in ("false", "true"):
        every += client.send("GET", TASKS, query={"limit": "200", "deleted": deleted}).json()
    return [one for one in every if one["previous_id"] == task["id"]]


def test_completing_creates_the_next_task_with_what_its_owner_wrote(alice: Client, calls: list[str]) -> None:
    parent = alice.created()
    written = {
        "description": "The fern, too.",
        "priority": "high",
        "category": "home",
        "labels": ["watering"],
        "parent_id": parent["id"],
    }
    task = alice.created("Water", **written, due_date="2027-01-29", recurrence="FREQ=WEEKLY;BYDAY=TU,FR;COUNT=3")
    calls.clear()
    done = complete(alice, task, key="k")
    assert calls == ["TransactGetItems", "TransactWriteItems"]
    (created,) = successors(alice, task)
    assert done["next_id"] == created["id"]
    assert (done["status"], done["version"], done["previous_id"]) == ("completed", 2, None)
    expected = {
        **{name: task[name] for name in ("title", *written)},
        "status": "pending",
        "due_date": "2027-02-02",
        "recurrence": "FREQ=WEEKLY;BYDAY=TU,FR;COUNT=2",
        "previous_id": task["id"],
        "next_id": None,
        "completed_at": None,
        "version": 1,
    }
    assert {name: created[name] for name in expected} == expected
    changes = alice.send("GET", f"{TASKS}/changes").json()["changes"]
    assert {one["id"]: one["version"] for one in changes[-2:]} == {task["id"]: 2, created["id"]: 1}


def test_a_series_with_a_count_ends(alice: Client) -> None:
    task = alice.created(due_date="2028-02-28", recurrence="FREQ=DAILY;COUNT=3")
    dates = [task["due_date"]]
    while next_id := complete(alice, task)["next_id"]:
        task = alice.send("GET", f"{TASKS}/{next_id}").json()
        dates.append(task["due_date"])
    assert dates == ["2028-02-28", "2028-02-29", "2028-03-01"]
    assert successors(alice, task) == []


def test_completed_again_retried_reopened_and_restored_there_is_one_successor(alice: Client) -> None:
    task = alice.created(due_date="2027-01-31", recurrence="FREQ=MONTHLY")
    done = complete(alice, task, key="k")
    assert complete(alice, task, key="k") == done
    assert complete(alice, task) == done
    assert complete(alice, task, key="other") == done
    alice.send("PATCH", path(task), {"status": "pending"})
    again = complete(alice, task)
    assert (again["version"], again["next_id"]) == (4, done["next_id"])
    alice.send("DELETE", path(task))
    alice.send("POST", f"{path(task)}/restore", idempotency_key="r")
    alice.send("PATCH", path(task), {"status": "in_progress", "recurrence": "FREQ=DAILY"})
    complete(alice, task)
    (created,) = successors(alice, task)
    assert created["due_date"] == "2027-03-31"
    alice.send("DELETE", path(created))
    alice.send("PATCH", path(task), {"status": "pending"})
    complete(alice, task)
    assert [one["id"] for one in successors(alice, task)] == [created["id"]]


@pytest.mark.parametrize("keys", ["the same", "others", "none"])
def test_completed_side_by_side_there_is_one_successor(alice: Client, keys: str) -> None:
    """Eight requests at the same time, each sent again when it has to be: as two devices and their retries would."""
    task = alice.created(due_date="2027-01-31", recurrence="FREQ=MONTHLY;BYMONTHDAY=-1;COUNT=9")
    at_once = threading.Barrier(8)

    def complete_and_retry(number: int) -> list[Reply]:
        key = {"the same": "k", "others": f"k-{number}"}.get(keys)
        also = {"idempotency-key": key} if key else None
        replies: list[Reply] = []
        at_once.wait()
        # once more after the success: a client that has not seen the answer
        while [one.status for one in replies].count(200) < 2:
            replies.append(alice.send("PATCH", path(task), {"status": "completed"}, also=also))
            assert replies[-1].status in (200, 409, 503), replies[-1].text
        return replies

    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        work = [pool.submit(in_own_loop, functools.partial(complete_and_retry, number)) for number in range(8)]
        answered = [reply.json() for future in work for reply in future.result() if reply.status == 200]
    (created,) = successors(alice, task)
    assert {(one["next_id"], one["version"]) for one in answered} == {(created["id"], 2)}
    assert (created["due_date"], created["recurrence"]) == ("2027-02-28", "FREQ=MONTHLY;BYMONTHDAY=-1;COUNT=8")
    assert len(alice.send("GET", TASKS).json()) == 2


def test_the_clock_of_the_profile_counts_alone_and_in_a_batch(alice: Client, calls: list[str]) -> None:
    alice.send("PATCH", "/api/v1/users", {"time_zone": "America/New_York"})
    # on Saturday at 09:00; the clocks go forward in the night to Sunday
    fields = {"due_at": "2027-03-13T09:00:00-05:00", "recurrence": "FREQ=DAILY"}
    alone, batched = alice.created("alone", **fields), [alice.created(f"batched {n}", **fields) for n in range(2)]
    calls.clear()
    complete(alice, alone, key="alone")
    assert sorted(calls) == ["GetItem", "TransactGetItems", "TransactWriteItems"]
    operations = [{"op": "update", "id": one["id"], "task": {"status": "completed"}} for one in batched]
    calls.clear()
    assert alice.send("POST", f"{TASKS}/batch", {"operations": operations}, idempotency_key="b").status == 200
    assert sorted(calls) == ["GetItem", "TransactGetItems", "TransactWriteItems"]
    for task in (alone, *batched):
        (created,) = successors(alice, task)
        assert (created["due_at"], created["due_date"]) == ("2027-03-14T13:00:00.000000Z", "2027-03-14")


@pytest.mark.parametrize("change", [{"status": "cancelled"}, {"status": "completed", "recurrence": None}])
def test_cancelling_ends_a_series_and_so_does_clearing_the_rule(alice: Client, change: dict[str, Any]) -> None:
    task = alice.created(due_date="2027-01-31", recurrence="FREQ=DAILY")
    assert alice.send("PATCH", path(task), change).json()["next_id"] is None
    assert successors(alice, task) == []


def test_a_rule_given_with_the_completion_counts_and_a_task_created_as_completed_has_no_successor(
    alice: Client,
) -> None:
    task = alice.created(due_date="2027-01-31")
    changes = {"status": "completed", "recurrence": "FREQ=DAILY", "due_date": "2027-02-28"}
    alice.send("PUT", path(task), changes)
    assert [one["due_date"] for one in successors(alice, task)] == ["2027-03-01"]
    done = alice.created(status="completed", due_date="2027-01-31", recurrence="FREQ=DAILY")
    assert (done["next_id"], successors(alice, done)) == (None, [])


def test_a_rule_needs_a_due_date_and_a_refusal_names_the_part(alice: Client) -> None:
    task = alice.created(due_date="2027-01-31", recurrence="FREQ=DAILY")
    refusals: list[Reply] = [
        alice.create(recurrence="FREQ=DAILY"),
        alice.send("PATCH", path(task), {"due_date": None}),
        alice.create(due_date="2027-01-31", recurrence="FREQ=DAILY;BYHOUR=9"),
    ]
    assert [(one.status, one.problem_type, one.fields) for one in refusals] == [
        (422, "validation-failed", {"recurrence"})
    ] * 3
    assert "BYHOUR is not supported" in refusals[2].json()["detail"]
    assert alice.send("PATCH", path(task), {"due_date": None, "recurrence": None}).status == 200


def test_a_batch_completes_recurring_tasks_as_far_as_one_transaction_goes(alice: Client) -> None:
    tasks = [alice.created(due_date="2027-01-31", recurrence="FREQ=DAILY") for _ in range(50)]

    def batch(chosen: list[dict[str, Any]], key: str) -> Reply:
        operations = [{"op": "update", "id": one["id"], "task": {"status": "completed"}} for one in chosen]
        return alice.send("POST", f"{TASKS}/batch", {"operations": operations}, idempotency_key=key)

    refused = batch(tasks, "all")
    assert (refused.problem_type, refused.fields) == ("batch-refused", {"operations.49.task.status"})
    done = batch(tasks[:49], "k")
    assert batch(tasks[:49], "k").json() == done.json()
    ids = {one["task"]["next_id"] for one in done.json()["results"]}
    assert len(ids) == 49
    operation = {"op": "create", "task": {"title": "x", "recurrence": "FREQ=DAILY"}}
    refused = alice.send("POST", f"{TASKS}/batch", {"operations": [operation]}, idempotency_key="r")
    assert (refused.problem_type, refused.fields) == ("batch-refused", {"operations.0.task.recurrence"})


@pytest.mark.parametrize("seed", range(3))
def test_after_any_history_each_completed_task_has_its_one_successor(alice: Client, items_of: Items, seed: int) -> None:
    chance = random.Random(seed)
    rule, start = chance.choice(["FREQ=MONTHLY;BYMONTHDAY=-1", "FREQ=WEEKLY;BYDAY=MO,SU"]), dt.date(2027, 1, 31)
    ids = [alice.created(due_date=start.isoformat(), recurrence=rule)["id"]]
    completed: set[str] = set()
    for step in range(40):
        # the last one most of the time, so that the series grows
        one = chance.choice([*ids, *ids[-1:] * 3])
        address = f"{TASKS}/{one}"
        match chance.randrange(6):
            case 0 | 1 | 2:
                reply = alice.send("PATCH", address, {"status": "completed"}, idempotency_key=f"{seed}-{step}")
                again = alice.send("PATCH", address, {"status": "completed"}, idempotency_key=f"{seed}-{step}")
                assert again.status == reply.status
                if reply.status == 200:
                    assert again.json() == reply.json()
                    completed.add(one)
                    ids += [reply.json()["next_id"]] if reply.json()["next_id"] not in ids else []
            case 3:
                alice.send("PATCH", address, {"status": "pending"})
            case 4:
                alice.send("DELETE", address)
            case _:
                alice.send("POST", f"{address}/restore", idempotency_key=f"restore-{step}")
    tasks = {item["id"]: item for item in items_of(alice.user_id) if item["entity_type"] == "TASK"}
    assert set(tasks) == set(ids)
    assert {one for one, item in tasks.items() if "next_id" in item} == completed
    assert [tasks[one].get("next_id") for one in ids] == [*ids[1:], None]
    moment = dt.datetime.combine(start, dt.time())
    series = rrulestr(rule, dtstart=moment)
    assert [tasks[one]["due_date"] for one in ids] == [
        date.date().isoformat() for date, _ in zip(series, ids, strict=False)
    ]
