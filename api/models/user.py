"""The caller's profile."""

from typing import Any

from pydantic import Field, computed_field, model_validator

from api.models.fields import Email, ReadOnlyFields, Timestamp, UserName
from api.models.model import Model
from api.models.time_zones import DEFAULT_TIME_ZONE, TimeZone

_READ_ONLY = ReadOnlyFields("id", "user_id", "created_at", "updated_at", "version")


class ProfileChanges(Model, extra="ignore"):
    """The body of a create or an update: any part of a profile.

    What is absent or null stays; what is unknown is ignored (ADR 0062).
    """

    email: Email | None = None
    name: UserName | None = None
    time_zone: TimeZone | None = None

    def given(self) -> dict[str, Any]:
        """The fields that the client gave, with their values."""
        given = {name: getattr(self, name) for name in self.model_fields_set}
        return {name: value for name, value in given.items() if value is not None}


class ProfilePatch(ProfileChanges, extra="forbid", json_schema_extra=_READ_ONLY.allow):
    """A JSON Merge Patch of a profile: what is absent stays, null clears the name and sets UTC as the time zone.

    Read-only fields are ignored.
    """

    # refuses null; the default is never read and, being made by a factory, stays out of the JSON schema
    email: Email = Field(default_factory=str)

    @model_validator(mode="before")
    @classmethod
    def _without_read_only_fields(cls, body: Any) -> Any:
        return _READ_ONLY.drop(body)

    def given(self) -> dict[str, Any]:
        """The fields that the client gave, with their values."""
        given = {name: getattr(self, name) for name in self.model_fields_set}
        return given | ({"time_zone": DEFAULT_TIME_ZONE} if given.get("time_zone", "") is None else {})


class User(Model, extra="forbid"):
    """A user as the API shows it; `email` and `name` stay null until an ID token or the user gives them."""

    user_id: str
    email: str | None = None
    name: str | None = None
    # which day it is for the user: profiles from before this field was there have none
    time_zone: str = DEFAULT_TIME_ZONE
    created_at: Timestamp
    updated_at: Timestamp
    version: int = Field(ge=1)

    @computed_field(description="The same as `user_id`.")  # type: ignore[prop-decorator]
    @property
    def id(self) -> str:
        """The user's id under the name that the original API gave it."""
        return self.user_id
