"""What figures of pages about webhooks, export and import are compared with. Part of the rules of `page_figures`."""

from api import webhook_contract
from api.models import transfer
from ingestion.webhooks import delivery, http_post, message
from tests.lint.figures import Rule, outside, rule, threshold

WEBHOOKS: tuple[Rule, ...] = (
    rule(r"You may have (\w+) webhooks", "MAX_WEBHOOKS", lambda: webhook_contract.MAX_WEBHOOKS),
    outside(r"HMAC-SHA-(256)", "the name of an algorithm"),
    rule(r"A request takes (\d+) lines", "MAX_LINES", lambda: transfer.MAX_LINES),
    rule(r"2xx within (\w+) seconds", "http_post.TIMEOUT_SECONDS", lambda: http_post.TIMEOUT_SECONDS),
    rule(
        r"tried again for (\d+) hours, at pauses of (\w+) seconds at first and (\w+) hours",
        "ingestion.webhooks.delivery",
        lambda: delivery.GIVE_UP_SECONDS // 3600,
        lambda: delivery.FIRST_BACKOFF_SECONDS,
        lambda: delivery.MAX_BACKOFF_SECONDS // 3600,
    ),
    rule(
        r"For (\d+) hours each request has (\w+) signatures",
        "OLD_SECRET_SECONDS; the new secret and the one before",
        lambda: webhook_contract.OLD_SECRET_SECONDS // 3600,
        lambda: len(("new", "before")),
    ),
    rule(r"After (\d+) hours of it every webhook", "GIVE_UP_SECONDS", lambda: delivery.GIVE_UP_SECONDS // 3600),
    rule(
        r"A message waits for (\d+) minutes at most",
        "message.MAX_DELAY_SECONDS",
        lambda: message.MAX_DELAY_SECONDS // 60,
    ),
    rule(
        r"older than (\d+) minutes is not taken out",
        "the alarm todo-webhooks-queue-age",
        lambda: int(threshold("todo-webhooks-queue-age")()) // 60,
    ),
    rule(
        r"without what was sent \| (\d+) days after",
        "DELIVERIES_KEPT_SECONDS",
        lambda: webhook_contract.DELIVERIES_KEPT_SECONDS // 86_400,
    ),
    rule(
        r"sent to a webhook \| up to (\d+) hours|It does so for (\d+) hours",
        "GIVE_UP_SECONDS",
        lambda: delivery.GIVE_UP_SECONDS // 3600,
        lambda: delivery.GIVE_UP_SECONDS // 3600,
    ),
    rule(r"An attempt ends after (\w+) seconds", "http_post.TIMEOUT_SECONDS", lambda: http_post.TIMEOUT_SECONDS),
)
