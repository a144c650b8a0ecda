"""The field types of the API contract, each with the constraint that its JSON schema also states."""

import datetime as dt
import re
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field
from pydantic_core import PydanticCustomError

from api.models import patterns
from api.models.text import fold

_ISO_DATE = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_WITHOUT_NULLS = r"^[^\u0000]*$"
_NOT_SPACE = re.compile(f"[^{patterns.SPACE}]")
_NOT_BLANK = rf"^[^\u0000]*[^\u0000{patterns.SPACE}][^\u0000]*$"
_NOT_BLANK_NOR_COMMA = rf"^[^\u0000,]*[^\u0000,{patterns.SPACE}][^\u0000,]*$"
_AROUND = re.compile(f"^[{patterns.SPACE}]+|[{patterns.SPACE}]+$")
MAX_LABELS = 20


def _without_nulls(value: str) -> str:
    if "\x00" in value:
        raise PydanticCustomError("null_byte", "must not contain null bytes")
    return value


def _not_blank(value: str) -> str:
    if not _NOT_SPACE.search(value):
        raise PydanticCustomError("blank", "must not be blank")
    return value


def _without_commas(value: str) -> str:
    if "," in value:
        raise PydanticCustomError("comma", "must not contain commas")
    return value


def _trimmed(value: str) -> str:
    return _AROUND.sub("", value)


def _distinct_labels(labels: list[str]) -> list[str]:
    """The first spelling of each label, in the order in which they were given."""
    spellings: dict[str, str] = {}
    for label in labels:
        spellings.setdefault(fold(label), label)
    return list(spellings.values())


def _empty_for_none(labels: list[str] | None) -> list[str]:
    return labels or []


def _iso_date(value: Any) -> Any:
    # pydantic would also take numbers as seconds since 1970 and whole timestamps at midnight
    if isinstance(value, str) and not _ISO_DATE.fullmatch(value):
        raise PydanticCustomError("date_format", "must be a date as YYYY-MM-DD")
    if not isinstance(value, str | dt.date):
        raise PydanticCustomError("date_type", "must be a string, a date as YYYY-MM-DD")
    return value


# Lengths are in characters (Unicode code points), as in JSON Schema.
Title = Annotated[
    str,
    Field(min_length=1, max_length=200, json_schema_extra={"pattern": _NOT_BLANK}),
    AfterValidator(_without_nulls),
    AfterValidator(_not_blank),
]
Description = Annotated[
    str, Field(max_length=1000, json_schema_extra={"pattern": _WITHOUT_NULLS}), AfterValidator(_without_nulls)
]
Category = Annotated[
    str,
    Field(min_length=1, max_length=50, json_schema_extra={"pattern": _NOT_BLANK}),
    AfterValidator(_without_nulls),
    AfterValidator(_not_blank),
]
# a comma separates labels in a query
Label = Annotated[
    str,
    Field(min_length=1, max_length=50, json_schema_extra={"pattern": _NOT_BLANK_NOR_COMMA}),
    AfterValidator(_without_nulls),
    AfterValidator(_not_blank),
    AfterValidator(_without_commas),
    AfterValidator(_trimmed),
]
Labels = Annotated[list[Label], Field(max_length=MAX_LABELS), AfterValidator(_distinct_labels)]
# null clears a list
ClearableLabels = Annotated[Labels | None, AfterValidator(_empty_for_none)]
SearchText = Annotated[
    str,
    Field(min_length=1, max_length=200, json_schema_extra={"pattern": _NOT_BLANK}),
    AfterValidator(_without_nulls),
    AfterValidator(_not_blank),
]
Date = Annotated[str, Field(pattern=patterns.DATE, json_schema_extra={"format": "date"})]
DueDate = Annotated[dt.date, BeforeValidator(_iso_date)]
TaskId = Annotated[str, Field(description="ULID", pattern=patterns.TASK_ID)]
ParentId = Annotated[str, Field(description="ULID of the task that this is a subtask of.", pattern=patterns.TASK_ID)]
PreviousId = Annotated[
    str, Field(description="ULID of the task whose completion created this one.", pattern=patterns.TASK_ID)
]
NextId = Annotated[
    str, Field(description="ULID of the task that the completion of this one created.", pattern=patterns.TASK_ID)
]
EntityTags = Annotated[str, Field(description="As the header If-Match.", pattern=patterns.ENTITY_TAGS)]
UserName = Title
# An address is for people to read; nothing is sent to it, so its form is all that is checked (RFC 5321: 254 octets).
Email = Annotated[str, Field(max_length=254, pattern=patterns.EMAIL)]
Timestamp = Annotated[str, Field(description="RFC 3339, UTC, microseconds", json_schema_extra={"format": "date-time"})]


def timestamp(moment: dt.datetime) -> str:
    """`moment` (aware, UTC) as the API and the table write it: fixed width, so that text order is time order."""
    return moment.replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"


def moment(text: str) -> dt.datetime:
    """The inverse of `timestamp`."""
    return dt.datetime.fromisoformat(text)


class ReadOnlyFields:
    """The fields that the server writes: a client may send back what it has read, with what it wants to change."""

    def __init__(self, *names: str) -> None:
        self._names = names

    def drop(self, body: Any) -> Any:
        """Leave the fields out of a body; what is no object stays as it is."""
        if not isinstance(body, dict):
            return body
        return {name: value for name, value in body.items() if name not in self._names}

    def allow(self, schema: dict[str, Any]) -> None:
        """Add the fields to a JSON schema that allows no others."""
        schema["properties"] |= {name: {"description": "Read-only, ignored."} for name in self._names}
