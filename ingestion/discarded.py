"""Batches of the table's stream that Lambda discarded, as its on-failure destination keeps them in bronze.

For a bucket as destination, Lambda stores the whole invocation record, one object a batch, below
`aws/lambda/<mapping's UUID>/<shard>/YYYY/MM/DD/`; `payload` is the event that the function got, as JSON in a string
(https://docs.aws.amazon.com/lambda/latest/dg/services-dynamodb-errors.html).

The pipeline counts them, replay delivers them, maintenance erases users from them. Nothing but the standard library is
imported.
"""

import dataclasses
import hashlib
import json
from collections.abc import Collection, Iterator
from typing import TYPE_CHECKING, Any, Self

from ingestion.contract import CDC_FUNCTION, DISCARDED

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

Record = dict[str, Any]


@dataclasses.dataclass(frozen=True)
class DiscardedBatch:
    """A batch that a function did not take.

    Args:
        function: the function's name.
        records: as the function got them.
        document: the whole invocation record.
    """

    function: str
    records: list[Record]
    document: dict[str, Any]

    @classmethod
    def parse(cls, body: str | bytes) -> Self:
        """The batch in an object.

        Raises:
            ValueError: it is no invocation record with a payload.
        """
        try:
            document: Any = json.loads(body)
            payload: Any = document["payload"]
            records = (json.loads(payload) if isinstance(payload, str) else payload)["Records"]
            function = str(document["requestContext"]["functionArn"]).split(":")[6]
        except (ValueError, KeyError, TypeError, IndexError):
            raise ValueError("no invocation record of a batch that Lambda discarded") from None
        if not isinstance(records, list) or not all(isinstance(one, dict) for one in records):
            raise ValueError("an invocation record without the records of its batch")
        return cls(function, records, document)

    def drop_records(self, digests: Collection[str]) -> bytes | None:
        """The object without some of its records; None when none is left.

        Args:
            digests: `digest_record` of those that are to go.
        """
        rest = [one for one in self.records if digest_record(one) not in digests]
        return json.dumps({**self.document, "payload": json.dumps({"Records": rest})}).encode() if rest else None


def digest_record(record: Record) -> str:
    """What tells a record from every other one."""
    return hashlib.sha256(json.dumps(record, sort_keys=True).encode()).hexdigest()


def list_discarded(s3: "S3Client", bucket: str) -> dict[str, list[str]]:
    """The keys of the objects of discarded batches, by the function that did not take them.

    A mapping has a folder, which is one function's; so one object of each folder is read.

    Args:
        s3: the client.
        bucket: of bronze.

    Raises:
        botocore.exceptions.ClientError: the bucket cannot be listed or read.
    """
    found: dict[str, list[str]] = {}
    for folder in _folders(s3, bucket):
        pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=folder)
        keys = [one["Key"] for page in pages for one in page.get("Contents", [])]
        if keys:
            found.setdefault(_function(s3, bucket, keys[0]), []).extend(keys)
    return found


def _folders(s3: "S3Client", bucket: str) -> Iterator[str]:
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=DISCARDED, Delimiter="/"):
        yield from (one["Prefix"] for one in page.get("CommonPrefixes", []))


def _function(s3: "S3Client", bucket: str, key: str) -> str:
    try:
        return DiscardedBatch.parse(s3.get_object(Bucket=bucket, Key=key)["Body"].read()).function
    except ValueError:  # somebody else's object: reported, too, and its replay says what it is
        return CDC_FUNCTION
