"""The same increment for lakes of any size: a thousand events on three hundred tasks of all ages, and new users.

The tasks belong to as many people in every lake, since what is published follows people.
"""

import datetime as dt
import random
from typing import Any

Row = dict[str, Any]
EVENTS, TASKS, OWNERS, USERS = 1000, 300, 60, 20


class Increments:
    """What one run of silver after the other brings.

    Args:
        silver: the rows that the lake begins with.
        day: on which everything happens.
    """

    def __init__(self, silver: dict[str, list[Row]], day: dt.date) -> None:
        # another seed than the lake has: the same one draws the same event ids
        self._chance = random.Random(2)
        self._tasks = {row["task_id"]: row for row in silver["tasks"] if not row["is_deleted"]}
        self._now = dt.datetime.combine(day, dt.time(), dt.UTC)
        self._serial = 0

    def next_run(self, merged_at: dt.datetime) -> dict[str, list[Row]]:
        """The rows of the next run, by table: events to append, tasks and users to merge by key.

        Args:
            merged_at: the run's instant.
        """
        users = [self._user(merged_at) for _ in range(USERS)]
        chosen = self._chosen()
        events = [self._change(task_id, merged_at) for task_id in chosen]
        while len(events) < EVENTS:
            events.append(self._change(self._chance.choice(chosen), merged_at))
        return {"task_events": events, "tasks": [self._tasks[task_id] for task_id in chosen], "users": users}

    def _chosen(self) -> list[str]:
        """Tasks of all ages; of each of their owners one at least."""
        owned: dict[str, list[str]] = {}
        for task_id in sorted(self._tasks):
            owned.setdefault(self._tasks[task_id]["user_id"], []).append(task_id)
        busy = [owner for owner, tasks in owned.items() if len(tasks) >= TASKS // OWNERS - 1]
        found = [owned[owner] for owner in self._chance.sample(busy, OWNERS)]
        first = [self._chance.choice(tasks) for tasks in found]
        rest = sorted({task_id for tasks in found for task_id in tasks} - set(first))
        return first + self._chance.sample(rest, TASKS - OWNERS)

    def _change(self, task_id: str, merged_at: dt.datetime) -> Row:
        self._serial += 1
        at = self._now + dt.timedelta(seconds=self._serial)
        before = self._tasks[task_id]
        done = before["status"] != "completed"
        task = {
            **before,
            "status": "completed" if done else "pending",
            "completed_at": at if done else None,
            "updated_at": at,
            "version": before["version"] + 1,
            "sequence_number": f"{2 * 10**20 + self._serial}",
            "merged_at": merged_at,
        }
        self._tasks[task_id] = task
        copied = ("task_id", "user_id", "status", "priority", "category", "due_date", "version", "sequence_number")
        return {
            **{name: task[name] for name in copied},
            "event_id": f"{self._chance.getrandbits(128):032x}",
            "event_type": "completed" if done else "reopened",
            "occurred_at": at,
            "ingested_at": at + dt.timedelta(seconds=1),
            "previous_status": before["status"],
            "was_deleted": False,
            "previous_due_date": before["due_date"],
            "changed_fields": ["completed_at", "status"],
            "request_id": None,
            "merged_at": merged_at,
        }

    def _user(self, merged_at: dt.datetime) -> Row:
        self._serial += 1
        at = self._now + dt.timedelta(seconds=self._serial)
        return {
            "user_id": f"new-user-{self._serial:06}",
            "email_masked": "n***@example.com",
            "email_domain": "example.com",
            "email_hash": "0f",
            "name_masked": "N***",
            "created_at": at,
            "updated_at": at,
            "is_deleted": False,
            "version": 1,
            "sequence_number": f"{2 * 10**20 + self._serial}",
            "merged_at": merged_at,
        }
