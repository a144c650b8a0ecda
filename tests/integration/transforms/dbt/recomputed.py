"""Every mart worked out again from silver's rows, one day, task and user after the other, without SQL."""

import datetime as dt
from collections import Counter, defaultdict
from typing import Any

from tests.integration.transforms.dbt.recomputed_insights import insights
from tests.integration.transforms.dbt.recomputed_rows import (
    DAY,
    GONE,
    HOUR,
    MIDNIGHT,
    OPEN,
    Row,
    by,
    calendar_day,
    category_of,
    cleaned_event,
    count_completed,
    effect_on_backlog,
    end_period,
    grouped,
    is_open,
    is_past,
    monday,
    naive,
    nearest_rank,
    percent,
    was_open,
)


def marts(silver: dict[str, list[Row]], as_of: dt.date, at: dt.time | None = None) -> dict[str, list[Row]]:
    """The rows of every mart, by its name, in no order.

    Args:
        silver: the rows of the silver tables, instants in UTC.
        as_of: the day of the run.
        at: the time of the run, UTC; None for the end of a day that is worked out again.
    """
    return Gold(silver, as_of, at).marts()


class Gold:
    """Silver without what counts in no figure."""

    def __init__(self, silver: dict[str, list[Row]], as_of: dt.date, at: dt.time | None = None) -> None:
        self.as_of = as_of
        self.instant = dt.datetime.combine(as_of, at or dt.time.max, dt.UTC)
        self.shown_as_of = dt.datetime.combine(as_of, at or MIDNIGHT)
        self.erased = {user["user_id"] for user in silver["users"] if user["is_deleted"]}
        self.profiles = {user["user_id"]: user for user in silver["users"] if not user["is_deleted"]}
        self.events = [cleaned_event(event) for event in silver["task_events"] if event["user_id"] not in self.erased]
        self.requests = [dict(one, occurred_at=naive(one["occurred_at"])) for one in silver["api_requests"]]
        self.due_at = {task["task_id"]: task.get("due_at") for task in silver["tasks"]}
        self.tasks = [
            self._task(task)
            for task in silver["tasks"]
            if not task["is_deleted"] and task["user_id"] not in self.erased
        ]
        self.histories = {
            task: sorted(events, key=lambda event: event["version"])
            for task, events in grouped(self.events, by("task_id")).items()
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
            "dim_dates": [calendar_day(dt.date(2020, 1, 1) + n * DAY) for n in range(7305)],
            "agg_cycle_time": self._cycle_times(),
            "agg_cohort_retention": self._cohorts(),
            "agg_api_usage_daily": self._usage(),
            "user_insights": [insights(self, user["user_id"]) for user in self.users],
            "user_analytics": self._user_analytics(),
            "task_analytics_user_metrics": self._user_metrics(),
            "task_analytics_category_trends": [
                {"category": category, "total_tasks": len(tasks), "completed_tasks": count_completed(tasks)}
                for category, tasks in grouped(self.tasks, category_of).items()
            ],
            "business_metrics_kpis": self._kpis(),
        }

    def _task(self, task: Row) -> Row:
        created_at, completed_at = naive(task["created_at"]), naive(task["completed_at"])
        done = task["status"] == "completed"
        return {
            **{name: task[name] for name in ("task_id", "user_id", "status", "priority", "due_date", "version")},
            **{name: task.get(name) for name in ("parent_id", "recurrence", "previous_id")},
            "category": (task["category"] or "").strip() or None,
            "labels": task.get("labels"),
            "created_at": created_at,
            "updated_at": naive(task["updated_at"]),
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
            first[user_id].append(naive(profile["created_at"]))
            last[user_id].append(naive(profile["updated_at"]))
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
        for (user_id, day), events in grouped(by_users, by("user_id", "event_date")).items():
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
                    end_period(current, event["occurred_at"], rows)
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
        per_day = grouped(
            (event for history in self.histories.values() for event in history), lambda event: event["event_date"]
        )
        before: list[Row] = []
        rows = []
        day = min(per_day, default=self.as_of + DAY)
        while day <= self.as_of:
            effects: Counter[str] = Counter()
            for event in per_day.get(day, []):
                effects[effect_on_backlog(event)] += 1
            before += per_day.get(day, [])
            counted = ("created", "completed", "reopened", "cancelled", "deleted", "restored")
            rows.append(
                {
                    "backlog_date": day,
                    "open_tasks": sum(is_open(event) - was_open(event) for event in before),
                    **{f"{kind}_tasks": effects[kind] for kind in counted},
                    "overdue_tasks": sum(
                        (is_open(event) and is_past(event["due_date"], day))
                        - (was_open(event) and is_past(event["previous_due_date"], day))
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
                "p50_hours": nearest_rank([task["cycle_time_hours"] for task in tasks], 0.5),
                "p90_hours": nearest_rank([task["cycle_time_hours"] for task in tasks], 0.9),
            }
            for (priority, category), tasks in grouped(done, lambda task: (task["priority"], category_of(task))).items()
        ]

    def _cohorts(self) -> list[Row]:
        active = {(row["user_id"], monday(row["activity_date"])) for row in self.activity}
        rows = []
        for cohort, users in grouped(self.users, lambda user: monday(user["first_seen"].date())).items():
            week, since = cohort, 0
            while week <= self.as_of:
                count = sum((user["user_id"], week) in active for user in users)
                rows.append(
                    {
                        "cohort_week": cohort,
                        "weeks_since": since,
                        "users": len(users),
                        "active_users": count,
                        "retention_pct": percent(count, len(users)),
                    }
                )
                week, since = week + 7 * DAY, since + 1
        return rows

    def _usage(self) -> list[Row]:
        groups = grouped(self.requests, lambda one: (one["occurred_at"].date(), one["method"], one["route"]))
        return [
            {
                "method": method,
                "route": route,
                "requests": len(requests),
                "client_errors": sum(400 <= one["status_code"] < 500 for one in requests),
                "server_errors": sum(one["status_code"] >= 500 for one in requests),
                "p50_ms": nearest_rank([one["duration_ms"] for one in requests], 0.5),
                "p95_ms": nearest_rank([one["duration_ms"] for one in requests], 0.95),
                "cold_starts": sum(one["cold_start"] for one in requests),
                "replays": sum(one["idempotent_replay"] for one in requests),
                "users": len({one["user_hash"] for one in requests} - {None}),
                "usage_date": day,
            }
            for (day, method, route), requests in groups.items()
        ]

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
        return grouped(self.events, by("user_id"))

    def _user_metrics(self) -> list[Row]:
        return [
            {
                "user_id": user_id,
                "total_tasks": len(tasks),
                "completed_tasks": count_completed(tasks),
                "pending_tasks": sum(task["status"] == "pending" for task in tasks),
                "in_progress_tasks": sum(task["status"] == "in_progress" for task in tasks),
                "first_task_date": min(task["created_at"] for task in tasks).date(),
                "last_task_date": max(task["created_at"] for task in tasks).date(),
            }
            for user_id, tasks in grouped(self.tasks, by("user_id")).items()
        ]

    def _kpis(self) -> list[Row]:
        states = Counter(task["status"] for task in self.tasks)
        recent = dt.datetime.combine(self.as_of - 30 * DAY, dt.time())
        figures = {
            "total_users": len(self.users),
            "active_users": sum(user["last_updated"] >= recent for user in self.users),
            "total_tasks": len(self.tasks),
            **{f"{state}_tasks": states[state] for state in (*OPEN, "completed", "cancelled")},
            "open_tasks": sum(task["is_open"] for task in self.tasks),
            "overdue_tasks": sum(task["is_overdue"] for task in self.tasks),
            "high_priority_tasks": sum(task["priority"] in ("high", "urgent") for task in self.tasks),
            "completion_rate_pct": percent(states["completed"], len(self.tasks)),
        }
        hours = [task["cycle_time_hours"] for task in self.tasks if task["cycle_time_hours"] is not None]
        cycles = {f"cycle_time_p{share}_hours": nearest_rank(hours, share / 100) for share in (50, 90) if hours}
        return [{"metric": name, "value": float(value)} for name, value in (figures | cycles).items()]
