"""The Lambda function behind the queue of deliveries: sends the messages of a batch side by side."""

import concurrent.futures
import functools
import os
from collections import Counter
from typing import Any

import boto3
from aws_lambda_powertools import Logger
from aws_lambda_powertools.metrics import MetricUnit, single_metric
from aws_lambda_powertools.utilities.typing import LambdaContext
from botocore.config import Config

from api.contract import METRICS_NAMESPACE
from api.webhook_contract import ATTEMPTS_FAILED, DELIVER_FUNCTION, DELIVERED, DISABLED
from ingestion.webhooks import delivery
from ingestion.webhooks.delivery import Courier
from ingestion.webhooks.http_post import post
from ingestion.webhooks.message import Message, Queue
from ingestion.webhooks.table import WebhookTable

logger = Logger()
_METRICS = {
    delivery.DELIVERED: DELIVERED,
    delivery.FAILED: ATTEMPTS_FAILED,
    delivery.DISABLED: DISABLED,
}


@functools.cache
def _courier() -> Courier:
    config = Config(
        connect_timeout=2,
        read_timeout=5,
        retries={"mode": "standard", "total_max_attempts": 3},
        max_pool_connections=20,
    )
    secrets = boto3.client("secretsmanager", config=config)
    key = functools.cache(
        lambda: secrets.get_secret_value(SecretId=os.environ["WEBHOOK_KEY_SECRET_ID"])["SecretString"].encode()
    )
    return Courier(
        WebhookTable(boto3.client("dynamodb", config=config), os.environ["TABLE_NAME"]),
        Queue(boto3.client("sqs", config=config), os.environ["QUEUE_URL"]),
        key,
        functools.partial(post, allow_private=os.environ["PRIVATE_WEBHOOK_TARGETS"] == "true"),
    )


def handle_all(courier: Courier, records: list[dict[str, Any]]) -> tuple[Counter[str], list[str]]:
    """Handle messages side by side: one that hangs holds up none of the others.

    Args:
        courier: delivers.
        records: of an event of SQS.

    Returns:
        how often each outcome came, and the ids of the messages that have to be handled again.
    """
    outcomes: Counter[str] = Counter()
    again: list[str] = []
    with concurrent.futures.ThreadPoolExecutor(len(records)) as pool:
        futures = [(one, pool.submit(_handle, courier, one["body"])) for one in records]
    for record, future in futures:
        try:
            outcomes[future.result()] += 1
        except Exception as error:
            # neither address nor payload: a log names no user's data
            logger.exception("not handled", extra={"message_id": record["messageId"], "reason": type(error).__name__})
            again.append(record["messageId"])
    return outcomes, again


def _handle(courier: Courier, body: str) -> str:
    return courier.handle(Message.parse(body))


@logger.inject_lambda_context
def handler(event: dict[str, Any], _context: LambdaContext) -> dict[str, list[dict[str, str]]]:
    """Deliver the messages of `event`; name those that have to be handled again."""
    outcomes, again = handle_all(_courier(), event["Records"])
    for outcome, metric in _METRICS.items():
        if outcomes[outcome]:
            with single_metric(
                name=metric, unit=MetricUnit.Count, value=outcomes[outcome], namespace=METRICS_NAMESPACE
            ) as emitted:
                emitted.add_dimension(name="service", value=DELIVER_FUNCTION)
    logger.info("handled", extra={"outcomes": dict(outcomes), "again": len(again)})
    return {"batchItemFailures": [{"itemIdentifier": one} for one in again]}
