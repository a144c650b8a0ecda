"""Every exception that reaches the edge, as a problem."""

from collections.abc import Sequence
from typing import Any

from botocore.exceptions import ClientError, HTTPClientError
from botocore.exceptions import ConnectionError as ConnectionFailed
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.routing import Match

from api.models.patterns import IN_WORDS
from api.observability import logger
from api.problems import (
    MEDIA_TYPE,
    FieldError,
    IdempotencyKeyInvalid,
    IdempotencyKeyMissing,
    InternalError,
    InvalidHeader,
    MalformedJson,
    MethodNotAllowed,
    NotFound,
    Problem,
    StorageFull,
    Unavailable,
    ValidationFailed,
    describe,
)
from api.repositories.dynamodb import CollectionFull, is_throttling

_METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
_IDEMPOTENCY_KEY = "idempotency-key"
_OPERATIONS = ("create", "update", "delete", "restore")
_LINES = ("task", "profile", "webhook", "export", "delivery", "insights")


def install(app: FastAPI) -> None:
    """Let `app` answer every exception with a problem."""
    for exception, handler in {
        Problem: _problem,
        RequestValidationError: _validation,
        HTTPException: _http,
        ClientError: _aws_refusal,
        CollectionFull: _collection_full,
        HTTPClientError: _aws_unreachable,
        ConnectionFailed: _aws_unreachable,
        Exception: _unknown,
    }.items():
        app.add_exception_handler(exception, handler)  # type: ignore[arg-type]


def respond(request: Request, problem: Problem) -> Response:
    """Make the response that shows `problem`."""
    return Response(
        problem.body(request.scope.get("request_id", "")),
        status_code=problem.status,
        headers=problem.headers,
        media_type=MEDIA_TYPE,
    )


async def _problem(request: Request, problem: Problem) -> Response:
    return respond(request, problem)


async def _validation(request: Request, error: RequestValidationError) -> Response:
    found = error.errors()
    return respond(request, _about([_field_error(one) for one in found], {one["type"] for one in found}))


def _about(errors: Sequence[FieldError], codes: set[str]) -> Problem:
    detail = describe(errors)
    if "json_invalid" in codes:
        return MalformedJson(detail, errors=errors)
    of_headers = [error for error in errors if error["location"] == "header"]
    for error in of_headers:
        if error["field"].lower() == _IDEMPOTENCY_KEY:
            kind = IdempotencyKeyMissing if error["code"] == "missing" else IdempotencyKeyInvalid
            return kind(detail, errors=errors)
    return (InvalidHeader if of_headers else ValidationFailed)(detail, errors=errors)


def _field_error(error: dict[str, Any]) -> FieldError:
    location, *path = error["loc"]
    if error["type"] == "json_invalid":
        place = f"not valid JSON at character {path[0]}: {error['ctx']['error']}"
        return {"location": "body", "field": "body", "code": "json_invalid", "message": place}
    message = error["msg"]
    if error["type"] == "string_pattern_mismatch":
        message = IN_WORDS.get(error["ctx"]["pattern"], message)
    if error["type"] in {"union_tag_invalid", "union_tag_not_found"}:
        path.append("type" if path[0] == "lines" else "op")
        # the framework's own repeats what was sent
        message = f"must be one of {', '.join(_LINES if path[0] == 'lines' else _OPERATIONS)}"
    if len(path) > 2 and path[0] == "operations" and path[2] in _OPERATIONS:
        del path[2]  # which kind of operation it was taken for; not a field of the request
    if len(path) > 1 and path[0] == "lines":
        if len(path) > 2 and path[2] in _LINES:
            del path[2]
        message = f"line {int(path[1]) + 1}: {message}"
    if location == "query":
        path = path[:1]  # which of several values it was
    return {
        "location": str(location),
        "field": ".".join(map(str, path)) or str(location),
        "code": error["type"],
        "message": message,
    }


async def _http(request: Request, error: HTTPException) -> Response:
    if error.status_code == 404:
        return respond(request, NotFound("There is nothing at this address."))
    if error.status_code == 405:
        allowed = ", ".join(_allowed_methods(request))
        detail = f"{request.method} is not possible here. Possible: {allowed}."
        return respond(request, MethodNotAllowed(detail, headers={"Allow": allowed}))
    if error.status_code == 400:
        message = "cannot be read as JSON in UTF-8"
        unreadable: FieldError = {"location": "body", "field": "body", "code": "json_invalid", "message": message}
        return respond(request, MalformedJson(f"body: {message}", errors=[unreadable]))
    return await _unknown(request, error)


def _allowed_methods(request: Request) -> list[str]:
    """Every method of this path: the framework's own answer knows those of the first route that has it only."""
    routes = request.app.routes

    def leads_somewhere(method: str) -> bool:
        scope = {"type": "http", "path": request.scope["path"], "root_path": "", "method": method, "headers": []}
        return any(route.matches(dict(scope))[0] is Match.FULL for route in routes)

    # whatever answers GET answers HEAD (api.head)
    return [method for method in _METHODS if leads_somewhere("GET" if method == "HEAD" else method)]


async def _aws_refusal(request: Request, error: ClientError) -> Response:
    if is_throttling(error):
        logger.warning("throttled", extra={"request_id": _request_id(request), "operation": error.operation_name})
        return respond(request, Unavailable())
    return await _unknown(request, error)


async def _collection_full(request: Request, _: CollectionFull) -> Response:
    return respond(request, StorageFull())


async def _aws_unreachable(request: Request, error: HTTPClientError | ConnectionFailed) -> Response:
    logger.warning("no answer", extra={"request_id": _request_id(request), "reason": type(error).__name__})
    return respond(request, Unavailable())


async def _unknown(request: Request, error: Exception) -> Response:
    if isinstance(error, ClientError | HTTPException):
        # a handler of its own was found for these, so nobody raises them again for the access log to see
        logger.error("refused", exc_info=error, extra={"request_id": _request_id(request)})
    return respond(request, InternalError())


def _request_id(request: Request) -> str | None:
    return request.scope.get("request_id")
