"""Made-up silver: people who create, finish, drop and delete tasks for a while, and the requests that they send.

The same seed makes the same rows. Every task has a history whose last change is its row in `tasks`, as in real silver.
"""

import dataclasses
import datetime as dt
import random
from typing import Any

Row = dict[str, Any]
UTC = dt.UTC
CATEGORIES = ("work", "home", "garden", "Größe & Maß", "", None)
LABELS = (None, ["errand"], ["Größe & Maß", 'a "b"'])
PRIORITIES = ("low", "medium", "high", "urgent")
OPEN = ("pending", "in_progress")
# whoever has chosen none is in UTC
TIME_ZONES = (None, "Pacific/Kiritimati", "Pacific/Midway", "Europe/Berlin", "Asia/Kathmandu", "UTC")
ROUTES = (
    ("POST", "/api/v1/tasks"),
    ("GET", "/api/v1/tasks"),
    ("GET", "/api/v1/tasks/{id}"),
    ("PATCH", "/api/v1/tasks/{id}"),
)


@dataclasses.dataclass(frozen=True)
class Shape:
    """What a population is like.

    Args:
        users: how many people.
        tasks: how many tasks they create between them.
        days: over how many days, the last of which is `end`.
        skew: 0 gives everybody the same number of tasks; the higher, the more the first few have.
        requests: how many API requests.
    """

    users: int
    tasks: int
    days: int
    skew: float = 0.0
    requests: int = 0
    end: dt.date = dt.date(2026, 11, 20)


class Population:
    """Rows of every silver table, by table name, in `rows`.

    Args:
        shape: of the population.
        seed: of every choice.
        changes_per_task: how many changes a task has at most, on average.
    """

    def __init__(self, shape: Shape, seed: int = 1, changes_per_task: float = 3.57) -> None:
        self.shape = shape
        self.another_change = 1 - 1 / changes_per_task
        self.pause_seconds = 86400 * min(2.5, shape.days / changes_per_task / 2)
        self.chance = random.Random(seed)
        self.start = dt.datetime.combine(shape.end - dt.timedelta(days=shape.days - 1), dt.time(), UTC)
        self.end = dt.datetime.combine(shape.end, dt.time(23, 59, 59), UTC)
        self.sequence = 0
        self.rows: dict[str, list[Row]] = {
            name: [] for name in ("task_events", "tasks", "users", "api_requests", "rejects")
        }
        self.user_ids = [f"user-{n:05}" for n in range(shape.users)]
        self._users()
        weights = [1 / (n + 1) ** shape.skew for n in range(shape.users)]
        for n, owner in enumerate(self.chance.choices(self.user_ids, weights, k=shape.tasks)):
            self._task(f"01TASK{seed:02}{n:018}", owner)
        for n in range(shape.requests):
            self._request(n)

    def _users(self) -> None:
        for n, user_id in enumerate(self.user_ids):
            # some profiles have not arrived yet, some belong to people who have left
            if n % 11 == 7:
                continue
            gone = n % 13 == 5
            joined = self._moment(self.start)
            self.rows["users"].append(
                {
                    "user_id": user_id,
                    "email_masked": None if gone else f"{user_id[0]}***@example.com",
                    "email_domain": None if gone else "example.com",
                    "email_hash": None if gone else "0f",
                    "name_masked": None if gone or n % 3 == 0 else "U***",
                    "time_zone": None if gone else TIME_ZONES[n % len(TIME_ZONES)],
                    "created_at": joined,
                    "updated_at": joined,
                    "is_deleted": gone,
                    "version": 1,
                    "sequence_number": self._next(),
                }
            )

    def _task(self, task_id: str, owner: str) -> None:
        at = self._moment(self.start)
        created_at = at
        due = at.date() + dt.timedelta(days=self.chance.randint(0, 40)) if self.chance.random() < 0.6 else None
        state: Row = {
            "task_id": task_id,
            "user_id": owner,
            "status": "pending" if self.chance.random() < 0.97 else "completed",
            "priority": self.chance.choice(PRIORITIES),
            "category": self.chance.choice(CATEGORIES),
            "due_at": dt.datetime.combine(due, at.time(), UTC) if due and at.second % 3 == 0 else None,
            "due_date": due,
        }
        completed_at = at if state["status"] == "completed" else None
        deleted_at: dt.datetime | None = None
        purged = False
        version = 1
        self._event("created", state, None, version, at)
        while self.chance.random() < self.another_change and not purged:
            at += dt.timedelta(seconds=int(self.chance.expovariate(1 / self.pause_seconds)) + 1)
            if at > self.end:
                break
            before, version = {**state, "was_deleted": deleted_at is not None}, version + 1
            if deleted_at:
                event = self.chance.choice(("restored", "purged"))
                purged = event == "purged"
                deleted_at = deleted_at if purged else None
            elif before["status"] in OPEN:
                event = self.chance.choices(
                    ("completed", "cancelled", "deleted", "purged", "updated"), (6, 1, 1, 0.3, 3)
                )[0]
                if event == "completed":
                    state, completed_at = {**state, "status": "completed"}, at
                elif event == "cancelled":
                    state = {**state, "status": "cancelled"}
                elif event == "updated":
                    change: Row = self.chance.choice(
                        (
                            {"status": "in_progress"},
                            {"priority": self.chance.choice(PRIORITIES)},
                            {"due_at": None, "due_date": None},
                        )
                    )
                    state = {**state, **change}
            else:
                event = self.chance.choices(("reopened", "deleted", "updated"), (3, 1, 1))[0]
                if event == "reopened":
                    state, completed_at = {**state, "status": self.chance.choice(OPEN)}, None
            if event == "deleted":
                deleted_at = at
            if event == "purged":
                purged, deleted_at = True, deleted_at or at
            self._event(event, state, before, version, at)
        self.rows["tasks"].append(
            {
                **state,
                "labels": LABELS[version % len(LABELS)],
                "parent_id": None if version % 3 else "01TASK-PARENT",
                "recurrence": "FREQ=DAILY" if state["due_date"] else None,
                "previous_id": None if version % 2 else "01TASK-PREVIOUS",
                "title": None if purged else "words that stay in silver",
                "created_at": created_at,
                "updated_at": at if at <= self.end else self.end,
                "completed_at": completed_at,
                "deleted_at": deleted_at,
                "is_deleted": deleted_at is not None,
                "version": version,
                "sequence_number": self._next(),
            }
        )

    def _event(self, event_type: str, state: Row, before: Row | None, version: int, at: dt.datetime) -> None:
        sequence = self._next()
        self.rows["task_events"].append(
            {
                **state,
                "event_id": f"{self.chance.getrandbits(128):032x}",
                "event_type": event_type,
                "version": version,
                "sequence_number": sequence,
                "occurred_at": at,
                "ingested_at": at + dt.timedelta(milliseconds=self.chance.randint(200, 90_000)),
                "previous_status": before["status"] if before else None,
                "was_deleted": bool(before and before["was_deleted"]),
                "previous_due_date": before["due_date"] if before else None,
                "changed_fields": ["status"] if before and before["status"] != state["status"] else [],
                "request_id": None if event_type == "purged" else f"{self.chance.getrandbits(64):016x}",
            }
        )

    def _request(self, n: int) -> None:
        method, route = self.chance.choice(ROUTES)
        status = self.chance.choices((200, 201, 404, 422, 500), (60, 30, 5, 4, 1))[0]
        self.rows["api_requests"].append(
            {
                "request_id": f"request-{n:08}",
                "occurred_at": self._moment(self.start),
                "method": method,
                "route": route,
                "status_code": status,
                "duration_ms": round(self.chance.lognormvariate(3, 0.8), 3),
                "user_hash": None if status == 422 else f"hash-{self.chance.randrange(self.shape.users)}",
                "cold_start": self.chance.random() < 0.02,
                "idempotent_replay": method == "POST" and self.chance.random() < 0.05,
            }
        )

    def _moment(self, earliest: dt.datetime) -> dt.datetime:
        return earliest + dt.timedelta(seconds=self.chance.randrange(int((self.end - earliest).total_seconds())))

    def _next(self) -> str:
        self.sequence += 1
        return f"{100_000_000_000_000_000_000 + self.sequence}"
