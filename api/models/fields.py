"""The field types of the API contract, each with the constraint that its JSON schema also states."""

import datetime as dt
import re
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field
from pydantic_core import PydanticCustomError

_ISO_DATE = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_WITHOUT_NULLS = r"^[^\u0000]*$"
# What Python, Rust or ECMAScript, the dialect of JSON Schema, takes for white space: no two agree on `\s`.
_SPACE = r"\u0009-\u000d\u001c-\u0020\u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000\ufeff"
_NOT_SPACE = re.compile(f"[^{_SPACE}]")
_NOT_BLANK = rf"^[^\u0000]*[^\u0000{_SPACE}][^\u0000]*$"

_IN_EMAIL = rf"[^@\u0000-\u001f\u007f{_SPACE}]+"
_EMAIL = rf"^{_IN_EMAIL}@{_IN_EMAIL}\.{_IN_EMAIL}$"

ENTITY_TAG = r'(?:W/)?"[\x21\x23-\x7e\x80-\xff]*"'
# RFC 9110, sections 5.6.3 and 8.8.3: `*` or a list of entity tags, with optional white space
ENTITY_TAGS_PATTERN = rf"^[ \t]*(?:\*|{ENTITY_TAG}[ \t]*(?:,[ \t]*{ENTITY_TAG}[ \t]*)*)[ \t]*$"
TASK_ID_PATTERN = r"^[0-7][0-9A-HJKMNP-TV-Z]{25}$"


def _without_nulls(value: str) -> str:
    if "\x00" in value:
        raise PydanticCustomError("null_byte", "must not contain null bytes")
    return value


def _not_blank(value: str) -> str:
    if not _NOT_SPACE.search(value):
        raise PydanticCustomError("blank", "must not be blank")
    return value


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
SearchText = Annotated[
    str,
    Field(min_length=1, max_length=200, json_schema_extra={"pattern": _NOT_BLANK}),
    AfterValidator(_without_nulls),
    AfterValidator(_not_blank),
]
Date = Annotated[str, Field(pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$", json_schema_extra={"format": "date"})]
DueDate = Annotated[dt.date, BeforeValidator(_iso_date)]
TaskId = Annotated[str, Field(description="ULID", pattern=TASK_ID_PATTERN)]
EntityTags = Annotated[str, Field(description="As the header If-Match.", pattern=ENTITY_TAGS_PATTERN)]
UserName = Title
# An address is for people to read; nothing is sent to it, so its form is all that is checked (RFC 5321: 254 octets).
Email = Annotated[str, Field(max_length=254, pattern=_EMAIL)]
Timestamp = Annotated[str, Field(description="RFC 3339, UTC, microseconds", json_schema_extra={"format": "date-time"})]


def timestamp(moment: dt.datetime) -> str:
    """`moment` (aware, UTC) as the API and the table write it: fixed width, so that text order is time order."""
    return moment.strftime("%Y-%m-%dT%H:%M:%S.%fZ")


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
