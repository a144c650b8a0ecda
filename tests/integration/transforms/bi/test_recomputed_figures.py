"""The figures of the saved queries, recomputed day by day in Python from the tasks' events.

The histories have weeks in which nothing happens, tasks deleted, restored and purged, and one of a single day.
"""

import datetime as dt
import math
from collections import Counter, defaultdict

import pytest

from tests.conftest import Account
from tests.integration.transforms.bi import lives
from tests.integration.transforms.bi.gold_database import Gold
from tests.integration.transforms.bi.lives import Event, at_end_of, is_open, monday
from transforms.bi.saved_queries import all_queries

pytestmark = pytest.mark.account

LAST = dt.date(2026, 11, 25)
HISTORIES = {"400 days": (1, 400, 160), "one day": (2, 1, 1), "five weeks": (3, 35, 60)}
Figures = list[list[str]]


def _partial(week: dt.date) -> str:
    return "true" if week + dt.timedelta(days=6) >= LAST else "false"


def active_users_per_day(events: list[Event]) -> Figures:
    rows, counts = [], list[int]()
    for day in lives.all_days(events, LAST):
        counts.append(len({event.user for event in events if event.at.date() == day}))
        seven = counts[-7:]
        average = math.floor(10 * sum(seven) / len(seven) + 0.5) / 10
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


def _rank(hours: list[float], share: float) -> str:
    return str(math.floor(10 * sorted(hours)[math.ceil(share * len(hours)) - 1] + 0.5) / 10)


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
        [str(week), str(len(hours)), _rank(hours, 0.5), _rank(hours, 0.9), _partial(week)]
        for week, hours in sorted(weeks.items())
    ]


def cycle_time_by_priority(events: list[Event]) -> Figures:
    found: dict[str, list[float]] = defaultdict(list)
    for task, _, hours in _cycles(events):
        found[lives.PRIORITIES[task % 4]].append(hours)
    return [
        [name, str(len(found[name])), _rank(found[name], 0.5), _rank(found[name], 0.9)]
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


def users_without_a_task(_: list[Event]) -> Figures:
    return [["idle"]]


RECOMPUTED = (
    active_users_per_day,
    backlog_change_by_week,
    burn_down_last_30_days,
    category_trends,
    created_and_completed_per_week,
    cycle_time_by_priority,
    cycle_time_per_week,
    new_users_per_week,
    reopened_per_week,
    users_without_a_task,
)


@pytest.mark.parametrize("name", HISTORIES)
def test_every_figure_equals_its_recomputation(account: Account, name: str) -> None:
    seed, days, tasks = HISTORIES[name]
    events = lives.make(seed, days, tasks, LAST)
    gold = Gold.make(account.session)
    gold.fill(lives.gold(events, LAST))
    sql = {query.name: query.sql for query in all_queries()}
    for recompute in RECOMPUTED:
        expected = recompute(events)
        found = [row[: len(expected[0])] if expected else row for row in gold.queries.rows(sql[recompute.__name__])]
        assert found == expected, recompute.__name__
    [[first_open]] = gold.queries.rows(
        f"select max(open_tasks) from fct_daily_backlog where backlog_date = date '{LAST - dt.timedelta(days=30)}'"
    )
    assert int(first_open or 0) == int(burn_down_last_30_days(events)[0][1])
    gold.remove()
