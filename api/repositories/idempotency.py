"""Idempotency items: `IDEMPOTENCY#{user_id}:{key}` / `METADATA`, removed by TTL some time after they expired."""

import zlib
from collections.abc import Mapping
from typing import Any

import orjson

from api.models.answer import Answer, Record
from api.repositories.dynamodb import ConditionalPut
from api.repositories.items import attribute, marshal, unmarshal


class IdempotencyRepository:
    """Records as items; they are written and read together with what they protect, by that repository."""

    def __init__(self, table: str) -> None:
        self._table = table

    def key(self, user_id: str, key: str) -> dict[str, Any]:
        """The primary key of a user's record."""
        return {"PK": {"S": f"IDEMPOTENCY#{user_id}:{key}"}, "SK": {"S": "METADATA"}}

    def put(self, record: Record, now: int) -> ConditionalPut:
        """The write of `record`. TTL removes items late, so one that expired before `now` counts as absent."""
        return ConditionalPut(
            self._table,
            self.key(record.user_id, record.key)
            | marshal(
                {
                    "entity_type": "IDEMPOTENCY",
                    "fingerprint": record.fingerprint,
                    "response": _packed(record.answer),
                    "expiration_timestamp": record.expires_at,
                    "last_request_id": record.request_id,
                }
            ),
            "attribute_not_exists(PK) OR expiration_timestamp < :now",
            {":now": attribute(now)},
        )

    def unexpired(self, item: Mapping[str, Any] | None, user_id: str, key: str, now: int) -> Record | None:
        """The record of `item`, unless there is none or it expired before `now`."""
        if not item:
            return None
        plain = unmarshal(item)
        if plain["expiration_timestamp"] < now:
            return None
        return Record(
            user_id=user_id,
            key=key,
            fingerprint=plain["fingerprint"],
            answer=_unpacked(plain["response"]),
            expires_at=plain["expiration_timestamp"],
            request_id=plain["last_request_id"],
        )


def _packed(answer: Answer) -> bytes:
    # compressed, because every kilobyte of a transactional write costs two units
    return zlib.compress(orjson.dumps([answer.status, answer.body.decode(), dict(answer.headers)]))


def _unpacked(packed: bytes) -> Answer:
    status, body, headers = orjson.loads(zlib.decompress(packed))
    return Answer(status, body.encode(), headers, replayed=True)
