"""Times and flags as operators type them, and what the state machine gets."""

import datetime as dt

import pytest
import typer

from infra.cli.pipeline import windows
from infra.cli.pipeline.windows import Interval, Step


def at(day: int, hour: int = 0, minute: int = 0) -> dt.datetime:
    return dt.datetime(2026, 11, day, hour, minute, tzinfo=dt.UTC)


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("2026-11-01", at(1)),
        ("2026-11-01T06:00", at(1, 6)),
        ("2026-11-01 06:00", at(1, 6)),
        ("2026-11-01T06:00Z", at(1, 6)),
        ("2026-11-01T06:00+02:00", at(1, 4)),
    ],
)
def test_a_time_without_a_zone_is_utc(typed: str, meant: dt.datetime) -> None:
    assert windows.parse_instant(typed) == meant


@pytest.mark.parametrize("typed", ["yesterday", "2026-13-01", "", "06:00"])
def test_what_names_no_time_is_refused_with_an_example(typed: str) -> None:
    with pytest.raises(typer.BadParameter, match="2026-11-01T06:00Z"):
        windows.parse_instant(typed)


def test_the_input_has_only_the_given_flags() -> None:
    assert windows.build_input(None, None, False, None, None) == {}
    assert windows.build_input(None, None, True, None, None) == {"full_refresh": True}
    assert windows.build_input(at(1), at(2, 6), False, "fct_tasks+", None) == {
        "from": "2026-11-01T00:00:00Z",
        "to": "2026-11-02T06:00:00Z",
        "select": "fct_tasks+",
    }


@pytest.mark.parametrize(
    ("start", "end", "full_refresh", "flag"),
    [
        (at(2), at(1), False, "--to"),
        (at(2), at(2), False, "--to"),
        (dt.datetime(2999, 1, 1, tzinfo=dt.UTC), None, False, "--from"),
        (at(1), None, True, "--full-refresh"),
        (None, at(1), True, "--full-refresh"),
    ],
)
def test_an_impossible_window_is_refused_by_its_flag(
    start: dt.datetime | None, end: dt.datetime | None, full_refresh: bool, flag: str
) -> None:
    with pytest.raises(typer.BadParameter) as refused:
        windows.build_input(start, end, full_refresh, None, None)
    assert refused.value.param_hint == flag


def test_a_window_is_cut_at_midnight_and_every_instant_is_in_one_interval() -> None:
    assert list(windows.split_window(at(1, 18), at(4, 6), Step.DAY)) == [
        Interval(at(1, 18), at(2)),
        Interval(at(2), at(3)),
        Interval(at(3), at(4)),
        Interval(at(4), at(4, 6)),
    ]


def test_a_window_is_cut_at_full_hours() -> None:
    assert list(windows.split_window(at(1, 18), at(4, 6), Step.WINDOW)) == [Interval(at(1, 18), at(4, 6))]
    assert list(windows.split_window(at(1, 0, 30), at(1, 2), Step.HOUR)) == [
        Interval(at(1, 0, 30), at(1, 1)),
        Interval(at(1, 1), at(1, 2)),
    ]


def test_an_execution_of_a_backfill_is_known_by_its_name() -> None:
    day = Interval(at(1), at(2))
    assert [day.number(day.attempt(number)) for number in (1, 2, 11)] == [1, 2, 11]
    assert day.attempt(1) == "backfill-20261101T0000-20261102T0000"
    assert [day.number(other) for other in ("run", Interval(at(1), at(3)).name, f"{day.name}-x")] == [0, 0, 0]


@pytest.mark.parametrize(
    ("interval", "shown"),
    [
        (Interval(at(1), at(2)), "2026-11-01"),
        (Interval(at(1), at(4, 6)), "2026-11-01 00:00 – 2026-11-04 06:00"),
        (Interval(at(1, 22), at(1, 23)), "2026-11-01 22:00–23:00"),
        (Interval(at(1, 23), at(2)), "2026-11-01 23:00–24:00"),
        (Interval(at(1), at(1, 6, 30)), "2026-11-01 00:00–06:30"),
    ],
)
def test_an_interval_is_shown_as_its_day_and_its_hours_if_it_is_shorter(interval: Interval, shown: str) -> None:
    assert str(interval) == shown
