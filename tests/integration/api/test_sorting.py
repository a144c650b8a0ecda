"""Lists by due date, and the filters that look at dates and text."""

import datetime as dt
import functools
import random
from typing import Any
from urllib.parse import parse_qsl

import pytest
from fastapi import FastAPI

from tests.integration.api.client import Client
from tests.integration.api.test_list import ids, walk

pytestmark = pytest.mark.account

TASKS = "/api/v1/tasks"
TODAY = "2026-11-24"
DAYS = ("2026-11-22", "2026-11-23", "2026-11-24", "2026-11-25", None)
PRIORITIES = ("low", "medium", "high", "urgent")
STATUSES = ("pending", "in_progress", "completed", "cancelled")


def listed(client: Client, **query: str) -> list[dict[str, Any]]:
    reply = client.send("GET", TASKS, query=query)
    assert reply.status == 200, reply.text
    tasks: list[dict[str, Any]] = reply.json()
    return tasks


@pytest.fixture
def today(app: FastAPI) -> None:
    """Stops the clock of lists."""
    app.state.services.lists._now = lambda: dt.datetime.fromisoformat(f"{TODAY}T12:00:00Z")


@pytest.fixture
def tasks(alice: Client, today: None) -> list[dict[str, Any]]:  # noqa: ARG001 - stopped before the first list
    """A task for each day and status, in a shuffled order, and a deleted one."""
    combinations = [(day, status) for day in DAYS for status in STATUSES]
    random.Random(7).shuffle(combinations)
    operations = [{"op": "create", "task": {"title": "x", "due_date": day, "status": s}} for day, s in combinations]
    reply = alice.send("POST", f"{TASKS}/batch", {"operations": operations}, idempotency_key="b")
    made: list[dict[str, Any]] = [result["task"] for result in reply.json()["results"]]
    gone = alice.created(due_date=DAYS[0])
    alice.send("DELETE", f"{TASKS}/{gone['id']}")
    return made


def is_overdue(task: dict[str, Any]) -> bool:
    due = task["due_date"]
    return due is not None and due < TODAY and task["status"] in {"pending", "in_progress"}


@pytest.mark.parametrize(
    "filters",
    [
        {},
        {"due_before": "2026-11-24"},
        {"due_after": "2026-11-23"},
        {"due_before": "2026-11-25", "due_after": "2026-11-22"},
        {"due_before": "2026-11-22", "due_after": "2026-11-24"},
        {"overdue": "true"},
        {"overdue": "false"},
        {"overdue": "true", "due_before": "2026-11-23", "status": "pending"},
        {"overdue": "false", "status": "completed", "due_after": "2026-11-22"},
        {"status": "pending,in_progress"},
        {"status": "in_progress,completed,cancelled", "overdue": "false"},
        {"status": "completed,pending", "overdue": "true"},
    ],
)
def test_filters_and_orders_agree_with_a_model(
    alice: Client, tasks: list[dict[str, Any]], filters: dict[str, str]
) -> None:
    def is_selected(task: dict[str, Any], sort: str | None) -> bool:
        due, status = task["due_date"], filters.get("status")
        return (
            (status is None or task["status"] in status.split(","))
            and ("due_before" not in filters or (due is not None and due < filters["due_before"]))
            and ("due_after" not in filters or (due is not None and due > filters["due_after"]))
            and ("overdue" not in filters or is_overdue(task) == (filters["overdue"] == "true"))
            and (sort not in {"due_date", "-due_date"} or due is not None)
        )

    def place(task: dict[str, Any], sort: str | None) -> tuple[str, ...]:
        return (task["due_date"], task["id"]) if sort and "due" in sort else (task["id"],)

    for sort in ("created_at", "-created_at", "due_date", "-due_date", None):
        selected = [task for task in tasks if is_selected(task, sort)]
        selected.sort(key=functools.partial(place, sort=sort), reverse=sort is None or sort.startswith("-"))
        query = filters | ({"sort": sort} if sort else {})
        assert listed(alice, **query) == selected
        pages = walk(alice, **query, limit=3)
        assert [task for page in pages for task in page] == selected
        assert all(len(page) == 3 for page in pages[:-1])


@pytest.mark.usefixtures("tasks")
def test_a_list_by_due_date_costs_one_call(alice: Client, calls: list[str]) -> None:
    calls.clear()
    assert listed(alice, sort="due_date", due_before="2026-11-25")
    assert calls == ["Query"]


@pytest.mark.parametrize("order", ["updated_at", "-updated_at", "priority", "-priority"])
@pytest.mark.parametrize("filters", [{}, {"status": "pending"}, {"q": "CHANGED"}, {"priority": "low,urgent"}])
def test_lists_are_sorted_by_what_has_no_index(alice: Client, order: str, filters: dict[str, str]) -> None:
    made = [alice.created(f"task {number}", priority=priority) for number, priority in enumerate(PRIORITIES * 3)]
    for number in (7, 2, 11, 4):
        alice.send("PUT", f"{TASKS}/{made[number]['id']}", {"title": "changed", "status": "completed"})
    alice.send("DELETE", f"{TASKS}/{made[5]['id']}")
    (tasks,) = walk(alice, limit=100)

    def is_selected(task: dict[str, Any]) -> bool:
        return (
            task["status"] == filters.get("status", task["status"])
            and filters.get("q", "").lower() in task["title"]
            and task["priority"] in filters.get("priority", task["priority"])
        )

    def place(task: dict[str, Any]) -> tuple[Any, ...]:
        if "priority" in order:
            return PRIORITIES.index(task["priority"]), task["created_at"], task["id"]
        return task["updated_at"], task["id"]

    expected = sorted(filter(is_selected, tasks), key=place, reverse=order.startswith("-"))
    assert len(expected) > 3
    for limit in (100, 2, len(expected)):
        pages = walk(alice, sort=order, limit=limit, **filters)
        assert [task for page in pages for task in page] == expected
        assert all(len(page) == limit for page in pages[:-1])


def test_a_sorted_list_goes_on_over_every_page_that_dynamodb_cuts_it_into(
    alice: Client, app: FastAPI, calls: list[str]
) -> None:
    made = [alice.created(f"task {number}", priority=priority) for number, priority in enumerate(PRIORITIES * 2)]

    def cut(params: dict[str, Any], **_: Any) -> None:
        params["Limit"] = 3

    app.state.dynamodb.meta.events.register("provide-client-params.dynamodb.Query", cut)
    calls.clear()
    found = listed(alice, sort="-priority")
    assert calls == ["Query"] * 3
    assert ids(found) == ids([made[number] for number in (7, 3, 6, 2, 5, 1, 4, 0)])


def test_a_filter_takes_several_values(alice: Client) -> None:
    made = {
        f"{priority} {category}": alice.created(priority=priority, category=category)["id"]
        for priority in ("low", "high", "urgent")
        for category in ("home", "Home, garden", "Café")
    }

    def found(*query: tuple[str, str]) -> set[str]:
        reply = alice.send("GET", TASKS, query=query)
        assert reply.status == 200, reply.text
        return set(ids(reply.json()))

    urgent_or_high = {task for name, task in made.items() if not name.startswith("low")}
    assert found(("priority", "high,urgent")) == urgent_or_high
    assert found(("priority", "urgent"), ("priority", "high")) == urgent_or_high
    assert found(("priority", "low"), ("category", "HOME"), ("category", "cafe\u0301")) == {
        made["low home"],
        made["low Café"],
    }
    assert found(("category", "home, garden")) == {task for name, task in made.items() if "garden" in name}
    # the next page's address has all values, in whatever order they were sent
    query: Any = [("priority", "urgent"), ("priority", "high"), ("category", "home"), ("category", "Café")]
    pages = walk(alice, limit=1, priority="urgent,high", category="home")
    assert [len(page) for page in pages] == [1, 1]
    reply = alice.send("GET", TASKS, query=[*query, ("limit", "3")])
    rest = alice.send("GET", TASKS, query=parse_qsl(reply.headers["link"].partition(">")[0].removeprefix("<?")))
    assert len({*ids(reply.json()), *ids(rest.json())}) == 4


def test_text_is_found_in_title_or_description_whatever_its_case(alice: Client) -> None:
    milk = alice.created("Buy MILK 🥛")
    note = alice.created("note", description="milk, Übergröße, and 100%")
    alice.created("other", category="milk")
    assert ids(listed(alice, q="milk")) == [note["id"], milk["id"]]
    assert ids(listed(alice, q="ÜBERGRÖSSE")) == [note["id"]]
    assert ids(listed(alice, q="100%")) == [note["id"]]
    assert ids(listed(alice, q="🥛")) == [milk["id"]]
    assert listed(alice, q="milk", status="completed") == []
    assert [ids(page) for page in walk(alice, q="mIlK", limit=1)] == [[note["id"]], [milk["id"]]]


def test_a_cursor_is_good_for_its_order_only(alice: Client, tasks: list[dict[str, Any]]) -> None:
    first = alice.send("GET", TASKS, query={"sort": "due_date", "limit": 2})
    cursor = dict(part.split("=") for part in first.headers["link"].partition(">")[0][2:].split("&"))["cursor"]
    assert len(tasks) > 2
    for other in ({}, {"sort": "-due_date"}, {"sort": "due_date", "q": "x"}, {"sort": "due_date", "overdue": "true"}):
        reply = alice.send("GET", TASKS, query={**other, "cursor": cursor})
        assert (reply.status, reply.problem_type) == (400, "cursor-invalid")


@pytest.mark.parametrize(
    "query",
    [
        {"due_before": "tomorrow"},
        {"due_after": "2026-02-30"},
        {"due_after": "20261124"},
        {"overdue": "yes"},
        {"overdue": "1"},
        {"overdue": ""},
        {"q": ""},
        {"q": "x" * 201},
        {"q": "\x00"},
        {"sort": "title"},
        {"sort": "+due_date"},
        {"sort": ""},
    ],
)
def test_a_bad_parameter_is_named(alice: Client, query: dict[str, str]) -> None:
    reply = alice.send("GET", TASKS, query=query)
    assert (reply.status, reply.problem_type, reply.fields) == (422, "validation-failed", {*query})


def test_a_parameter_is_given_once(alice: Client) -> None:
    reply = alice.send("GET", f"{TASKS}", query=[("limit", "1"), ("status", "pending"), ("limit", "2")])
    assert (reply.status, reply.problem_type, reply.fields) == (422, "validation-failed", {"limit"})
