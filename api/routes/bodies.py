"""What a request must be before anybody reads it."""

from collections import Counter
from collections.abc import Callable, Coroutine
from typing import Any

from fastapi import Request, Response
from fastapi.routing import APIRoute

from api.problems import FieldError, MalformedJson, PayloadTooLarge, UnsupportedMediaType, ValidationFailed

MAX_BODY_BYTES = 256 * 1024
JSON = "application/json"
MERGE_PATCH = "application/merge-patch+json"


class JsonRoute(APIRoute):
    """A route whose request bodies are JSON in UTF-8 of at most 256 KiB, and whose query names each parameter once.

    PATCH takes `application/merge-patch+json` (RFC 7396) as well.

    Raises:
        PayloadTooLarge: the body is larger.
        UnsupportedMediaType: there is a body and its media type is another.
        MalformedJson: it is not UTF-8.
        ValidationFailed: a query parameter is repeated.
    """

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = super().get_route_handler()

        async def checked(request: Request) -> Response:
            body = await request.body()
            if len(body) > MAX_BODY_BYTES:
                raise PayloadTooLarge(f"The body has {len(body)} bytes; {MAX_BODY_BYTES} are the most.")
            if body and self.body_field is not None:
                _require_json(request, body)
            if self.dependant.query_params:
                _require_distinct(request)
            return await handle(request)

        return checked


def _require_json(request: Request, body: bytes) -> None:
    accepted = [MERGE_PATCH, JSON] if request.method == "PATCH" else [JSON]
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type not in accepted:
        detail = f"The body must be {' or '.join(accepted)}, not {media_type or 'of no media type'}."
        # RFC 5789, section 2.2, and RFC 9110, section 15.5.16
        header = "Accept-Patch" if request.method == "PATCH" else "Accept"
        raise UnsupportedMediaType(detail, headers={header: ", ".join(accepted)})
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


def _require_distinct(request: Request) -> None:
    times = Counter(name for name, _ in request.query_params.multi_items())
    errors = [_error("query", name, "repeated", "is given more than once") for name, n in times.items() if n > 1]
    if errors:
        raise ValidationFailed("; ".join(f"{one['field']}: {one['message']}" for one in errors), errors=errors)


def _error(location: str, field: str, code: str, message: str) -> FieldError:
    return {"location": location, "field": field, "code": code, "message": message}
