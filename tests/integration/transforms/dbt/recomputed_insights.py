"""`user_insights` worked out again: what `GET /insights` answers."""

import datetime as dt
import zoneinfo
from typing import TYPE_CHECKING

from tests.integration.transforms.dbt.recomputed_rows import (
    DAY,
    MIDNIGHT,
    OPEN,
    Row,
    as_json,
    by,
    counts_by,
    is_past,
    monday,
    naive,
    nearest_rank,
    percent,
    streak,
)

if TYPE_CHECKING:
    from tests.integration.transforms.dbt.recomputed import Gold


def insights(gold: "Gold", user_id: str) -> Row:
    """One user's row, in the user's time zone."""
    tasks = [task for task in gold.tasks if task["user_id"] == user_id]
    done = [task for task in tasks if task["status"] == "completed"]
    zone = zoneinfo.ZoneInfo(gold.profiles.get(user_id, {}).get("time_zone") or "UTC")
    today = gold.instant.astimezone(zone).date()

    def day_of(moment: dt.datetime) -> dt.date:
        return moment.replace(tzinfo=dt.UTC).astimezone(zone).date()

    def is_late(task: Row) -> bool:
        moment = gold.due_at[task["task_id"]]
        return task["status"] in OPEN and (moment < gold.instant if moment else is_past(task["due_date"], today))

    days = {day_of(task["completed_at"]) for task in done}
    to_come = [gold.due_at[task["task_id"]] for task in tasks if task["status"] in OPEN]
    tomorrow = dt.datetime.combine(today + DAY, MIDNIGHT, zone).astimezone(dt.UTC)
    hours = [task["cycle_time_hours"] for task in done]
    weeks = [monday(today) - n * 7 * DAY for n in range(11, -1, -1)]
    return {
        "user_id": user_id,
        "as_of": gold.shown_as_of,
        "total_tasks": len(tasks),
        "open_tasks": sum(task["status"] in OPEN for task in tasks),
        "completed_tasks": len(done),
        "overdue_tasks": sum(map(is_late, tasks)),
        "completion_rate_pct": percent(len(done), len(tasks)),
        "current_streak_days": streak(days, today) or streak(days, today - DAY),
        "longest_streak_days": max((streak(days, day) for day in days), default=0),
        "cycle_time_p50_hours": nearest_rank(hours, 0.5),
        "cycle_time_p90_hours": nearest_rank(hours, 0.9),
        "by_category": as_json(
            sorted(
                counts_by("category", tasks, by("category")),
                key=lambda one: (-one["total"], one["category"] is None, one["category"]),
            )
        ),
        "by_priority": as_json(
            sorted(
                counts_by("priority", tasks, by("priority")),
                key=lambda one: ("urgent", "high", "medium", "low").index(one["priority"]),
            )
        ),
        "weekly": as_json(
            {
                "week": week.isoformat(),
                "created": sum(monday(day_of(task["created_at"])) == week for task in tasks),
                "completed": sum(monday(day_of(task["completed_at"])) == week for task in done),
            }
            for week in weeks
        ),
        "time_zone": zone.key,
        "valid_until": naive(min([tomorrow, *(one for one in to_come if one and one >= gold.instant)])),
    }
