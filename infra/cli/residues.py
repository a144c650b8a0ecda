"""Whatever is left of a user: searched for in every version of every object, in the table, and in messages of queues.

The user's identifier and the pseudonyms made of it are looked for in the bytes as they are, unpacked (gzip, Parquet,
Avro), and decoded from Base64, in which Firehose and quarantine keep records.
"""

import base64
import binascii
import gzip
import hashlib
import io
import re
import zlib
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from api import contract

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_sqs import SQSClient

# records are longer than that; identifiers of tasks and requests are shorter, and most of what a lake is made of
BASE64 = re.compile(rb"[A-Za-z0-9+/]{40,}={0,2}")
# what the table keeps on purpose: open requests, hashes that keep a replay from bringing data back, and counts of the
# last minutes' requests, which expire
KEPT = {contract.EntityType.ERASURE, contract.EntityType.ERASED, contract.EntityType.RATE_LIMIT}
MAX_NESTING = 4


def list_names(user_id: str) -> list[bytes]:
    """The identifier and the pseudonym by which request logs name a user."""
    return [user_id.encode(), hashlib.sha256(user_id.encode()).hexdigest()[:16].encode()]


def find_names(place: str, body: bytes, names: Sequence[bytes]) -> set[bytes]:
    """Which of some names a place holds, in its own name or in its content, packed or encoded as it may be."""
    return {name for text in (place.encode(), *read_layers(body)) for name in names if name in text}


def read_layers(body: bytes, depth: int = 0) -> Iterator[bytes]:
    """Bytes as they are, then whatever is packed or encoded in them."""
    yield body
    if depth < MAX_NESTING:
        if inner := unpack(body):
            yield from read_layers(inner, depth + 1)
        for inner in _decode(body):
            yield from read_layers(inner, depth + 1)


def unpack(body: bytes) -> bytes:
    """What a compressed object holds, as far as it can be read; its first bytes say what it is."""
    if body.startswith(b"\x1f\x8b"):
        return _gunzip(body)
    if body.startswith(b"PAR1"):
        import pyarrow.parquet

        file = pyarrow.parquet.ParquetFile(io.BytesIO(body))
        return str(file.read().to_pylist()).encode() + str(file.metadata.to_dict()).encode()
    if body.startswith(b"Obj\x01"):
        return _read_avro(body)
    return b""


def read_bucket(s3: "S3Client", bucket: str) -> Iterator[tuple[str, bytes]]:
    """Each version of each object of a bucket: `s3://bucket/key?versionId=…`, and its content.

    Args:
        s3: the client.
        bucket: its name.
    """
    for page in s3.get_paginator("list_object_versions").paginate(Bucket=bucket):
        for one in page.get("Versions", []):
            key, version = one["Key"], one["VersionId"]
            which = {} if version == "null" else {"VersionId": version}
            body = s3.get_object(Bucket=bucket, Key=key, **which)["Body"].read()  # type: ignore[arg-type]
            yield f"s3://{bucket}/{key}{'' if version == 'null' else f'?versionId={version}'}", body


def read_table(client: "DynamoDBClient", table: str) -> Iterator[tuple[str, bytes]]:
    """Each item of the table but what is kept on purpose: its key, and all of its content.

    Args:
        client: reads.
        table: its name.
    """
    for page in client.get_paginator("scan").paginate(TableName=table, ConsistentRead=True):
        for item in page["Items"]:
            if contract.entity_type_of(item["PK"]["S"]) not in KEPT:
                yield f"{table} {item['PK']['S']} {item['SK']['S']}", str(item).encode()


def read_queue(client: "SQSClient", name: str) -> Iterator[tuple[str, bytes]]:
    """Each message of a queue; it is hidden from others for the time of the search.

    Args:
        client: reads.
        name: of the queue.
    """
    url = client.get_queue_url(QueueName=name)["QueueUrl"]
    receipts = []
    try:
        while found := client.receive_message(
            QueueUrl=url, MaxNumberOfMessages=10, WaitTimeSeconds=1, VisibilityTimeout=300
        ).get("Messages", []):
            for one in found:
                receipts.append(one["ReceiptHandle"])
                yield f"{name} message {one['MessageId']}", one["Body"].encode()
    finally:
        for receipt in receipts:
            client.change_message_visibility(QueueUrl=url, ReceiptHandle=receipt, VisibilityTimeout=0)


def count_unread(client: "SQSClient", name: str) -> int:
    """How many messages of a queue nobody can read now: they are delayed, or somebody else is at work on them.

    Args:
        client: asks.
        name: of the queue.
    """
    url = client.get_queue_url(QueueName=name)["QueueUrl"]
    names: list[Any] = [f"ApproximateNumberOfMessages{state}" for state in ("Delayed", "NotVisible")]
    return sum(map(int, client.get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"].values()))


def _gunzip(body: bytes) -> bytes:
    try:
        return gzip.decompress(body)
    except (OSError, EOFError, zlib.error):
        # of a truncated object, what can be read
        return zlib.decompressobj(31).decompress(body)


def _decode(body: bytes) -> Iterator[bytes]:
    for found in BASE64.finditer(body):
        text = found[0].rstrip(b"=")
        try:
            yield base64.b64decode(text[: len(text) - (len(text) % 4 == 1)] + b"=" * (-len(text) % 4))
        except binascii.Error:
            continue


def _read_avro(body: bytes) -> bytes:
    """The blocks of an Avro object container file (https://avro.apache.org/docs/1.11.1/specification/)."""
    stream = io.BytesIO(body)
    stream.read(4)
    codec = b"null"
    while (count := _read_integer(stream)) != 0:
        if count < 0:
            _read_integer(stream)
        for _ in range(abs(count)):
            name = stream.read(_read_integer(stream))
            value = stream.read(_read_integer(stream))
            codec = value if name == b"avro.codec" else codec
    stream.read(16)
    blocks = b""
    while stream.tell() < len(body):
        _read_integer(stream)
        block = stream.read(_read_integer(stream))
        blocks += zlib.decompress(block, -15) if codec == b"deflate" else block
        stream.read(16)
    return blocks


def _read_integer(stream: io.BytesIO) -> int:
    """A variable-length, zig-zag coded integer."""
    shift = value = 0
    while True:
        (byte,) = stream.read(1)
        value |= (byte & 0x7F) << shift
        shift += 7
        if not byte & 0x80:
            return (value >> 1) ^ -(value & 1)
