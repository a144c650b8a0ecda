"""The Lambda function behind the table's stream.

It answers as `ReportBatchItemFailures` asks: with the sequence number of the first record that is not delivered, from
which the event source mapping goes on; an empty list is success
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
from ingestion.cdc.transform import rfc3339

logger = Logger()
firehose = boto3.client(
    "firehose", config=Config(connect_timeout=2, read_timeout=10, retries={"mode": "standard", "total_max_attempts": 3})
)
to_bronze = functools.partial(deliver, firehose, os.environ["DELIVERY_STREAM_NAME"])


@logger.inject_lambda_context
def handler(event: dict[str, Any], _context: LambdaContext) -> dict[str, list[dict[str, str]]]:
    """Deliver the records of `event`; report where that stopped."""
    records = event["Records"]
    outcome = process(records, to_bronze, rfc3339(time.time()))
    if outcome.reason is None:
        logger.info("delivered", records=outcome.delivered)
        return {"batchItemFailures": []}
    failed = records[outcome.delivered]
    sequence_number = failed["dynamodb"]["SequenceNumber"]
    logger.error(
        "not delivered",
        reason=outcome.reason,
        event_id=failed.get("eventID"),
        sequence_number=sequence_number,
        records=len(records),
        delivered=outcome.delivered,
    )
    return {"batchItemFailures": [{"itemIdentifier": sequence_number}]}
