"""User items: `USER#{id}` / `METADATA`."""

import hashlib
from collections.abc import Mapping
from typing import Any

from api.contract import EntityType, erased_key, erasure_key, user_key
from api.models.user import User
from api.models.write_result import IdempotencyRecord
from api.repositories.dynamodb import ConditionalPut, ConditionCheck, ConditionsFailed, VersionConflict
from api.repositories.idempotency import IdempotencyRepository
from api.repositories.items import attribute, marshal, unmarshal


class ProfileConflict(VersionConflict):
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

    def find(
        self, user_id: str, idempotency_key: str | None = None, now: int = 0
    ) -> tuple[User | None, IdempotencyRecord | None]:
        """The profile, or None, with the unexpired idempotency record of a key, as they were at one instant.

        Raises:
            ProfileConflict: a transaction is writing the profile.
            RecordContended: one is writing the record.
        """
        try:
            (item,), record = self._records.find([user_key(user_id).typed()], user_id, idempotency_key, now)
        except ConditionsFailed as refused:
            raise ProfileConflict(None) from refused
        return user_from_item(item) if item else None, record

    def save(
        self, user: User, request_id: str, *, replaces: int | None, record: IdempotencyRecord | None, now: int
    ) -> None:
        """Write one version of a profile, with the idempotency record when there is one, in one call.

        Args:
            replaces: the version that it replaces; None when there is no profile.
            record: written in the same transaction.
            now: seconds since 1970; a record that expired before counts as absent.

        Raises:
            ProfileConflict: another request wrote the profile first.
            RecordExists: the key was used before.
            RecordContended: the key is being used at this moment.
        """
        item = _item(user, request_id)
        put = ConditionalPut(self._table, item, "attribute_not_exists(PK)")
        if replaces is not None:
            put = ConditionalPut(self._table, item, "version = :read", {":read": attribute(replaces)})
        try:
            self._records.write([put], record, now)
        except ConditionsFailed as refused:
            refusal = refused.refusals[0]
            existing = user_from_item(refusal.existing) if refusal and refusal.existing else None
            # a put is retried by the SDK without a request token: what stands in its way may be itself
            if record is None and existing == user:
                return
            raise ProfileConflict(existing) from refused

    def create_unless_erased(self, user: User, request_id: str, now: int) -> bool:
        """Write a first version of a profile unless there is one, or an erasure of the user is on record.

        Args:
            user: the profile.
            request_id: of the HTTP request.
            now: seconds since 1970.

        Returns:
            whether it was written.
        """
        user_hash = hashlib.sha256(user.user_id.encode()).hexdigest()
        absent = [
            ConditionCheck(self._table, key.typed(), "attribute_not_exists(PK)")
            for key in (erasure_key(user.user_id), erased_key(user_hash))
        ]
        put = ConditionalPut(self._table, _item(user, request_id), "attribute_not_exists(PK)")
        try:
            self._records.write([put], None, now, checks=absent)
        except ConditionsFailed:
            return False
        return True

    def save_record(self, record: IdempotencyRecord, now: int) -> None:
        """Write a record alone, for a request that was answered without a write.

        Raises:
            RecordExists: the key was used before.
            RecordContended: the key is being used at this moment.
        """
        self._records.write([], record, now)


def user_from_item(item: Mapping[str, Any]) -> User:
    """Read a profile's item."""
    plain = unmarshal(item)
    return User.model_validate({name: plain[name] for name in User.model_fields if name in plain})


def _item(user: User, request_id: str) -> dict[str, Any]:
    attributes = {
        "entity_type": EntityType.USER,
        **user.model_dump(exclude={"id"}, exclude_defaults=True),
        "last_request_id": request_id,
    }
    return user_key(user.user_id).typed() | marshal(attributes)
