"""Whether table, silver, gold and `/insights` say what the API's answers have said."""

import datetime as dt
import zoneinfo
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from typing import Any

from tests.e2e.conftest import Platform
from tests.year.people import JSON, Person

OPEN = ("pending", "in_progress")
TASKS = "select task_id, user_id, status, priority, category, due_date, version, is_deleted from tasks"
EVENTS = """
select task_id, count(*) as changes, count(distinct version) as versions, min(version) as first, max(version) as last
from task_events group by task_id
"""
METRICS = (
    "select user_id, total_tasks, completed_tasks, pending_tasks, in_progress_tasks from task_analytics_user_metrics"
)
CREATED = "select user_id, activity_date, tasks_created from fct_daily_activity where tasks_created > 0"


class Comparison:
    """One comparison, at one instant at which nothing is on its way.

    Args:
        platform: whose layers are compared.
        people: those who are there.
        erased: ids of those who have left.
    """

    def __init__(self, platform: Platform, people: Iterable[Person], erased: Iterable[str]) -> None:
        self._platform, self._people, self._erased = platform, list(people), set(erased)
        self._listed = {one.id: one.read_everything() for one in self._people}
        for one in self._people:
            one.drop_purged(self._listed[one.id])
        self._tasks = {task_id: (user, task) for user, found in self._listed.items() for task_id, task in found.items()}
        self.lost = self.doubled = self.changes = 0

    def mismatches(self) -> list[str]:
        """Everything that differs, each as a sentence."""
        return [*self._answers(), *self._table(), *self._silver(), *self._events(), *self._gold(), *self._insights()]

    def _answers(self) -> Iterator[str]:
        for one in self._people:
            listed = self._listed[one.id]
            for task_id, task in one.tasks.items():
                if listed[task_id]["version"] < task["version"]:
                    yield f"the API lists an older version of {task_id} than it has answered with"
            counts = one.ask("GET", "/tasks/counts", 200)
            live = [task for task in listed.values() if "deleted_at" not in task]
            if counts["total"] != len(live):
                yield f"{one.id} has {len(live)} tasks, and counts say {counts['total']}"

    def _table(self) -> Iterator[str]:
        versions = {sort_key: version for (_, sort_key), version in self._platform.table().versions.items()}
        for task_id, (_, task) in self._tasks.items():
            if versions.get(f"TASK#{task_id}") != task["version"]:
                yield f"the table has version {versions.get(f'TASK#{task_id}')} of {task_id}, not {task['version']}"

    def _silver(self) -> Iterator[str]:
        rows = {str(row["task_id"]): row for row in self._platform.silver(TASKS)}
        for task_id, (user, task) in self._tasks.items():
            expected = {
                "task_id": task_id,
                "user_id": user,
                **{name: task[name] for name in ("status", "priority", "category", "due_date")},
                "version": str(task["version"]),
                "is_deleted": str("deleted_at" in task).lower(),
            }
            if rows.get(task_id) != expected:
                yield f"silver has {rows.get(task_id)}, not {expected}"
        for task_id in rows.keys() - self._tasks.keys():
            if rows[task_id]["is_deleted"] != "true":
                yield f"silver has a task {task_id} that nobody has"
            if rows[task_id]["user_id"] in self._erased:
                yield f"silver has a task {task_id} of somebody who was erased"

    def _events(self) -> Iterator[str]:
        rows = {str(row["task_id"]): {k: int(v or 0) for k, v in row.items() if k != "task_id"} for row in
                self._platform.silver(EVENTS)}  # fmt: skip
        for task_id, row in rows.items():
            doubled, lost = row["changes"] - row["versions"], row["last"] - row["versions"]
            self.doubled += doubled
            self.lost += lost
            self.changes += row["changes"]
            if doubled or lost:
                yield f"of {task_id} {lost} changes are lost and {doubled} doubled"
        for task_id, (_, task) in self._tasks.items():
            last = rows.get(task_id, {}).get("last", 0)
            if last != task["version"]:
                self.lost += max(0, task["version"] - last)
                yield f"the events of {task_id} end at version {last}, not at {task['version']}"

    def _gold(self) -> Iterator[str]:
        live = {task_id: (user, task) for task_id, (user, task) in self._tasks.items() if "deleted_at" not in task}
        rows = Counter((str(row["task_id"]), str(row["status"])) for row in
                       self._platform.gold("select task_id, status from fct_tasks"))  # fmt: skip
        expected = Counter((task_id, task["status"]) for task_id, (_, task) in live.items())
        if rows != expected:
            yield f"fct_tasks has {rows - expected} too many and lacks {expected - rows}"
        kpis, by_status = self._platform.kpis(), Counter(task["status"] for _, task in live.values())
        for name, figure in (
            ("total_tasks", len(live)),
            ("completed_tasks", by_status["completed"]),
            ("total_users", len(self._people)),
        ):
            if kpis[name] != figure:
                yield f"the KPI {name} is {kpis[name]:g}, not {figure}"
        (last,) = self._platform.gold("select open_tasks from fct_daily_backlog order by backlog_date desc limit 1")
        if int(last["open_tasks"] or 0) != sum(by_status[status] for status in OPEN):
            yield f"the backlog ends with {last['open_tasks']} open tasks, not {sum(by_status[one] for one in OPEN)}"
        yield from self._figures_of_users(live)

    def _figures_of_users(self, live: dict[str, tuple[str, JSON]]) -> Iterator[str]:
        by_user: dict[str, Counter[str]] = defaultdict(Counter)
        for user, task in live.values():
            by_user[user][task["status"]] += 1
        expected = {
            user: [str(n) for n in (found.total(), found["completed"], found["pending"], found["in_progress"])]
            for user, found in by_user.items()
        }
        rows = {str(row.pop("user_id")): list(row.values()) for row in self._platform.gold(METRICS)}
        if rows != expected:
            yield f"task_analytics_user_metrics has {rows}, not {expected}"
        created = {(str(row["user_id"]), str(row["activity_date"])): int(row["tasks_created"] or 0) for row in
                   self._platform.gold(CREATED)}  # fmt: skip
        counted = {(one.id, day.isoformat()): n for one in self._people for day, n in one.created.items()}
        if created != counted:
            differ = sorted(created.items() ^ counted.items())
            yield f"tasks created on a day, in gold or by the answers, and not in both: {differ}"

    def _insights(self) -> Iterator[str]:
        for one in self._people:
            tasks = [task for task in self._listed[one.id].values() if "deleted_at" not in task]
            figures = one.ask("GET", "/insights", 200)
            expected = work_out(tasks, figures)
            found = {name: figures[name] for name in expected}
            if found != expected:
                yield f"/insights of {one.id} says {found}, not {expected}"


def work_out(tasks: list[JSON], figures: JSON) -> dict[str, Any]:
    """The figures of one user, from the tasks that the API lists, at the instant and on the clock of the answer.

    Args:
        tasks: live ones.
        figures: the answer of `/insights`, of which `as_of` and `time_zone` are taken.
    """
    instant = dt.datetime.fromisoformat(figures["as_of"])
    today = instant.astimezone(zoneinfo.ZoneInfo(figures["time_zone"])).date()
    by_status = Counter(task["status"] for task in tasks)
    return {
        "total_tasks": len(tasks),
        "open_tasks": sum(by_status[status] for status in OPEN),
        "completed_tasks": by_status["completed"],
        "overdue_tasks": sum(_is_overdue(task, instant, today) for task in tasks),
    }


def _is_overdue(task: JSON, instant: dt.datetime, today: dt.date) -> bool:
    if task["status"] not in OPEN:
        return False
    if task["due_at"]:
        return dt.datetime.fromisoformat(task["due_at"]) < instant
    return bool(task["due_date"]) and dt.date.fromisoformat(task["due_date"]) < today
