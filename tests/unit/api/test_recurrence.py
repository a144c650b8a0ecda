"""The next occurrence of a recurring task; oracle: python-dateutil on the whole series."""

import datetime as dt
import itertools
import re
import zoneinfo

import pytest
from dateutil.rrule import rrulestr  # type: ignore[import-untyped]
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from api.contract import Priority, Status
from api.models.fields import timestamp
from api.models.recurrence import Recurrence
from api.models.task import StoredTask, Task
from api.services.recurrence import follow, next_occurrence

DAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
ADAPTER: TypeAdapter[str] = TypeAdapter(Recurrence)


def chain(rule: str, start: str, most: int = 12) -> list[str]:
    """The due dates of the tasks that follow one another, the first included."""
    dates, date = [start], dt.date.fromisoformat(start)
    while len(dates) < most and (found := next_occurrence(rule, date)):
        date, rule = found
        ADAPTER.validate_python(rule)
        dates.append(date.isoformat())
    return dates


@st.composite
def rules(draw: st.DrawFn) -> str:
    frequency = draw(st.sampled_from(["DAILY", "WEEKLY", "MONTHLY", "YEARLY"]))
    parts = {"FREQ": frequency, "INTERVAL": str(draw(st.integers(1, 5)))}
    days = st.lists(st.sampled_from(DAYS), min_size=1, max_size=3, unique=True)
    months = st.lists(st.integers(1, 12).map(str), min_size=1, max_size=3, unique=True)
    if draw(st.booleans()):
        number = st.sampled_from(["", "1", "-1", "+2"] if frequency in ("MONTHLY", "YEARLY") else [""])
        parts["BYDAY"] = ",".join(draw(number) + day for day in draw(days))
    if draw(st.booleans()):
        parts["BYMONTH"] = ",".join(draw(months))
    if frequency in ("MONTHLY", "YEARLY"):
        if draw(st.booleans()):
            parts["BYMONTHDAY"] = draw(st.sampled_from(["1", "15", "29,30,31", "-1", "31"]))
        if len(parts) > 2 and draw(st.booleans()):
            parts["BYSETPOS"] = draw(st.sampled_from(["1", "-1", "2"]))
    if draw(st.booleans()):
        parts["WKST"] = draw(st.sampled_from(DAYS))
    match draw(st.integers(0, 2)):
        case 0:
            parts["COUNT"] = str(draw(st.integers(1, 9)))
        case 1:
            parts["UNTIL"] = draw(st.dates(dt.date(2026, 1, 1), dt.date(2029, 1, 1))).strftime("%Y%m%d")
    return ";".join(f"{name}={value}" for name, value in parts.items())


@settings(max_examples=40)  # the oracle walks through years that hold no date
@given(rule=rules(), start=st.dates(dt.date(2026, 1, 1), dt.date(2028, 12, 31)))
def test_the_tasks_of_a_series_are_due_when_dateutil_says(rule: str, start: dt.date) -> None:
    moment = dt.datetime.combine(start, dt.time())
    count, until = re.search(r";COUNT=(\d+)", rule), re.search(r";UNTIL=(\d+)", rule)
    series = rrulestr(re.sub(r";COUNT=\d+", "", rule), dtstart=moment)
    last = dt.datetime(2032, 1, 1)  # noqa: DTZ001 - a date
    if until:
        last = min(last, dt.datetime.strptime(until[1], "%Y%m%d"))  # noqa: DTZ007 - a date
    later = itertools.islice((date for date in series.replace(until=last) if date > moment), 5)
    expected = [moment, *later][: int(count[1]) if count else 6]
    found = [date for date in chain(rule, start.isoformat(), most=6) if date <= last.date().isoformat()]
    assert found == [date.date().isoformat() for date in expected if date <= last]


@pytest.mark.parametrize(
    ("rule", "start", "dates"),
    [
        ("FREQ=DAILY", "2028-02-28", ["2028-02-28", "2028-02-29", "2028-03-01"]),
        # summer time begins and ends in between; a date has no clock
        ("FREQ=DAILY", "2026-03-28", ["2026-03-28", "2026-03-29", "2026-03-30"]),
        ("FREQ=WEEKLY", "2026-10-18", ["2026-10-18", "2026-10-25", "2026-11-01"]),
        ("FREQ=WEEKLY;INTERVAL=2;BYDAY=TU,FR", "2026-12-01", ["2026-12-01", "2026-12-04", "2026-12-15"]),
        # months without that day are left out, and the last day of each is -1
        ("FREQ=MONTHLY", "2027-01-31", ["2027-01-31", "2027-03-31", "2027-05-31"]),
        ("FREQ=MONTHLY;BYMONTHDAY=-1", "2027-01-31", ["2027-01-31", "2027-02-28", "2027-03-31"]),
        ("FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1", "2027-01-29", ["2027-01-29", "2027-02-26", "2027-03-31"]),
        ("FREQ=YEARLY", "2096-02-29", ["2096-02-29", "2104-02-29", "2108-02-29"]),
        # a date that is moved moves what is counted from it, and not what the calendar says
        ("FREQ=WEEKLY", "2026-12-03", ["2026-12-03", "2026-12-10", "2026-12-17"]),
        ("FREQ=WEEKLY;BYDAY=TU", "2026-12-03", ["2026-12-03", "2026-12-08", "2026-12-15"]),
    ],
)
def test_ends_of_months_leap_years_and_clock_changes(rule: str, start: str, dates: list[str]) -> None:
    assert chain(rule, start, most=3) == dates


@pytest.mark.parametrize(
    ("rule", "start", "dates"),
    [
        ("FREQ=DAILY;COUNT=3", "2026-12-30", ["2026-12-30", "2026-12-31", "2027-01-01"]),
        ("FREQ=DAILY;COUNT=1", "2026-12-30", ["2026-12-30"]),
        ("FREQ=DAILY;UNTIL=20261231", "2026-12-30", ["2026-12-30", "2026-12-31"]),
        ("FREQ=DAILY;UNTIL=20200101", "2026-12-30", ["2026-12-30"]),
        ("FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30", "2026-12-30", ["2026-12-30"]),
        ("FREQ=DAILY", "9999-12-31", ["9999-12-31"]),
        ("FREQ=YEARLY;INTERVAL=999", "9000-12-31", ["9000-12-31", "9999-12-31"]),
    ],
)
def test_a_series_ends(rule: str, start: str, dates: list[str]) -> None:
    assert chain(rule, start) == dates


def test_a_count_counts_down() -> None:
    assert next_occurrence("FREQ=DAILY;COUNT=10;INTERVAL=2", dt.date(2026, 12, 1)) == (
        dt.date(2026, 12, 3),
        "FREQ=DAILY;COUNT=9;INTERVAL=2",
    )


@pytest.mark.parametrize(
    ("rule", "message"),
    [
        ("", "an empty part is none of FREQ"),
        ("RRULE:FREQ=DAILY", "RRULE:FREQ is none of"),
        ("FREQ=HOURLY", "FREQ cannot be HOURLY"),
        ("FREQ=daily", "FREQ cannot be daily"),
        ("INTERVAL=2", "FREQ must be there"),
        ("INTERVAL=2;FREQ=DAILY", "FREQ must be there, as the first part"),
        ("FREQ=DAILY;FREQ=DAILY", "FREQ is there more than once"),
        ("FREQ=DAILY;", "an empty part"),
        ("FREQ=DAILY;BYHOUR=9", "BYHOUR is not supported"),
        ("FREQ=YEARLY;BYWEEKNO=20", "BYWEEKNO is not supported"),
        ("FREQ=YEARLY;BYYEARDAY=1", "BYYEARDAY is not supported"),
        ("FREQ=DAILY;INTERVAL=0", "INTERVAL cannot be 0"),
        ("FREQ=DAILY;COUNT=1000", "COUNT cannot be 1000"),
        ("FREQ=DAILY;COUNT=2;UNTIL=20270101", "UNTIL cannot stand beside COUNT"),
        ("FREQ=DAILY;UNTIL=20270101T000000Z", "UNTIL cannot be 20270101T000000Z"),
        ("FREQ=DAILY;UNTIL=20270230", "UNTIL must be a date"),
        ("FREQ=WEEKLY;BYDAY=1MO", "BYDAY has no numbers with FREQ=WEEKLY"),
        ("FREQ=WEEKLY;BYMONTHDAY=1", "BYMONTHDAY is not supported with FREQ=WEEKLY"),
        ("FREQ=MONTHLY;BYMONTHDAY=32", "BYMONTHDAY cannot be 32"),
        ("FREQ=MONTHLY;BYSETPOS=1", "BYSETPOS needs BYDAY"),
        ("FREQ=DAILY;X-MINE=1", "X-MINE is none of"),
    ],
)
def test_a_refusal_names_the_part(rule: str, message: str) -> None:
    with pytest.raises(ValidationError) as refused:
        ADAPTER.validate_python(rule)
    assert message in str(refused.value)


@given(rule=rules())
def test_what_is_supported_is_accepted_and_matches_the_schema(rule: str) -> None:
    assert ADAPTER.validate_python(rule) == rule
    assert re.match(ADAPTER.json_schema()["pattern"], rule)


NOW = dt.datetime(2026, 11, 29, 12, tzinfo=dt.UTC)


def moments(rule: str, due_at: dt.datetime, due_date: dt.date, time_zone: str, most: int) -> list[dt.datetime | None]:
    """When the tasks that follow one another are due, the first included."""
    task = Task(
        id="01ARZ3NDEKTSV4RRFFQ69G5FAV",
        title="x",
        status=Status.PENDING,
        priority=Priority.LOW,
        recurrence=rule,
        due_at=timestamp(due_at.astimezone(dt.UTC)),
        due_date=due_date,
        created_at=timestamp(NOW),
        updated_at=timestamp(NOW),
        version=1,
    )
    found: list[dt.datetime | None] = []
    stored: StoredTask | None = StoredTask("u", task, "r")
    while stored and len(found) < most:
        at = stored.task.due_at
        found.append(dt.datetime.fromisoformat(at) if at else None)
        done = stored.next_version(stored.task.model_copy(update={"status": Status.COMPLETED, "version": 2}), "r")
        _, stored = follow(stored, done, NOW, lambda: time_zone)
    return found


# Berlin's clocks change at night, those of Lord Howe Island by half an hour, and Havana's at midnight
ZONES = ("Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "America/Havana", "Pacific/Kiritimati", "UTC")
CHANGES = [dt.date(2027, 3, 14), dt.date(2027, 3, 28), dt.date(2027, 4, 4), dt.date(2027, 10, 3)]
CHANGES += [dt.date(2027, 10, 31), dt.date(2027, 11, 7)]


@settings(max_examples=60)
@given(
    rule=st.sampled_from(["FREQ=DAILY", "FREQ=WEEKLY;BYDAY=SA,SU", "FREQ=MONTHLY;BYMONTHDAY=-1", "FREQ=MONTHLY"]),
    zone=st.sampled_from(ZONES),
    start=st.tuples(st.sampled_from(CHANGES), st.integers(0, 4)).map(lambda one: one[0] - dt.timedelta(days=one[1])),
    clock=st.times(max_value=dt.time(3, 59)) | st.times(),
)
def test_a_time_of_day_stays_on_the_owners_clock_as_dateutil_says(
    rule: str, zone: str, start: dt.date, clock: dt.time
) -> None:
    info = zoneinfo.ZoneInfo(zone)
    local = dt.datetime.combine(start, clock.replace(microsecond=0))
    first = local.replace(tzinfo=info)
    if first.astimezone(dt.UTC).astimezone(info).replace(tzinfo=None) != local:
        return  # nobody's clock ever shows it
    # a series begins with the time that its owner gave, one of the rule's or not, the first of two such times or not
    later = itertools.islice((one for one in rrulestr(rule, dtstart=local) if one > local), 9)
    expected = [first.astimezone(dt.UTC), *(one.replace(tzinfo=info, fold=0).astimezone(dt.UTC) for one in later)]
    assert moments(rule, first, start, zone, len(expected)) == expected


@pytest.mark.parametrize(
    ("start", "zone", "expected"),
    [
        # 02:30 is there neither on the 28th, when it is counted with the offset before, nor does the series keep 03:30
        ("2027-03-27T02:30:00+01:00", "Europe/Berlin", ["27T01:30", "28T01:30", "29T00:30", "30T00:30"]),
        ("2027-10-30T02:30:00+02:00", "Europe/Berlin", ["30T00:30", "31T00:30", "01T01:30", "02T01:30"]),
        ("2027-03-27T02:30:00+01:00", "UTC", ["27T01:30", "28T01:30", "29T01:30", "30T01:30"]),
    ],
)
def test_a_time_that_a_day_has_not_or_twice(start: str, zone: str, expected: list[str]) -> None:
    first = dt.datetime.fromisoformat(start)
    found = moments("FREQ=DAILY", first, first.date(), zone, 4)
    assert [one and one.strftime("%dT%H:%M") for one in found] == expected


def test_the_day_on_the_clients_clock_may_be_another_than_on_the_owners() -> None:
    """Written at +14:00 by somebody whose profile says Berlin: day and moment move by the same number of days."""
    first = dt.datetime.fromisoformat("2027-03-27T09:00:00+14:00")
    found = moments("FREQ=WEEKLY", first, first.date(), "Europe/Berlin", 2)
    assert found == [first, dt.datetime.fromisoformat("2027-04-02T18:00:00+00:00")]


def test_after_the_last_moment_there_is_a_day_alone() -> None:
    first = dt.datetime.fromisoformat("9999-12-30T12:00:00+00:00")
    assert moments("FREQ=DAILY", first, dt.date(9999, 12, 30), "Pacific/Midway", 3)[1:] == [
        dt.datetime.fromisoformat("9999-12-31T12:00:00+00:00")
    ]
