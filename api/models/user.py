"""The caller's profile."""

from pydantic import BaseModel, ConfigDict, Field

from api.models.fields import Timestamp


class User(BaseModel):
    """A user as the API shows it; `email` and `name` stay null until an ID token has been seen."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    user_id: str
    email: str | None = None
    name: str | None = None
    created_at: Timestamp
    updated_at: Timestamp
    version: int = Field(ge=1)
