"""The answer to a health check."""

from typing import Literal

from pydantic import BaseModel, ConfigDict


class Health(BaseModel):
    """Whether the function runs; dependencies are watched by alarms, not by callers without credentials."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    status: Literal["healthy"] = "healthy"
