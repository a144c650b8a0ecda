"""Which problems an operation may answer, read off what the operation takes."""

from collections.abc import Iterable, Iterator
from typing import Any

import orjson

from api import problems
from api.openapi.examples import TASK_ID
from api.problems import Problem

# the others say one thing only, and say it themselves
_DETAILS: dict[type[Problem], str] = {
    problems.MalformedJson: "body: not valid JSON at character 9: Expecting value",
    problems.InvalidHeader: 'If-Match must be * or a list of entity tags, for example "3".',
    problems.IdempotencyKeyMissing: "Idempotency-Key: Field required",
    problems.IdempotencyKeyInvalid: "Idempotency-Key: String should have at most 255 characters",
    problems.Unauthenticated: "The request carries no verified identity.",
    problems.QuotaExceeded: "You have 10000 tasks of 10000. Delete tasks, then send it again.",
    problems.PreconditionFailed: "The task has changed since the version in If-Match.",
    problems.PayloadTooLarge: "The body has 300000 bytes; 262144 are the most.",
    problems.UnsupportedMediaType: "The body must be application/json, not text/plain.",
    problems.ValidationFailed: "title: Field required",
}
_ERROR: problems.FieldError = {"location": "body", "field": "title", "code": "missing", "message": "Field required"}
_MISSING: problems.FieldError = {
    "location": "body",
    "field": "operations.1.id",
    "code": "task-not-found",
    "message": f"there is no task {TASK_ID}",
}

SCHEMAS: dict[str, Any] = {
    "Problem": {
        "title": "Problem",
        "description": "What went wrong (RFC 9457). Branch on `type`, which is stable; `detail` is for people.",
        "type": "object",
        "properties": {
            "type": {"type": "string", "format": "uri", "description": "What kind of problem it is."},
            "title": {"type": "string", "description": "The same for all problems of a type."},
            "status": {"type": "integer", "minimum": 400, "maximum": 599, "description": "The HTTP status."},
            "detail": {"type": "string", "description": "What happened this time."},
            "request_id": {"type": "string", "description": "By which support finds the request."},
            "errors_total": {
                "type": "integer",
                "description": "How many errors there are, when `errors` has the first ones only.",
            },
            "errors": {
                "type": "array",
                "minItems": 1,
                "maxItems": problems.MAX_ERRORS,
                "items": {"$ref": "#/components/schemas/FieldError"},
            },
        },
        "required": ["type", "title", "status", "detail", "request_id"],
    },
    "FieldError": {
        "title": "FieldError",
        "description": "One thing wrong with the request.",
        "type": "object",
        "properties": {
            "location": {"type": "string", "description": "`body`, `query`, `header` or `path`."},
            "field": {"type": "string", "description": "Names and indexes on the way to it, separated by dots."},
            "code": {"type": "string", "description": "For programs."},
            "message": {"type": "string", "description": "For people."},
        },
        "required": ["location", "field", "code", "message"],
    },
    "GatewayError": {
        "title": "GatewayError",
        "description": "How API Gateway itself refuses: a missing, forged or expired token, a request that is too "
        "large, too many requests, or a function that did not answer.",
        "type": "object",
        "properties": {"message": {"type": "string"}},
        "required": ["message"],
    },
    # the gateway's first: a generated client takes the first that fits, and a problem has no `message`
    "GatewayErrorOrProblem": {
        "title": "GatewayErrorOrProblem",
        "description": "A refusal by API Gateway, or by the API behind it.",
        "anyOf": [{"$ref": "#/components/schemas/GatewayError"}, {"$ref": "#/components/schemas/Problem"}],
    },
}
# What API Gateway says by itself, and to whom: 401 and 403 only where a token is needed.
# https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-troubleshooting-lambda.html
_GATEWAY_SECURED = {401: "Unauthorized", 403: "Forbidden", 413: "Request Entity Too Large"}
_GATEWAY = {429: "Too Many Requests", 500: "Internal Server Error", 503: "Service Unavailable"}


def responses(operation: dict[str, Any]) -> dict[str, Any]:
    """The problem responses of an OpenAPI operation, by status."""
    by_status: dict[int, list[type[Problem]]] = {}
    for problem in _of(operation):
        by_status.setdefault(problem.status, []).append(problem)
    gateway = _GATEWAY | (_GATEWAY_SECURED if operation.get("security") else {})
    for status in gateway:
        by_status.setdefault(status, [])
    return {str(status): _response(kinds, gateway.get(status)) for status, kinds in sorted(by_status.items())}


def examples(operations: Iterable[dict[str, Any]]) -> dict[str, Any]:
    """An example of each problem that one of the operations may answer, by name."""
    kinds = {kind for operation in operations for kind in _of(operation)}
    return {
        kind.slug: {"summary": kind.title, "value": _example(kind)}
        for kind in sorted(kinds, key=lambda kind: kind.slug)
    }


def _of(operation: dict[str, Any]) -> Iterator[type[Problem]]:
    given = {(one["in"], one["name"]): one for one in operation.get("parameters", [])}
    key = given.get(("header", "Idempotency-Key"))
    has_query = any(place == "query" for place, _ in given)
    if operation.get("security"):
        yield from (problems.Unauthenticated, problems.RateLimited, problems.PayloadTooLarge, problems.Unavailable)
    if "requestBody" in operation:
        yield from (problems.MalformedJson, problems.UnsupportedMediaType)
    if "requestBody" in operation or has_query:
        yield problems.ValidationFailed
    if ("query", "cursor") in given or ("query", "since") in given:
        yield problems.CursorInvalid
    if ("header", "If-Match") in given or ("header", "If-None-Match") in given:
        yield problems.InvalidHeader
    if ("header", "If-Match") in given:
        yield problems.PreconditionFailed
    if key is not None:
        yield from (problems.WriteConflict, problems.RequestInProgress)
        yield from (problems.IdempotencyKeyInvalid, problems.IdempotencyKeyReused)
        if key["required"]:
            yield problems.IdempotencyKeyMissing
    if ("path", "task_id") in given:
        yield problems.TaskNotFound
    if ("path", "webhook_id") in given:
        yield problems.WebhookNotFound
    own: dict[str, list[type[Problem]]] = {
        "getInsights": [problems.InsightsNotFound],
        "listChanges": [problems.SyncTokenExpired],
        "batchTasks": [problems.BatchRefused, problems.QuotaExceeded, problems.StorageFull],
        "eraseUser": [problems.ErasureUnfinished],
        "getUser": [problems.UserNotFound],
        "createWebhook": [problems.QuotaExceeded],
        "importData": [problems.QuotaExceeded, problems.StorageFull, problems.WriteConflict],
        **{
            name: [problems.QuotaExceeded, problems.StorageFull]
            for name in ("createTask", "updateTask", "patchTask", "restoreTask")
        },
    }
    yield from own.get(operation["operationId"], [])
    yield problems.InternalError


def _response(kinds: list[type[Problem]], gateway: str | None) -> dict[str, Any]:
    """The response of one status.

    Args:
        kinds: the problems that the API may answer with it.
        gateway: the message with which API Gateway may answer it instead.
    """
    content: dict[str, Any] = {}
    schema = {"$ref": f"#/components/schemas/{'Problem' if gateway is None else 'GatewayErrorOrProblem'}"}
    if gateway is not None:
        content["application/json"] = {"schema": schema, "example": {"message": gateway}}
    if kinds:
        examples = {kind.slug: {"$ref": f"#/components/examples/{kind.slug}"} for kind in kinds}
        content[problems.MEDIA_TYPE] = {"schema": schema, "examples": examples}
    titles = [kind.title for kind in kinds] or [str(gateway)]
    named = {name for kind in kinds for name in kind.standard_headers}
    headers = {name: {"schema": {"type": "string"}} for name in sorted(named)}
    return {"description": "; ".join(titles), "content": content, **({"headers": headers} if headers else {})}


def _example(kind: type[Problem]) -> Any:
    problem: Problem
    if kind is problems.BatchRefused:
        problem = problems.BatchRefused([_MISSING])
    elif kind is problems.RateLimited:
        problem = problems.RateLimited(600, 42)
    elif kind in _DETAILS:
        problem = kind(_DETAILS[kind], errors=[_ERROR] if kind is problems.ValidationFailed else [])
    else:
        problem = kind()  # type: ignore[call-arg]
    return orjson.loads(problem.body("4f1c6f0e-8f0b-4c7e-9d3b-2f5a7c9e1b3d"))
