"""Rules of recurrence: the part of RFC 5545, section 3.3.10, that dates without times need.

A rule is checked here without a library, so that a request without one costs nothing. What is accepted is accepted by
python-dateutil, too, which works out the dates (`api.services.recurrence`).
"""

import datetime as dt
import re
from typing import Annotated

from pydantic import AfterValidator, Field
from pydantic_core import PydanticCustomError

MAX_RULE_CHARACTERS = 200
_DAY = "(?:MO|TU|WE|TH|FR|SA|SU)"
_BY_MONTH_DAY = "-?(?:[1-9]|[12][0-9]|3[01])"
# the form of each part; a comma separates the values of a list
_PARTS = {
    "FREQ": "DAILY|WEEKLY|MONTHLY|YEARLY",
    "INTERVAL": "[1-9][0-9]{0,2}",
    "COUNT": "[1-9][0-9]{0,2}",
    "UNTIL": "[0-9]{8}",
    "BYDAY": f"(?:[+-]?[1-5])?{_DAY}(?:,(?:[+-]?[1-5])?{_DAY})*",
    "BYMONTHDAY": f"{_BY_MONTH_DAY}(?:,{_BY_MONTH_DAY})*",
    "BYMONTH": "(?:[1-9]|1[0-2])(?:,(?:[1-9]|1[0-2]))*",
    "BYSETPOS": "-?[1-9][0-9]?(?:,-?[1-9][0-9]?)*",
    "WKST": _DAY,
}
_UNSUPPORTED = ("BYSECOND", "BYMINUTE", "BYHOUR", "BYYEARDAY", "BYWEEKNO", "RSCALE", "SKIP")
_FORMS = {name: re.compile(form) for name, form in _PARTS.items()}
# what JSON Schema can say of it
_PATTERN = "^FREQ=(DAILY|WEEKLY|MONTHLY|YEARLY)(;(" + "|".join([*_PARTS][1:]) + ")=[0-9A-Z+,-]+)*$"


def parse_rule(rule: str) -> dict[str, str]:
    """Split a rule into its parts.

    Args:
        rule: `FREQ=WEEKLY;BYDAY=MO`, without `RRULE:`.

    Raises:
        PydanticCustomError: the message names the part that is wrong or not supported.
    """
    parts: dict[str, str] = {}
    for part in rule.split(";"):
        name, _, value = part.partition("=")
        if name in _UNSUPPORTED:
            raise _refuse(name, "is not supported")
        if name not in _FORMS:
            raise _refuse(name[:20] or "an empty part", f"is none of {', '.join(_FORMS)}")
        if name in parts:
            raise _refuse(name, "is there more than once")
        if not _FORMS[name].fullmatch(value):
            raise _refuse(name, f"cannot be {value[:30] or 'empty'}")
        parts[name] = value
    _require_consistent(parts)
    return parts


def _require_consistent(parts: dict[str, str]) -> None:
    """Hold the parts to what RFC 5545 says of their combinations.

    Raises:
        PydanticCustomError: see `parse_rule`.
    """
    frequency = parts.get("FREQ")
    if frequency is None or next(iter(parts)) != "FREQ":
        raise _refuse("FREQ", "must be there, as the first part")
    if "COUNT" in parts and "UNTIL" in parts:
        raise _refuse("UNTIL", "cannot stand beside COUNT")
    if frequency in ("DAILY", "WEEKLY") and re.search("[0-9]", parts.get("BYDAY", "")):
        raise _refuse("BYDAY", f"has no numbers with FREQ={frequency}")
    for name in ("BYMONTHDAY", "BYSETPOS"):
        if name in parts and frequency in ("DAILY", "WEEKLY"):
            raise _refuse(name, f"is not supported with FREQ={frequency}")
    if "BYSETPOS" in parts and not parts.keys() & {"BYDAY", "BYMONTHDAY", "BYMONTH"}:
        raise _refuse("BYSETPOS", "needs BYDAY, BYMONTHDAY or BYMONTH")
    if "UNTIL" in parts:
        try:
            dt.datetime.strptime(parts["UNTIL"], "%Y%m%d")  # noqa: DTZ007 - a date
        except ValueError:
            raise _refuse("UNTIL", "must be a date as YYYYMMDD") from None


def _refuse(part: str, why: str) -> PydanticCustomError:
    return PydanticCustomError("recurrence", "{part} {why}", {"part": part, "why": why})


def _checked(rule: str) -> str:
    parse_rule(rule)
    return rule


Recurrence = Annotated[
    str,
    Field(
        max_length=MAX_RULE_CHARACTERS,
        description="A rule of RFC 5545 for the due dates: completing the task creates the next one.",
        json_schema_extra={"pattern": _PATTERN},
    ),
    AfterValidator(_checked),
]
