"""What lies below an S3 target: data objects, the partitions that their folders make, the schema of their content."""

import dataclasses
import functools
import gzip
import re
from collections.abc import Sequence
from typing import Any
from urllib.parse import unquote

from infra.local.glue import json_schema


@dataclasses.dataclass(frozen=True)
class DataObject:
    """An object with content.

    Args:
        path: its key below the target.
        size: in bytes.
    """

    bucket: str
    key: str
    path: str
    etag: str
    size: int


def list_objects(s3: Any, root: str, exclusions: Sequence[str]) -> list[DataObject]:
    """The data objects below `root`; names that begin with `_` or `.` hide an object or a folder.

    Args:
        s3: a client that may list the bucket.
        root: `s3://bucket/prefix/`.
        exclusions: glob patterns over paths below the root; see
            https://docs.aws.amazon.com/glue/latest/dg/define-crawler-choose-data-sources.html.
    """
    bucket, _, prefix = root.removeprefix("s3://").partition("/")
    excluded = [_glob(pattern) for pattern in exclusions]
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
    found = (
        DataObject(bucket, item["Key"], item["Key"][len(prefix) :], item["ETag"], item["Size"])
        for page in pages
        for item in page.get("Contents", [])
    )
    return [
        one
        for one in found
        if one.size
        and not any(part[:1] in ("_", ".") for part in one.path.split("/"))
        and not any(pattern.fullmatch(one.path) for pattern in excluded)
    ]


@functools.cache
def _glob(pattern: str) -> re.Pattern[str]:
    """`*` stays within a folder, `**` does not; `{a,b}` are alternatives, `[a-z]` a range."""
    rules = {"**": ".*", "*": "[^/]*", "?": "[^/]", "{": "(?:", "}": ")", ",": "|"}
    tokens = re.findall(r"\*\*|\[[^\]]+\]|.", pattern)
    return re.compile("".join(rules.get(token) or (token if len(token) > 2 else re.escape(token)) for token in tokens))


def partition_of(path: str) -> list[tuple[str, str]]:
    """Keys and values of the partition that an object is in; folders without `=` are partition_0, partition_1, …"""
    pairs = []
    for number, folder in enumerate(path.split("/")[:-1]):
        key, equals, value = folder.partition("=")
        pairs.append((key.lower(), unquote(value)) if equals else (f"partition_{number}", folder))
    return pairs


def partition_keys(objects: Sequence[DataObject]) -> list[str]:
    """The keys of the deepest folders; an object in a folder of another depth is in no partition."""
    return [key for key, _ in max((partition_of(one.path) for one in objects), key=len)]


def partitions(root: str, objects: Sequence[DataObject]) -> dict[tuple[str, ...], str]:
    """Values and location of every partition."""
    keys, found = partition_keys(objects), {}
    for one in objects:
        pairs = partition_of(one.path)
        if keys and [key for key, _ in pairs] == keys:
            found[tuple(value for _, value in pairs)] = root + one.path.rpartition("/")[0] + "/"
    return found


class SchemaReader:
    """Reads schemas, each object's once: a later crawl reads only what is new.

    Keep one per crawler, since another crawler's role may not be allowed to read the same objects.
    """

    def __init__(self) -> None:
        self._known: dict[tuple[str, str, str], json_schema.Struct] = {}

    def schema(self, s3: Any, one: DataObject) -> json_schema.Struct:
        """The columns of an object.

        Raises:
            botocore.exceptions.ClientError: the role may not read it.
            ValueError: it holds something else than JSON lines, plain or GZIP.
        """
        place = (one.bucket, one.key, one.etag)
        if place not in self._known:
            body = s3.get_object(Bucket=one.bucket, Key=one.key)["Body"].read()
            try:
                lines = (gzip.decompress(body) if body.startswith(b"\x1f\x8b") else body).split(b"\n")
                self._known[place] = json_schema.of_lines(lines)
            except (ValueError, OSError, EOFError) as error:
                raise ValueError(f"s3://{one.bucket}/{one.key} does not hold JSON lines: {error}") from error
        return self._known[place]
