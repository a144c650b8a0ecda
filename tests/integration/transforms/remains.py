"""Every byte of a bucket that somebody could still read: all objects, all versions, unpacked."""

import gzip
import io
import zlib
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pyarrow.parquet

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


def contents(s3: "S3Client", bucket: str) -> Iterator[tuple[str, bytes]]:
    """Each version of each object: its name, and what it says as bytes that can be searched."""
    for page in s3.get_paginator("list_object_versions").paginate(Bucket=bucket):
        for version in page.get("Versions", []):
            key, number = version["Key"], version["VersionId"]
            which = {} if number == "null" else {"VersionId": number}
            body = s3.get_object(Bucket=bucket, Key=key, **which)["Body"].read()  # type: ignore[arg-type]
            yield f"{key} {number}", key.encode() + b"\n" + body + b"\n" + unpacked(body)


def unpacked(body: bytes) -> bytes:
    """What a compressed object holds; its first bytes tell what it is, for not every name does."""
    if body.startswith(b"\x1f\x8b"):
        return gzip.decompress(body)
    if body.startswith(b"PAR1"):
        file = pyarrow.parquet.ParquetFile(io.BytesIO(body))
        return str(file.read().to_pylist()).encode() + str(file.metadata.to_dict()).encode()
    if body.startswith(b"Obj\x01"):
        return avro(body)
    return b""


def avro(body: bytes) -> bytes:
    """The blocks of an Avro object container file (https://avro.apache.org/docs/1.11.1/specification/)."""
    stream = io.BytesIO(body)
    assert stream.read(4) == b"Obj\x01"
    codec = b"null"
    while (count := number(stream)) != 0:
        if count < 0:
            number(stream)
        for _ in range(abs(count)):
            name = stream.read(number(stream))
            value = stream.read(number(stream))
            codec = value if name == b"avro.codec" else codec
    stream.read(16)
    blocks = b""
    while stream.tell() < len(body):
        number(stream)
        block = stream.read(number(stream))
        assert codec in (b"deflate", b"null"), codec
        blocks += zlib.decompress(block, -15) if codec == b"deflate" else block
        stream.read(16)
    return blocks


def number(stream: io.BytesIO) -> int:
    """A variable-length, zig-zag coded integer."""
    shift = value = 0
    while True:
        (byte,) = stream.read(1)
        value |= (byte & 0x7F) << shift
        shift += 7
        if not byte & 0x80:
            return (value >> 1) ^ -(value & 1)
