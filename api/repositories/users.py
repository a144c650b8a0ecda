"""User items: `USER#{id}` / `METADATA`."""

from collections.abc import Mapping
from typing import Any

from api.contract import EntityType, user_key
from api.models.answer import Record
from api.models.user import User
from api.repositories.dynamodb import ConditionalPut, MovedError, RefusedError
from api.repositories.idempotency import IdempotencyRepository
from api.repositories.items import attribute, marshal, unmarshal


class UserMovedError(MovedError):
    """The profile is not (or no longer) what the write replaces; nothing was written.

    Attributes:
        existing: the profile that is there, if there is one.
    """

    def __init__(self, existing: User | None) -> None:
        super().__init__()
        self.existing = existing


class UserRepository:
    """Profiles in the table."""

    def __init__(self, table: str, records: IdempotencyRepository) -> None:
        self._table = table
        self._records = records

    def find(self, user_id: str, idempotency_key: str | None = None, now: int = 0) -> tuple[User | None, Record | None]:
        """The profile, or None, with the unexpired idempotency record of a key, as they were at one instant.

        Raises:
            UserMovedError: a transaction is writing the profile.
            RecordContendedError: one is writing the record.
        """
        try:
            (item,), record = self._records.find([user_key(user_id).typed()], user_id, idempotency_key, now)
        except RefusedError as refused:
            raise UserMovedError(None) from refused
        return _user(item) if item else None, record

    def save(self, user: User, request_id: str, *, replaces: int | None, record: Record | None, now: int) -> None:
        """Write one version of a profile, with the idempotency record when there is one, in one call.

        Args:
            replaces: the version that it replaces; None when there is no profile.
            record: written in the same transaction.
            now: seconds since 1970; a record that expired before counts as absent.

        Raises:
            UserMovedError: another request wrote the profile first.
            RecordFoundError: the key was used before.
            RecordContendedError: the key is being used at this moment.
        """
        item = user_key(user.user_id).typed() | marshal(
            {"entity_type": EntityType.USER, **user.model_dump(), "last_request_id": request_id}
        )
        put = ConditionalPut(self._table, item, "attribute_not_exists(PK)")
        if replaces is not None:
            put = ConditionalPut(self._table, item, "version = :read", {":read": attribute(replaces)})
        try:
            self._records.commit([put], record, now)
        except RefusedError as refused:
            refusal = refused.refusals[0]
            existing = _user(refusal.existing) if refusal and refusal.existing else None
            # a put is retried by the SDK without a request token: what stands in its way may be itself
            if record is None and existing == user:
                return
            raise UserMovedError(existing) from refused

    def save_record(self, record: Record, now: int) -> None:
        """Write a record alone, for a request that was answered without a write.

        Raises:
            RecordFoundError: the key was used before.
            RecordContendedError: the key is being used at this moment.
        """
        self._records.commit([], record, now)


def _user(item: Mapping[str, Any]) -> User:
    plain = unmarshal(item)
    return User.model_validate({name: plain[name] for name in User.model_fields if name in plain})
