"""Every mart worked out again from silver's rows, one day, task and user after the other, without SQL."""

import datetime as dt
import json
import math
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from typing import Any

Row = dict[str, Any]
Key = Callable[[Row], Any]
OPEN = ("pending", "in_progress")
GONE = ("deleted", "purged")
DAY = dt.timedelta(days=1)
HOUR = dt.timedelta(hours=1)
NAMES = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


def marts(silver: dict[str, list[Row]], as_of: dt.date) -> dict[str, list[Row]]:
    """The rows of every mart, by its name, in no order.

    Args:
        silver: the rows of the silver tables, instants in UTC.
        as_of: the day of the run.
    """
    return Gold(silver, as_of).marts()


class Gold:
    """Silver without what counts in no figure."""

    def __init__(self, silver: dict[str, list[Row]], as_of: dt.date) -> None:
        self.as_of = as_of
        self.erased = {user["user_id"] for user in silver["users"] if user["is_deleted"]}
        self.profiles = {user["user_id"]: user for user in silver["users"] if not user["is_deleted"]}
        self.events = [_event(event) for event in silver["task_events"] if event["user_id"] not in self.erased]
        self.requests = [dict(one, occurred_at=_naive(one["occurred_at"])) for one in silver["api_requests"]]
        self.tasks = [
            self._task(task)
            for task in silver["tasks"]
            if not task["is_deleted"] and task["user_id"] not in self.erased
        ]
        self.histories = {
            task: sorted(events, key=lambda event: event["version"])
            for task, events in _grouped(self.events, _by("task_id")).items()
        }
        self.users = self._users()
        self.activity = self._activity()

    def marts(self) -> dict[str, list[Row]]:
        return {
            "fct_tasks": self.tasks,
            "fct_task_events": [
                {name: value for name, value in event.items() if name not in ("was_deleted", "previous_due_date")}
                for event in self.events
            ],
            "fct_task_status_periods": self._periods(),
            "fct_daily_activity": self.activity,
            "fct_daily_backlog": self._backlog(),
            "dim_users": self.users,
            "dim_dates": [_day(dt.date(2020, 1, 1) + n * DAY) for n in range(7305)],
            "agg_cycle_time": self._cycle_times(),
            "agg_cohort_retention": self._cohorts(),
            "agg_api_usage_daily": self._usage(),
            "user_insights": [self._insights(user["user_id"]) for user in self.users],
            "user_analytics": self._user_analytics(),
            "task_analytics_user_metrics": self._user_metrics(),
            "task_analytics_category_trends": [
                {"category": category, "total_tasks": len(tasks), "completed_tasks": _completed(tasks)}
                for category, tasks in _grouped(self.tasks, _category).items()
            ],
            "business_metrics_kpis": self._kpis(),
        }

    def _task(self, task: Row) -> Row:
        created_at, completed_at = _naive(task["created_at"]), _naive(task["completed_at"])
        done = task["status"] == "completed"
        return {
            **{name: task[name] for name in ("task_id", "user_id", "status", "priority", "due_date", "version")},
            "category": (task["category"] or "").strip() or None,
            "created_at": created_at,
            "updated_at": _naive(task["updated_at"]),
            "completed_at": completed_at,
            "is_open": task["status"] in OPEN,
            "is_overdue": task["status"] in OPEN and task["due_date"] is not None and task["due_date"] < self.as_of,
            "cycle_time_hours": (completed_at - created_at) / HOUR if done else None,
        }

    def _users(self) -> list[Row]:
        first: dict[str, list[dt.datetime]] = defaultdict(list)
        last: dict[str, list[dt.datetime]] = defaultdict(list)
        for event in self.events:
            first[event["user_id"]].append(event["occurred_at"])
            if event["event_type"] != "purged":
                last[event["user_id"]].append(event["occurred_at"])
        for user_id, profile in self.profiles.items():
            first[user_id].append(_naive(profile["created_at"]))
            last[user_id].append(_naive(profile["updated_at"]))
        return [
            {
                "user_id": user_id,
                "email": self.profiles.get(user_id, {}).get("email_masked"),
                "email_domain": self.profiles.get(user_id, {}).get("email_domain"),
                "name": self.profiles.get(user_id, {}).get("name_masked"),
                "first_seen": min(moments),
                "last_updated": max(last[user_id] or moments[:1]),
                "is_known_profile": user_id in self.profiles,
            }
            for user_id, moments in first.items()
        ]

    def _activity(self) -> list[Row]:
        rows = []
        by_users = [event for event in self.events if event["event_type"] != "purged"]
        for (user_id, day), events in _grouped(by_users, _by("user_id", "event_date")).items():
            kinds = Counter(event["event_type"] for event in events)
            counted = ("created", "completed", "reopened", "cancelled", "deleted")
            rows.append(
                {
                    "user_id": user_id,
                    "events": len(events),
                    **{f"tasks_{kind}": kinds[kind] for kind in counted},
                    "activity_date": day,
                }
            )
        return rows

    def _periods(self) -> list[Row]:
        rows: list[Row] = []
        for task in self.tasks:
            current: Row | None = None
            for event in self.histories.get(task["task_id"], []):
                status = None if event["event_type"] in GONE else event["status"]
                if current and status == current["status"]:
                    continue
                if current:
                    _end(current, event["occurred_at"], rows)
                current = (
                    {
                        "task_id": task["task_id"],
                        "user_id": task["user_id"],
                        "status": status,
                        "started_at": event["occurred_at"],
                    }
                    if status
                    else None
                )
            if current:
                rows.append({**current, "ended_at": None, "is_current": True, "hours": None})
        return rows

    def _backlog(self) -> list[Row]:
        per_day = _grouped(
            (event for history in self.histories.values() for event in history), lambda event: event["event_date"]
        )
        before: list[Row] = []
        rows = []
        day = min(per_day, default=self.as_of + DAY)
        while day <= self.as_of:
            effects: Counter[str] = Counter()
            for event in per_day.get(day, []):
                effects[_effect(event)] += 1
            before += per_day.get(day, [])
            counted = ("created", "completed", "reopened", "cancelled", "deleted", "restored")
            rows.append(
                {
                    "backlog_date": day,
                    "open_tasks": sum(_is_open(event) - _was_open(event) for event in before),
                    **{f"{kind}_tasks": effects[kind] for kind in counted},
                    "overdue_tasks": sum(
                        (_is_open(event) and _is_past(event["due_date"], day))
                        - (_was_open(event) and _is_past(event["previous_due_date"], day))
                        for event in before
                    ),
                }
            )
            day += DAY
        return rows

    def _cycle_times(self) -> list[Row]:
        done = [task for task in self.tasks if task["status"] == "completed"]
        return [
            {
                "priority": priority,
                "category": category,
                "completed_tasks": len(tasks),
                "p50_hours": _nearest_rank([task["cycle_time_hours"] for task in tasks], 0.5),
                "p90_hours": _nearest_rank([task["cycle_time_hours"] for task in tasks], 0.9),
            }
            for (priority, category), tasks in _grouped(done, lambda task: (task["priority"], _category(task))).items()
        ]

    def _cohorts(self) -> list[Row]:
        active = {(row["user_id"], _monday(row["activity_date"])) for row in self.activity}
        rows = []
        for cohort, users in _grouped(self.users, lambda user: _monday(user["first_seen"].date())).items():
            week, since = cohort, 0
            while week <= self.as_of:
                count = sum((user["user_id"], week) in active for user in users)
                rows.append(
                    {
                        "cohort_week": cohort,
                        "weeks_since": since,
                        "users": len(users),
                        "active_users": count,
                        "retention_pct": _percent(count, len(users)),
                    }
                )
                week, since = week + 7 * DAY, since + 1
        return rows

    def _usage(self) -> list[Row]:
        groups = _grouped(self.requests, lambda one: (one["occurred_at"].date(), one["method"], one["route"]))
        return [
            {
                "method": method,
                "route": route,
                "requests": len(requests),
                "client_errors": sum(400 <= one["status_code"] < 500 for one in requests),
                "server_errors": sum(one["status_code"] >= 500 for one in requests),
                "p50_ms": _nearest_rank([one["duration_ms"] for one in requests], 0.5),
                "p95_ms": _nearest_rank([one["duration_ms"] for one in requests], 0.95),
                "cold_starts": sum(one["cold_start"] for one in requests),
                "replays": sum(one["idempotent_replay"] for one in requests),
                "users": len({one["user_hash"] for one in requests} - {None}),
                "usage_date": day,
            }
            for (day, method, route), requests in groups.items()
        ]

    def _insights(self, user_id: str) -> Row:
        tasks = [task for task in self.tasks if task["user_id"] == user_id]
        done = [task for task in tasks if task["status"] == "completed"]
        days = {task["completed_at"].date() for task in done}
        hours = [task["cycle_time_hours"] for task in done]
        weeks = [_monday(self.as_of) - n * 7 * DAY for n in range(11, -1, -1)]
        return {
            "user_id": user_id,
            "as_of": dt.datetime.combine(self.as_of, dt.time()),
            "total_tasks": len(tasks),
            "open_tasks": sum(task["status"] in OPEN for task in tasks),
            "completed_tasks": len(done),
            "overdue_tasks": sum(task["is_overdue"] for task in tasks),
            "completion_rate_pct": _percent(len(done), len(tasks)),
            "current_streak_days": _streak(days, self.as_of) or _streak(days, self.as_of - DAY),
            "longest_streak_days": max((_streak(days, day) for day in days), default=0),
            "cycle_time_p50_hours": _nearest_rank(hours, 0.5),
            "cycle_time_p90_hours": _nearest_rank(hours, 0.9),
            "by_category": _json(
                sorted(
                    _counts("category", tasks, _by("category")),
                    key=lambda one: (-one["total"], one["category"] is None, one["category"]),
                )
            ),
            "by_priority": _json(
                sorted(
                    _counts("priority", tasks, _by("priority")),
                    key=lambda one: ("urgent", "high", "medium", "low").index(one["priority"]),
                )
            ),
            "weekly": _json(
                {
                    "week": week.isoformat(),
                    "created": sum(_monday(task["created_at"].date()) == week for task in tasks),
                    "completed": sum(_monday(task["completed_at"].date()) == week for task in done),
                }
                for week in weeks
            ),
        }

    def _user_analytics(self) -> list[Row]:
        kinds = {
            user_id: [event["event_type"] for event in events if event["event_type"] != "purged"]
            for user_id, events in self._per_user().items()
        }
        return [
            {
                **{name: user[name] for name in ("user_id", "email", "name", "first_seen", "last_updated")},
                "total_events": len(kinds.get(user["user_id"], [])),
                "max_event_types": len(set(kinds.get(user["user_id"], []))),
            }
            for user in self.users
        ]

    def _per_user(self) -> dict[Any, list[Row]]:
        return _grouped(self.events, _by("user_id"))

    def _user_metrics(self) -> list[Row]:
        return [
            {
                "user_id": user_id,
                "total_tasks": len(tasks),
                "completed_tasks": _completed(tasks),
                "pending_tasks": sum(task["status"] == "pending" for task in tasks),
                "in_progress_tasks": sum(task["status"] == "in_progress" for task in tasks),
                "first_task_date": min(task["created_at"] for task in tasks).date(),
                "last_task_date": max(task["created_at"] for task in tasks).date(),
            }
            for user_id, tasks in _grouped(self.tasks, _by("user_id")).items()
        ]

    def _kpis(self) -> list[Row]:
        states = Counter(task["status"] for task in self.tasks)
        recent = dt.datetime.combine(self.as_of - 30 * DAY, dt.time())
        figures = {
            "total_users": len(self.users),
            "active_users": sum(user["last_updated"] >= recent for user in self.users),
            "total_tasks": len(self.tasks),
            **{f"{state}_tasks": states[state] for state in (*OPEN, "completed", "cancelled")},
            "overdue_tasks": sum(task["is_overdue"] for task in self.tasks),
            "high_priority_tasks": sum(task["priority"] in ("high", "urgent") for task in self.tasks),
            "completion_rate_pct": _percent(states["completed"], len(self.tasks)),
        }
        return [{"metric": name, "value": float(value)} for name, value in figures.items()]


def _event(event: Row) -> Row:
    names = ["event_id", "task_id", "user_id", "event_type", "version", "status", "previous_status", "priority"]
    names += ["was_deleted", "previous_due_date"]
    occurred_at = _naive(event["occurred_at"])
    return {
        **{name: event[name] for name in names},
        "category": (event["category"] or "").strip() or None,
        "due_date": event["due_date"],
        "occurred_at": occurred_at,
        "ingested_at": _naive(event["ingested_at"]),
        "event_date": occurred_at.date(),
    }


def _end(period: Row, ended_at: dt.datetime, rows: list[Row]) -> None:
    if ended_at > period["started_at"]:
        hours = (ended_at - period["started_at"]) / HOUR
        rows.append({**period, "ended_at": ended_at, "is_current": False, "hours": hours})


def _is_open(event: Row) -> bool:
    return event["event_type"] not in GONE and event["status"] in OPEN


def _was_open(event: Row) -> bool:
    return event["previous_status"] in OPEN and not event["was_deleted"]


def _is_past(due: dt.date | None, day: dt.date) -> bool:
    return due is not None and due < day


def _effect(event: Row) -> str:
    if _was_open(event) == _is_open(event):
        return "none"
    if _is_open(event):
        if event["previous_status"] is None:
            return "created"
        return "restored" if event["was_deleted"] else "reopened"
    if event["event_type"] in GONE:
        return "deleted"
    return "completed" if event["status"] == "completed" else "cancelled"


def _day(day: dt.date) -> Row:
    return {
        "date_day": day,
        "year": day.year,
        "quarter": (day.month + 2) // 3,
        "month": day.month,
        "week_start": _monday(day),
        "day_of_week": day.isoweekday(),
        "day_name": NAMES[day.weekday()],
        "is_weekend": day.weekday() >= 5,
    }


def _streak(days: set[dt.date], last: dt.date) -> int:
    length = 0
    while last - length * DAY in days:
        length += 1
    return length


def _counts(name: str, tasks: list[Row], key: Key) -> list[Row]:
    return [
        {name: value, "total": len(group), "completed": _completed(group)}
        for value, group in _grouped(tasks, key).items()
    ]


def _json(rows: Iterable[Row]) -> str:
    return json.dumps(list(rows), separators=(",", ":"), ensure_ascii=False)


def _completed(tasks: list[Row]) -> int:
    return sum(task["status"] == "completed" for task in tasks)


def _percent(part: int, whole: int) -> float:
    # halves are rounded up, as SQL rounds them; Python would round them to even
    return (part * 20_000 + whole) // (2 * whole) / 100 if whole else 0.0


def _nearest_rank(values: Sequence[float], share: float) -> float | None:
    return sorted(values)[max(1, math.ceil(share * len(values))) - 1] if values else None


def _grouped(rows: Iterable[Row], key: Key) -> dict[Any, list[Row]]:
    groups: dict[Any, list[Row]] = defaultdict(list)
    for row in rows:
        groups[key(row)].append(row)
    return groups


def _by(*names: str) -> Key:
    return lambda row: row[names[0]] if len(names) == 1 else tuple(row[name] for name in names)


def _category(task: Row) -> str:
    return task["category"] or "uncategorized"


def _monday(day: dt.date) -> dt.date:
    return day - day.weekday() * DAY


def _naive(moment: dt.datetime | None) -> Any:
    return moment.replace(tzinfo=None) if moment else None
