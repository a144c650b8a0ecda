"""What an execution's input may say, and what it comes to.

    {"from": "2026-11-23", "to": "2026-11-24T12:00Z", "full_refresh": false, "select": "marts", "skip": "dim_dates"}
    {"gold_only": true}

Everything is optional; nothing at all means everything since the last successful run.
"""

import dataclasses
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Self

FIELDS = ("from", "to", "full_refresh", "gold_only", "select", "skip")
# dbt's node selection: names, methods, graph operators, unions; nothing that could become another option
SELECTION = re.compile(r"[\w.:*+@,/]+( [\w.:*+@,/]+)*")


class InvalidInput(Exception):  # noqa: N818 – Step Functions shows the class's name to operators
    """The execution's input asks for something that there is not; the message says what there is."""


@dataclasses.dataclass(frozen=True)
class Request:
    """A valid input.

    Args:
        start: first instant of arrival that is wanted; None: no bound.
        end: first instant that is not; None: no bound.
        full_refresh: build silver from all of bronze, and publish everything anew.
        gold_only: leave bronze and silver as they are, and build gold even if nothing has come.
        select: dbt's selection of the models to build; empty: all.
        skip: dbt's selection of those to leave out; empty: none.
    """

    start: datetime | None = None
    end: datetime | None = None
    full_refresh: bool = False
    gold_only: bool = False
    select: str = ""
    skip: str = ""

    @classmethod
    def read(cls, given: Any) -> Self:
        """Check an execution's input.

        Raises:
            InvalidInput: it is not as described above.
        """
        if not isinstance(given, Mapping):
            raise InvalidInput(f"the input has to be an object with any of {', '.join(FIELDS)}, not {given!r}")
        unknown = sorted(set(given) - set(FIELDS))
        if unknown:
            raise InvalidInput(f"unknown field {', '.join(unknown)}: the input takes {', '.join(FIELDS)}")
        start, end = _instant(given, "from"), _instant(given, "to")
        if start and end and start >= end:
            raise InvalidInput(f"from ({given['from']}) has to be before to ({given['to']})")
        refresh, gold_only = _flag(given, "full_refresh"), _flag(given, "gold_only")
        if refresh and (start or end):
            raise InvalidInput("full_refresh builds from all of bronze: leave out from and to")
        if gold_only and (refresh or start or end):
            raise InvalidInput("gold_only reads nothing of bronze: leave out from, to and full_refresh")
        return cls(start, end, refresh, gold_only, _selection(given, "select"), _selection(given, "skip"))

    @property
    def is_bounded(self) -> bool:
        """Whether the input names a window of its own."""
        return self.start is not None or self.end is not None

    @property
    def is_incremental(self) -> bool:
        """Whether the input asks for nothing in particular: everything since the last successful run."""
        return self.is_whole and not self.full_refresh

    @property
    def is_whole(self) -> bool:
        """Whether a run of this request brings gold up to everything that has arrived before it."""
        return not (self.is_bounded or self.gold_only or self.select or self.skip)


def _instant(given: Mapping[str, Any], field: str) -> datetime | None:
    text = given.get(field)
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except (TypeError, ValueError):
        allowed = "an ISO 8601 date or time such as 2026-11-23 or 2026-11-23T10:00Z"
        raise InvalidInput(f"{field} has to be {allowed}, not {text!r}") from None
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def _flag(given: Mapping[str, Any], field: str) -> bool:
    flag = given.get(field, False)
    if not isinstance(flag, bool):
        raise InvalidInput(f"{field} has to be true or false, not {flag!r}")
    return flag


def _selection(given: Mapping[str, Any], field: str) -> str:
    text = given.get(field) or ""
    if text and not (isinstance(text, str) and SELECTION.fullmatch(text)):
        raise InvalidInput(f"{field} has to be a dbt selection such as 'marts' or 'stg_tasks+', not {text!r}")
    return str(text)
