"""Tasks' lives with gaps, deletions and purges: the events, and the gold tables that follow from them by definition."""

import dataclasses
import datetime as dt
import random
from collections import Counter, defaultdict
from typing import Any

from tests.integration.transforms.bi.tables import Rows

Row = dict[str, Any]
OPEN = ("pending", "in_progress")
GONE = ("deleted", "purged")
PRIORITIES, CATEGORIES = ("urgent", "high", "medium", "low"), ("a", "b", "c", "d", "e", "f", None, " ")


@dataclasses.dataclass(frozen=True)
class Event:
    """One change of a task; `status` is the one after it."""

    task: int
    user: str
    kind: str
    at: dt.datetime
    status: str
    version: int
    category: str | None


def make(seed: int, days: int, tasks: int, last: dt.date) -> list[Event]:
    """The changes of some tasks in the days up to `last`, with whole weeks in which nothing happens.

    Args:
        days: 1 makes a history of the last day only.
    """
    chance, found = random.Random(seed), list[Event]()
    quiet = {last - dt.timedelta(days=days // 3 + n) for n in range(17)} if days > 60 else set[dt.date]()
    for task in range(tasks):
        at = dt.datetime.combine(last - dt.timedelta(days=chance.randrange(days)), dt.time(chance.randrange(24)))
        user, category, status, gone = f"u{chance.randrange(6)}", chance.choice(CATEGORIES), "pending", False
        for version in range(1, chance.randint(2, 8)):
            if at.date() > last or at.date() in quiet:
                break
            kind = "created" if version == 1 else _next_kind(chance, status, gone=gone)
            if not kind:
                break
            status = {"reopened": "pending", "started": "in_progress"}.get(kind, kind if kind in _CLOSING else status)
            gone = kind in GONE
            found.append(Event(task, user, "updated" if kind == "started" else kind, at, status, version, category))
            at += dt.timedelta(hours=chance.randrange(24 * 12))
    return sorted(found, key=lambda event: (event.at, event.task, event.version))


_CLOSING = ("completed", "cancelled")


def _next_kind(chance: random.Random, status: str, *, gone: bool) -> str:
    if gone:
        return chance.choice(("restored", "purged", ""))
    if status in _CLOSING:
        return chance.choice(("reopened", "deleted", ""))
    return chance.choice(("started", "completed", "cancelled", "deleted", "completed"))


def is_open(event: Event) -> bool:
    """Whether the task waits to be done after the change."""
    return event.kind not in GONE and event.status in OPEN


def at_end_of(day: dt.date, events: list[Event]) -> dict[int, Event]:
    """Each task's last change up to a day."""
    return {event.task: event for event in events if event.at.date() <= day}


def all_days(events: list[Event], last: dt.date) -> list[dt.date]:
    """Every day from the first change on."""
    first = min(event.at.date() for event in events)
    return [first + dt.timedelta(days=n) for n in range((last - first).days + 1)]


def gold(events: list[Event], last: dt.date) -> dict[str, Rows]:
    """The gold tables that the saved queries about tasks and users read."""
    days = all_days(events, last)
    live = {task: event for task, event in at_end_of(last, events).items() if event.kind not in GONE}
    users = sorted({event.user for event in events} | {"idle"})
    return {
        "fct_task_events": [
            {"event_id": f"{e.task:04}-{e.version}", "task_id": f"{e.task:04}", "user_id": e.user, "event_type": e.kind}
            | {"occurred_at": e.at, "event_date": e.at.date(), "version": e.version, "status": e.status}
            | {"category": named_category(e)}
            for e in events
        ],
        "fct_tasks": [_task(task, event, events, last) for task, event in sorted(live.items())],
        "fct_task_status_periods": _periods(events, live),
        "fct_daily_activity": _activity(events),
        "fct_daily_backlog": [_backlog(day, events) for day in days],
        "dim_users": [
            {"user_id": user, "first_seen": _first_seen(user, events, last), "is_known_profile": True}
            | {"name": f"{user}***", "email_domain": email_domain(user)}
            for user in users
        ],
        # gold's calendar begins long before the first change
        "dim_dates": [
            {"date_day": day, "week_start": monday(day), "day_of_week": day.isoweekday(), "day_name": f"{day:%A}"}
            for day in (days[0] + dt.timedelta(n) for n in range(-40, 500))
        ],
    }


def monday(day: dt.date) -> dt.date:
    """The first day of a day's week."""
    return day - dt.timedelta(days=day.weekday())


def _first_seen(user: str, events: list[Event], last: dt.date) -> dt.datetime:
    return min((event.at for event in events if event.user == user), default=dt.datetime.combine(last, dt.time(8)))


def named_category(event: Event) -> str | None:
    """The category as gold has it: without blanks, and none instead of an empty one."""
    return (event.category or "").strip() or None


def email_domain(user: str) -> str | None:
    """The part of a user's address that gold keeps."""
    return None if user == "idle" else f"{'even' if int(user[1:]) % 2 == 0 else 'odd'}.example"


def due_date(task: int, created: dt.datetime) -> dt.date | None:
    """When a task is due; every fourth one has no date."""
    return created.date() + dt.timedelta(days=1 + task % 23) if task % 4 else None


def _activity(events: list[Event]) -> Rows:
    """What people did; a purge is none of it."""
    kinds = ("created", "completed", "reopened", "cancelled", "deleted")
    counted: dict[tuple[dt.date, str], Counter[str]] = defaultdict(Counter)
    for event in events:
        if event.kind != "purged":
            counted[event.at.date(), event.user][event.kind] += 1
    return [
        {"activity_date": day, "user_id": user, "events": counts.total()} | {f"tasks_{k}": counts[k] for k in kinds}
        for (day, user), counts in sorted(counted.items())
    ]


def _periods(events: list[Event], live: dict[int, Event]) -> Rows:
    """A status from the change that began it to the one that ended it, of live tasks."""
    rows: list[Row] = []
    for task in sorted(live):
        turns: list[Event] = []
        for event in (event for event in events if event.task == task):
            before = turns[-1] if turns else None
            if before is None or event.status != before.status or (event.kind in GONE) != (before.kind in GONE):
                turns.append(event)
        for event, after in zip(turns, [*turns[1:], None], strict=True):
            if event.kind in GONE or (after and after.at == event.at):
                continue
            hours = (after.at - event.at).total_seconds() / 3600 if after else None
            rows.append(
                {"task_id": f"{task:04}", "user_id": event.user, "status": event.status, "started_at": event.at}
                | {"ended_at": after.at if after else None, "is_current": after is None, "hours": hours}
            )
    return rows


def _task(task: int, event: Event, events: list[Event], last: dt.date) -> Row:
    own = [e for e in events if e.task == task]
    completed = own[-1].at if event.status == "completed" else None
    done = next((e.at for e in reversed(own) if e.kind == "completed"), None) if completed else None
    return {
        "task_id": f"{task:04}",
        "user_id": event.user,
        "status": event.status,
        "priority": PRIORITIES[task % 4],
        "category": named_category(event),
        "due_date": (due := due_date(task, own[0].at)),
        "is_overdue": is_open(event) and due is not None and due < last,
        "created_at": own[0].at,
        "completed_at": done,
        "cycle_time_hours": (done - own[0].at).total_seconds() / 3600 if done else None,
    }


def _backlog(day: dt.date, events: list[Event]) -> Row:
    counts: Counter[str] = Counter()
    before: dict[int, Event] = {}
    for event in events:
        was = before.get(event.task)
        before[event.task] = event
        if event.at.date() == day:
            counts[effect(was, event)] += 1
    kinds = ("created", "completed", "reopened", "cancelled", "deleted", "restored")
    level = sum(is_open(event) for event in at_end_of(day, events).values())
    late = sum(
        is_open(event) and (due := due_date(event.task, _created(event.task, events))) is not None and due < day
        for event in at_end_of(day, events).values()
    )
    flows = {f"{kind}_tasks": counts[kind] for kind in kinds}
    return {"backlog_date": day, "open_tasks": level, "overdue_tasks": late} | flows


def _created(task: int, events: list[Event]) -> dt.datetime:
    return next(event.at for event in events if event.task == task)


def effect(was: Event | None, event: Event) -> str:
    """How a change opened or closed its task; empty when the task is as open as before."""
    if is_open(event) and was is None:
        return "created"
    if was is None or is_open(event) == is_open(was):
        return ""
    if is_open(event):
        return "restored" if was.kind in GONE else "reopened"
    return "deleted" if event.kind in GONE else event.status
