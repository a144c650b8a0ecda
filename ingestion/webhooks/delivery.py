"""What is done with a message: sent now, later, or never; and what a failure does to the webhook.

A receiver that has failed is tried by one message at a time, at growing intervals; all other messages for it go back to
the queue unsent. So it takes no time of the function's from other receivers.
"""

import datetime as dt
import random
import time
from collections.abc import Callable, Mapping

from api.webhook_contract import TEST_EVENT, DeliveryStatus, StoredWebhook, derive_secret
from ingestion.webhooks.http_post import TIMEOUT_SECONDS, Answer
from ingestion.webhooks.message import Message, Queue
from ingestion.webhooks.signature import make_headers
from ingestion.webhooks.table import Report, WebhookTable

# url, body, headers
Post = Callable[[str, bytes, Mapping[str, str]], Answer]
GIVE_UP_SECONDS = 24 * 60 * 60
FIRST_BACKOFF_SECONDS, BACKOFF_FACTOR, MAX_BACKOFF_SECONDS = 5, 3, 2 * 60 * 60
# of a message that failed, in pauses of its webhook
OWN_PAUSE = 1.5
# An attempt and what is written after it take less than that; then somebody else may try.
CLAIM_SECONDS = int(4 * TIMEOUT_SECONDS)
# "If the response status is 410 Gone, the sender should disable the endpoint": Standard Webhooks, deliverability
GONE = 410
DELIVERED, FAILED, DISABLED, DROPPED, POSTPONED = "delivered", "failed", "disabled", "dropped", "postponed"


def backoff(failures: int) -> int:
    """Seconds until the next attempt, without jitter, after so many failures: 5, 15, 45, … two hours."""
    return int(min(FIRST_BACKOFF_SECONDS * BACKOFF_FACTOR ** min(failures - 1, 20), MAX_BACKOFF_SECONDS))


class Courier:
    """Delivers messages.

    Args:
        table: has the webhooks, and takes reports.
        queue: takes what is to be tried later.
        key: answers with the key that secrets are derived from.
        post: sends a request.
        now: seconds since 1970.
        jitter: a number of 0 to 1.
    """

    def __init__(
        self,
        table: WebhookTable,
        queue: Queue,
        key: Callable[[], bytes],
        post: Post,
        now: Callable[[], float] = time.time,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        self._table = table
        self._queue = queue
        self._key = key
        self._post = post
        self._now = now
        self._jitter = jitter

    def handle(self, message: Message) -> str:
        """Do what is to be done with a message now.

        Returns:
            one of DELIVERED, FAILED, DISABLED, DROPPED and POSTPONED.

        Raises:
            botocore.exceptions.ClientError: table or queue failed; the message has to be handled again.
        """
        webhook = self._table.find(message)
        is_test = message.event_type == TEST_EVENT
        if webhook is None or not (webhook.enabled or is_test):
            return DROPPED
        now = self._now()
        if not is_test:
            wait = max(message.not_before, webhook.retry_at) - now
            if wait > 0:
                self._queue.send(message, wait)
                return POSTPONED
            if webhook.failures and not self._table.claim(webhook, int(now) + CLAIM_SECONDS):
                self._queue.send(message, CLAIM_SECONDS)
                return POSTPONED
        answer = self._send(message, webhook)
        if answer.error is None:
            if not is_test:
                self._table.note_success(webhook)
            self._report(message, answer, DeliveryStatus.DELIVERED)
            return DELIVERED
        if is_test:
            self._report(message, answer, DeliveryStatus.FAILED)
            return FAILED
        return self._fail(message, webhook, answer)

    def _send(self, message: Message, webhook: StoredWebhook) -> Answer:
        now, key, body = int(self._now()), self._key(), message.payload.encode()
        salts = [webhook.salt]
        if webhook.previous_salt and webhook.previous_until > now:
            salts.append(webhook.previous_salt)
        secrets = [derive_secret(key, webhook.user_id, webhook.id, salt) for salt in salts]
        return self._post(webhook.url, body, make_headers(secrets, message.event_id, now, body))

    def _fail(self, message: Message, webhook: StoredWebhook, answer: Answer) -> str:
        now = int(self._now())
        failing_for = now - (webhook.failing_since or now)
        if answer.status == GONE or failing_for >= GIVE_UP_SECONDS:
            reason = f"no delivery succeeded for 24 hours; the last one: {answer.error}"
            if answer.status == GONE:
                reason = "the receiver answered 410: it is gone"
            self._report(message, answer, DeliveryStatus.FAILED)
            return DISABLED if self._table.disable(webhook, reason, _rfc3339(now)) else DROPPED
        self._table.note_failure(webhook, now, now + self._spread(backoff(webhook.failures + 1)))
        if now - message.queued_at >= GIVE_UP_SECONDS:
            # others got through, so the receiver refuses this one
            self._report(message, answer, DeliveryStatus.FAILED)
            return FAILED
        # longer than the webhook's own pause: were it first again each time, nothing else would get through
        delay = self._spread(round(backoff(message.attempts + 1) * OWN_PAUSE))
        self._report(message, answer, DeliveryStatus.PENDING, now + delay)
        self._queue.send(message.tried(now + delay), delay)
        return FAILED

    def _spread(self, seconds: int) -> int:
        return round(seconds * (1 + self._jitter() / 5))

    def _report(
        self, message: Message, answer: Answer, status: DeliveryStatus, next_attempt: int | None = None
    ) -> None:
        now = self._now()
        report = Report(
            status=status,
            attempts=message.attempts + 1,
            at=_rfc3339(now),
            next_at=_rfc3339(next_attempt) if next_attempt else None,
            response_status=answer.status,
            error=answer.error,
        )
        self._table.write_report(message, report, int(now))


def _rfc3339(seconds: float) -> str:
    return dt.datetime.fromtimestamp(seconds, dt.UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
