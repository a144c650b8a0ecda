"""The past that the demo imports: every version in order, as the API writes it, and something in every week."""

import datetime as dt
import itertools
from typing import Any

import pytest

from infra.local.demo import history

NOW = dt.datetime(2026, 11, 29, 12, 30, tzinfo=dt.UTC)
PEOPLE = history.people([("11111111-2222-3333-4444-555555555555", "demo-1@example.com")])


def at(item: dict[str, Any], name: str = "updated_at") -> dt.datetime:
    return dt.datetime.fromisoformat(item[name]["S"])


@pytest.fixture(scope="module")
def versions() -> list[dict[str, Any]]:
    lives = [version for person in PEOPLE for version in history._life(person, NOW)]
    return [item for _, item in sorted(lives, key=lambda one: one[0])]


def test_the_versions_of_an_item_follow_each_other(versions: list[dict[str, Any]]) -> None:
    by_key: dict[str, list[dict[str, Any]]] = {}
    for item in versions:
        by_key.setdefault(item["PK"]["S"] + item["SK"]["S"], []).append(item)
    for items in by_key.values():
        assert [int(item["version"]["N"]) for item in items] == list(range(1, len(items) + 1))
        assert all(at(earlier) < at(later) for earlier, later in itertools.pairwise(items))
    assert max(map(len, by_key.values())) >= 4


def test_nothing_is_dated_to_the_future_or_before_its_owner_signed_up(versions: list[dict[str, Any]]) -> None:
    joined = {item["user_id"]["S"]: at(item) for item in versions if item["entity_type"]["S"] == "USER"}
    assert len(joined) == len(PEOPLE)
    assert all(joined[item["user_id"]["S"]] <= at(item) <= NOW - dt.timedelta(hours=1) for item in versions)


def test_every_week_has_new_and_completed_tasks_and_there_is_a_streak(versions: list[dict[str, Any]]) -> None:
    tasks = [item for item in versions if item["entity_type"]["S"] == "TASK"]
    weeks = {(NOW - at(item)).days // 7 for item in tasks if item["version"]["N"] == "1"}
    assert weeks == set(range(history.DAYS // 7))
    completed = [item for item in tasks if item["status"]["S"] == "completed" and "deleted_at" not in item]
    days = {at(item, "completed_at").date() for item in completed if item["user_id"]["S"] == PEOPLE[0].user_id}
    assert {NOW.date() - dt.timedelta(days=ago) for ago in range(1, history.STREAK_DAYS - 1)} <= days
    statuses = {item["status"]["S"] for item in tasks}
    assert statuses == {"pending", "in_progress", "completed", "cancelled"}
    assert any("deleted_at" in item for item in tasks)


def test_a_batch_never_has_two_versions_of_one_item(versions: list[dict[str, Any]]) -> None:
    batches = list(history._batches(versions))
    assert [item for batch in batches for item in batch] == versions
    for batch in batches:
        assert len({(item["PK"]["S"], item["SK"]["S"]) for item in batch}) == len(batch) <= history.BATCH
