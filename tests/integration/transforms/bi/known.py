"""Two weeks of four people, written down row by row: what the saved queries are asked about.

Anna and Ben work, Cora has signed up and done nothing, Dora left only traces, Eve's one task is deleted. Sunday 22
November 2026 is the last day.
"""

import datetime as dt
from typing import Any

from tests.integration.transforms.bi.tables import Rows, day, moment

Row = dict[str, Any]
FIRST, LAST = day("10-01"), day("11-30")


def _dates() -> Rows:
    days = [FIRST + dt.timedelta(days=n) for n in range((LAST - FIRST).days + 1)]
    return [
        {
            "date_day": one,
            "year": one.year,
            "quarter": (one.month + 2) // 3,
            "month": one.month,
            "week_start": one - dt.timedelta(days=one.weekday()),
            "day_of_week": one.isoweekday(),
            "day_name": f"{one:%A}",
            "is_weekend": one.isoweekday() > 5,
        }
        for one in days
    ]


def _user(user_id: str, seen: str, **more: Any) -> Row:
    masked = {
        "email": f"{user_id[0]}***@example.com",
        "email_domain": "example.com",
        "name": f"{user_id[0].upper()}***",
    }
    return {"user_id": user_id, "first_seen": moment(seen), "last_updated": moment("11-20 10:00")} | masked | more


def _task(
    task_id: str, user_id: str, status: str, priority: str, category: str | None, created: str, **more: Any
) -> Row:
    known = {"task_id": task_id, "user_id": user_id, "status": status, "priority": priority, "category": category}
    return (
        known | {"created_at": moment(created), "updated_at": moment(created), "is_overdue": False, "version": 1} | more
    )


def _event(task_id: str, user_id: str, kind: str, at: str, category: str | None) -> Row:
    known = {"event_id": f"{task_id}-{kind}-{at}", "task_id": task_id, "user_id": user_id, "event_type": kind}
    status = kind if kind in ("completed", "cancelled") else "pending"
    times = {"occurred_at": moment(at), "event_date": moment(at).date()}
    return known | times | {"status": status, "category": category, "version": 1}


def _period(task_id: str, status: str, since: str, until: str | None) -> Row:
    start, end = moment(since), moment(until) if until else None
    hours = ((end or moment("11-22 12:00")) - start).total_seconds() / 3600
    known = {"task_id": task_id, "user_id": "anna", "status": status, "started_at": start, "ended_at": end}
    return known | {"is_current": end is None, "hours": hours}


def _activity(date: str, user_id: str, events: int, **more: int) -> Row:
    kinds = ("created", "completed", "reopened", "cancelled", "deleted")
    return {"activity_date": day(date), "user_id": user_id, "events": events} | {
        f"tasks_{kind}": more.get(kind, 0) for kind in kinds
    }


def _backlog() -> Rows:
    """Eight weekdays with something in them, the others without; one task is open from before."""
    flows: dict[str, dict[str, int]] = {
        "11-09": {"created": 1},
        "11-10": {"created": 1, "completed": 1},
        "11-11": {"created": 1},
        "11-12": {"created": 1, "completed": 1},
        "11-13": {"reopened": 1},
        "11-16": {"created": 1},
        "11-17": {"created": 2, "cancelled": 1},
        "11-18": {"completed": 1},
        "11-19": {"completed": 1},
    }
    overdue = {"11-17": 1, "11-18": 1, "11-19": 1, "11-20": 1, "11-21": 2, "11-22": 3}
    effects = {"created": 1, "reopened": 1, "restored": 1, "completed": -1, "cancelled": -1, "deleted": -1}
    rows, still_open = [], 1
    for number in range(9, 23):
        date = f"11-{number:02}"
        flow = flows.get(date, {})
        still_open += sum(effects[kind] * count for kind, count in flow.items())
        counts = {f"{kind}_tasks": flow.get(kind, 0) for kind in effects}
        rows.append(
            {"backlog_date": day(date), "open_tasks": still_open, "overdue_tasks": overdue.get(date, 0)} | counts
        )
    return rows


def _usage(date: str, method: str, route: str, requests: int, p95: float, **more: int) -> Row:
    known = {"usage_date": day(date), "method": method, "route": route, "requests": requests, "p50_ms": p95 / 2}
    rest = {name: more.get(name, 0) for name in ("client_errors", "server_errors", "cold_starts", "replays")}
    return known | {"p95_ms": p95, "users": 2} | rest


def _run(run_id: str, at: str, seconds: float, scanned: int, cost: float) -> Row:
    start = moment(at)
    times = {"started_at": start, "ended_at": start + dt.timedelta(seconds=seconds), "duration_seconds": seconds}
    window = {"window_from": start - dt.timedelta(hours=1), "window_to": start, "full_refresh": False}
    counts = {"events_read": 12, "rejects": 0, "models_built": 20, "tests_passed": 90, "users_published": 2}
    money = {"bytes_scanned": scanned, "cost_estimate_usd": cost, "dt": f"{start:%Y-%m-%d}"}
    return {"run_id": run_id} | times | window | counts | money


TABLES: dict[str, Rows] = {
    "dim_dates": _dates(),
    "dim_users": [
        _user("anna", "11-09 07:00", is_known_profile=True),
        _user("ben", "11-12 07:00", is_known_profile=True),
        _user("cora", "11-18 07:00", is_known_profile=True, email_domain="example.org"),
        _user("dora", "10-27 07:00", is_known_profile=False, email=None, email_domain=None, name=None),
        _user("eve", "10-20 07:00", is_known_profile=True),
    ],
    "fct_tasks": [
        _task("t1", "anna", "completed", "urgent", "work", "11-09 08:00")
        | {"due_date": day("11-12"), "completed_at": moment("11-10 20:00"), "cycle_time_hours": 36.0},
        _task("t2", "anna", "completed", "high", "work", "11-10 09:00")
        | {"due_date": day("11-17"), "completed_at": moment("11-18 09:00"), "cycle_time_hours": 192.0},
        _task("t3", "anna", "pending", "urgent", "home", "11-11 09:00")
        | {"due_date": day("11-20"), "is_overdue": True},
        _task("t4", "ben", "in_progress", "high", "work", "11-16 09:00") | {"due_date": day("11-25")},
        _task("t5", "ben", "cancelled", "low", "home", "11-17 09:00"),
        _task("t6", "ben", "completed", "low", "home", "11-17 10:00")
        | {"completed_at": moment("11-19 10:00"), "cycle_time_hours": 48.0},
        _task("t7", "anna", "pending", "medium", None, "08-01 09:00") | {"due_date": day("11-21"), "is_overdue": True},
        _task("t8", "ben", "pending", "urgent", "work", "11-12 09:00") | {"due_date": day("11-16"), "is_overdue": True},
    ],
    "fct_task_events": [
        _event("t1", "anna", "created", "11-09 08:00", "work"),
        _event("t1", "anna", "completed", "11-10 20:00", "work"),
        _event("t2", "anna", "created", "11-10 09:00", "work"),
        _event("t2", "anna", "completed", "11-12 09:00", "work"),
        _event("t2", "anna", "reopened", "11-13 09:00", "work"),
        _event("t2", "anna", "completed", "11-18 09:00", "work"),
        _event("t3", "anna", "created", "11-11 09:00", "home"),
        _event("t8", "ben", "created", "11-12 09:00", "work"),
        _event("t4", "ben", "created", "11-16 09:00", " "),
        _event("t5", "ben", "created", "11-17 09:00", None),
        _event("t6", "ben", "created", "11-17 10:00", "home"),
        _event("t5", "ben", "cancelled", "11-17 12:00", None),
        _event("t6", "ben", "completed", "11-19 10:00", "home"),
        _event("t7", "anna", "created", "08-01 09:00", None),
        # open for three weeks, deleted and purged since
        _event("t9", "eve", "created", "10-20 09:00", "home"),
        _event("t9", "eve", "updated", "10-22 09:00", "home"),
        _event("t9", "eve", "deleted", "11-15 09:00", "home"),
        _event("t9", "eve", "purged", "11-20 09:00", "home"),
    ],
    "fct_task_status_periods": [
        _period("t7", "pending", "08-01 09:00", None),
        _period("t1", "pending", "11-09 08:00", "11-10 20:00"),
        _period("t1", "completed", "11-10 20:00", None),
        _period("t9", "pending", "10-20 09:00", "10-22 09:00"),
        _period("t9", "in_progress", "10-22 09:00", "11-15 09:00"),
        _period("t9", "completed", "11-15 09:00", None),
    ],
    "fct_daily_activity": [
        _activity("11-09", "anna", 1, created=1),
        _activity("11-10", "anna", 2, created=1, completed=1),
        _activity("11-11", "anna", 1, created=1),
        _activity("11-12", "anna", 1, completed=1),
        _activity("11-12", "ben", 1, created=1),
        _activity("11-13", "anna", 1, reopened=1),
        _activity("11-16", "ben", 1, created=1),
        _activity("11-17", "ben", 3, created=2, cancelled=1),
        _activity("11-18", "anna", 1, completed=1),
        _activity("11-19", "ben", 1, completed=1),
    ],
    "fct_daily_backlog": _backlog(),
    "agg_cycle_time": [
        {"priority": "high", "category": "work", "completed_tasks": 1, "p50_hours": 192.0, "p90_hours": 192.04},
        {"priority": "low", "category": "home", "completed_tasks": 1, "p50_hours": 48.0, "p90_hours": 48.0},
        {"priority": "urgent", "category": "work", "completed_tasks": 1, "p50_hours": 36.0, "p90_hours": 36.0},
    ],
    "agg_cohort_retention": [
        {"cohort_week": day("11-09"), "weeks_since": 0, "users": 2, "active_users": 2, "retention_pct": 100.0},
        {"cohort_week": day("11-09"), "weeks_since": 1, "users": 2, "active_users": 1, "retention_pct": 50.0},
        {"cohort_week": day("11-16"), "weeks_since": 0, "users": 3, "active_users": 1, "retention_pct": 33.333},
    ],
    "agg_api_usage_daily": [
        _usage("11-10", "GET", "/tasks", 80, 700.0),
        _usage("11-21", "GET", "/tasks", 100, 41.26, client_errors=1, cold_starts=3),
        _usage("11-22", "GET", "/tasks", 300, 38.0, client_errors=3),
        _usage("11-22", "POST", "/tasks", 100, 90.0, client_errors=4, server_errors=1, cold_starts=1, replays=5),
        _usage("11-22", "DELETE", "/tasks/{id}", 10, 12.0),
    ],
    "user_insights": [
        {"user_id": "anna", "as_of": moment("11-22 12:00"), "completed_tasks": 2, "current_streak_days": 0}
        | {"longest_streak_days": 1},
        {"user_id": "ben", "as_of": moment("11-22 12:00"), "completed_tasks": 1, "current_streak_days": 1}
        | {"longest_streak_days": 1},
    ],
    "business_metrics_kpis": [
        {"metric": "total_tasks", "value": 8.0},
        {"metric": "completed_tasks", "value": 3.0},
        {"metric": "total_users", "value": 4.0},
        {"metric": "active_users", "value": 2.0},
        {"metric": "overdue_tasks", "value": 3.0},
        {"metric": "high_priority_tasks", "value": 5.0},
        {"metric": "completion_rate_pct", "value": 37.5},
    ],
    "pipeline_runs": [
        _run("run-1", "11-21 02:00", 90.0, 2_000_000, 0.01),
        _run("run-2", "11-22 02:00", 120.0, 3_000_000, 0.02),
        _run("run-3", "11-22 08:00", 60.0, 1_500_000, 0.005),
    ],
}
