"""Snapshots of items from a backfill, beside the changes that were captured."""

import json
from typing import Any

import pytest

from tests.integration.transforms.conftest import HOURS, Lake, assert_equals_oracle
from tests.integration.transforms.history import History

pytestmark = [
    pytest.mark.account,
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore:unclosed <socket:ResourceWarning"),
]


def test_backfilled_tasks_are_created_once_and_give_way_to_events_that_come_later(lake: Lake) -> None:
    history = History()
    history.create_task("t-1")
    history.create_task("t-2")
    history.create_task("t-3")
    early = history.backfill("t-1")
    history.complete_task("t-1")
    history.delete_task("t-3")
    item_snapshots = [early, *map(history.backfill, ("t-1", "t-2", "t-3"))]
    lake.arrive(HOURS[0], item_snapshots[1:])
    assert lake.run()["rows"]["task_events"] == 2
    assert_equals_oracle(lake, item_snapshots[1:])
    # an older snapshot: the task was pending when it was created, and completed later
    lake.arrive(HOURS[0], item_snapshots[:1])
    lake.run()
    assert [(row["event_type"], row["status"]) for row in events_of(lake, "t-1")] == [
        ("created", "pending"),
        ("completed", "completed"),
    ]
    assert_equals_oracle(lake, item_snapshots)
    captured = [line for line in history.lines if json.loads(line)["keys"]["SK"] == "TASK#t-1"]
    lake.arrive(HOURS[1], captured)
    lake.run()
    assert_equals_oracle(lake, [*item_snapshots, *captured])
    lake.arrive(HOURS[1], item_snapshots)
    lake.run()
    assert_equals_oracle(lake, [*item_snapshots, *captured])


def events_of(lake: Lake, task_id: str) -> list[dict[str, Any]]:
    """A task's events in the order of its versions."""
    found = [row for row in lake.rows("task_events") if row["task_id"] == task_id]
    return sorted(found, key=lambda row: int(row["version"]))


def test_a_snapshot_newer_than_the_last_event_is_one_synthetic_transition(lake: Lake) -> None:
    history = History()
    for number in range(1, 6):
        history.create_task(f"t-{number}")
    history.delete_task("t-4")
    captured = list(history.lines)
    lake.arrive(HOURS[0], captured)
    lake.run()
    # all that follows is lost from the stream
    history.complete_task("t-1")
    history.delete_task("t-2")
    history.write("t-3", priority="urgent")
    history.restore_task("t-4")
    lost = history.lines[len(captured) :]
    snapshots = [*map(history.backfill, ("t-1", "t-2", "t-3", "t-4")), history.backfill_removal("t-5")]
    lake.arrive(HOURS[1], snapshots)
    lake.run()
    assert_equals_oracle(lake, [*captured, *snapshots])
    last = {f"t-{number}": events_of(lake, f"t-{number}")[-1] for number in range(1, 6)}
    assert {task: (row["event_type"], row["is_synthetic"], row["version"]) for task, row in last.items()} == {
        "t-1": ("completed", True, 2),
        "t-2": ("deleted", True, 2),
        "t-3": ("updated", True, 2),
        "t-4": ("restored", True, 3),
        "t-5": ("purged", True, 2),
    }
    assert last["t-3"]["changed_fields"] == ["priority"]
    # the same snapshots again change nothing, and a lost change that turns up after all takes its place
    before = lake.snapshots("task_events")
    lake.arrive(HOURS[1], snapshots)
    lake.run()
    assert lake.snapshots("task_events") == before
    lake.arrive(HOURS[1], lost)
    lake.run()
    assert_equals_oracle(lake, [*captured, *snapshots, *lost])
    assert [row["event_id"] for row in lake.rows("task_events") if row["is_synthetic"]] == ["transition-t-5-1-2"]
