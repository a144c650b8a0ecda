"""What is stored of a day and a moment, and which day it is where (ADR 0148)."""

import datetime as dt
import zoneinfo
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from api.models.due import due_fields
from api.models.fields import timestamp
from api.models.task import NewTask, TaskChanges, TaskUpdate
from api.models.time_zones import _names, day_in
from api.models.user import ProfileChanges, ProfilePatch

DAY, OTHER = dt.date(2026, 12, 1), dt.date(2026, 12, 2)
KIRITIMATI = "2026-12-01T09:00:00+14:00"  # the day before in UTC
AS_STORED = "2026-11-30T19:00:00.000000Z"


@pytest.mark.parametrize(
    ("body", "stored"),
    [
        ({}, {}),
        ({"title": "x"}, {}),
        ({"due_date": "2026-12-01"}, {}),  # the day that it has
        ({"due_date": "2026-12-02"}, {"due_at": None, "due_date": OTHER}),
        ({"due_date": None}, {"due_at": None, "due_date": None}),
        ({"due_at": None}, {"due_at": None}),
        ({"due_at": None, "due_date": "2026-12-02"}, {"due_at": None, "due_date": OTHER}),
        ({"due_at": KIRITIMATI}, {"due_at": AS_STORED, "due_date": DAY}),
        ({"due_at": KIRITIMATI, "due_date": None}, {"due_at": AS_STORED, "due_date": DAY}),
        ({"due_at": AS_STORED}, {"due_at": AS_STORED, "due_date": dt.date(2026, 11, 30)}),
        ({"due_at": AS_STORED, "due_date": "2026-12-01"}, {"due_at": AS_STORED, "due_date": DAY}),
    ],
)
def test_a_day_and_a_moment_go_together(body: dict[str, Any], stored: dict[str, Any]) -> None:
    assert due_fields(TaskChanges.model_validate(body).given(), DAY) == stored


@pytest.mark.parametrize("model", [NewTask, TaskChanges, TaskUpdate])
@pytest.mark.parametrize("day", ["2026-11-28", "2026-12-02"])
def test_a_day_on_which_the_moment_is_nowhere_is_refused(model: type[NewTask], day: str) -> None:
    with pytest.raises(ValidationError) as refused:
        model.model_validate({"title": "x", "due_at": AS_STORED, "due_date": day})
    assert [(error["loc"], error["type"]) for error in refused.value.errors()] == [(("due_date",), "due_date_differs")]


MOMENTS = st.datetimes(dt.datetime(2, 1, 1), dt.datetime(9998, 12, 31), timezones=st.timezones())  # noqa: DTZ001


@given(moment=MOMENTS)
def test_a_moment_is_stored_exactly_and_in_order(moment: dt.datetime) -> None:
    offset = moment.utcoffset()
    assert offset is not None
    if offset % dt.timedelta(minutes=1):
        return  # local mean times of the nineteenth century have seconds, which RFC 3339 cannot write
    stored = due_fields(NewTask.model_validate({"title": "x", "due_at": moment.isoformat()}).__dict__)
    # of zones that differ, times that a clock shows twice are never equal: PEP 495
    assert dt.datetime.fromisoformat(stored["due_at"]) == moment.astimezone(dt.UTC)
    assert stored["due_date"] == moment.date()
    assert stored["due_at"] == timestamp(moment.astimezone(dt.UTC))
    assert len(stored["due_at"]) == len(AS_STORED)


def test_every_zone_of_the_data_base_is_taken_and_says_which_day_it_is() -> None:
    now = dt.datetime(2026, 11, 29, 10, 30, tzinfo=dt.UTC)
    for name in _names():
        assert ProfileChanges.model_validate({"time_zone": name}).given() == {"time_zone": name}
        assert day_in(name, now) == now.astimezone(zoneinfo.ZoneInfo(name)).date()
    assert len(_names()) > 500
    assert (day_in("Pacific/Kiritimati", now), day_in("Pacific/Pago_Pago", now)) == (
        dt.date(2026, 11, 30),
        dt.date(2026, 11, 28),
    )


@pytest.mark.parametrize("name", ["", "Mars/Olympus", "europe/berlin", "Factory", "../UTC", "posixrules", "+02:00", 1])
def test_what_is_no_zone_is_refused(name: object) -> None:
    with pytest.raises(ValidationError):
        ProfileChanges.model_validate({"time_zone": name})


def test_null_sets_utc_in_a_patch_and_leaves_the_zone_in_an_update() -> None:
    assert ProfilePatch.model_validate({"time_zone": None}).given() == {"time_zone": "UTC"}
    assert ProfileChanges.model_validate({"time_zone": None}).given() == {}
