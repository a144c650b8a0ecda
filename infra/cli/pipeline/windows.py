"""Windows of arrival: times as operators type them, the pipeline's input, and the intervals of a backfill.

A window is one of *arrival*: which bronze objects are read, by when they were written, from its first instant up to,
not including, its last.
"""

import dataclasses
import datetime as dt
import enum
import re
from collections.abc import Iterator
from typing import Any

import typer

from infra.cli.format import format_utc
from orchestration.window.request import InvalidInput, Request

EXPECTED = "expected a date or a time in UTC, such as 2026-11-01 or 2026-11-01T06:00Z"
FROM, TO = "--from", "--to"


class Step(enum.StrEnum):
    """How a backfill cuts its window; `WINDOW` does not."""

    WINDOW = "window"
    DAY = "day"
    HOUR = "hour"


STEPS = {Step.DAY: dt.timedelta(days=1), Step.HOUR: dt.timedelta(hours=1)}


@dataclasses.dataclass(frozen=True)
class Interval:
    """One execution's share of a backfill, from `start` up to `end`."""

    start: dt.datetime
    end: dt.datetime

    @property
    def name(self) -> str:
        """The name that every execution of this interval begins with; the same in every backfill."""
        return f"backfill-{self.start:%Y%m%dT%H%M}-{self.end:%Y%m%dT%H%M}"

    def number(self, execution: str) -> int:
        """Which attempt at this interval an execution of this name is, from 1; 0 when it is none."""
        found = re.fullmatch(re.escape(self.name) + r"(?:-(\d+))?", execution)
        return 0 if found is None else int(found[1] or 1)

    def attempt(self, number: int) -> str:
        """The name of the attempt of this number: a name serves once in 90 days."""
        return self.name if number == 1 else f"{self.name}-{number}"

    def __str__(self) -> str:
        """The day, and its hours unless it is a whole one; of several days both ends."""
        if self.end - self.start > STEPS[Step.DAY]:
            return f"{self.start:%Y-%m-%d %H:%M} – {self.end:%Y-%m-%d %H:%M}"
        midnight = f"{self.end:%H:%M}" == "00:00"
        hours = f"{self.start:%H:%M}–{'24:00' if midnight else f'{self.end:%H:%M}'}"
        return f"{self.start:%Y-%m-%d}" + ("" if hours == "00:00–24:00" else f" {hours}")


def parse_instant(text: str) -> dt.datetime:
    """The time that `text` names, in UTC.

    Raises:
        typer.BadParameter: it names none.
    """
    try:
        found = dt.datetime.fromisoformat(text.strip())
    except ValueError:
        raise typer.BadParameter(f"{text!r}: {EXPECTED}") from None
    return found.replace(tzinfo=dt.UTC) if found.tzinfo is None else found.astimezone(dt.UTC)


def validate_window(start: dt.datetime | None, end: dt.datetime | None) -> None:
    """Refuse a window that is empty or begins in the future.

    Raises:
        typer.BadParameter: naming the flag that is wrong.
    """
    now = dt.datetime.now(dt.UTC)
    if start and start > now:
        raise typer.BadParameter(f"{format_utc(start)} is in the future: nothing has arrived there", param_hint=FROM)
    if start and end and end <= start:
        raise typer.BadParameter(f"{format_utc(end)} is not after {FROM} {format_utc(start)}", param_hint=TO)


def build_input(
    start: dt.datetime | None,
    end: dt.datetime | None,
    full_refresh: bool,
    select: str | None,
    skip: str | None,
    **more: Any,
) -> dict[str, Any]:
    """The input of an execution: only what was asked for.

    Args:
        start: first instant of arrival.
        end: end of the arrivals, not included.
        full_refresh: build everything anew.
        select: models to build.
        skip: models to leave out.
        more: further fields of the input by name; None: not asked for.

    Raises:
        typer.BadParameter: the flags contradict each other.
    """
    validate_window(start, end)
    if full_refresh and (start or end):
        flag = FROM if start else TO
        raise typer.BadParameter(
            f"it rebuilds from all of bronze, so {flag} has no meaning", param_hint="--full-refresh"
        )
    chosen = {
        "from": start and format_utc(start),
        "to": end and format_utc(end),
        "full_refresh": full_refresh or None,
        "select": select,
        "skip": skip,
        **more,
    }
    return validate_input({name: value for name, value in chosen.items() if value is not None})


def validate_input(given: dict[str, Any], flag: str | None = None) -> dict[str, Any]:
    """`given`, if the state machine takes it as an input.

    Args:
        given: the input.
        flag: that it came from; without one each field came from the flag of its name.

    Raises:
        typer.BadParameter: in the words with which the execution would fail.
    """
    try:
        Request.read(given)
    except InvalidInput as error:
        field = str(error).partition(" ")[0].replace("_", "-")
        raise typer.BadParameter(str(error), param_hint=flag or f"--{field}") from None
    return given


def split_window(start: dt.datetime, end: dt.datetime, by: Step) -> Iterator[Interval]:
    """Cut a window at whole days or hours of UTC, or not at all; its first and last interval may be shorter."""
    if by is Step.WINDOW:
        yield Interval(start, end)
        return
    step = STEPS[by]
    while start < end:
        cut = (
            dt.datetime.min.replace(tzinfo=dt.UTC)
            + ((start - dt.datetime.min.replace(tzinfo=dt.UTC)) // step + 1) * step
        )
        yield Interval(start, min(cut, end))
        start = cut
