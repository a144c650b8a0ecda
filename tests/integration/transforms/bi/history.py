"""Half a year of forty people, made up by rule: enough for charts to look as they will, the same on every run."""

import datetime as dt
from collections import Counter, defaultdict
from typing import Any

from tests.integration.transforms.bi.tables import Rows

Row = dict[str, Any]
DAYS, PEOPLE, TASKS = 168, 40, 1400
PRIORITIES, CATEGORIES = ("low", "medium", "high", "urgent"), ("work", "home", "study", "health", "errands")
OPENING, CLOSING = ("created", "reopened"), ("completed", "cancelled")


def tables(last: dt.date) -> dict[str, Rows]:
    """Every gold table, with `last` as the last day."""
    first = last - dt.timedelta(days=DAYS - 1)
    tasks, events = _work(first, last)
    return {
        "dim_dates": [_date(first + dt.timedelta(days=n)) for n in range(-7, DAYS + 30)],
        "dim_users": [_user(n, first) for n in range(PEOPLE)],
        "fct_tasks": tasks,
        "fct_task_events": events,
        "fct_task_status_periods": _periods(events, last),
        "fct_daily_activity": _activity(events),
        "fct_daily_backlog": _backlog(tasks, events, first, last),
        "agg_cycle_time": _cycle_times(tasks),
        "agg_cohort_retention": _retention(events, first, last),
        "agg_api_usage_daily": [row for n in range(DAYS - 1) for row in _usage(first + dt.timedelta(days=n), n)],
        "user_insights": [_insights(n, last) for n in range(PEOPLE)],
        "business_metrics_kpis": [{"metric": "total_tasks", "value": float(len(tasks))}],
        "pipeline_runs": [_run(last - dt.timedelta(days=13 - n), n) for n in range(14)],
    }


def _came(user: int, first: dt.date) -> dt.date:
    return first + dt.timedelta(days=(user * user * 3) % 120)


def _user(user: int, first: dt.date) -> Row:
    seen = dt.datetime.combine(_came(user, first), dt.time(7))
    domain = ("example.com", "example.org", "example.net")[user % 3]
    named = {"email": f"u***@{domain}", "email_domain": domain, "name": "U***", "is_known_profile": True}
    return {"user_id": f"user-{user:02}", "first_seen": seen, "last_updated": seen} | named


def _work(first: dt.date, last: dt.date) -> tuple[list[Row], list[Row]]:
    end = dt.datetime.combine(last, dt.time(18))
    tasks, events = [], []
    for number in range(TASKS):
        user = (number * 7 + number // 13) % PEOPLE
        room = (last - _came(user, first)).days + 1
        created = dt.datetime.combine(_came(user, first), dt.time(7 + number * 5 % 12, number % 60))
        created += dt.timedelta(days=int(room * ((number * 617 % 1000) / 1000) ** 0.8))
        if created.weekday() > 4 and number % 3:
            created -= dt.timedelta(days=2)
        priority, category = PRIORITIES[number * 11 % 10 % 4], CATEGORIES[number * 13 % 17 % 5]
        hours = 4 + (number * 37 % 150) * (4 - PRIORITIES.index(priority)) / 2
        closed, kind = created + dt.timedelta(hours=hours), "cancelled" if number % 13 == 0 else "completed"
        due = (created + dt.timedelta(days=3 + number % 16)).date() if number % 4 else None
        task_events = [("created", created)]
        if number % 9 and closed < end:
            task_events.append((kind, closed))
            if number % 23 == 0 and kind == "completed" and closed + dt.timedelta(days=2) < end:
                task_events += [("reopened", closed + dt.timedelta(days=1)), (kind, closed + dt.timedelta(days=2))]
        done = task_events[-1][0] in CLOSING
        status = task_events[-1][0] if done else ("in_progress" if number % 2 else "pending")
        completed = task_events[-1][1] if status == "completed" else None
        late = not done and due is not None and due < last
        task = {
            "task_id": f"task-{number:04}",
            "user_id": f"user-{user:02}",
            "priority": priority,
            "category": category,
        }
        tasks.append(
            {**task, "status": status, "due_date": due, "created_at": created, "updated_at": task_events[-1][1]}
            | {"completed_at": completed, "is_overdue": late, "version": len(task_events)}
            | {"cycle_time_hours": (completed - created).total_seconds() / 3600 if completed else None}
        )
        events += [
            {**task, "event_id": f"{number}-{n}", "event_type": event, "occurred_at": at, "event_date": at.date()}
            | {"version": n + 1, "status": event if event in CLOSING else "pending"}
            for n, (event, at) in enumerate(task_events)
        ]
    return tasks, events


def _date(day: dt.date) -> Row:
    week = day - dt.timedelta(days=day.weekday())
    parts = {"year": day.year, "quarter": (day.month + 2) // 3, "month": day.month, "week_start": week}
    names = {"day_of_week": day.isoweekday(), "day_name": f"{day:%A}", "is_weekend": day.isoweekday() > 5}
    return {"date_day": day} | parts | names


def _periods(events: list[Row], last: dt.date) -> Rows:
    rows, end = [], dt.datetime.combine(last, dt.time(18))
    events_by_task: dict[str, list[Row]] = defaultdict(list)
    for event in events:
        events_by_task[event["task_id"]].append(event)
    for task_events in events_by_task.values():
        for event, next_event in zip(task_events, [*task_events[1:], None], strict=True):
            start, until = event["occurred_at"], next_event["occurred_at"] if next_event else None
            status = event["event_type"] if event["event_type"] in CLOSING else "pending"
            common = {"task_id": event["task_id"], "user_id": event["user_id"], "is_current": until is None}
            hours = ((until or end) - start).total_seconds() / 3600
            if status == "pending" and until is not None:
                middle = start + (until - start) / 3
                for name, since, till in (("pending", start, middle), ("in_progress", middle, until)):
                    spent = (till - since).total_seconds() / 3600
                    rows.append(common | {"status": name, "started_at": since, "ended_at": till, "hours": spent})
            else:
                rows.append(common | {"status": status, "started_at": start, "ended_at": until, "hours": hours})
    return rows


def _activity(events: list[Row]) -> Rows:
    counted: dict[tuple[dt.date, str], Counter[str]] = defaultdict(Counter)
    for event in events:
        counted[event["event_date"], event["user_id"]][event["event_type"]] += 1
    kinds = (*OPENING, *CLOSING, "deleted")
    return [
        {"activity_date": day, "user_id": user, "events": counts.total()} | {f"tasks_{k}": counts[k] for k in kinds}
        for (day, user), counts in sorted(counted.items())
    ]


def _backlog(tasks: list[Row], events: list[Row], first: dt.date, last: dt.date) -> Rows:
    rows, still_open = [], 0
    by_day: dict[dt.date, Counter[str]] = defaultdict(Counter)
    for event in events:
        by_day[event["event_date"]][event["event_type"]] += 1
    for number in range((last - first).days + 1):
        day = first + dt.timedelta(days=number)
        counts = by_day[day]
        still_open += sum(counts[kind] for kind in OPENING) - sum(counts[kind] for kind in CLOSING)
        late = sum(
            task["due_date"] is not None
            and task["created_at"].date() <= day
            and task["due_date"] < day
            and (task["status"] not in CLOSING or task["updated_at"].date() > day)
            for task in tasks
        )
        kinds = (*OPENING, *CLOSING, "deleted", "restored")
        flows = {f"{kind}_tasks": counts[kind] for kind in kinds}
        rows.append({"backlog_date": day, "open_tasks": still_open, "overdue_tasks": late} | flows)
    return rows


def _cycle_times(tasks: list[Row]) -> Rows:
    hours: dict[tuple[str, str], list[float]] = defaultdict(list)
    for task in tasks:
        if task["cycle_time_hours"] is not None:
            hours[task["priority"], task["category"]].append(task["cycle_time_hours"])
    return [
        {"priority": priority, "category": category, "completed_tasks": len(found)}
        | {"p50_hours": sorted(found)[len(found) // 2], "p90_hours": sorted(found)[len(found) * 9 // 10]}
        for (priority, category), found in sorted(hours.items())
    ]


def _retention(events: list[Row], first: dt.date, last: dt.date) -> Rows:
    def week(day: dt.date) -> dt.date:
        return day - dt.timedelta(days=day.weekday())

    active = {(event["user_id"], week(event["event_date"])) for event in events}
    cohorts: dict[dt.date, set[str]] = defaultdict(set)
    for user in range(PEOPLE):
        cohorts[week(_came(user, first))].add(f"user-{user:02}")
    rows = []
    for cohort, users in sorted(cohorts.items())[-10:]:
        for since in range((week(last) - cohort).days // 7 + 1):
            back = sum((user, cohort + dt.timedelta(weeks=since)) in active for user in users)
            shares = {"users": len(users), "active_users": back, "retention_pct": 100 * back / len(users)}
            rows.append({"cohort_week": cohort, "weeks_since": since} | shares)
    return rows


def _usage(day: dt.date, number: int) -> Rows:
    routes = {
        ("GET", "/api/v1/tasks"): (400, 38.0),
        ("POST", "/api/v1/tasks"): (90, 62.0),
        ("PATCH", "/api/v1/tasks/{task_id}"): (70, 55.0),
        ("GET", "/api/v1/insights"): (45, 21.0),
        ("DELETE", "/api/v1/tasks/{task_id}"): (12, 47.0),
    }
    quiet, rows = 0.35 if day.weekday() > 4 else 1.0, []
    for place, ((method, route), (often, slow)) in enumerate(routes.items()):
        requests = int(often * quiet * (0.6 + number / DAYS * 0.6) + (number * 7 + place) % 11)
        errors = {"client_errors": requests // 40, "server_errors": int(number % 29 == place), "users": 20}
        rest = {"cold_starts": 1 + (number + place) % 4, "replays": requests // 60 if method != "GET" else 0}
        times = {"p50_ms": slow / 3, "p95_ms": slow + (number * 13 + place * 5) % 17}
        rows.append({"usage_date": day, "method": method, "route": route, "requests": requests} | errors | rest | times)
    return rows


def _insights(user: int, last: dt.date) -> Row:
    at = dt.datetime.combine(last, dt.time(18))
    streaks = {"current_streak_days": user % 5, "longest_streak_days": user % 5 + user % 7}
    return {"user_id": f"user-{user:02}", "as_of": at, "completed_tasks": 20 + user % 9} | streaks


def _run(day: dt.date, number: int) -> Row:
    start, seconds = dt.datetime.combine(day, dt.time(17, 55)), 140.0 + number * 17 % 60
    times = {"started_at": start, "ended_at": start + dt.timedelta(seconds=seconds), "duration_seconds": seconds}
    window = {"window_from": start - dt.timedelta(days=1), "window_to": start, "full_refresh": False}
    counts = {"events_read": 180 + number * 7, "rejects": number % 6 // 5, "models_built": 24, "tests_passed": 190}
    cost = {"bytes_scanned": 40_000_000 + number * 900_000, "cost_estimate_usd": 0.09, "users_published": 40}
    return {"run_id": f"run-{number:03}", "dt": f"{day:%Y-%m-%d}"} | times | window | counts | cost
