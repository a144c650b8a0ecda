"""Lines written straight to bronze, beside the objects of the delivery stream.

For what a delivery stream cannot take, or what has to be known to be in bronze before something else may happen: when
`write` returns, the lines are there.
"""

import gzip
import hashlib
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING

import boto3

from ingestion.contract import CDC_STREAM, CHANGES
from ingestion.errors import RefusedError

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


class Bronze:
    """The objects of a bronze bucket.

    Args:
        client: an S3 client.
        bucket: the bucket's name.
    """

    def __init__(self, client: "S3Client", bucket: str) -> None:
        self.client, self.bucket = client, bucket

    @classmethod
    def deployed(cls) -> "Bronze":
        """Where the deployed delivery stream of changes delivers to.

        Raises:
            RefusedError: there is none.
        """
        firehose = boto3.client("firehose")
        try:
            found = firehose.describe_delivery_stream(DeliveryStreamName=CDC_STREAM)
        except firehose.exceptions.ResourceNotFoundException:
            raise RefusedError(
                f"there is no delivery stream {CDC_STREAM} in this account and region: deploy first"
            ) from None
        (destination,) = found["DeliveryStreamDescription"]["Destinations"]
        bucket = destination["ExtendedS3DestinationDescription"]["BucketARN"].rpartition(":")[2]
        return cls(boto3.client("s3"), bucket)

    def write(self, source: str, lines: Sequence[bytes], folder: str = CHANGES) -> str:
        """Write `lines` as one object of the current hour.

        Args:
            source: what wrote them; the object's name begins with it.
            lines: of JSON, newline included.
            folder: `cdc` or `logs`.

        Returns:
            the object's key.

        Raises:
            botocore.exceptions.ClientError: S3 refused; nothing was written.
        """
        body = gzip.compress(b"".join(lines), mtime=0)
        place = time.strftime(f"{folder}/dt=%Y-%m-%d/hour=%H", time.gmtime())
        key = f"{place}/{source}-{hashlib.sha256(body).hexdigest()[:32]}.gz"
        self.client.put_object(Bucket=self.bucket, Key=key, Body=body)
        return key
