"""S3 and the catalog with the permissions of a query's caller."""

import dataclasses
import functools
from typing import Any

from botocore.config import Config

from infra.local.account import credentials
from infra.local.account.settings import REGION
from infra.local.athena.api.credentials import Keys
from infra.local.athena.catalog.glue import Catalog
from infra.local.athena.data.iceberg import Iceberg
from infra.local.athena.data.metadata_files import MetadataFileIO
from infra.local.athena.data.s3_objects import Objects


@dataclasses.dataclass(frozen=True)
class Caller:
    """The services that a query uses, with its caller's permissions.

    Args:
        options: of a boto3 client that signs with the caller's key.
    """

    objects: Objects
    catalog: Catalog
    iceberg: Iceberg
    options: dict[str, Any]

    @property
    def user(self) -> str:
        """What `current_user` is: the caller's ARN."""
        return str(credentials.owner().client("sts", **self.options).get_caller_identity()["Arn"])


@functools.lru_cache(maxsize=32)
def of(keys: Keys) -> Caller:
    """The services with the permissions of `keys`."""
    endpoint = credentials.settings().endpoint
    options: dict[str, Any] = {
        "aws_access_key_id": keys.access_key_id,
        "aws_secret_access_key": keys.secret_access_key,
        "aws_session_token": keys.session_token,
        "config": Config(retries={"max_attempts": 2}, max_pool_connections=16),
    }
    s3 = credentials.owner().client("s3", **options)
    glue = credentials.owner().client("glue", **options)
    io = {
        "py-io-impl": f"{MetadataFileIO.__module__}.{MetadataFileIO.__name__}",
        "s3.endpoint": endpoint,
        "s3.region": REGION,
        "s3.access-key-id": keys.access_key_id,
        "s3.secret-access-key": keys.secret_access_key,
        "s3.path-style-access": "true",
        # by default 3 seconds: a thousand small files on a busy laptop take longer, and retries make it busier
        "s3.connect-timeout": "60",
        "s3.request-timeout": "60",
        **({"s3.session-token": keys.session_token} if keys.session_token else {}),
    }
    cache = credentials.settings().home / "athena-cache"
    return Caller(Objects(s3, cache, keys.privileged), Catalog(glue), Iceberg(glue, io), options)
