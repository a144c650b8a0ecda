"""The API's settings, from its environment."""

import os
from collections.abc import Mapping
from typing import Self

from pydantic import BaseModel, ConfigDict, Field

from api.webhook_contract import KEY_SECRET


class Settings(BaseModel):
    """The function's configuration, read from environment variables named as the aliases.

    Args:
        table_name: the DynamoDB table.
        cursor_key_secret_id: Secrets Manager name or ARN of the key that signs list cursors.
        webhook_key_secret_id: name or ARN of the key that secrets of webhooks are derived from.
        private_webhook_targets: whether webhooks may have addresses of plain HTTP; in the local account only.
        environment: which deployment this is; `/health` shows it.
        max_tasks: live tasks that one user may have.
        requests_per_minute: requests that one user may send in a minute; 0 for no limit.
        max_gigabytes: size of one user's tasks in the table and its indexes; DynamoDB's own limit is 10 GB.
    """

    model_config = ConfigDict(frozen=True, extra="ignore", populate_by_name=True)

    table_name: str = Field(alias="TABLE_NAME", min_length=1)
    cursor_key_secret_id: str = Field(alias="CURSOR_KEY_SECRET_ID", min_length=1)
    webhook_key_secret_id: str = Field(alias="WEBHOOK_KEY_SECRET_ID", min_length=1, default=KEY_SECRET)
    private_webhook_targets: bool = Field(alias="PRIVATE_WEBHOOK_TARGETS", default=False)
    environment: str = Field(alias="ENVIRONMENT", min_length=1, default="development")
    max_tasks: int = Field(alias="MAX_TASKS_PER_USER", ge=1, default=10_000)
    requests_per_minute: int = Field(alias="REQUESTS_PER_MINUTE_PER_USER", ge=0, default=0)
    max_gigabytes: float = Field(alias="MAX_GIGABYTES_PER_USER", gt=0, le=10, default=8)

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> Self:
        """Read the settings.

        Raises:
            pydantic.ValidationError: a variable is missing or empty; the message names it.
        """
        return cls.model_validate(dict(environment))
