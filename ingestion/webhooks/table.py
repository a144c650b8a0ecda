"""Webhooks and deliveries in the table, as far as delivering needs them."""

import dataclasses
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from api.contract import TTL_ATTRIBUTE, EntityType
from api.webhook_contract import (
    DELIVERIES_KEPT_SECONDS,
    WEBHOOK_SORT_PREFIX,
    DeliveryStatus,
    StoredWebhook,
    delivery_key,
    webhook_key,
    webhook_partition,
)
from ingestion.cdc.attributes import plain
from ingestion.webhooks.message import Message

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


@dataclasses.dataclass(frozen=True)
class Report:
    """What became of a delivery.

    Args:
        status: how far it is.
        attempts: how often it was sent.
        at: RFC 3339, of the last attempt.
        next_at: RFC 3339, of the next one; None when there is none.
        response_status: HTTP status of the answer; None when there was none.
        error: why it failed; None when it did not.
    """

    status: DeliveryStatus
    attempts: int
    at: str
    next_at: str | None = None
    response_status: int | None = None
    error: str | None = None


class WebhookTable:
    """Reads webhooks, notes how they fare, and writes what became of deliveries.

    Args:
        client: of DynamoDB.
        table: its name.
    """

    def __init__(self, client: "DynamoDBClient", table: str) -> None:
        self._client = client
        self._table = table

    def list_all(self, user_id: str) -> list[StoredWebhook]:
        """All webhooks of a user."""
        answer = self._client.query(
            TableName=self._table,
            KeyConditionExpression="PK = :partition AND begins_with(SK, :prefix)",
            ExpressionAttributeValues={
                ":partition": {"S": webhook_partition(user_id)},
                ":prefix": {"S": WEBHOOK_SORT_PREFIX},
            },
            ConsistentRead=True,
        )
        return [_webhook(item) for item in answer["Items"]]

    def find(self, message: Message) -> StoredWebhook | None:
        """The webhook that a message is for; None when it is gone, with its user or alone."""
        key = webhook_key(message.user_id, message.webhook_id).typed()
        item = self._client.get_item(TableName=self._table, Key=key, ConsistentRead=True).get("Item")
        webhook = _webhook(item) if item else None
        return webhook if webhook and webhook.created_at == message.webhook_created_at else None

    def claim(self, webhook: StoredWebhook, until: int) -> bool:
        """Be the only one who tries a receiver that has failed; whether nobody else was faster.

        Args:
            webhook: as it was read.
            until: seconds since 1970 until which others leave it alone.
        """
        condition = "retry_at = :read" if webhook.retry_at else "attribute_not_exists(retry_at)"
        read = {":read": {"N": str(webhook.retry_at)}} if webhook.retry_at else {}
        return self._update(webhook, "SET retry_at = :until", {":until": {"N": str(until)}, **read}, condition)

    def note_success(self, webhook: StoredWebhook) -> None:
        """Forget that the receiver failed."""
        if webhook.failures or webhook.retry_at:
            self._update(webhook, "REMOVE failures, failing_since, retry_at", {})

    def note_failure(self, webhook: StoredWebhook, now: int, retry_at: int) -> None:
        """Count a failure, and let nothing be sent before `retry_at`.

        Of messages that fail side by side one counts, or a burst would look like a long outage.
        """
        condition = "failures = :read" if webhook.failures else "attribute_not_exists(failures)"
        read = {":read": {"N": str(webhook.failures)}} if webhook.failures else {}
        self._update(
            webhook,
            "SET retry_at = :retry, failing_since = if_not_exists(failing_since, :now) ADD failures :one",
            {":retry": {"N": str(retry_at)}, ":now": {"N": str(now)}, ":one": {"N": "1"}, **read},
            condition,
        )

    def disable(self, webhook: StoredWebhook, reason: str, at: str) -> bool:
        """Switch a webhook off; whether it was on."""
        return self._update(
            webhook,
            "SET enabled = :off, disabled_reason = :reason, updated_at = :at"
            " REMOVE failures, failing_since, retry_at ADD version :one",
            {":off": {"N": "0"}, ":on": {"N": "1"}, ":reason": {"S": reason}, ":at": {"S": at}, ":one": {"N": "1"}},
            "enabled = :on",
        )

    def write_report(self, message: Message, report: Report, now: int) -> None:
        """Write what became of a delivery, unless the webhook is gone: an erasure leaves nothing behind."""
        key = webhook_key(message.user_id, message.webhook_id).typed()
        delivery = delivery_key(message.user_id, message.webhook_id, message.occurred_at, message.event_id).typed()
        values: dict[str, str | int | None] = {
            "entity_type": EntityType.WEBHOOK,
            "id": message.event_id,
            "user_id": message.user_id,
            "webhook_id": message.webhook_id,
            "event_type": message.event_type,
            "task_id": message.task_id,
            "created_at": message.occurred_at,
            TTL_ATTRIBUTE: now + DELIVERIES_KEPT_SECONDS,
            "status": report.status,
            "attempts": report.attempts,
            "last_attempt_at": report.at,
            "next_attempt_at": report.next_at,
            "response_status": report.response_status,
            "error": report.error,
        }
        item = {name: _typed(value) for name, value in values.items() if value is not None}
        exists: Any = {
            "TableName": self._table,
            "Key": key,
            "ConditionExpression": "created_at = :created_at",
            "ExpressionAttributeValues": {":created_at": {"S": message.webhook_created_at}},
        }
        put: Any = {"TableName": self._table, "Item": delivery | item}
        try:
            self._client.transact_write_items(TransactItems=[{"ConditionCheck": exists}, {"Put": put}])
        except ClientError as error:
            reasons: Any = error.response.get("CancellationReasons") or [{}]
            if reasons[0].get("Code") != "ConditionalCheckFailed":
                raise

    def _update(self, webhook: StoredWebhook, update: str, values: Mapping[str, Any], condition: str = "") -> bool:
        request: dict[str, Any] = {
            "TableName": self._table,
            "Key": webhook_key(webhook.user_id, webhook.id).typed(),
            "UpdateExpression": update,
            "ConditionExpression": " AND ".join(filter(None, ["created_at = :created_at", condition])),
            "ExpressionAttributeValues": {":created_at": {"S": webhook.created_at}, **values},
        }
        try:
            self._client.update_item(**request)
        except ClientError as error:
            if error.response["Error"]["Code"] != "ConditionalCheckFailedException":
                raise
            return False
        return True


def _typed(value: str | int) -> dict[str, str]:
    return {"S": str(value)} if isinstance(value, str) else {"N": str(value)}


def _webhook(item: Mapping[str, Any]) -> StoredWebhook:
    return StoredWebhook.parse(plain(item))
