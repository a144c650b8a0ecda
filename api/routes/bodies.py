"""What a request body must be before anybody reads it."""

from collections.abc import Callable, Coroutine
from typing import Any

from fastapi import Request, Response
from fastapi.routing import APIRoute

from api.problems import PayloadTooLarge, UnsupportedMediaType

MAX_BODY_BYTES = 256 * 1024
_JSON = "application/json"


class JsonRoute(APIRoute):
    """A route whose request bodies are JSON of at most 256 KiB.

    Raises:
        PayloadTooLarge: the body is larger.
        UnsupportedMediaType: there is a body and its media type is another.
    """

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = super().get_route_handler()

        async def checked(request: Request) -> Response:
            body = await request.body()
            if len(body) > MAX_BODY_BYTES:
                raise PayloadTooLarge(f"The body has {len(body)} bytes; {MAX_BODY_BYTES} are the most.")
            if body and self.body_field is not None:
                media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
                if media_type != _JSON:
                    raise UnsupportedMediaType(f"The body must be {_JSON}, not {media_type or 'of no media type'}.")
            return await handle(request)

        return checked
