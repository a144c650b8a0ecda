"""The answer to a health check."""

from typing import Literal

from api.models.model import Model


class Health(Model):
    """Whether the function runs, and which one; dependencies are watched by alarms, not by callers without credentials.

    Args:
        status: always `ok`: a function that cannot run does not answer.
        version: of the API, as in the OpenAPI document.
        environment: which deployment this is, for example `local` or `prod`.
    """

    status: Literal["ok"]
    version: str
    environment: str
