"""How many tasks a user has: what a task counts as, now and at an earlier time, and the sums."""

from typing import Annotated, NamedTuple

from pydantic import Field

from api.contract import Priority
from api.models.model import Model

Count = Annotated[int, Field(ge=0)]


class Counted(NamedTuple):
    """What a live task counts as.

    Args:
        status: of the task.
        priority: of the task.
        category: of the task; None without one.
    """

    status: str
    priority: str
    category: str | None


# in the place of what a task counted as when that is not known any more
UNKNOWN = Counted("", "", None)


class CountedUntil(NamedTuple):
    """What a task counted as before one of its changes.

    Args:
        until: when the change was made, as `updated_at`.
        counted: what it counted as until then; None while it was deleted.
    """

    until: str
    counted: Counted | None


class StatusCounts(Model, extra="forbid"):
    """Live tasks in each status."""

    pending: Count
    in_progress: Count
    completed: Count
    cancelled: Count


class PriorityCounts(Model, extra="forbid"):
    """Live tasks of one priority, and the open ones of them."""

    priority: Priority
    total: Count
    open: Count


class CategoryCounts(Model, extra="forbid"):
    """Live tasks of one category, and the open ones of them; null for those without one."""

    category: str | None
    total: Count
    open: Count


class OtherCategoryCounts(Model, extra="forbid"):
    """The sum of the categories that `by_category` does not list: it has the 100 with the most tasks."""

    categories: Count
    total: Count
    open: Count


class TaskCounts(Model, extra="forbid"):
    """How many live tasks the caller has; the open ones are pending or in progress."""

    total: Count
    open: Count
    by_status: StatusCounts
    by_priority: list[PriorityCounts]
    by_category: list[CategoryCounts]
    other_categories: OtherCategoryCounts
