"""The gold tables of figures about users and kinds of work, by the definitions that their models document."""

import datetime as dt
import itertools
import math
from collections import Counter, defaultdict
from typing import Any

from tests.integration.transforms.bi.tables import Rows
from tests.unit.transforms.bi.lives import OPEN, Event, gold, monday

Row = dict[str, Any]


def make(events: list[Event], last: dt.date) -> dict[str, Rows]:
    """The aggregates of `lives.gold`."""
    rows = gold(events, last)
    return {
        "agg_cohort_retention": _cohorts(rows["dim_users"], rows["fct_daily_activity"], last),
        "agg_cycle_time": _cycle_times(rows["fct_tasks"]),
        "user_insights": _insights(rows["dim_users"], rows["fct_tasks"], last),
        "business_metrics_kpis": _kpis(rows["fct_tasks"], rows["dim_users"]),
    }


def _cohorts(users: Rows, activity: Rows, last: dt.date) -> Rows:
    came = {user["user_id"]: monday(user["first_seen"].date()) for user in users}
    sizes = Counter(came.values())
    active = Counter(
        (came[user], week) for user, week in {(row["user_id"], monday(row["activity_date"])) for row in activity}
    )
    return [
        {"cohort_week": cohort, "weeks_since": since, "users": size, "active_users": back}
        | {"retention_pct": round(100 * back / size, 2)}
        for cohort, size in sizes.items()
        for since in range((last - cohort).days // 7 + 1)
        for back in (active[cohort, cohort + dt.timedelta(weeks=since)],)
    ]


def _cycle_times(tasks: Rows) -> Rows:
    hours: dict[tuple[str, str], list[float]] = defaultdict(list)
    for task in tasks:
        if task["cycle_time_hours"] is not None:
            hours[task["priority"], task["category"] or "uncategorized"].append(task["cycle_time_hours"])
    return [
        {"priority": priority, "category": category, "completed_tasks": len(found)}
        | {f"p{p}_hours": sorted(found)[math.ceil(p / 100 * len(found)) - 1] for p in (50, 90)}
        for (priority, category), found in hours.items()
    ]


def _insights(users: Rows, tasks: Rows, last: dt.date) -> Rows:
    rows: list[Row] = []
    for user in users:
        done = [task for task in tasks if task["user_id"] == user["user_id"] and task["completed_at"]]
        days = sorted({task["completed_at"].date() for task in done})
        streaks = [
            [day for _, day in run] for _, run in itertools.groupby(enumerate(days), lambda n: n[1].toordinal() - n[0])
        ]
        current = next((len(run) for run in streaks if (last - run[-1]).days <= 1), 0)
        rows.append(
            {"user_id": user["user_id"], "as_of": dt.datetime.combine(last, dt.time(18)), "completed_tasks": len(done)}
            | {"current_streak_days": current, "longest_streak_days": max(map(len, streaks), default=0)}
        )
    return rows


def _kpis(tasks: Rows, users: Rows) -> Rows:
    statuses = Counter(task["status"] for task in tasks)
    figures = {f"{status}_tasks": statuses[status] for status in ("pending", "in_progress", "completed", "cancelled")}
    figures |= {"total_tasks": len(tasks), "total_users": len(users)}
    figures |= {"open_tasks": sum(task["status"] in OPEN for task in tasks)}
    figures |= {"overdue_tasks": sum(bool(task["is_overdue"]) for task in tasks)}
    return [{"metric": name, "value": float(value)} for name, value in figures.items()]
