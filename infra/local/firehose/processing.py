"""The Lambda processors of a delivery stream: what comes out of them, and what they reject.

Source: Firehose developer guide, "Transform source data" and "Handle failure in data transformation". A function that
fails is asked again NumberOfRetries times; after that, and for every record that it marks ProcessingFailed, leaves out
or answers malformed, the record as it came goes to the error output as `processing-failed`.
"""

import base64
import binascii
import dataclasses
import json
import time
import uuid
from typing import Any

import boto3
from botocore.exceptions import ClientError

from infra.local.firehose.buffers import Batch

OUTPUT_TYPE = "processing-failed"
PAYLOAD_MEGABYTES = 1.0  # AWS's default for BufferSizeInMBs of a processor


@dataclasses.dataclass(frozen=True)
class Item:
    """A record on its way through the processors."""

    id: str
    data: bytes
    arrived: float
    original: bytes
    partition_keys: dict[str, str] = dataclasses.field(default_factory=dict)


@dataclasses.dataclass(frozen=True)
class Rejected:
    """A record that goes to the error output, with the fields of its error object."""

    item: Item
    output_type: str
    code: str | None
    message: str
    attempts: int = 1
    details: dict[str, Any] = dataclasses.field(default_factory=dict)


def processors(config: dict[str, Any], kind: str) -> list[dict[str, str]]:
    """The parameters of each enabled processor of `kind`, as one dictionary each."""
    processing = config.get("ProcessingConfiguration") or {}
    if str(processing.get("Enabled", False)).lower() != "true":
        return []
    return [
        {parameter["ParameterName"]: str(parameter["ParameterValue"]) for parameter in one.get("Parameters") or []}
        for one in processing.get("Processors") or []
        if one.get("Type") == kind
    ]


def process(session: boto3.Session, batch: Batch) -> tuple[list[Item], list[Rejected]]:
    """Send the batch through its Lambda processors, one after the other.

    Args:
        session: of the stream's role, which has to be allowed lambda:InvokeFunction.

    Raises:
        botocore.exceptions.BotoCoreError: Lambda could not be reached; nothing is known about the records.
    """
    items = [Item(record_id, data, arrived, data) for record_id, data, arrived in batch.records]
    rejected: list[Rejected] = []
    for parameters in processors(batch.config, "Lambda"):
        passed: list[Item] = []
        for part in _parts(items, float(parameters.get("BufferSizeInMBs") or PAYLOAD_MEGABYTES)):
            kept, lost = _ask(session, batch, part, parameters)
            passed += kept
            rejected += lost
        items = passed
    return items, rejected


def _parts(items: list[Item], megabytes: float) -> list[list[Item]]:
    """`items` in lists of at most `megabytes` each (one record at least)."""
    parts: list[list[Item]] = []
    room = 0.0
    for item in items:
        room -= len(item.data)
        if not parts or room < 0:
            parts.append([])
            room = megabytes * 1024 * 1024 - len(item.data)
        parts[-1].append(item)
    return parts


def _ask(
    session: boto3.Session, batch: Batch, items: list[Item], parameters: dict[str, str]
) -> tuple[list[Item], list[Rejected]]:
    arn = parameters["LambdaArn"]
    event = {
        "invocationId": str(uuid.uuid4()),
        "deliveryStreamArn": batch.arn,
        "region": batch.region,
        "records": [
            {
                "recordId": item.id,
                "approximateArrivalTimestamp": int(item.arrived * 1000),
                "data": base64.b64encode(item.data).decode(),
            }
            for item in items
        ],
    }
    details = {"lambdaArn": arn}
    attempts = int(parameters.get("NumberOfRetries") or 3) + 1
    code, message = "", ""
    for attempt in range(1, attempts + 1):
        if attempt > 1:
            time.sleep(0.1 * attempt)
        try:
            reply = session.client("lambda").invoke(FunctionName=arn, Payload=json.dumps(event).encode())
        except ClientError as error:
            code, message = f"Lambda.{error.response['Error']['Code']}", str(error)
            continue
        body = reply["Payload"].read()
        if reply.get("FunctionError"):
            code, message = "Lambda.FunctionError", body.decode("utf-8", "replace")
            continue
        try:
            answers = {str(answer["recordId"]): answer for answer in json.loads(body)["records"]}
        except (ValueError, KeyError, TypeError):
            code, message = "Lambda.JsonProcessingException", "The function did not return records as JSON."
            break
        return _sort(items, answers, details)
    return [], [Rejected(item, OUTPUT_TYPE, code, message, attempts, details) for item in items]


def _sort(
    items: list[Item], answers: dict[str, dict[str, Any]], details: dict[str, str]
) -> tuple[list[Item], list[Rejected]]:
    passed: list[Item] = []
    rejected: list[Rejected] = []

    def reject(item: Item, code: str, message: str) -> None:
        rejected.append(Rejected(item, OUTPUT_TYPE, code, message, 1, details))

    for item in items:
        answer = answers.get(item.id)
        if answer is None:
            reject(item, "Lambda.MissingRecordId", "One or more record Ids were not returned.")
        elif answer.get("result") == "Ok":
            try:
                data = base64.b64decode(answer.get("data") or "", validate=True)
            except binascii.Error:
                reject(item, "Lambda.MalformedData", "The data of the record is not base64.")
                continue
            keys = (answer.get("metadata") or {}).get("partitionKeys") or {}
            text = {str(key): str(value) for key, value in keys.items()}
            passed.append(dataclasses.replace(item, data=data, partition_keys={**item.partition_keys, **text}))
        elif answer.get("result") == "ProcessingFailed":
            reject(item, "Lambda.ProcessingFailedStatus", "ProcessingFailed status set for record")
        elif answer.get("result") != "Dropped":
            reject(item, "Lambda.UnrecognizedStatus", f"The result {answer.get('result')!r} is not known.")
    return passed, rejected
