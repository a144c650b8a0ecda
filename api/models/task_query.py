"""The query string of a list, and what it selects."""

import dataclasses
import datetime as dt
import enum
import re
from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field
from pydantic_core import PydanticCustomError

from api.contract import Priority, Status
from api.models.fields import Category, DueDate, Label, ParentId, SearchText, timestamp
from api.models.model import Model
from api.models.text import fold

MAX_VALUES = 20
_DIGITS = re.compile(r"[0-9]{1,3}")


class Sort(enum.StrEnum):
    CREATED_AT = "created_at"
    CREATED_AT_DESCENDING = "-created_at"
    DUE_DATE = "due_date"
    DUE_DATE_DESCENDING = "-due_date"
    UPDATED_AT = "updated_at"
    UPDATED_AT_DESCENDING = "-updated_at"
    PRIORITY = "priority"
    PRIORITY_DESCENDING = "-priority"


class Order(enum.StrEnum):
    """By what a list is sorted."""

    CREATED_AT = "created_at"
    DUE_DATE = "due_date"
    UPDATED_AT = "updated_at"
    PRIORITY = "priority"


def _true_or_false(value: Any) -> Any:
    # pydantic would also take 1, yes, on and the like, which the JSON schema does not state
    if value not in ("true", "false", True, False) or (isinstance(value, int) and not isinstance(value, bool)):
        raise PydanticCustomError("boolean", "must be true or false")
    return value


Cursor = Annotated[str, Field(max_length=1024, description="From the Link header of the page before.")]


def _digits(value: Any) -> Any:
    # pydantic would also take `5_0`, `+5`, ` 50` and `50.0`
    if isinstance(value, str) and not _DIGITS.fullmatch(value):
        raise PydanticCustomError("integer", "must be a number of one to three digits")
    return value


Limit = Annotated[int, Field(ge=1, le=200, description="At most so many."), BeforeValidator(_digits)]


def _split(value: Any) -> Any:
    """Take `a,b` for a parameter that is given twice."""
    if not isinstance(value, list):
        return value
    return [part for one in value for part in (one.split(",") if isinstance(one, str) else [one])]


def _distinct(values: list[Any] | None) -> list[Any] | None:
    return list(dict.fromkeys(values)) if values is not None else None


def _few(values: list[Any] | None) -> list[Any] | None:
    if values is not None and len(values) > MAX_VALUES:
        raise PydanticCustomError("too_many", "must be at most {most} values", {"most": MAX_VALUES})
    return values


Distinct = AfterValidator(_distinct)


class TaskQuery(Model, extra="ignore"):
    """Which tasks, in which order, how many and from where. A task has to satisfy every filter that is given; one with
    several values is satisfied by any of them.

    An unknown parameter is ignored, as the original API did (ADR 0062).
    """

    status: Annotated[
        list[Status] | None,
        BeforeValidator(_split),
        Distinct,
        Field(description="One of these; several as `a,b` or as a repeated parameter."),
    ] = None
    priority: Annotated[
        list[Priority] | None,
        BeforeValidator(_split),
        Distinct,
        Field(description="One of these; several as `a,b` or as a repeated parameter."),
    ] = None
    category: Annotated[
        list[Category] | None,
        Distinct,
        AfterValidator(_few),
        Field(
            description="One of these, whatever its case; several as a repeated parameter. A comma is part of a name.",
            json_schema_extra={"maxItems": MAX_VALUES},
        ),
    ] = None
    label: Annotated[
        list[Label] | None,
        BeforeValidator(_split),
        Distinct,
        AfterValidator(_few),
        Field(
            description="Has one of these labels, whatever its case; several as `a,b` or as a repeated parameter.",
            json_schema_extra={"maxItems": MAX_VALUES},
        ),
    ] = None
    parent_id: Annotated[ParentId, Field(description="Is a subtask of this task.")] | None = None
    due_before: Annotated[DueDate, Field(description="Due on an earlier date than this.")] | None = None
    due_after: Annotated[DueDate, Field(description="Due on a later date than this.")] | None = None
    overdue: (
        Annotated[
            bool,
            BeforeValidator(_true_or_false),
            Field(
                description="true: neither completed nor cancelled and past its time, or due before today in the "
                "profile's time zone; false: all others."
            ),
        ]
        | None
    ) = None
    q: (
        Annotated[
            SearchText,
            Field(description="Text in the title or the description, whatever its case and the encoding of accents."),
        ]
        | None
    ) = None
    deleted: (
        Annotated[
            bool,
            BeforeValidator(_true_or_false),
            Field(
                description="true: the deleted tasks that can be restored, the last deleted first; false: all others."
            ),
        ]
        | None
    ) = None
    sort: Annotated[
        Sort,
        Field(
            description="`-` descends. By due date, only tasks that have one are listed; `-priority` has urgent tasks "
            "first, and among equals the newest. Without it, the newest come first, or the last deleted."
        ),
    ] = Sort.CREATED_AT_DESCENDING
    limit: Limit = 50
    cursor: Cursor | None = None

    def given_parameters(self) -> dict[str, str | list[str]]:
        """The parameters that were given, as text, several values sorted, but for the cursor and the page's size."""
        given = {name: value for name in sorted(self.model_fields_set) if (value := getattr(self, name)) is not None}
        return {name: _text(value) for name, value in given.items() if name not in {"limit", "cursor"}}

    def to_selection(self, now: dt.datetime, today: dt.date) -> "Selection":
        """What the query selects.

        Args:
            now: the time (UTC).
            today: the day that it is for the caller.
        """
        among = {
            "status": self.status,
            "priority": self.priority,
            "parent_id": [self.parent_id] if self.parent_id else None,
        }
        by_deletion = self.deleted and "sort" not in self.model_fields_set
        sort = Sort.UPDATED_AT_DESCENDING if by_deletion else self.sort
        return Selection(
            among={name: tuple(map(str, values)) for name, values in among.items() if values},
            due_before=self.due_before.isoformat() if self.due_before else None,
            due_after=self.due_after.isoformat() if self.due_after else None,
            overdue=self.overdue,
            now=timestamp(now),
            today=today.isoformat(),
            deleted_and_kept_at=int(now.timestamp()) if self.deleted else None,
            categories=frozenset(map(fold, self.category or ())),
            labels=frozenset(map(fold, self.label or ())),
            text=fold(self.q) if self.q else None,
            order=Order(sort.removeprefix("-")),
            descending=sort.startswith("-"),
        )


@dataclasses.dataclass(frozen=True, slots=True)
class Selection:
    """Which tasks, in which order.

    Args:
        among: attributes and the values of which they must have one.
        due_before: date (YYYY-MM-DD) before which a task must be due.
        due_after: date after which it must be due.
        overdue: whether it must be overdue, or must not be.
        now: the time to judge that by, of tasks that are due at a time.
        today: the date to judge that by, of others.
        deleted_and_kept_at: seconds since 1970 after which the tasks, all deleted, are purged; None for live tasks.
        categories: of which it must have one, folded; empty when any will do.
        labels: likewise.
        text: what title or description must hold, folded.
        order: by due date, tasks without one are left out. A deleted task was last changed by its deletion.
        descending: in reverse.
    """

    among: Mapping[str, tuple[str, ...]]
    due_before: str | None
    due_after: str | None
    overdue: bool | None
    now: str
    today: str
    deleted_and_kept_at: int | None
    categories: frozenset[str]
    labels: frozenset[str]
    text: str | None
    order: Order
    descending: bool

    @property
    def by_due_date(self) -> bool:
        """Whether the index of live tasks by due date is read."""
        return self.order is Order.DUE_DATE and self.deleted_and_kept_at is None

    @property
    def has_index(self) -> bool:
        """Whether the tasks can be read in their order."""
        if self.deleted_and_kept_at is not None:
            return self.order is Order.UPDATED_AT
        return self.order in (Order.CREATED_AT, Order.DUE_DATE)

    @property
    def filters(self) -> bool:
        """Whether tasks have to be read to find which of them match."""
        outside_keys = (self.due_before or self.due_after) and not self.by_due_date
        given = self.among or outside_keys or self.categories or self.labels or self.text
        return bool(given) or self.overdue is not None or self.deleted_and_kept_at is not None


def _text(value: Any) -> str | list[str]:
    if isinstance(value, list):
        texts = sorted(map(str, value))
        if len(texts) == 1 or isinstance(value[0], enum.StrEnum):
            return ",".join(texts)
        return texts  # a comma may be part of one
    return str(value).lower() if isinstance(value, bool) else str(value)
