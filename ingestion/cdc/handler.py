"""The Lambda function behind the table's stream.

It answers as `ReportBatchItemFailures` asks: with the sequence number of the first record that is neither delivered nor
in quarantine, from which the event source mapping goes on; an empty list is success
(https://docs.aws.amazon.com/lambda/latest/dg/services-ddb-batchfailurereporting.html).
"""

import functools
import os
import time
from typing import Any

import boto3
from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.typing import LambdaContext
from botocore.config import Config

from ingestion.cdc.batch import process
from ingestion.cdc.delivery import deliver
from ingestion.cdc.quarantine import quarantine_record
from ingestion.cdc.transform import rfc3339

logger = Logger()
retry_config = Config(connect_timeout=2, read_timeout=10, retries={"mode": "standard", "total_max_attempts": 3})
firehose, sqs = boto3.client("firehose", config=retry_config), boto3.client("sqs", config=retry_config)
to_bronze = functools.partial(deliver, firehose, os.environ["DELIVERY_STREAM_NAME"])
to_quarantine = functools.partial(quarantine_record, sqs, os.environ["QUARANTINE_QUEUE_URL"])


@logger.inject_lambda_context
def handler(event: dict[str, Any], _context: LambdaContext) -> dict[str, list[dict[str, str]]]:
    """Deliver the records of `event`; report where that stopped."""
    records = event["Records"]
    outcome = process(records, to_bronze, to_quarantine, rfc3339(time.time()))
    counts = {"records": len(records), "done": outcome.done, "quarantined": outcome.quarantined}
    if outcome.reason is None:
        report = logger.error if outcome.quarantined else logger.info
        report("done", extra=counts)
        return {"batchItemFailures": []}
    failed = records[outcome.done]
    sequence_number = failed["dynamodb"]["SequenceNumber"]
    where = {"event_id": failed.get("eventID"), "sequence_number": sequence_number}
    logger.error("not done", extra={"reason": outcome.reason, **where, **counts})
    return {"batchItemFailures": [{"itemIdentifier": sequence_number}]}
