"""Recurring tasks: completing one creates the next, once (ADR 0133).

The dates are those of python-dateutil for a series that starts at the task's own due date. It is imported when a rule
is evaluated, and not before.
"""

import dataclasses
import datetime as dt
from collections.abc import Callable

from ulid import ULID

from api.contract import Status
from api.models.fields import moment, timestamp
from api.models.recurrence import parse_rule
from api.models.task import StoredTask, Task
from api.models.time_zones import DEFAULT_TIME_ZONE
from api.problems import FieldError, ValidationFailed, describe

# A rule that has no date in so many of its periods has ended, so that 30 February is not looked for until the year
# 9999. 29 February is eight years away at most.
_PERIODS = {"DAILY": 800, "WEEKLY": 200, "MONTHLY": 120, "YEARLY": 12}
_DAYS = {"DAILY": 1, "WEEKLY": 7, "MONTHLY": 31, "YEARLY": 366}
_COPIED = ("title", "description", "priority", "category", "labels", "parent_id")


def require_due_date(task: Task) -> None:
    """Hold a recurring task to having a date to recur from.

    Raises:
        ValidationFailed: it has none.
    """
    if task.recurrence and task.due_date is None:
        message = "a task that recurs needs a due_date"
        errors: list[FieldError] = [
            {"location": "body", "field": "recurrence", "code": "due_date_missing", "message": message}
        ]
        raise ValidationFailed(describe(errors), errors=errors)


def follow(
    before: StoredTask, after: StoredTask, now: dt.datetime, time_zone: Callable[[], str]
) -> tuple[StoredTask, StoredTask | None]:
    """Make the task that follows a completion.

    Args:
        before: the version that is replaced.
        after: the version to be written.
        now: the time of the write.
        time_zone: reads the name of the owner's; asked for a task that is due at a time, and for no other.

    Returns:
        the version to be written, which names its successor, and that successor; `after` itself and None when the write
        completes no recurring task, when the rule has no further date, or when there has been a successor before.
    """
    task = after.task
    completes = task.status is Status.COMPLETED and before.task.status is not Status.COMPLETED
    if not completes or task.next_id or not task.recurrence or task.due_date is None:
        return after, None
    found = next_occurrence(task.recurrence, task.due_date)
    if found is None:
        return after, None
    due_date, rule = found
    at = timestamp(now)
    due_at, due_local = None, None
    if task.due_at:
        due_at, due_local = _move(task.due_at, after.due_local, due_date - task.due_date, time_zone())
    successor = Task.model_construct(
        **{name: getattr(task, name) for name in _COPIED},
        id=str(ULID.from_datetime(now)),
        status=Status.PENDING,
        due_at=due_at,
        due_date=due_date,
        recurrence=rule,
        previous_id=task.id,
        created_at=at,
        updated_at=at,
        version=1,
    )
    named = dataclasses.replace(after, task=task.model_copy(update={"next_id": successor.id}))
    return named, StoredTask(after.user_id, successor, after.request_id, due_local=due_local)


def _move(due_at: str, due_local: str | None, days: dt.timedelta, time_zone: str) -> tuple[str | None, str | None]:
    """Find the moment at the same time of the clock, so many days later (ADR 0133).

    A time that a day has not, because summer time begins, is counted with the offset before the change; one that it has
    twice is the first of them: RFC 5545, section 3.3.5.

    Args:
        due_at: the moment.
        due_local: as that of `StoredTask`; it counts if it still says when the task is due.
        days: how many.
        time_zone: of whose clock, by its IANA name.

    Returns:
        the moment, and `due_local` of the next task; None for a moment after the year 9999.
    """
    import zoneinfo

    zone = dt.UTC if time_zone == DEFAULT_TIME_ZONE else zoneinfo.ZoneInfo(time_zone)
    try:
        local = moment(due_at).astimezone(zone).replace(tzinfo=None)
        meant = dt.datetime.fromisoformat(due_local) if due_local else local
        if timestamp(meant.replace(tzinfo=zone).astimezone(dt.UTC)) != due_at:
            meant = local
        next_local = (meant + days).replace(fold=0)
        found = next_local.replace(tzinfo=zone).astimezone(dt.UTC)
        exists = found.astimezone(zone).replace(tzinfo=None) == next_local
    except OverflowError:
        return None, None
    return timestamp(found), None if exists else next_local.isoformat()


def next_occurrence(rule: str, due_date: dt.date) -> tuple[dt.date, str] | None:
    """Find the date after `due_date`, and the rule from there on: COUNT is one less.

    Args:
        rule: as `api.models.recurrence` accepts it.
        due_date: at which the series starts.

    Returns:
        None when there is no further date.
    """
    from dateutil.rrule import rrulestr  # type: ignore[import-untyped]

    parts = parse_rule(rule)
    count = int(parts.pop("COUNT", 0))
    if count == 1:
        return None
    start = dt.datetime.combine(due_date, dt.time())
    frequency = parts["FREQ"]
    ahead = dt.timedelta(days=_PERIODS[frequency] * _DAYS[frequency] * int(parts.get("INTERVAL", 1)))
    last = start + min(ahead, dt.datetime.max - start)  # noqa: DTZ901 - dates
    if "UNTIL" in parts:
        last = min(last, dt.datetime.strptime(parts.pop("UNTIL"), "%Y%m%d"))  # noqa: DTZ007 - a date
    series = rrulestr(";".join(f"{name}={value}" for name, value in parts.items()), dtstart=start)
    found = series.replace(until=last).after(start)
    if found is None:
        return None
    return found.date(), rule.replace(f"COUNT={count}", f"COUNT={count - 1}") if count else rule
