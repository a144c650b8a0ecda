"""The Lambda function behind the table's stream that finds who wants to hear of a change.

A batch costs one strongly consistent Query for each user in it, whether the user has webhooks or not: nothing is
remembered between batches, so a webhook hears of every change that is committed after its creation was answered.
"""

import functools
import os
import time
from collections.abc import Mapping, Sequence
from typing import Any

import boto3
from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.typing import LambdaContext
from botocore.config import Config

from api.webhook_contract import TEST_EVENT, StoredWebhook
from ingestion.webhooks.events import Event, read_event
from ingestion.webhooks.message import Message, Queue
from ingestion.webhooks.table import WebhookTable

logger = Logger()


def plan_messages(event: Event, webhooks: Sequence[StoredWebhook], now: int) -> list[Message]:
    """The messages that an event becomes.

    Args:
        event: it.
        webhooks: all of its user's.
        now: seconds since 1970.
    """
    return [
        Message(
            user_id=event.user_id,
            webhook_id=webhook.id,
            webhook_created_at=webhook.created_at,
            event_id=event.id,
            event_type=event.type,
            occurred_at=event.occurred_at,
            payload=event.payload,
            queued_at=now,
            task_id=event.task_id,
        )
        for webhook in webhooks
        if (webhook.id == event.webhook_id if event.type == TEST_EVENT else webhook.wants(event.type))
    ]


def fan_out(records: Sequence[Mapping[str, Any]], table: WebhookTable, queue: Queue, now: int) -> int | None:
    """Queue what the records of a batch mean.

    Args:
        records: of the table's stream.
        table: has the webhooks.
        queue: takes the messages.
        now: seconds since 1970.

    Returns:
        the index of the first record whose messages were not all queued; None when all were.
    """
    webhooks_of = functools.cache(table.list_all)
    messages: list[Message] = []
    places: list[int] = []
    for place, record in enumerate(records):
        event = read_event(record)
        if event is None:
            continue
        planned = plan_messages(event, webhooks_of(event.user_id), now)
        messages += planned
        places += [place] * len(planned)
    refused = queue.send_all(messages)
    return min((places[index] for index in refused), default=None)


@functools.cache
def _resources() -> tuple[WebhookTable, Queue]:
    config = Config(connect_timeout=2, read_timeout=10, retries={"mode": "standard", "total_max_attempts": 3})
    table = WebhookTable(boto3.client("dynamodb", config=config), os.environ["TABLE_NAME"])
    return table, Queue(boto3.client("sqs", config=config), os.environ["QUEUE_URL"])


@logger.inject_lambda_context
def handler(event: dict[str, Any], _context: LambdaContext) -> dict[str, list[dict[str, str]]]:
    """Queue the messages of `event`; report where that stopped."""
    records = event["Records"]
    failed = fan_out(records, *_resources(), int(time.time()))
    if failed is None:
        return {"batchItemFailures": []}
    sequence_number = records[failed]["dynamodb"]["SequenceNumber"]
    logger.error("not queued", extra={"records": len(records), "done": failed, "sequence_number": sequence_number})
    return {"batchItemFailures": [{"itemIdentifier": sequence_number}]}
