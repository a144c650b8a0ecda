"""Time zones by their IANA names, and the day that it is in one."""

import datetime as dt
import functools
from typing import Annotated

from pydantic import AfterValidator, Field
from pydantic_core import PydanticCustomError

DEFAULT_TIME_ZONE = "UTC"


@functools.cache
def _names() -> frozenset[str]:
    # read when a client first sets its zone, not with the first request of every process (ADR 0107)
    import importlib.resources

    names = importlib.resources.files("tzdata").joinpath("zones").read_text("ascii").split()
    return frozenset(names) - {"Factory"}  # a place holder, which is no zone


def _require_known(name: str) -> str:
    if name not in _names():
        raise PydanticCustomError("time_zone", "must be the name of a time zone, as Europe/Berlin")
    return name


# https://data.iana.org/time-zones/tz-link.html
TimeZone = Annotated[
    str,
    Field(min_length=1, max_length=64, description="IANA name.", examples=["Pacific/Kiritimati"]),
    AfterValidator(_require_known),
]


def day_in(time_zone: str, now: dt.datetime) -> dt.date:
    """Find out which day it is in a time zone.

    Args:
        time_zone: its IANA name.
        now: aware.
    """
    if time_zone == DEFAULT_TIME_ZONE:
        return now.astimezone(dt.UTC).date()
    import zoneinfo

    return now.astimezone(zoneinfo.ZoneInfo(time_zone)).date()
