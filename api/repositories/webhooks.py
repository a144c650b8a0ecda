"""Webhooks and their deliveries as items of `WEBHOOK#{user_id}` (api.webhook_contract)."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from api.contract import TTL_ATTRIBUTE, EntityType
from api.models.webhook import Delivery
from api.models.write_result import IdempotencyRecord
from api.repositories.dynamodb import ConditionalDelete, ConditionalPut, ConditionsFailed, VersionConflict
from api.repositories.idempotency import IdempotencyRepository
from api.repositories.items import attribute, marshal, unmarshal
from api.webhook_contract import (
    DELIVERIES_KEPT_SECONDS,
    WEBHOOK_SORT_PREFIX,
    StoredWebhook,
    delivery_key,
    delivery_prefix,
    webhook_key,
    webhook_partition,
)

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

_DELIVERY = tuple(Delivery.model_fields)


class WebhookRepository:
    """A user's webhooks in the table."""

    def __init__(self, client: "DynamoDBClient", table: str, records: IdempotencyRepository) -> None:
        self._client = client
        self._table = table
        self._records = records

    def find(
        self, user_id: str, webhook_ids: Sequence[str], key: str | None, now: int
    ) -> tuple[list[StoredWebhook | None], IdempotencyRecord | None]:
        """Webhooks, and the unexpired idempotency record of `key`, as they were at one instant.

        Raises:
            VersionConflict: a transaction is writing one of them.
            RecordContended: one is writing the record.
        """
        keys = [webhook_key(user_id, webhook_id).typed() for webhook_id in webhook_ids]
        try:
            items, record = self._records.find(keys, user_id, key, now)
        except ConditionsFailed as refused:
            raise VersionConflict from refused
        return [webhook_from_item(item) if item else None for item in items], record

    def list_all(self, user_id: str) -> list[StoredWebhook]:
        """Every webhook of a user, oldest first; there are so few that one page has them."""
        answer = self._query(user_id, WEBHOOK_SORT_PREFIX)
        return [webhook_from_item(item) for item in answer["Items"]]

    def deliveries(
        self, user_id: str, webhook_id: str, after: str | None, limit: int
    ) -> tuple[list[dict[str, Any]], str | None]:
        """The newest deliveries of a webhook, as documents, and the sort key after which there may be more."""
        start = {"ExclusiveStartKey": webhook_key(user_id, webhook_id)._replace(SK=after).typed()} if after else {}
        answer = self._query(user_id, delivery_prefix(webhook_id), ScanIndexForward=False, Limit=limit, **start)
        last = answer.get("LastEvaluatedKey")
        return [_document(item) for item in answer["Items"]], last["SK"]["S"] if last else None

    def save(
        self,
        stored: StoredWebhook,
        replaces: int | None,
        record: IdempotencyRecord | None,
        now: int,
        delivery: Delivery | None = None,
    ) -> None:
        """Write a version of a webhook, with the idempotency record when there is one, in one call.

        Args:
            stored: the version.
            replaces: the version that it replaces; None when the webhook is new.
            record: written in the same transaction.
            now: seconds since 1970.
            delivery: written in the same transaction, if the webhook still has that version.

        Raises:
            VersionConflict: another request wrote the webhook first.
            RecordExists, RecordContended: as `IdempotencyRepository.write`.
        """
        condition, values = "attribute_not_exists(PK)", {}
        if replaces is not None:
            condition, values = "version = :read", {":read": attribute(replaces)}
        writes: list[ConditionalPut | ConditionalDelete] = [
            ConditionalPut(self._table, _item(stored), condition, values)
        ]
        if delivery:
            item = _delivery_item(stored, delivery, now)
            writes.append(ConditionalPut(self._table, item, "attribute_not_exists(PK)"))
        self._write(writes, record, now)

    def delete(self, stored: StoredWebhook, record: IdempotencyRecord | None, now: int) -> None:
        """Delete a webhook if it still has the version that was read; its deliveries expire.

        Raises:
            as `save`.
        """
        key = webhook_key(stored.user_id, stored.id).typed()
        self._write([ConditionalDelete(self._table, key, stored.version)], record, now)

    def save_record(self, record: IdempotencyRecord, now: int) -> None:
        """Write a record alone, for a request that was answered without a write."""
        self._records.write([], record, now)

    def _write(
        self, writes: Sequence[ConditionalPut | ConditionalDelete], record: IdempotencyRecord | None, now: int
    ) -> None:
        try:
            self._records.write(writes, record, now)
        except ConditionsFailed as refused:
            # a put is retried by the SDK without a request token: what stands in its way may be itself
            alone = refused.refusals[0] if record is None and len(writes) == 1 else None
            if alone and alone.existing and isinstance(writes[0], ConditionalPut) and alone.existing == writes[0].item:
                return
            raise VersionConflict from refused

    def _query(self, user_id: str, begins_with: str, **options: Any) -> Any:
        return self._client.query(
            TableName=self._table,
            KeyConditionExpression="PK = :partition AND begins_with(SK, :prefix)",
            ExpressionAttributeValues={
                ":partition": {"S": webhook_partition(user_id)},
                ":prefix": {"S": begins_with},
            },
            ConsistentRead=True,
            **options,
        )


def _item(stored: StoredWebhook) -> dict[str, Any]:
    return webhook_key(stored.user_id, stored.id).typed() | marshal(
        {"entity_type": EntityType.WEBHOOK, **stored.attributes()}
    )


def _delivery_item(stored: StoredWebhook, delivery: Delivery, now: int) -> dict[str, Any]:
    key = delivery_key(stored.user_id, stored.id, delivery.created_at, delivery.id)
    return key.typed() | marshal(
        {
            "entity_type": EntityType.WEBHOOK,
            "user_id": stored.user_id,
            "webhook_id": stored.id,
            **dict(delivery),
            TTL_ATTRIBUTE: now + DELIVERIES_KEPT_SECONDS,
        }
    )


def webhook_from_item(item: Mapping[str, Any]) -> StoredWebhook:
    """Read a webhook's item."""
    return StoredWebhook.parse(unmarshal(item))


def _document(item: Mapping[str, Any]) -> dict[str, Any]:
    values = unmarshal(item)
    return {name: values.get(name) for name in _DELIVERY}
