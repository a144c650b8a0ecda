"""The answer to a health check."""

from typing import Literal

from pydantic import BaseModel, ConfigDict


class Health(BaseModel):
    """Whether the function runs, and which one; dependencies are watched by alarms, not by callers without credentials.

    Args:
        status: always `ok`: a function that cannot run does not answer.
        version: of the API, as in the OpenAPI document.
        environment: which deployment this is, for example `local` or `prod`.
    """

    model_config = ConfigDict(frozen=True)

    status: Literal["ok"]
    version: str
    environment: str
