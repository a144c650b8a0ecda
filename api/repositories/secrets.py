"""Keys from Secrets Manager: what signs cursors, and what secrets of webhooks are derived from."""

import functools
from typing import TYPE_CHECKING, cast

from botocore.config import Config
from botocore.session import get_session

if TYPE_CHECKING:
    from mypy_boto3_secretsmanager import SecretsManagerClient


class SecretKey:
    """Fetched when it is first used, then kept for the life of the process.

    Most requests use none, so neither the client nor the call belongs to start-up.
    """

    def __init__(self, secret_id: str) -> None:
        self._secret_id = secret_id

    @functools.cached_property
    def value(self) -> bytes:
        """The key.

        Raises:
            botocore.exceptions.ClientError: the secret is missing or may not be read.
        """
        client = get_session().create_client(
            "secretsmanager",
            config=Config(connect_timeout=1, read_timeout=3, retries={"mode": "standard", "total_max_attempts": 3}),
        )
        secrets = cast("SecretsManagerClient", client)
        return secrets.get_secret_value(SecretId=self._secret_id)["SecretString"].encode()
