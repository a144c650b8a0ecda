"""The query string of a list."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from api.models.fields import Category, Priority, Status


class TaskFilters(BaseModel):
    """Which tasks; a task has to satisfy every filter that is given."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    status: Status | None = None
    priority: Priority | None = None
    category: Category | None = None


class TaskQuery(TaskFilters):
    """Which tasks, how many and from where; newest first. An unknown parameter is refused: a misspelt filter that is
    ignored would answer with tasks that were not asked for."""

    limit: int = Field(default=50, ge=1, le=200)
    cursor: Annotated[str, Field(max_length=1024, description="From the Link header of the page before.")] | None = None

    def filters(self) -> dict[str, str]:
        """The filters that are given, by attribute."""
        return {name: str(value) for name in TaskFilters.model_fields if (value := getattr(self, name)) is not None}
