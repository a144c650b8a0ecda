"""What a batch becomes in S3: objects of records by prefix, and objects that describe what was rejected.

Source: Firehose developer guide, "Understand custom prefixes for Amazon S3 objects" and "Configure Amazon S3 object
name format". A timestamp in a prefix is the arrival of the batch's first record.
"""

import base64
import dataclasses
import gzip
import json
import time
import zoneinfo
from datetime import datetime
from typing import Any

import boto3

from infra.local.firehose.buffers import Batch
from infra.local.firehose.processing import Item, Rejected, process, processors


@dataclasses.dataclass(frozen=True)
class Object:
    """An S3 object to write."""

    key: str
    body: bytes


def prepare(session: boto3.Session, batch: Batch) -> list[Object]:
    """Process the batch and lay it out as objects, the same ones (in name) whenever it is done again.

    Args:
        session: of the stream's role.
    """
    from ministack.services import firehose

    items, rejected = process(session, batch)
    moment = _moment(batch)
    dynamic = (batch.config.get("DynamicPartitioningConfiguration") or {}).get("Enabled")
    groups: dict[str, list[Item]] = {}
    for item in items:
        try:
            queried = firehose._metadata_extraction_keys(batch.config, item.data) if dynamic else None
            prefix = firehose._evaluate_prefix(batch.config.get("Prefix", ""), moment, queried, item.partition_keys)
            groups.setdefault(prefix, []).append(item)
        except firehose._DeliveryError as error:
            rejected.append(Rejected(item, error.output_type, error.code, error.message))
    objects = []
    for prefix, members in groups.items():
        body, suffix, unconverted = _body(batch.config, members)
        rejected += unconverted
        if body:
            objects.append(Object(f"{prefix}{_name(batch, moment)}{suffix}", body))
    return objects + _error_objects(batch, moment, rejected)


def _moment(batch: Batch) -> time.struct_time:
    zone = zoneinfo.ZoneInfo(batch.config.get("CustomTimeZone") or "UTC")
    return datetime.fromtimestamp(batch.opened, zone).timetuple()


def _name(batch: Batch, moment: time.struct_time) -> str:
    return f"{batch.name}-{batch.version}-{time.strftime('%Y-%m-%d-%H-%M-%S', moment)}-{batch.id}"


def _body(config: dict[str, Any], items: list[Item]) -> tuple[bytes, str, list[Rejected]]:
    """An object's content, the end of its name, and the records that could not be converted."""
    conversion = config.get("DataFormatConversionConfiguration") or {}
    if conversion and conversion.get("Enabled", True):
        content, rejected = _converted(conversion, items)
        return content, config.get("FileExtension") or ".parquet", rejected
    delimiters = processors(config, "AppendDelimiterToRecord")
    delimiter = delimiters[0].get("Delimiter", "\\n").replace("\\n", "\n").encode() if delimiters else b""
    content = b"".join(item.data + delimiter for item in items)
    if config.get("CompressionFormat") == "GZIP":
        return gzip.compress(content, mtime=0), config.get("FileExtension") or ".gz", []
    return content, config.get("FileExtension") or "", []


def _converted(conversion: dict[str, Any], items: list[Item]) -> tuple[bytes, list[Rejected]]:
    from ministack.services import firehose

    good: list[bytes] = []
    rejected: list[Rejected] = []
    for item in items:
        try:
            firehose._convert_to_parquet(conversion, item.data)
            good.append(item.data)
        except firehose._DeliveryError as error:
            rejected.append(Rejected(item, error.output_type, error.code, error.message))
    return (firehose._convert_to_parquet(conversion, b"\n".join(good)) if good else b""), rejected


def _error_objects(batch: Batch, moment: time.struct_time, rejected: list[Rejected]) -> list[Object]:
    """One object per error prefix, with one JSON line per record."""
    from ministack.services import firehose

    lines: dict[str, list[str]] = {}
    for one in rejected:
        template = batch.config.get("ErrorOutputPrefix")
        if template:
            prefix = firehose._evaluate_prefix(template, moment, error_type=one.output_type)
        else:
            below = batch.config.get("Prefix") or ""
            prefix = f"{below}{one.output_type}/{firehose._java_time('yyyy/MM/dd/HH/', moment)}"
        document = {
            "attemptsMade": one.attempts,
            "arrivalTimestamp": int(one.item.arrived * 1000),
            "errorCode": one.code or one.output_type,
            "errorMessage": one.message,
            "attemptEndingTimestamp": int(time.time() * 1000),
            "rawData": base64.b64encode(one.item.original).decode(),
            **one.details,
        }
        lines.setdefault(prefix, []).append(json.dumps(document) + "\n")
    return [Object(f"{prefix}{_name(batch, moment)}", "".join(found).encode()) for prefix, found in lines.items()]
