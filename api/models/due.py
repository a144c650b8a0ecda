"""When a task is due: a day, `due_date`, and, if the client gives one, a moment of it, `due_at` (ADR 0148).

`due_date` is the day by which lists are sorted and filtered. Of a task with a moment it is the day on the clock that
the client wrote the moment by, unless the client gives the day as well.
"""

import datetime as dt
import re
from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import BeforeValidator, Field
from pydantic_core import PydanticCustomError

from api.models.fields import DueDate, timestamp

_DATE_TIME = r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,6})?(Z|[+-][0-9]{2}:[0-9]{2})"
_PATTERN = re.compile(_DATE_TIME)
# No clock on Earth is further from UTC: +14:00 on Kiritimati, -12:00 on Baker Island.
FURTHEST_EAST = dt.timedelta(hours=14)
_A_DAY = dt.timedelta(days=1)


def _moment(value: Any) -> Any:
    if isinstance(value, dt.datetime):
        return value
    if not isinstance(value, str) or not _PATTERN.fullmatch(value):
        raise PydanticCustomError("date_time_format", "must be a time with an offset, as 2026-12-01T09:00:00+01:00")
    try:
        found = dt.datetime.fromisoformat(value)
        found.astimezone(dt.UTC)
    except (ValueError, OverflowError):
        raise PydanticCustomError("date_time_invalid", "must be a time that exists, in the years 1 to 9999") from None
    return found


DueAt = Annotated[dt.datetime, Field(json_schema_extra={"pattern": f"^{_DATE_TIME}$"}), BeforeValidator(_moment)]


def require_same_day(day: dt.date | None, moment: dt.datetime | None) -> dt.date | None:
    """Hold the day that a client gives to the moment that it gives: somewhere on Earth it has to be that day.

    Raises:
        PydanticCustomError: it is that day nowhere.
    """
    if day is not None and moment is not None and abs(day - moment.astimezone(dt.UTC).date()) > _A_DAY:
        raise PydanticCustomError("due_date_differs", "must be the day of due_at")
    return day


def due_fields(given: Mapping[str, Any], due_date: DueDate | None = None) -> dict[str, Any]:
    """Work out what to store of the day and the moment that a client gives.

    | `due_date` | `due_at` | stored |
    |---|---|---|
    | not given, or null | a moment | the moment, and its day on the client's clock |
    | a day | a moment | both |
    | another day, or null | not given, or null | the day alone, or nothing |
    | the same day | not given | what there is |
    | not given | null | the day alone |

    Args:
        given: the fields that the client gave, with their values.
        due_date: of the task before; None for a new one.
    """
    moment = given.get("due_at")
    if moment is not None:
        return {"due_at": timestamp(moment.astimezone(dt.UTC)), "due_date": given.get("due_date") or moment.date()}
    if "due_at" in given:
        return {"due_at": None, **({"due_date": given["due_date"]} if "due_date" in given else {})}
    if "due_date" in given and given["due_date"] != due_date:
        return {"due_at": None, "due_date": given["due_date"]}
    return {}
