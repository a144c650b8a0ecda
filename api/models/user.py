"""The caller's profile."""

from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from api.models.fields import Email, Timestamp, UserName


class ProfileChanges(BaseModel):
    """The body of a create or an update: any part of a profile. What is absent stays; a null name clears it."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    # refuses null; as in TaskChanges, the default is never read
    email: Email = Field(default_factory=str)
    name: UserName | None = None

    def named(self) -> dict[str, Any]:
        """The fields that the client named, with their values."""
        return {name: getattr(self, name) for name in self.model_fields_set}


class User(BaseModel):
    """A user as the API shows it; `email` and `name` stay null until an ID token or the user tells them."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    user_id: str
    email: str | None = None
    name: str | None = None
    created_at: Timestamp
    updated_at: Timestamp
    version: int = Field(ge=1)
