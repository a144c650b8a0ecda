"""The caller's figures, as the pipeline publishes them."""

from typing import Annotated

from pydantic import Field

from api.contract import Priority
from api.models.fields import Date
from api.models.model import Model
from api.models.time_zones import DEFAULT_TIME_ZONE

Count = Annotated[int, Field(ge=0)]
Hours = Annotated[float, Field(ge=0)]
Instant = Annotated[str, Field(description="RFC 3339, UTC", json_schema_extra={"format": "date-time"})]


class CycleTime(Model, extra="forbid"):
    """Hours from a task's creation to its completion, rounded to two decimals; null when nothing has been completed."""

    p50: Hours | None
    p90: Hours | None


class CategoryFigures(Model, extra="forbid"):
    """Tasks of one category; null for those without one."""

    category: str | None
    total: Count
    completed: Count


class PriorityFigures(Model, extra="forbid"):
    """Tasks of one priority."""

    priority: Priority
    total: Count
    completed: Count


class OtherCategories(Model, extra="forbid"):
    """The sum of the categories that `by_category` does not list: it has the 100 with the most tasks."""

    categories: Count
    total: Count
    completed: Count


class WeekFigures(Model, extra="forbid"):
    """Tasks created and completed in the week that began on the Monday `week`."""

    week: Date
    created: Count
    completed: Count


class Insights(Model, extra="forbid"):
    """The figures of one user at `as_of`; deleted tasks count in none of them.

    Days and weeks, and with them streaks and what is overdue, follow the clock of `time_zone`, the profile's.
    """

    as_of: Instant
    # figures that were published before this field was there follow UTC
    time_zone: str = DEFAULT_TIME_ZONE
    total_tasks: Count
    open_tasks: Count
    completed_tasks: Count
    overdue_tasks: Count
    completion_rate_pct: Annotated[float, Field(ge=0, le=100)]
    current_streak_days: Count
    longest_streak_days: Count
    cycle_time_hours: CycleTime
    by_category: list[CategoryFigures]
    # figures that were published before this field was there have no more categories than they list
    other_categories: OtherCategories = OtherCategories.model_construct(categories=0, total=0, completed=0)
    by_priority: list[PriorityFigures]
    weekly: list[WeekFigures]
