"""Silver as it changes from run to run, as real silver does; each change has its run's `merged_at`."""

import datetime as dt
import random
from collections.abc import Callable
from typing import Any

from tests.integration.transforms.dbt.population import CATEGORIES, OPEN, PRIORITIES, TIME_ZONES, Population, Shape

Row = dict[str, Any]
HOUR = dt.timedelta(hours=1)
KEYS = {
    "task_events": ("event_id",),
    "tasks": ("task_id",),
    "users": ("user_id",),
    "api_requests": ("request_id", "occurred_at"),
}
COPIED = ("task_id", "user_id", "status", "priority", "category", "due_date")


class ChangingSilver:
    """The rows of silver's tables, and the runs that change them.

    Args:
        shape: of what silver holds at first; a tenth of its events has not arrived yet.
        seed: of every choice.
    """

    def __init__(self, shape: Shape, seed: int) -> None:
        self.chance = random.Random(seed)
        self.as_of = shape.end
        self.merged_at = dt.datetime.combine(shape.end, dt.time(), dt.UTC)
        self.serial = 0
        self.tables: dict[str, dict[Any, Row]] = {name: {} for name in KEYS}
        self.late: list[Row] = []
        for name, rows in Population(shape, seed).rows.items():
            for row in rows if name in KEYS else []:
                if name == "task_events" and self.chance.random() < 0.1:
                    self.late.append(row)
                else:
                    self.put(name, row)

    @property
    def rows(self) -> dict[str, list[Row]]:
        return {name: list(found.values()) for name, found in self.tables.items()}

    def put(self, table: str, row: Row) -> None:
        """Write a row in this run."""
        key = tuple(row[name] for name in KEYS[table])
        self.tables[table][key] = {**row, "merged_at": self.merged_at}

    def next_run(self, *changes: str) -> None:
        """One run of silver.

        Args:
            changes: names of the methods below.
        """
        self.merged_at += HOUR
        for name in changes:
            change: Callable[[], None] = getattr(self, name)
            change()

    def nothing(self) -> None:
        """A run that brings nothing."""

    def a_day_passes(self) -> None:
        self.as_of += dt.timedelta(days=1)

    def tasks_are_created(self) -> None:
        for _ in range(3):
            self.serial += 1
            owner = self.chance.choice([f"user-{n:05}" for n in range(10)])
            if (owner,) in self.tables["users"] and self.tables["users"][(owner,)]["is_deleted"]:
                continue
            task = {
                "task_id": f"01NEW{self.serial:021}",
                "user_id": owner,
                "status": "pending",
                "priority": self.chance.choice(PRIORITIES),
                "category": self.chance.choice(CATEGORIES),
                "due_at": self.chance.choice([None, self._now()]),
                "due_date": self.chance.choice([None, self.as_of - dt.timedelta(days=1), self.as_of]),
                "title": "words",
                "created_at": self._now(),
                "completed_at": None,
                "deleted_at": None,
                "is_deleted": False,
                "version": 0,
            }
            self._write(task, "created")

    def tasks_change(self) -> None:
        for task in self._some(lambda task: not task["is_deleted"]):
            status = self.chance.choice(["in_progress", "completed", "cancelled", "pending"])
            kind = "updated"
            if task["status"] in OPEN and status in ("completed", "cancelled"):
                kind = status
            if task["status"] not in OPEN and status in OPEN:
                kind = "reopened"
            done = self._now() if status == "completed" else None
            due = self.chance.choice([task["due_date"], None, self.as_of - dt.timedelta(days=2)])
            labels = self.chance.choice([None, ["errand"], ["b", "a"]])
            changed = {"status": status, "completed_at": done, "due_date": due, "labels": labels}
            self._write({**task, **changed}, kind)

    def tasks_are_deleted(self) -> None:
        for task in self._some(lambda task: not task["is_deleted"]):
            self._write({**task, "is_deleted": True, "deleted_at": self._now()}, "deleted")

    def tasks_are_restored(self) -> None:
        for task in self._some(lambda task: task["is_deleted"] and task["title"]):
            self._write({**task, "is_deleted": False, "deleted_at": None}, "restored")

    def tasks_are_purged(self) -> None:
        for task in self._some(lambda task: bool(task["is_deleted"] and task["title"])):
            self._write({**task, "title": None}, "purged")

    def late_events_arrive(self) -> None:
        self.chance.shuffle(self.late)
        for event in [self.late.pop() for _ in range(min(4, len(self.late)))]:
            if (event["task_id"],) in self.tables["tasks"]:
                self.put("task_events", event)

    def events_are_delivered_again(self) -> None:
        for event in self.chance.sample(self.rows["task_events"], 3):
            self.put("task_events", {**event, "ingested_at": event["ingested_at"] + HOUR})

    def rows_are_corrected(self) -> None:
        """As many rows as before, with other content."""
        for task in self._some(lambda task: not task["is_deleted"]):
            priority = self.chance.choice(PRIORITIES)
            self.put("tasks", {**task, "priority": priority, "category": "corrected"})
            for event in self.rows["task_events"]:
                if event["task_id"] == task["task_id"]:
                    self.put("task_events", {**event, "priority": priority, "category": "corrected"})

    def everything_is_refreshed(self) -> None:
        """A full refresh of silver by a job that works out other days for the events of some tasks."""
        moved = {task["task_id"] for task in self.rows["tasks"] if self.chance.random() < 0.2}

        def refreshed(event: Row) -> Row:
            earlier = event["occurred_at"] - dt.timedelta(days=1)
            return {**event, "occurred_at": earlier, "category": "refreshed"} if event["task_id"] in moved else event

        for name, rows in self.rows.items():
            self.tables[name] = {}
            for row in rows:
                self.put(name, refreshed(row) if name == "task_events" else row)
        self.late = [refreshed(event) for event in self.late]

    def requests_arrive(self) -> None:
        old = self.rows["api_requests"]
        for request in self.chance.sample(old, 3):
            self.serial += 1
            self.put("api_requests", {**request, "request_id": f"more-{self.serial}", "status_code": 500})
            self.put("api_requests", {**request, "request_id": f"today-{self.serial}", "occurred_at": self._now()})

    def profiles_change(self) -> None:
        for user in self.chance.sample([user for user in self.rows["users"] if not user["is_deleted"]], 2):
            zone = self.chance.choice(TIME_ZONES)
            self.put("users", {**user, "time_zone": zone, "updated_at": self._now(), "version": user["version"] + 1})

    def a_user_is_erased(self) -> None:
        """Silver flags the profile; the rest is still there."""
        user = self.chance.choice([user for user in self.rows["users"] if not user["is_deleted"]])
        nothing = dict.fromkeys(("email_masked", "email_domain", "email_hash", "name_masked", "time_zone"))
        self.put("users", {**user, **nothing, "is_deleted": True, "version": user["version"] + 1})

    def erased_users_are_deleted(self) -> None:
        """The nightly job: no row tells of it."""
        gone = {user["user_id"] for user in self.rows["users"] if user["is_deleted"]}
        for name in ("task_events", "tasks", "users"):
            self.tables[name] = {key: row for key, row in self.tables[name].items() if row["user_id"] not in gone}

    def an_erased_user_comes_back(self) -> None:
        """Before the nightly job, so that the old events count again."""
        for user in [user for user in self.rows["users"] if user["is_deleted"]][:1]:
            self.put("users", {**user, "is_deleted": False, "created_at": self._now(), "updated_at": self._now()})

    def _some(self, is_selected: Callable[[Row], bool]) -> list[Row]:
        erased = {user["user_id"] for user in self.rows["users"] if user["is_deleted"]}
        found = [task for task in self.rows["tasks"] if is_selected(task) and task["user_id"] not in erased]
        return self.chance.sample(found, min(3, len(found)))

    def _write(self, task: Row, kind: str) -> None:
        before = self.tables["tasks"].get((task["task_id"],))
        self.serial += 1
        now = self._now()
        late = [event["version"] for event in self.late if event["task_id"] == task["task_id"]]
        version = max([task["version"], *late]) + 1
        written = {**task, "updated_at": now, "version": version, "sequence_number": f"{10**20 + self.serial}"}
        self.put("tasks", written)
        self.put(
            "task_events",
            {
                **{
                    name: written[name] for name in ("task_id", "user_id", "status", "priority", "category", "due_date")
                },
                "event_id": f"new-{self.serial:028}",
                "event_type": kind,
                "version": version,
                "sequence_number": written["sequence_number"],
                "occurred_at": now,
                "ingested_at": now + dt.timedelta(seconds=1),
                "previous_status": before["status"] if before else None,
                "was_deleted": bool(before and before["is_deleted"]),
                "previous_due_date": before["due_date"] if before else None,
                "changed_fields": [],
                "request_id": None,
            },
        )

    def _now(self) -> dt.datetime:
        return dt.datetime.combine(self.as_of, dt.time(), dt.UTC) + dt.timedelta(seconds=self.chance.randrange(86400))
