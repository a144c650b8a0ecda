"""The saved queries about tasks and users as they are now, recomputed from the tasks' events."""

import datetime as dt
from collections import Counter, defaultdict

from tests.unit.transforms.bi import lives
from tests.unit.transforms.bi.lives import PRIORITIES, Event, at_end_of, is_open
from tests.unit.transforms.bi.recomputed_history import LAST, Figures, round_half_up


def _live(events: list[Event]) -> dict[int, Event]:
    return {task: event for task, event in at_end_of(LAST, events).items() if event.kind not in lives.GONE}


def _created(events: list[Event]) -> dict[int, dt.datetime]:
    return {event.task: event.at for event in events if event.version == 1}


def _due(events: list[Event]) -> dict[int, dt.date | None]:
    return {task: lives.due_date(task, at) for task, at in _created(events).items()}


def _category(event: Event) -> str:
    return (event.category or "").strip() or "uncategorized"


def _share(part: int, whole: int) -> str:
    return str(round_half_up(100 * part / whole))


def age_of_open_tasks(events: list[Event]) -> Figures:
    ages = [(LAST - _created(events)[task].date()).days for task, event in _live(events).items() if is_open(event)]
    names = ("1: under a week", "2: a week to a month", "3: one to three months", "4: over three months")
    counts = Counter(names[sum(age >= bound for bound in (7, 30, 90))] for age in ages)
    return [[name, str(counts[name])] for name in names if counts[name]]


def _by_category(events: list[Event], status: str) -> dict[str, tuple[int, int]]:
    """Category -> its live tasks, and those of them in a status."""
    found: dict[str, list[str]] = defaultdict(list)
    for event in _live(events).values():
        found[_category(event)].append(event.status)
    return {name: (len(statuses), statuses.count(status)) for name, statuses in found.items()}


def cancelled_by_category(events: list[Event]) -> Figures:
    counts = [(name, n, part) for name, (n, part) in _by_category(events, "cancelled").items() if part]
    counts.sort(key=lambda row: (-round_half_up(100 * row[2] / row[1]), row[0]))
    return [[name, str(n), str(part), _share(part, n)] for name, n, part in counts]


def completion_rate_by_category(events: list[Event]) -> Figures:
    counts = sorted(_by_category(events, "completed").items(), key=lambda pair: (-pair[1][0], pair[0]))
    return [[name, str(n), str(part), _share(part, n)] for name, (n, part) in counts]


def completed_on_time(events: list[Event]) -> Figures:
    found: dict[str, list[bool]] = defaultdict(list)
    for task, event in _live(events).items():
        due = _due(events)[task]
        if event.status == "completed" and due:
            done = max(e.at for e in events if e.task == task and e.kind == "completed")
            found[PRIORITIES[task % 4]].append(done.date() <= due)
    return [
        [name, str(len(found[name])), str(sum(found[name])), _share(sum(found[name]), len(found[name]))]
        for name in PRIORITIES
        if found[name]
    ]


def due_in_the_next_seven_days(events: list[Event]) -> Figures:
    week = {LAST + dt.timedelta(days=n) for n in range(7)}
    counts = Counter(
        (due, PRIORITIES[task % 4])
        for task, event in _live(events).items()
        if is_open(event) and (due := _due(events)[task]) in week
    )
    return [
        [str(due), priority, str(n)] for (due, priority), n in sorted(counts.items(), key=lambda pair: str(pair[0]))
    ]


def oldest_open_tasks(events: list[Event]) -> Figures:
    rows = [
        ((LAST - _created(events)[task].date()).days, f"{task:04}", event)
        for task, event in _live(events).items()
        if is_open(event)
    ]
    rows.sort(key=lambda row: (-row[0], row[1]))
    return [
        [name, event.status, PRIORITIES[event.task % 4], _category(event), _text(_due(events)[event.task]), str(days)]
        for days, name, event in rows[:50]
    ]


def _text(due: dt.date | None) -> str | None:
    return None if due is None else str(due)


def overdue_by_priority(events: list[Event]) -> Figures:
    late: dict[str, list[int]] = defaultdict(list)
    for task, event in _live(events).items():
        due = _due(events)[task]
        if is_open(event) and due and due < LAST:
            late[PRIORITIES[task % 4]].append((LAST - due).days)
    return [
        [name, str(len(late[name])), str(round_half_up(sum(late[name]) / len(late[name])))]
        for name in PRIORITIES
        if late[name]
    ]


def status_by_priority(events: list[Event]) -> Figures:
    counts = Counter((PRIORITIES[task % 4], event.status) for task, event in _live(events).items())
    return [
        [name, status, str(counts[name, status])]
        for name in PRIORITIES
        for status in sorted({status for _, status in counts})
        if counts[name, status]
    ]


def time_in_each_status(events: list[Event]) -> Figures:
    """Hour by hour: which status a live task is in; a run of one status that has ended is a period."""
    hour, found = dt.timedelta(hours=1), dict[str, list[int]]()
    for task in _live(events):
        own = [event for event in events if event.task == task]
        at, states = own[0].at, list[str]()
        while at <= own[-1].at:
            now = [event for event in own if event.at <= at][-1]
            states.append("" if now.kind in lives.GONE else now.status)
            at += hour
        start = 0
        for place, state in enumerate(states[1:], 1):
            if state != states[start]:
                found.setdefault(states[start], []).append(place - start)
                start = place
    found.pop("", None)
    rows = [(status, hours, round_half_up(sum(hours) / len(hours))) for status, hours in found.items()]
    rows.sort(key=lambda row: -row[2])
    return [[status, str(len(hours)), str(average)] for status, hours, average in rows]


def users_by_email_domain(events: list[Event]) -> Figures:
    domains = Counter(lives.email_domain(user) or "unknown" for user in {event.user for event in events} | {"idle"})
    return [[name, str(n)] for name, n in sorted(domains.items(), key=lambda pair: (-pair[1], pair[0]))]


def users_without_a_task(_: list[Event]) -> Figures:
    return [["idle"]]
