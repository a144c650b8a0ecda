"""What the recomputation of every mart is made of: events as gold reads them, counts, shares and percentiles."""

import datetime as dt
import json
import math
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from typing import Any

Row = dict[str, Any]
Key = Callable[[Row], Any]
OPEN = ("pending", "in_progress")
GONE = ("deleted", "purged")
DAY = dt.timedelta(days=1)
HOUR = dt.timedelta(hours=1)
MIDNIGHT = dt.time()
NAMES = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


def cleaned_event(event: Row) -> Row:
    names = ["event_id", "task_id", "user_id", "event_type", "version", "status", "previous_status", "priority"]
    names += ["was_deleted", "previous_due_date"]
    occurred_at = naive(event["occurred_at"])
    return {
        **{name: event[name] for name in names},
        "category": (event["category"] or "").strip() or None,
        "due_date": event["due_date"],
        "occurred_at": occurred_at,
        "ingested_at": naive(event["ingested_at"]),
        "event_date": occurred_at.date(),
    }


def end_period(period: Row, ended_at: dt.datetime, rows: list[Row]) -> None:
    if ended_at > period["started_at"]:
        hours = (ended_at - period["started_at"]) / HOUR
        rows.append({**period, "ended_at": ended_at, "is_current": False, "hours": hours})


def is_open(event: Row) -> bool:
    return event["event_type"] not in GONE and event["status"] in OPEN


def was_open(event: Row) -> bool:
    return event["previous_status"] in OPEN and not event["was_deleted"]


def is_past(due: dt.date | None, day: dt.date) -> bool:
    return due is not None and due < day


def effect_on_backlog(event: Row) -> str:
    if was_open(event) == is_open(event):
        return "none"
    if is_open(event):
        if event["previous_status"] is None:
            return "created"
        return "restored" if event["was_deleted"] else "reopened"
    if event["event_type"] in GONE:
        return "deleted"
    return "completed" if event["status"] == "completed" else "cancelled"


def calendar_day(day: dt.date) -> Row:
    return {
        "date_day": day,
        "year": day.year,
        "quarter": (day.month + 2) // 3,
        "month": day.month,
        "week_start": monday(day),
        "day_of_week": day.isoweekday(),
        "day_name": NAMES[day.weekday()],
        "is_weekend": day.weekday() >= 5,
    }


def streak(days: set[dt.date], last: dt.date) -> int:
    length = 0
    while last - length * DAY in days:
        length += 1
    return length


def counts_by(name: str, tasks: list[Row], key: Key) -> list[Row]:
    return [
        {name: value, "total": len(group), "completed": count_completed(group)}
        for value, group in grouped(tasks, key).items()
    ]


def as_json(rows: Iterable[Row]) -> str:
    return json.dumps(list(rows), separators=(",", ":"), ensure_ascii=False)


def count_completed(tasks: list[Row]) -> int:
    return sum(task["status"] == "completed" for task in tasks)


def percent(part: int, whole: int) -> float:
    # halves are rounded up, as SQL rounds them; Python would round them to even
    return (part * 20_000 + whole) // (2 * whole) / 100 if whole else 0.0


def nearest_rank(values: Sequence[float], share: float) -> float | None:
    return sorted(values)[max(1, math.ceil(share * len(values))) - 1] if values else None


def grouped(rows: Iterable[Row], key: Key) -> dict[Any, list[Row]]:
    groups: dict[Any, list[Row]] = defaultdict(list)
    for row in rows:
        groups[key(row)].append(row)
    return groups


def by(*names: str) -> Key:
    return lambda row: row[names[0]] if len(names) == 1 else tuple(row[name] for name in names)


def category_of(task: Row) -> str:
    return task["category"] or "uncategorized"


def monday(day: dt.date) -> dt.date:
    return day - day.weekday() * DAY


def naive(moment: dt.datetime | None) -> Any:
    return moment.replace(tzinfo=None) if moment else None
