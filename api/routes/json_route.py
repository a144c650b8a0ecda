"""What holds for every request: its size, its media type, its encoding, its query."""

from collections import Counter
from collections.abc import Callable, Coroutine
from typing import Any, get_args, get_origin

import orjson
from fastapi import Request, Response
from pydantic import BaseModel

from api.identity import caller_of
from api.problems import (
    FieldError,
    MalformedJson,
    PayloadTooLarge,
    RateLimited,
    UnsupportedMediaType,
    ValidationFailed,
    describe,
)
from api.routes.lazy_route import LazyRoute

MAX_BODY_BYTES = 256 * 1024
JSON = "application/json"
MERGE_PATCH = "application/merge-patch+json"
NDJSON = "application/x-ndjson"  # https://github.com/ndjson/ndjson-spec


class JsonRoute(LazyRoute):
    """A route of a verified caller: bodies are JSON in UTF-8 of at most 256 KiB, and the query names each parameter
    once, unless it takes several values.

    PATCH takes `application/merge-patch+json` (RFC 7396) as well.

    Raises:
        Unauthenticated: nobody was verified.
        RateLimited: the caller has sent as many requests as a minute may have.
        PayloadTooLarge: the body is larger.
        UnsupportedMediaType: there is a body and its media type, its charset or its content coding is another.
        MalformedJson: it is not UTF-8.
        ValidationFailed: a known query parameter that has one value is repeated.
    """

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = super().get_route_handler()
        single_parameters = _single_query_names(self)

        async def checked(request: Request) -> Response:
            # before anything else is looked at: who is nobody learns nothing of what is wrong with the request
            caller = request.scope["caller"] = caller_of(request.scope.get("aws.event") or {})
            rate_limit = request.app.state.rate_limits.take(caller.user_id)
            if rate_limit is not None:
                request.scope["rate_limit"] = rate_limit.headers()  # the access log adds them to whatever is answered
                if rate_limit.exceeded:
                    raise RateLimited(rate_limit.limit, rate_limit.seconds)
            body = await request.body()
            if len(body) > MAX_BODY_BYTES:
                raise PayloadTooLarge(f"The body has {len(body)} bytes; {MAX_BODY_BYTES} are the most.")
            if body and self.body_field is not None:
                _require_json(request, body, self.accepted(request.method))
                self.rewrite(request, body)
            if single_parameters:
                _require_distinct(request, single_parameters)
            return await handle(request)

        return checked

    def accepted(self, method: str) -> tuple[str, ...]:
        """The media types of a body."""
        return (MERGE_PATCH, JSON) if method == "PATCH" else (JSON,)

    def rewrite(self, request: Request, body: bytes) -> None:
        """Make JSON of a body that is of another media type; there is none."""


class LinesRoute(JsonRoute):
    """A route that takes a JSON document with an array `lines`, or its elements as lines of JSON.

    Raises:
        MalformedJson: a line is not JSON; the problem has its number.
    """

    def accepted(self, method: str) -> tuple[str, ...]:
        """The media types of a body."""
        return *super().accepted(method), NDJSON

    def rewrite(self, request: Request, body: bytes) -> None:
        """Make one document of lines."""
        if _media_type(request) != NDJSON:
            return
        lines = body.rstrip(b"\r\n").split(b"\n") if body.strip() else []
        for number, line in enumerate(lines, 1):
            try:
                orjson.loads(line)
            except orjson.JSONDecodeError as error:
                message = f"line {number} is not valid JSON: {error.msg}"
                errors = [_error("body", f"lines.{number - 1}", "json_invalid", message)]
                raise MalformedJson(f"body: {message}", errors=errors) from None
        # FastAPI takes a body for JSON by its media type
        request._body = b'{"lines":[' + b",".join(lines) + b"]}"
        others = [one for one in request.scope["headers"] if one[0] != b"content-type"]
        request.scope["headers"] = [*others, (b"content-type", JSON.encode())]
        del request._headers


def _media_type(request: Request) -> str:
    return request.headers.get("content-type", "").partition(";")[0].strip().lower()


def _require_json(request: Request, body: bytes, accepted: tuple[str, ...]) -> None:
    # RFC 9110, section 12.5.3: a refused content coding is answered with those that are accepted
    coding = request.headers.get("content-encoding", "").strip().lower()
    if coding not in ("", "identity"):
        detail = f"The body must not be encoded, as {coding[:50]!r} is."
        raise UnsupportedMediaType(detail, headers={"Accept-Encoding": "identity"})
    media_type, parameters = _media_type(request), request.headers.get("content-type", "").partition(";")[2]
    # RFC 5789, section 2.2, and RFC 9110, section 15.5.16
    header = "Accept-Patch" if request.method == "PATCH" else "Accept"
    if media_type not in accepted:
        detail = f"The body must be {' or '.join(accepted)}, not {media_type or 'of no media type'}."
        raise UnsupportedMediaType(detail, headers={header: ", ".join(accepted)})
    for parameter in parameters.split(";"):
        name, _, value = parameter.partition("=")
        if name.strip().lower() == "charset" and value.strip().strip('"').lower() not in ("utf-8", "utf8"):
            raise UnsupportedMediaType("The body must be UTF-8.", headers={header: ", ".join(accepted)})
    # a parser would guess at UTF-16 and UTF-32, by their null bytes; RFC 8259 wants UTF-8, where JSON has none
    place = body.find(b"\0")
    if place < 0:
        try:
            body.decode()
        except UnicodeDecodeError as error:
            place = error.start
    if place >= 0:
        message = f"not UTF-8 at byte {place}"
        raise MalformedJson(f"body: {message}", errors=[_error("body", "body", "not_utf_8", message)])


def _single_query_names(route: LazyRoute) -> frozenset[str]:
    names: set[str] = set()
    for field in route.dependant.query_params:
        annotation = field.field_info.annotation
        if isinstance(annotation, type) and issubclass(annotation, BaseModel):
            names |= {name for name, one in annotation.model_fields.items() if not _is_list(one.annotation)}
        elif not _is_list(annotation):
            names.add(field.alias)
    return frozenset(names)


def _is_list(annotation: Any) -> bool:
    return any(get_origin(one) is list for one in (annotation, *get_args(annotation)))


def _require_distinct(request: Request, single: frozenset[str]) -> None:
    times = Counter(name for name, _ in request.query_params.multi_items() if name in single)
    errors = [_error("query", name, "repeated", "is given more than once") for name, n in times.items() if n > 1]
    if errors:
        raise ValidationFailed(describe(errors), errors=errors)


def _error(location: str, field: str, code: str, message: str) -> FieldError:
    return {"location": location, "field": field, "code": code, "message": message}
