"""Overdue by the owner's clock: the day in the profile's time zone, and the moment of a task that is due at a time."""

import datetime as dt
import zoneinfo
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

from tests.integration.api.captured import Stream
from tests.integration.api.client import Client, Reply
from tests.integration.transforms.dbt.recomputed import marts
from tests.integration.transforms.oracle import silver, with_instants

if TYPE_CHECKING:
    from fastapi import FastAPI

pytestmark = pytest.mark.account

TASKS, USERS = "/api/v1/tasks", "/api/v1/users"
# the 30th on Kiritimati (+14:00), the 29th in UTC, the 28th on Midway (-11:00)
NOW = dt.datetime(2026, 11, 29, 10, 30, tzinfo=dt.UTC)
ZONES = ("Pacific/Kiritimati", "UTC", "Pacific/Midway")
DAYS = ("2026-11-27", "2026-11-28", "2026-11-29", "2026-11-30", "2026-12-01")


@pytest.fixture(autouse=True)
def _at_one_instant(app: "FastAPI", monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(app.state.services.lists, "_now", lambda: NOW)


def live_in(client: Client, time_zone: str) -> Client:
    reply = client.send("PATCH", USERS, {"time_zone": time_zone})
    assert (reply.status, reply.json()["time_zone"]) == (200, time_zone)
    return client


def overdue(client: Client, **query: str) -> set[str]:
    """Titles of the overdue tasks; whatever is not among them is among the others."""
    found, others = (
        {task["title"] for task in client.send("GET", TASKS, query={"overdue": value, **query}).json()}
        for value in ("true", "false")
    )
    assert not found & others
    if not query:
        assert found | others == {task["title"] for task in client.send("GET", TASKS).json()}
    return found


def moments() -> list[dt.datetime]:
    return [NOW + dt.timedelta(hours=hours) for hours in (-30, -1, 1, 30)]


def create_all(client: Client) -> None:
    for day in DAYS:
        client.created(day, due_date=day)
        client.created(f"done {day}", due_date=day, status="completed")
    for moment in moments():
        client.created(moment.isoformat(), due_at=moment.isoformat())
    client.created("some day")


@pytest.mark.parametrize("time_zone", ZONES)
def test_overdue_follows_the_zone_and_the_moment_and_gold_counts_the_same(
    alice: Client, stream: Stream, time_zone: str
) -> None:
    """Gold as Python works it out; `test_marts.py` compares that with dbt, the dashboard's question and `/insights`."""
    create_all(live_in(alice, time_zone))
    today = NOW.astimezone(zoneinfo.ZoneInfo(time_zone)).date()
    expected = {day for day in DAYS if dt.date.fromisoformat(day) < today}
    expected |= {moment.isoformat() for moment in moments() if moment < NOW}
    assert overdue(alice) == expected
    assert overdue(alice, sort="due_date") == expected
    assert overdue(alice, sort="-due_date", status="pending") == expected
    rows = {name: list(found.values()) for name, found in silver(stream.lines(alice.user_id), b"key").items()}
    (figures,) = marts(with_instants({"rejects": [], **rows}), NOW.date(), NOW.time())["user_insights"]
    assert (figures["overdue_tasks"], figures["time_zone"]) == (len(expected), time_zone)


def test_users_differ_at_the_same_instant_and_a_change_of_zone_counts_at_once(alice: Client, bob: Client) -> None:
    for client, zone in ((alice, ZONES[0]), (bob, ZONES[2])):
        client.created("yesterday in UTC", due_date="2026-11-28")
        client.created("today in UTC", due_date="2026-11-29")
        live_in(client, zone)
    assert (overdue(alice), overdue(bob)) == ({"yesterday in UTC", "today in UTC"}, set())
    live_in(bob, ZONES[0])
    alice.send("PATCH", USERS, {"time_zone": None})
    assert (overdue(alice), overdue(bob)) == ({"yesterday in UTC"}, {"yesterday in UTC", "today in UTC"})


def test_a_moment_has_the_day_of_the_clock_that_it_was_written_by(alice: Client) -> None:
    task = alice.created(due_at="2026-12-01T09:00:00+14:00")
    assert (task["due_at"], task["due_date"]) == ("2026-11-30T19:00:00.000000Z", "2026-12-01")
    path = f"{TASKS}/{task['id']}"
    again: dict[str, Any] = alice.send("PUT", path, task).json()
    assert (again["version"], again["due_date"]) == (1, "2026-12-01")  # what was read can be sent back
    assert alice.send("PATCH", path, {"due_date": "2026-12-05"}).json()["due_at"] is None
    moved = alice.send("PATCH", path, {"due_at": "2026-12-06T00:30:00-11:00"}).json()
    assert (moved["due_at"], moved["due_date"]) == ("2026-12-06T11:30:00.000000Z", "2026-12-06")
    assert alice.send("PATCH", path, {"due_at": None}).json()["due_date"] == "2026-12-06"
    refused = alice.send("PATCH", path, {"due_at": "2026-12-06T00:30:00-11:00", "due_date": "2026-12-09"})
    assert (refused.problem_type, refused.fields) == ("validation-failed", {"due_date"})


def test_a_list_that_does_not_look_at_days_reads_no_profile(alice: Client, calls: list[str]) -> None:
    alice.created(due_date="2026-11-28")
    calls.clear()
    alice.send("GET", TASKS, query={"sort": "due_date", "due_before": "2026-12-01"})
    assert calls == ["Query"]
    alice.send("GET", TASKS, query={"overdue": "true"})
    assert calls == ["Query", "GetItem", "Query"]


def test_a_profile_from_before_is_in_utc_and_a_zone_that_does_not_exist_is_refused(
    someone: Callable[..., Client],
) -> None:
    client = someone()
    assert client.send("GET", USERS).json()["time_zone"] == "UTC"
    refusals: list[Reply] = [
        client.send(method, USERS, {"time_zone": name})
        for method in ("PUT", "PATCH")
        for name in ("Mars/Olympus", "+02:00")
    ]
    assert {(reply.problem_type, *reply.fields) for reply in refusals} == {("validation-failed", "time_zone")}
    made = client.send("POST", USERS, {"time_zone": "Europe/Berlin"}, idempotency_key="z")
    assert made.json()["time_zone"] == "Europe/Berlin"
