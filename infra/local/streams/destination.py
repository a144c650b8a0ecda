"""The on-failure destination: where the description of a batch goes that Lambda gave up.

Source: Lambda developer guide, "Retain discarded records for a DynamoDB event source in Lambda". SQS and SNS get the
batch's sequence numbers; S3 gets the whole invocation record, with the event in `payload`, as
`aws/lambda/<mapping's UUID>/<shard>/YYYY/MM/DD/YYYY-MM-DDTHH.MM.SS-<UUID>`. The function's role sends: it needs
`sqs:SendMessage`, `sns:Publish`, or `s3:PutObject` and `s3:ListBucket`.
"""

import json
import time
import uuid
from typing import Any

import boto3

from infra.local.iam.roles import is_allowed
from infra.local.streams.delivery import Batch, Mapping
from infra.local.streams.records import created

SHARD = "shardId-00000000000000000000-00000000"


def moment(seconds: float) -> str:
    """RFC 3339 with the whole seconds that stream records have."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds))


def invocation_record(
    mapping: Mapping, config: dict[str, Any], batch: Batch, condition: str, result: dict[str, Any]
) -> dict[str, Any]:
    """The record that describes a batch that was given up.

    Args:
        config: the function's configuration.
        condition: `RetryAttemptsExhausted` or `RecordAgeExceeded`.
        result: of the last invocation; empty when there was none.
    """
    first, last = batch.records[0], batch.records[-1]
    failed = {"functionError": result.get("function_error") or "Unhandled"} if result.get("error") else {}
    return {
        "requestContext": {
            "requestId": str(uuid.uuid4()),
            "functionArn": config.get("FunctionArn", ""),
            "condition": condition,
            "approximateInvokeCount": batch.invocations,
        },
        "responseContext": {"statusCode": 200, "executedVersion": config.get("Version", "$LATEST"), **failed},
        "version": "1.0",
        "timestamp": moment(time.time()),
        "DDBStreamBatchInfo": {
            "shardId": SHARD,
            "startSequenceNumber": first["dynamodb"]["SequenceNumber"],
            "endSequenceNumber": last["dynamodb"]["SequenceNumber"],
            "approximateArrivalOfFirstRecord": moment(created(first)),
            "approximateArrivalOfLastRecord": moment(created(last)),
            "batchSize": len(batch.records),
            "streamArn": mapping["EventSourceArn"],
        },
    }


def send(session: boto3.Session, role: str, mapping: Mapping, batch: Batch, description: dict[str, Any]) -> None:
    """Send `description` to the mapping's on-failure destination, if it has one.

    Args:
        session: of the function's role.
        role: its ARN.

    Raises:
        botocore.exceptions.ClientError: the role may not, or the destination does not exist.
        PermissionError: the role may not list the bucket.
    """
    target = ((mapping.get("DestinationConfig") or {}).get("OnFailure") or {}).get("Destination")
    if not target:
        return
    _, _, service, region, account, name = target.split(":", 5)
    message = json.dumps(description)
    if service == "sqs":
        sqs = session.client("sqs", region_name=region)
        sqs.send_message(QueueUrl=f"{sqs.meta.endpoint_url}/{account}/{name}", MessageBody=message)
    elif service == "sns":
        session.client("sns", region_name=region).publish(TopicArn=target, Message=message)
    elif service == "s3":
        if not is_allowed(role, "s3:ListBucket", target, mapping["FunctionName"]):
            raise PermissionError(f"the function's role is not allowed s3:ListBucket on {target}")
        now = time.gmtime()
        key = f"aws/lambda/{mapping['UUID']}/{SHARD}/{time.strftime('%Y/%m/%d/%Y-%m-%dT%H.%M.%S', now)}-{uuid.uuid4()}"
        body = json.dumps({**description, "payload": json.dumps({"Records": batch.records})})
        session.client("s3").put_object(Bucket=name, Key=key, Body=body.encode())
    else:
        raise ValueError(f"an on-failure destination is a queue, a topic or a bucket, not {target}")
