"""What may happen to a webhook."""

import dataclasses
import datetime as dt
import secrets
from collections.abc import Callable
from typing import Any

import orjson
from ulid import ULID

from api.identity import Caller
from api.models.fields import timestamp
from api.models.webhook import Delivery, DeliveryQuery, NewWebhook, Webhook, WebhookChanges
from api.models.write_result import WriteResult
from api.problems import FieldError, QuotaExceeded, ValidationFailed, WebhookNotFound, describe
from api.repositories.webhooks import WebhookRepository
from api.services.cursors import Cursors
from api.services.preconditions import NONE, Preconditions, task_tag
from api.services.task_lists import ListedTasks
from api.services.users import UserService, utc_now
from api.services.write_request import WriteRequest, fingerprint, idempotency_record, replay, retry_on_conflict
from api.webhook_contract import (
    MAX_WEBHOOKS,
    OLD_SECRET_SECONDS,
    TEST_EVENT,
    DeliveryStatus,
    StoredWebhook,
    derive_secret,
    format_secret,
)

Change = Callable[[StoredWebhook, dt.datetime], StoredWebhook]
# what re-enabling forgets
_HEALTHY: dict[str, Any] = {"failures": 0, "failing_since": None, "retry_at": 0}


class WebhookService:
    """The rules of webhooks. Every method acts for one caller and can reach that caller's webhooks only.

    An idempotency record holds no secret: what a replay shows is derived anew.

    Args:
        webhooks: in the table.
        users: makes profiles.
        cursors: of lists of deliveries.
        key: answers with the key that secrets are derived from.
        allow_http: whether plain HTTP is allowed, as it is in the local account only.
        now: the current time.
    """

    def __init__(
        self,
        webhooks: WebhookRepository,
        users: UserService,
        cursors: Cursors,
        key: Callable[[], bytes],
        allow_http: bool,
        now: Callable[[], dt.datetime] = utc_now,
    ) -> None:
        self._webhooks = webhooks
        self._users = users
        self._cursors = cursors
        self._key = key
        self._allow_http = allow_http
        self._now = now

    def create(self, request: WriteRequest, new: NewWebhook, preconditions: Preconditions = NONE) -> WriteResult:
        """Create a webhook; the response has its secret.

        Raises:
            PreconditionFailed: the preconditions are false.
            ValidationFailed: the address is not HTTPS.
            QuotaExceeded: the caller has as many as one user may have.
            IdempotencyKeyReused: the key belongs to another request.
            RequestInProgress: a request with the same key is being carried out.
        """
        preconditions.require("")
        self._require_https(new.url)
        user_id = request.caller.user_id
        self._users.ensure_profile(request.caller, request.request_id)
        digest = fingerprint("create-webhook", "", new.model_dump(mode="json", exclude_unset=True))

        def attempt() -> WriteResult:
            now = self._now()
            seconds = int(now.timestamp())
            _, record = self._webhooks.find(user_id, [], request.idempotency_key, seconds)
            if record:
                return replay(record, digest)
            if len(self._webhooks.list_all(user_id)) >= MAX_WEBHOOKS:
                raise QuotaExceeded(f"You have {MAX_WEBHOOKS} webhooks of {MAX_WEBHOOKS}. Delete one first.")
            at = timestamp(now)
            stored = StoredWebhook(
                id=str(ULID.from_datetime(now)),
                user_id=user_id,
                url=new.url,
                event_types=tuple(new.event_types),
                enabled=True,
                created_at=at,
                updated_at=at,
                version=1,
                salt=new_salt(),
            )
            result = _result(201, stored, Location=f"webhooks/{stored.id}")
            record = idempotency_record(request, digest, result, seconds)
            self._webhooks.save(stored, None, record, seconds)
            return result

        return self._with_secret(user_id, retry_on_conflict(digest, attempt))

    def list_all(self, caller: Caller, request_id: str) -> bytes:
        """All webhooks of the caller, as JSON."""
        self._users.ensure_profile_unless_erased(caller, request_id)
        return b"[" + b",".join(_json(stored) for stored in self._webhooks.list_all(caller.user_id)) + b"]"

    def get(self, caller: Caller, webhook_id: str, request_id: str) -> Webhook:
        """Read a webhook.

        Raises:
            WebhookNotFound: the caller has none of that id.
        """
        self._users.ensure_profile_unless_erased(caller, request_id)
        return Webhook.of(self._find(caller.user_id, webhook_id))

    def update(
        self, request: WriteRequest, webhook_id: str, changes: WebhookChanges, preconditions: Preconditions
    ) -> WriteResult:
        """Change the fields that `changes` gives. Enabling it forgets that its receiver failed.

        Raises:
            WebhookNotFound: see `get`.
            ValidationFailed: the address is not HTTPS.
            PreconditionFailed: the preconditions are false.
            WriteConflict: others kept writing to it.
            IdempotencyKeyReused: the key belongs to another request.
            RequestInProgress: a request with the same key is being carried out.
        """
        given = changes.given()
        self._require_https(given.get("url", "https"))

        def change(before: StoredWebhook, now: dt.datetime) -> StoredWebhook:
            shown = Webhook.of(before)
            different = {name: value for name, value in given.items() if value != getattr(shown, name)}
            if not different:
                return before
            state: dict[str, Any] = {}
            if "enabled" in different:
                different["disabled_reason"] = None if different["enabled"] else "disabled by its owner"
                state = _HEALTHY
            return _next(before, now, different, **state)

        digest = fingerprint("update-webhook", webhook_id, changes.model_dump(mode="json", include=set(given)))
        return self._write(request, webhook_id, preconditions, digest, change)

    def rotate_secret(self, request: WriteRequest, webhook_id: str, preconditions: Preconditions) -> WriteResult:
        """Give a webhook a new secret; for a day, deliveries are signed with the one before as well.

        Raises:
            as `update`.
        """

        def change(before: StoredWebhook, now: dt.datetime) -> StoredWebhook:
            until = int(now.timestamp()) + OLD_SECRET_SECONDS
            return _next(before, now, {}, salt=new_salt(), previous_salt=before.salt, previous_until=until)

        digest = fingerprint("rotate-webhook-secret", webhook_id, {})
        result = self._write(request, webhook_id, preconditions, digest, change)
        return self._with_secret(request.caller.user_id, result)

    def delete(self, request: WriteRequest, webhook_id: str, preconditions: Preconditions) -> WriteResult:
        """Delete a webhook; what waits to be delivered to it is dropped.

        Raises:
            as `update`.
        """
        digest = fingerprint("delete-webhook", webhook_id, {})
        return self._write(request, webhook_id, preconditions, digest, None)

    def send_test(self, request: WriteRequest, webhook_id: str, preconditions: Preconditions) -> WriteResult:
        """Send an event `webhook.test`, once, whether the webhook is enabled or not.

        The delivery is written here; the table's stream brings it to the function that delivers.

        Raises:
            as `update`.
        """
        digest = fingerprint("test-webhook", webhook_id, {})
        user_id = request.caller.user_id
        self._users.ensure_profile(request.caller, request.request_id)

        def attempt() -> WriteResult:
            now = self._now()
            seconds = int(now.timestamp())
            (found,), record = self._webhooks.find(user_id, [webhook_id], request.idempotency_key, seconds)
            if record:
                return replay(record, digest)
            stored = _require(found)
            preconditions.require(task_tag(stored.version))
            delivery = Delivery(
                id=f"evt_{ULID.from_datetime(now)}",
                event_type=TEST_EVENT,
                status=DeliveryStatus.PENDING,
                attempts=0,
                created_at=timestamp(now),
            )
            result = WriteResult(202, orjson.dumps(dict(delivery)))
            record = idempotency_record(request, digest, result, seconds)
            self._webhooks.save(stored, stored.version, record, seconds, delivery)
            return result

        return retry_on_conflict(digest, attempt)

    def deliveries(self, caller: Caller, webhook_id: str, query: DeliveryQuery, request_id: str) -> ListedTasks:
        """A page of a webhook's deliveries, newest first.

        Raises:
            WebhookNotFound: see `get`.
            CursorInvalid: the cursor was not issued for this user and webhook.
        """
        bound_to: dict[str, str | list[str]] = {"deliveries": webhook_id}
        after = self._cursors.position(caller.user_id, bound_to, query.cursor) if query.cursor is not None else None
        self._users.ensure_profile_unless_erased(caller, request_id)
        self._find(caller.user_id, webhook_id)
        documents, position = self._webhooks.deliveries(caller.user_id, webhook_id, after, query.limit)
        cursor = self._cursors.issue(caller.user_id, bound_to, position) if position else None
        return ListedTasks(orjson.dumps(documents), cursor)

    def _write(
        self,
        request: WriteRequest,
        webhook_id: str,
        preconditions: Preconditions,
        digest: str,
        change: Change | None,
    ) -> WriteResult:
        """Change a webhook; without `change`, delete it."""
        self._users.ensure_profile(request.caller, request.request_id)

        def attempt() -> WriteResult:
            now = self._now()
            seconds = int(now.timestamp())
            key = request.idempotency_key
            (found,), record = self._webhooks.find(request.caller.user_id, [webhook_id], key, seconds)
            if record:
                return replay(record, digest)
            before = _require(found)
            preconditions.require(task_tag(before.version))
            after = change(before, now) if change else None
            result = _result(200, after) if after else WriteResult(204)
            record = idempotency_record(request, digest, result, seconds)
            if after is None:
                self._webhooks.delete(before, record, seconds)
            elif after is not before:
                self._webhooks.save(after, before.version, record, seconds)
            elif record:
                self._webhooks.save_record(record, seconds)
            return result

        return retry_on_conflict(digest, attempt)

    def _find(self, user_id: str, webhook_id: str) -> StoredWebhook:
        (found,), _ = self._webhooks.find(user_id, [webhook_id], None, 0)
        return _require(found)

    def _with_secret(self, user_id: str, result: WriteResult) -> WriteResult:
        document = orjson.loads(result.body)
        (found,), _ = self._webhooks.find(user_id, [document["id"]], None, 0)
        secret = format_secret(derive_secret(self._key(), user_id, found.id, found.salt)) if found else None
        return dataclasses.replace(result, body=orjson.dumps({**document, "secret": secret}))

    def _require_https(self, url: str) -> None:
        if url.startswith("https") or self._allow_http:
            return
        error: FieldError = {"location": "body", "field": "url", "code": "https", "message": "must begin with https://"}
        raise ValidationFailed(describe([error]), errors=[error])


def _require(found: StoredWebhook | None) -> StoredWebhook:
    if found is None:
        raise WebhookNotFound
    return found


def _next(before: StoredWebhook, now: dt.datetime, shown: dict[str, Any], **state: Any) -> StoredWebhook:
    at = max(timestamp(now), before.updated_at)
    event_types = tuple(shown.get("event_types", before.event_types))
    changes = {**shown, **state, "event_types": event_types, "updated_at": at, "version": before.version + 1}
    return dataclasses.replace(before, **changes)


def new_salt() -> str:
    """Make what gives a webhook a secret of its own."""
    return secrets.token_hex(16)


def _json(stored: StoredWebhook) -> bytes:
    return orjson.dumps(dict(Webhook.of(stored)))


def _result(status: int, stored: StoredWebhook, **headers: str) -> WriteResult:
    return WriteResult(status, _json(stored), {"ETag": task_tag(stored.version), **headers})
