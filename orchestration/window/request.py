"""What an execution's input may say, and what it comes to.

    {"from": "2026-11-23", "to": "2026-11-24T12:00Z", "full_refresh": false, "select": "marts", "skip": "dim_dates"}
    {"gold_only": true}
    {"rebuild": ["users"]}
    {"reject_threshold": 0.5, "reason": "the mobile app of 12 May wrote broken dates"}

Everything is optional; nothing at all means everything since the last successful run.
"""

import dataclasses
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Self

from transforms.contract import SILVER_TABLES

FIELDS = ("from", "to", "full_refresh", "gold_only", "rebuild", "select", "skip", "reject_threshold", "reason")
MAX_REASON = 500
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
        rebuild: tables of silver that are built anew from all of bronze, while the others are left as they are.
        select: dbt's selection of the models to build; empty: all.
        skip: dbt's selection of those to leave out; empty: none.
        reject_threshold: share of broken lines that this run tolerates; None: the usual one.
        reason: why it tolerates them; kept in `pipeline_runs`.
    """

    start: datetime | None = None
    end: datetime | None = None
    full_refresh: bool = False
    gold_only: bool = False
    rebuild: tuple[str, ...] = ()
    select: str = ""
    skip: str = ""
    reject_threshold: float | None = None
    reason: str = ""

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
        rebuild = _tables(given)
        if rebuild and (refresh or gold_only or start or end):
            raise InvalidInput("rebuild reads all of bronze: leave out from, to, full_refresh and gold_only")
        select, skip = _selection(given, "select"), _selection(given, "skip")
        return cls(start, end, refresh, gold_only, rebuild, select, skip, *_tolerance(given))

    @property
    def is_bounded(self) -> bool:
        """Whether the input names a window of its own."""
        return self.start is not None or self.end is not None

    @property
    def is_incremental(self) -> bool:
        """Whether the input asks for nothing in particular: everything since the last successful run."""
        return self.is_whole and not self.full_refresh and self.reject_threshold is None

    @property
    def is_whole(self) -> bool:
        """Whether a run of this request brings gold up to everything that has arrived before it."""
        return not (self.is_bounded or self.gold_only or self.rebuild or self.select or self.skip)


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


def _tables(given: Mapping[str, Any]) -> tuple[str, ...]:
    names = given.get("rebuild") or []
    if not isinstance(names, list) or not set(names) <= set(SILVER_TABLES):
        raise InvalidInput(f"rebuild has to be a list of tables of silver ({', '.join(SILVER_TABLES)}), not {names!r}")
    return tuple(sorted(set(names)))


def _tolerance(given: Mapping[str, Any]) -> tuple[float | None, str]:
    share, reason = given.get("reject_threshold"), given.get("reason") or ""
    if not isinstance(reason, str) or len(reason) > MAX_REASON:
        raise InvalidInput(f"reason has to be a text of at most {MAX_REASON} characters, not {reason!r}")
    if share is None and not reason.strip():
        return None, ""
    if isinstance(share, bool) or not isinstance(share, int | float) or not 0 <= share <= 1:
        raise InvalidInput(f"reject_threshold has to be a share from 0 to 1, not {share!r}")
    if not reason.strip():
        raise InvalidInput("reason has to say why so many broken lines may be left out; it is kept in pipeline_runs")
    return float(share), reason.strip()


def _selection(given: Mapping[str, Any], field: str) -> str:
    text = given.get(field) or ""
    if text and not (isinstance(text, str) and SELECTION.fullmatch(text)):
        raise InvalidInput(f"{field} has to be a dbt selection such as 'marts' or 'stg_tasks+', not {text!r}")
    return str(text)
