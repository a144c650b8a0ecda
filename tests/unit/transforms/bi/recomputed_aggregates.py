"""The saved queries that show gold's aggregates, recomputed figure by figure from the tasks' events."""

import datetime as dt

from tests.unit.transforms.bi import lives
from tests.unit.transforms.bi.lives import PRIORITIES, Event, at_end_of, is_open, monday
from tests.unit.transforms.bi.recomputed_history import LAST, Figures, nearest_rank, round_half_up

_DAY, _WEEK = dt.timedelta(days=1), dt.timedelta(weeks=1)


def _users(events: list[Event]) -> list[str]:
    return sorted({event.user for event in events} | {"idle"})


def _live(events: list[Event]) -> list[Event]:
    return [event for event in at_end_of(LAST, events).values() if event.kind not in lives.GONE]


def _done_at(event: Event, events: list[Event]) -> dt.datetime:
    return max(other.at for other in events if other.task == event.task and other.kind == "completed")


def cohort_retention(events: list[Event]) -> Figures:
    first = {event.user: event.at.date() for event in reversed(events)} | {"idle": LAST}
    rows, week = Figures(), monday(min(first.values()))
    while week <= LAST:
        came = {user for user, day in first.items() if week <= day < week + _WEEK}
        since = 0
        while came and week + since * _WEEK <= LAST:
            start = week + since * _WEEK
            back = {e.user for e in events if start <= e.at.date() < start + _WEEK and e.kind != "purged"} & came
            share = round_half_up(round_half_up(100 * len(back) / len(came), 2))
            rows.append([str(week), str(since), str(len(came)), str(len(back)), str(share)])
            since += 1
        week += _WEEK
    return rows


def slowest_categories(events: list[Event]) -> Figures:
    created = {event.task: event.at for event in events if event.version == 1}
    hours: dict[tuple[str, str], list[float]] = {}
    for event in _live(events):
        if event.status == "completed":
            key = PRIORITIES[event.task % 4], (event.category or "").strip() or "uncategorized"
            took = _done_at(event, events) - created[event.task]
            hours.setdefault(key, []).append(took.total_seconds() / 3600)
    rows = [(*key, len(all_), nearest_rank(all_, 0.5), nearest_rank(all_, 0.9)) for key, all_ in hours.items()]
    rows.sort(key=lambda row: (-float(row[4]), row[0], row[1]))
    return [[priority, category, str(count), p50, p90] for priority, category, count, p50, p90 in rows[:20]]


def streaks(events: list[Event]) -> Figures:
    """Day by day: a streak grows on a day with a completion, and ends on one without."""
    rows = []
    for user in _users(events):
        done = [event for event in _live(events) if event.user == user and event.status == "completed"]
        days = {_done_at(event, events).date() for event in done}
        run = longest = yesterdays = 0
        day = min(days, default=LAST)
        while day <= LAST:
            yesterdays, run = run, run + 1 if day in days else 0
            longest, day = max(longest, run), day + _DAY
        # today is not over: a streak that reached yesterday goes on
        rows.append((user, run or yesterdays, longest, len(done)))
    rows.sort(key=lambda row: (-row[2], -row[1], row[0]))
    at = f"{LAST} 18:00:00.000"
    return [[user, f"{user}***", str(now), str(best), str(done), at] for user, now, best, done in rows]


def key_figures(events: list[Event]) -> Figures:
    live = _live(events)
    first = {event.task: event.at for event in reversed(events)}
    due = {event.task: lives.due_date(event.task, first[event.task]) for event in live}
    figures = {name: len([event for event in live if f"{event.status}_tasks" == name]) for name in _STATUSES}
    late = [event for event in live if is_open(event) and (due[event.task] or LAST) < LAST]
    figures |= {"total_tasks": len(live), "total_users": len(_users(events)), "overdue_tasks": len(late)}
    figures |= {"open_tasks": len([event for event in live if is_open(event)])}
    meaning = {"open_tasks": "Live tasks that are pending or in progress"}
    meaning |= {"total_tasks": "Live tasks", "total_users": "Users who are not erased"}
    meaning["overdue_tasks"] = "Live open tasks whose due date is before the day of the run"
    return [
        [name, str(float(value)), meaning.get(name, "Live tasks in this status")]
        for name, value in sorted(figures.items())
    ]


_STATUSES = ("pending_tasks", "in_progress_tasks", "completed_tasks", "cancelled_tasks")
