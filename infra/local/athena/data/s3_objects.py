"""S3 as the engine sees it: data files below a location, local copies of them, and what a statement writes."""

import concurrent.futures
import contextlib
import dataclasses
import hashlib
import pathlib
import re
import time
import uuid
from collections.abc import Iterable
from typing import TYPE_CHECKING
from urllib.parse import urlparse

from botocore.exceptions import ClientError

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

CACHE_BYTES = 1 << 30
CACHE_GRACE_SECONDS = 900.0  # a running query may still read a copy this young
DELETE_BATCH = 1000  # keys that one DeleteObjects call takes


@dataclasses.dataclass(frozen=True)
class DataFile:
    """One object below a table's or a partition's location; `etag` names its content."""

    bucket: str
    key: str
    etag: str
    size: int

    @property
    def uri(self) -> str:
        """`s3://bucket/key`."""
        return f"s3://{self.bucket}/{self.key}"


def split_uri(uri: str) -> tuple[str, str]:
    """Bucket and key of `s3://bucket/key`."""
    place = urlparse(uri)
    return place.netloc, place.path.lstrip("/")


class Objects:
    """S3 with one caller's permissions.

    Args:
        s3: the caller's client.
        cache: folder of local copies, shared by all callers.
        privileged: the caller may read everything, so a copy needs no permission check.
    """

    def __init__(self, s3: "S3Client", cache: pathlib.Path, privileged: bool) -> None:
        self.s3, self.cache, self.privileged = s3, cache, privileged
        # half-written copies lie beside the cache, so that nobody meets one there
        self.arriving = cache.with_name(f"{cache.name}-arriving")
        for folder in (cache, self.arriving):
            folder.mkdir(parents=True, exist_ok=True)

    def list_prefix(self, uri: str) -> list[DataFile]:
        """The non-empty data files below a location; like Trino, nothing whose name begins with `_` or `.`."""
        bucket, prefix = split_uri(uri.rstrip("/") + "/")
        try:
            pages = self.s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
            return [
                DataFile(bucket, item["Key"], item["ETag"].strip('"'), item["Size"])
                for page in pages
                for item in page.get("Contents", [])
                if item["Size"] and not any(part[:1] in "_." for part in item["Key"][len(prefix) :].split("/"))
            ]
        except self.s3.exceptions.NoSuchBucket:
            return []

    def fetch(self, files: Iterable[DataFile]) -> list[pathlib.Path]:
        """Local copies of `files`, in their order.

        Raises:
            botocore.exceptions.ClientError: the caller may not read one of them.
        """
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            paths = list(pool.map(self._copy, files))
        self._evict()
        return paths

    def _copy(self, file: DataFile) -> pathlib.Path:
        # the end of the name stays, because compression is recognised by it
        name = re.sub(r"[^\w.]", "_", file.key.rpartition("/")[2])[-80:]
        path = self.cache / f"{hashlib.sha256(f'{file.uri}/{file.etag}'.encode()).hexdigest()[:40]}-{name}"
        cached = path.exists()
        if cached:
            path.touch()
            if self.privileged:
                return path
        try:
            # a copy that somebody else's query left does not give this caller the right to read it
            condition = {"IfNoneMatch": file.etag} if cached else {}
            body = self.s3.get_object(Bucket=file.bucket, Key=file.key, **condition)["Body"].read()  # type: ignore[arg-type]
        except ClientError as error:
            if cached and error.response["ResponseMetadata"]["HTTPStatusCode"] == 304:
                return path
            raise
        partial = self.arriving / uuid.uuid4().hex
        partial.write_bytes(body)
        partial.replace(path)
        return path

    def _evict(self) -> None:
        """Drop the copies used longest ago until the rest fit into CACHE_BYTES."""
        known = []
        for path in self.cache.iterdir():
            with contextlib.suppress(FileNotFoundError):  # another query has evicted it meanwhile
                found = path.stat()
                known.append((found.st_mtime, found.st_size, path))
        excess = sum(size for _, size, _ in known) - CACHE_BYTES
        for used, size, path in sorted(known):
            if excess <= 0 or time.time() - used < CACHE_GRACE_SECONDS:
                return
            path.unlink(missing_ok=True)
            excess -= size

    def put(self, uri: str, body: bytes) -> None:
        """Write one object."""
        bucket, key = split_uri(uri)
        self.s3.put_object(Bucket=bucket, Key=key, Body=body)

    def delete_prefix(self, uri: str) -> None:
        """Delete every object below a location, hidden ones included."""
        bucket, prefix = split_uri(uri.rstrip("/") + "/")
        pages = self.s3.get_paginator("list_objects_v2").paginate(
            Bucket=bucket, Prefix=prefix, PaginationConfig={"PageSize": DELETE_BATCH}
        )
        for page in pages:
            if keys := [{"Key": item["Key"]} for item in page.get("Contents", [])]:
                self.s3.delete_objects(Bucket=bucket, Delete={"Objects": keys})  # type: ignore[typeddict-item]
