"""Every refusal of the API as an RFC 9457 problem; `type` is stable and what clients should branch on."""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, TypedDict

import orjson

MEDIA_TYPE = "application/problem+json"
TYPE_PREFIX = "urn:problem-type:todo:"
RETRY_SECONDS = "1"


# What a client can read, and far below what Lambda can return (6 MB), whatever the client sent.
MAX_ERRORS = 20
MAX_FIELD_CHARACTERS = 200


class FieldError(TypedDict):
    """One thing wrong with a request: where it is, in which field, and what."""

    location: str
    field: str
    code: str
    message: str


def describe(errors: Sequence[FieldError]) -> str:
    """Put the first `MAX_ERRORS` of `errors` in words, and how many more there are."""
    described = "; ".join(f"{_cut(error['field'])}: {_cut(error['message'])}" for error in errors[:MAX_ERRORS])
    more = len(errors) - MAX_ERRORS
    return f"{described}; and {more} more" if more > 0 else described


def _cut(text: str) -> str:
    return text if len(text) <= MAX_FIELD_CHARACTERS else text[: MAX_FIELD_CHARACTERS - 1] + "…"


class Problem(Exception):  # noqa: N818 - the word of RFC 9457
    """A refusal, as the client sees it.

    Args:
        detail: what happened this time; a sentence without internals or other users' data.
        errors: the fields at fault, when there are any; `MAX_ERRORS` are shown, and `errors_total` counts all.
        headers: response headers that belong to the refusal.
    """

    status: ClassVar[int] = 500
    slug: ClassVar[str] = "internal-error"
    title: ClassVar[str] = "Internal error"
    standard_headers: ClassVar[Mapping[str, str]] = {}

    def __init__(
        self, detail: str, *, errors: Sequence[FieldError] = (), headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(detail)
        self.detail = detail
        self.errors = tuple(errors[:MAX_ERRORS])
        self.errors_total = len(errors)
        self.headers = {**self.standard_headers, **(headers or {})}

    def body(self, request_id: str) -> bytes:
        """The problem document. `request_id` is an extension member, for support to find the log lines by."""
        document: dict[str, Any] = {
            "type": TYPE_PREFIX + self.slug,
            "title": self.title,
            "status": self.status,
            "detail": self.detail,
            "request_id": request_id,
        }
        if self.errors:
            document["errors"] = [
                {**error, "field": _cut(error["field"]), "message": _cut(error["message"])} for error in self.errors
            ]
        if self.errors_total > len(self.errors):
            document["errors_total"] = self.errors_total
        return orjson.dumps(document)


class MalformedJson(Problem):
    status, slug, title = 400, "malformed-json", "Malformed JSON"


class InvalidHeader(Problem):
    status, slug, title = 400, "invalid-header", "Invalid header"


class IdempotencyKeyMissing(Problem):
    status, slug, title = 400, "idempotency-key-missing", "Idempotency-Key missing"


class IdempotencyKeyInvalid(Problem):
    status, slug, title = 400, "idempotency-key-invalid", "Idempotency-Key invalid"


class CursorInvalid(Problem):
    status, slug, title = 400, "cursor-invalid", "Cursor invalid"

    def __init__(self, parameter: str = "cursor") -> None:
        message = f"{parameter}: it was not issued for this user and this query."
        super().__init__(
            message, errors=[{"location": "query", "field": parameter, "code": "cursor_invalid", "message": message}]
        )


class Unauthenticated(Problem):
    status, slug, title = 401, "unauthenticated", "Unauthenticated"
    standard_headers: ClassVar[Mapping[str, str]] = {"WWW-Authenticate": "Bearer"}


class NotFound(Problem):
    status, slug, title = 404, "not-found", "Not found"


class TaskNotFound(Problem):
    status, slug, title = 404, "task-not-found", "Task not found"

    def __init__(self) -> None:
        super().__init__("There is no such task.")


class WebhookNotFound(Problem):
    status, slug, title = 404, "webhook-not-found", "Webhook not found"

    def __init__(self) -> None:
        super().__init__("There is no such webhook.")


class UserNotFound(Problem):
    status, slug, title = 404, "user-not-found", "User not found"

    def __init__(self) -> None:
        super().__init__("Your profile was erased. POST /users, or any other write, makes a new one.")


class InsightsNotFound(Problem):
    status, slug, title = 404, "insights-not-found", "No insights yet"

    def __init__(self) -> None:
        super().__init__("There are no figures for you yet. They are published when the insights pipeline has run.")


class QuotaExceeded(Problem):
    status, slug, title = 403, "quota-exceeded", "Quota exceeded"


class RateLimited(Problem):
    status, slug, title = 429, "rate-limited", "Rate limited"
    standard_headers: ClassVar[Mapping[str, str]] = {"Retry-After": RETRY_SECONDS}

    def __init__(self, limit: int, seconds: int) -> None:
        super().__init__(
            f"You may send {limit} requests a minute. Nothing was changed; send it again in {seconds} s.",
            headers={"Retry-After": str(seconds)},
        )


class MethodNotAllowed(Problem):
    status, slug, title = 405, "method-not-allowed", "Method not allowed"


class WriteConflict(Problem):
    status, slug, title = 409, "write-conflict", "Write conflict"
    standard_headers: ClassVar[Mapping[str, str]] = {"Retry-After": RETRY_SECONDS}

    def __init__(self) -> None:
        super().__init__("Others are writing to this at the same time. Nothing was changed; send the request again.")


class RequestInProgress(Problem):
    status, slug, title = 409, "request-in-progress", "Request in progress"
    standard_headers: ClassVar[Mapping[str, str]] = {"Retry-After": RETRY_SECONDS}

    def __init__(self) -> None:
        super().__init__("A request with this Idempotency-Key is being carried out. Send it again for its answer.")


class SyncTokenExpired(Problem):
    status, slug, title = 410, "sync-token-expired", "Synchronization token expired"

    def __init__(self) -> None:
        message = (
            "since: it is from before an erasure, or too old to find all deletions. "
            "Drop what you have, leave it out and start afresh."
        )
        super().__init__(
            message, errors=[{"location": "query", "field": "since", "code": "sync_token_expired", "message": message}]
        )


class PreconditionFailed(Problem):
    status, slug, title = 412, "precondition-failed", "Precondition failed"


class PayloadTooLarge(Problem):
    status, slug, title = 413, "payload-too-large", "Payload too large"


class UnsupportedMediaType(Problem):
    status, slug, title = 415, "unsupported-media-type", "Unsupported media type"


class ValidationFailed(Problem):
    status, slug, title = 422, "validation-failed", "Validation failed"


class BatchRefused(Problem):
    status, slug, title = 422, "batch-refused", "Batch refused"

    def __init__(self, errors: Sequence[FieldError]) -> None:
        super().__init__(f"Nothing was changed, because of: {describe(errors)}", errors=errors)


class IdempotencyKeyReused(Problem):
    status, slug, title = 422, "idempotency-key-reused", "Idempotency-Key reused"

    def __init__(self) -> None:
        message = "This Idempotency-Key was used for another request. Use a new key for a new request."
        super().__init__(
            message,
            errors=[
                {
                    "location": "header",
                    "field": "Idempotency-Key",
                    "code": "idempotency_key_reused",
                    "message": message,
                }
            ],
        )


class InternalError(Problem):
    def __init__(self) -> None:
        super().__init__("Something went wrong on our side. The request id finds it in our logs.")


class StorageFull(Problem):
    status, slug, title = 507, "storage-full", "Storage full"

    def __init__(self) -> None:
        super().__init__("Your tasks have reached the space that one user can have. Delete tasks, then send it again.")


class ErasureUnfinished(Problem):
    status, slug, title = 503, "erasure-unfinished", "Erasure unfinished"
    standard_headers: ClassVar[Mapping[str, str]] = {"Retry-After": RETRY_SECONDS}

    def __init__(self) -> None:
        super().__init__("There is more to erase than one request can. Send it again to go on.")


class Unavailable(Problem):
    status, slug, title = 503, "temporarily-unavailable", "Temporarily unavailable"
    standard_headers: ClassVar[Mapping[str, str]] = {"Retry-After": RETRY_SECONDS}

    def __init__(self) -> None:
        super().__init__("The service is busy. Send the request again after the time in Retry-After.")
