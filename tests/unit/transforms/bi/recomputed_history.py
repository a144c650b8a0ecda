"""The saved queries about what happened over time, recomputed day by day from the tasks' events."""

import datetime as dt
import math
from collections import Counter, defaultdict

from tests.unit.transforms.bi import lives
from tests.unit.transforms.bi.lives import Event, at_end_of, is_open, monday

LAST = dt.date(2026, 11, 25)
Figures = list[list[str | None]]


def round_half_up(value: float, digits: int = 1) -> float:
    """As Trino rounds a number that is not negative."""
    scale = 10.0**digits
    return math.floor(scale * value + 0.5) / scale


def _partial(week: dt.date) -> str:
    return "true" if week + dt.timedelta(days=6) >= LAST else "false"


def active_users_per_day(events: list[Event]) -> Figures:
    rows, counts = Figures(), list[int]()
    for day in lives.all_days(events, LAST):
        counts.append(len({event.user for event in events if event.at.date() == day and event.kind != "purged"}))
        seven = counts[-7:]
        average = round_half_up(sum(seven) / len(seven))
        rows.append([str(day), str(counts[-1]), str(average), "true" if day == LAST else "false"])
    return rows


def burn_down_last_30_days(events: list[Event]) -> Figures:
    first = LAST - dt.timedelta(days=30)
    starting = {task for task, event in at_end_of(first, events).items() if is_open(event)}
    days = [first + dt.timedelta(days=n) for n in range(31)]
    open_then = {day: {task for task, event in at_end_of(day, events).items() if is_open(event)} for day in days}
    return [[str(day), str(len(starting & open_then[day]))] for day in days]


def _flows(events: list[Event]) -> dict[dt.date, Counter[str]]:
    weeks: dict[dt.date, Counter[str]] = {monday(day): Counter() for day in lives.all_days(events, LAST)}
    before: dict[int, Event] = {}
    for event in events:
        weeks[monday(event.at.date())][lives.effect(before.get(event.task), event)] += 1
        before[event.task] = event
    return weeks


def created_and_completed_per_week(events: list[Event]) -> Figures:
    weeks = _flows(events)
    return [[str(w), str(n["created"]), str(n["completed"]), _partial(w)] for w, n in sorted(weeks.items())]


def reopened_per_week(events: list[Event]) -> Figures:
    weeks = _flows(events)
    return [[str(w), str(n["completed"]), str(n["reopened"]), _partial(w)] for w, n in sorted(weeks.items())]


def backlog_change_by_week(events: list[Event]) -> Figures:
    signs = {"cancelled": -1, "completed": -1, "created": 1, "deleted": -1, "reopened": 1, "restored": 1}
    return [
        [str(week), kind, str(sign * counts[kind]), _partial(week)]
        for week, counts in sorted(_flows(events).items())
        for kind, sign in signs.items()
        if counts[kind]
    ]


def category_trends(events: list[Event]) -> Figures:
    created = [event for event in events if event.kind == "created"]
    named = {event: (event.category or "").strip() or "uncategorized" for event in created}
    totals = Counter(named.values())
    largest = sorted(totals, key=lambda name: (-totals[name], name))[:5]
    counts = Counter((monday(e.at.date()), name if name in largest else "all others") for e, name in named.items())
    return [[str(w), name, str(n), _partial(w)] for (w, name), n in sorted(counts.items())]


def nearest_rank(hours: list[float], share: float) -> str:
    return str(round_half_up(sorted(hours)[math.ceil(share * len(hours)) - 1]))


def _cycles(events: list[Event]) -> list[tuple[int, dt.datetime, float]]:
    """Task, instant of completion and hours since creation of each live completed task."""
    found = []
    for task, event in at_end_of(LAST, events).items():
        if event.kind not in lives.GONE and event.status == "completed":
            own = [e for e in events if e.task == task]
            done = max(e.at for e in own if e.kind == "completed")
            found.append((task, done, (done - own[0].at).total_seconds() / 3600))
    return found


def cycle_time_per_week(events: list[Event]) -> Figures:
    weeks: dict[dt.date, list[float]] = defaultdict(list)
    for _, done, hours in _cycles(events):
        weeks[monday(done.date())].append(hours)
    return [
        [str(week), str(len(hours)), nearest_rank(hours, 0.5), nearest_rank(hours, 0.9), _partial(week)]
        for week, hours in sorted(weeks.items())
    ]


def cycle_time_by_priority(events: list[Event]) -> Figures:
    found: dict[str, list[float]] = defaultdict(list)
    for task, _, hours in _cycles(events):
        found[lives.PRIORITIES[task % 4]].append(hours)
    return [
        [name, str(len(found[name])), nearest_rank(found[name], 0.5), nearest_rank(found[name], 0.9)]
        for name in lives.PRIORITIES
        if found[name]
    ]


def new_users_per_week(events: list[Event]) -> Figures:
    came: dict[str, dt.date] = {"idle": LAST}
    for event in reversed(events):
        came[event.user] = event.at.date()
    counts = Counter(monday(day) for day in came.values())
    weeks = [min(counts) + dt.timedelta(weeks=n) for n in range((LAST - min(counts)).days // 7 + 1)]
    return [[str(week), str(counts[week]), _partial(week)] for week in weeks]


def open_tasks_per_day(events: list[Event]) -> Figures:
    created = {event.task: event.at for event in reversed(events)}
    rows = Figures()
    for day in lives.all_days(events, LAST):
        still_open = [event.task for event in at_end_of(day, events).values() if is_open(event)]
        due = [lives.due_date(task, created[task]) for task in still_open]
        rows.append([str(day), str(len(still_open)), str(sum(date is not None and date < day for date in due))])
    return rows


def _weekday(day: dt.date) -> str:
    return f"{day.isoweekday()} {day:%A}"


def activity_by_hour(events: list[Event]) -> Figures:
    counts = Counter((_weekday(event.at.date()), event.at.hour) for event in events)
    return [[str(hour), weekday, str(count)] for (weekday, hour), count in sorted(counts.items())]


def activity_by_weekday(events: list[Event]) -> Figures:
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    for event in events:
        if event.kind != "purged":
            counts[_weekday(event.at.date())][event.kind] += 1
    return [[weekday, str(n["created"]), str(n["completed"])] for weekday, n in sorted(counts.items())]


def most_active_users(events: list[Event]) -> Figures:
    done = [event for event in events if event.kind != "purged"]
    last = max(event.at.date() for event in done)
    recent = [event for event in done if (last - event.at.date()).days < 28]
    rows = []
    for user in {event.user for event in recent}:
        own = [event for event in recent if event.user == user]
        kinds, days = Counter(event.kind for event in own), {event.at.date() for event in own}
        rows.append((user, len(own), kinds["created"], kinds["completed"], len(days)))
    rows.sort(key=lambda row: (-row[1], row[0]))
    return [[user, f"{user}***", *map(str, counts)] for user, *counts in rows]


def overview(events: list[Event]) -> dict[str, float | None]:
    """The key figures of the dashboard's first page: column -> figure; None without a time before."""
    days = lives.all_days(events, LAST)
    weeks = [{LAST - dt.timedelta(days=7 * ago + n) for n in range(7)} for ago in (0, 1)]
    flows: dict[dt.date, Counter[str]] = defaultdict(Counter)
    before: dict[int, Event] = {}
    for event in events:
        flows[event.at.date()][lives.effect(before.get(event.task), event)] += 1
        before[event.task] = event
    found: dict[str, float | None] = {}
    levels = {row[0]: row[1:] for row in open_tasks_per_day(events)}
    for week, ago, end in ((weeks[0], 0, ""), (weeks[1], 7, "_before")):
        known = bool(week & set(days))
        for kind in ("created", "completed"):
            found[kind + end] = sum(flows[day][kind] for day in week) if known else None
        active = {event.user for event in events if event.at.date() in week and event.kind != "purged"}
        found["active_users" + end] = len(active) if known else None
        level = levels.get(str(LAST - dt.timedelta(days=ago)))
        found["open_tasks" + end] = int(level[0] or 0) if level else None
        found["overdue" + end] = int(level[1] or 0) if level else None
    for end, first, last in (("", 27, 0), ("_before", 55, 28)):
        hours = [h for _, done, h in _cycles(events) if last <= (LAST - done.date()).days <= first]
        found["cycle_hours" + end] = sorted(hours)[math.ceil(0.5 * len(hours)) - 1] if hours else None
    return found
