"""Idempotency items: `IDEMPOTENCY#{user_id}` / `{key}`, read and written together with what they protect.

TTL removes them some time after they expired; until then an expired one counts as absent.
"""

import zlib
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, cast

import orjson
from botocore.exceptions import ClientError

from api.contract import TTL_ATTRIBUTE, EntityType, idempotency_key
from api.models.write_result import IdempotencyRecord, WriteResult
from api.repositories.dynamodb import (
    ConditionalDelete,
    ConditionalPut,
    ConditionCheck,
    ConditionsFailed,
    Refusal,
    refusals_of,
    write,
)
from api.repositories.items import attribute, marshal, unmarshal

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

Item = Mapping[str, Any]


class RecordExists(Exception):  # noqa: N818 - an outcome, not a fault
    """The idempotency record exists already; nothing was written."""

    def __init__(self, record: IdempotencyRecord) -> None:
        super().__init__("the idempotency key was used before")
        self.record = record


class RecordContended(Exception):  # noqa: N818 - an outcome, not a fault
    """Another transaction under the same idempotency key is under way; nothing was written."""


class IdempotencyRepository:
    """Items and the record that protects them, as one: neither is read or written without the other."""

    def __init__(self, client: "DynamoDBClient", table: str) -> None:
        self._client = client
        self._table = table

    def find(
        self, keys: Sequence[Mapping[str, Any]], user_id: str, key: str | None, now: int
    ) -> tuple[list[Item | None], IdempotencyRecord | None]:
        """Items and the unexpired record of `key`, as they were at one instant, in one call.

        Read one after the other, a concurrent twin could commit in between: its effect would be seen without its
        record, and a retried delete would get 404.

        Args:
            keys: primary keys; at most 99.
            key: the `Idempotency-Key`; None when there is none.
            now: seconds since 1970; a record that expired before counts as absent.

        Returns:
            the items in the order of their keys, None where there is none, and the record.

        Raises:
            RecordContended: a transaction is writing the record.
            ConditionsFailed: one is writing an item; it has an entry for each of them.
        """
        if key is None and len(keys) == 1:
            one = self._client.get_item(TableName=self._table, Key=keys[0], ConsistentRead=True)
            return [one.get("Item")], None
        requested = [*keys, idempotency_key(user_id, key).typed()] if key is not None else keys
        try:
            answer = self._client.transact_get_items(
                TransactItems=[{"Get": {"TableName": self._table, "Key": one}} for one in requested]
            )
        except ClientError as error:
            refusals = refusals_of(error, len(requested))
            if refusals is None:
                raise
            if key is not None and refusals.pop():
                raise RecordContended from error
            raise ConditionsFailed(refusals) from error
        items = [cast("Item | None", response.get("Item")) for response in answer["Responses"]]
        record = unexpired(items.pop(), user_id, key, now) if key is not None else None
        return items, record

    def write(
        self,
        writes: Sequence[ConditionalPut | ConditionalDelete],
        record: IdempotencyRecord | None,
        now: int,
        checks: Sequence[ConditionCheck] = (),
    ) -> float | None:
        """Carry out all of `writes`, with the record when there is one, or nothing, in one call.

        Args:
            writes: at most 99 with `checks`.
            record: written in the same transaction.
            now: seconds since 1970; a record that expired before counts as absent.
            checks: conditions on other items.

        Returns:
            as `dynamodb.write`.

        Raises:
            RecordExists: the key was used before.
            RecordContended: the key is being used at this moment.
            ConditionsFailed: one of `writes` or `checks` was refused; it has an entry for each of them.
        """
        try:
            return write(self._client, [*writes, put(self._table, record, now)] if record else writes, checks)
        except ConditionsFailed as refused:
            if record is None:
                raise
            refusals = list(refused.refusals)
            if of_record := refusals.pop(len(writes)):
                raise _about(of_record, record, now) from refused
            raise ConditionsFailed(refusals) from refused


def put(table: str, record: IdempotencyRecord, now: int) -> ConditionalPut:
    """The write of `record`. TTL removes items late, so one that expired before `now` counts as absent."""
    return ConditionalPut(
        table,
        idempotency_key(record.user_id, record.key).typed()
        | marshal(
            {
                "entity_type": EntityType.IDEMPOTENCY,
                "fingerprint": record.fingerprint,
                "response": _packed(record.result),
                TTL_ATTRIBUTE: record.expires_at,
                "last_request_id": record.request_id,
            }
        ),
        f"attribute_not_exists(PK) OR {TTL_ATTRIBUTE} < :now",
        {":now": attribute(now)},
    )


def unexpired(item: Item | None, user_id: str, key: str, now: int) -> IdempotencyRecord | None:
    """The record of `item`, unless there is none or it expired before `now`."""
    if not item:
        return None
    plain = unmarshal(item)
    if plain[TTL_ATTRIBUTE] < now:
        return None
    return IdempotencyRecord(
        user_id=user_id,
        key=key,
        fingerprint=plain["fingerprint"],
        result=_unpacked(plain["response"]),
        expires_at=plain[TTL_ATTRIBUTE],
        request_id=plain["last_request_id"],
    )


def _about(refusal: Refusal, record: IdempotencyRecord, now: int) -> Exception:
    existing = unexpired(refusal.existing, record.user_id, record.key, now)
    return RecordExists(existing) if existing else RecordContended()


def _packed(result: WriteResult) -> bytes:
    # compressed, because every kilobyte of a transactional write costs two units
    return zlib.compress(orjson.dumps([result.status, result.body.decode(), dict(result.headers)]))


def _unpacked(packed: bytes) -> WriteResult:
    status, body, headers = orjson.loads(zlib.decompress(packed))
    return WriteResult(status, body.encode(), headers, replayed=True)
