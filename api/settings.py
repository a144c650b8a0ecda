"""The API's settings, from its environment."""

import os
from collections.abc import Mapping
from typing import Self

from pydantic import BaseModel, ConfigDict, Field


class Settings(BaseModel):
    """The function's configuration, read from environment variables named as the aliases.

    Args:
        table_name: the DynamoDB table.
        cursor_key_secret_id: Secrets Manager name or ARN of the key that signs list cursors.
        environment: which deployment this is; `/health` shows it.
        max_tasks: live tasks that one user may have.
        max_gigabytes: size of one user's tasks in the table and its indexes; DynamoDB's own limit is 10 GB.
    """

    model_config = ConfigDict(frozen=True, extra="ignore", populate_by_name=True)

    table_name: str = Field(alias="TABLE_NAME", min_length=1)
    cursor_key_secret_id: str = Field(alias="CURSOR_KEY_SECRET_ID", min_length=1)
    environment: str = Field(alias="ENVIRONMENT", min_length=1, default="development")
    max_tasks: int = Field(alias="MAX_TASKS_PER_USER", ge=1, default=10_000)
    max_gigabytes: float = Field(alias="MAX_GIGABYTES_PER_USER", gt=0, le=10, default=8)

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> Self:
        """Read the settings.

        Raises:
            pydantic.ValidationError: a variable is missing or empty; the message names it.
        """
        return cls.model_validate(dict(environment))
