"""The caller's figures, as the pipeline publishes them."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from api.contract import Priority
from api.models.fields import Date

Count = Annotated[int, Field(ge=0)]
Hours = Annotated[float, Field(ge=0)]
Instant = Annotated[str, Field(description="RFC 3339, UTC", json_schema_extra={"format": "date-time"})]


class CycleTime(BaseModel):
    """Hours from a task's creation to its completion, rounded to two decimals; null when nothing has been completed."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    p50: Hours | None
    p90: Hours | None


class CategoryFigures(BaseModel):
    """Tasks of one category; null for those without one."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    category: str | None
    total: Count
    completed: Count


class PriorityFigures(BaseModel):
    """Tasks of one priority."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    priority: Priority
    total: Count
    completed: Count


class OtherCategories(BaseModel):
    """The sum of the categories that `by_category` does not list: it has the 100 with the most tasks."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    categories: Count
    total: Count
    completed: Count


class WeekFigures(BaseModel):
    """Tasks created and completed in the week that began on the Monday `week`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    week: Date
    created: Count
    completed: Count


class Insights(BaseModel):
    """The figures of one user at `as_of`; deleted tasks count in none of them."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    as_of: Instant
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
    other_categories: OtherCategories = OtherCategories(categories=0, total=0, completed=0)
    by_priority: list[PriorityFigures]
    weekly: list[WeekFigures]
