"""HEAD: what GET would answer, without the body (RFC 9110, section 9.3.2)."""

from starlette.types import ASGIApp, Message, Receive, Scope, Send

_ABOUT_THE_BODY = {b"content-length", b"transfer-encoding"}


class HeadAsGet:
    """Wraps an ASGI application that knows GET only.

    The application sees a GET; the client gets its status and headers. Content-Length is left out, as the RFC allows:
    API Gateway would take it for the length of the empty body that it is given.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] != "HEAD":
            await self._app(scope, receive, send)
            return

        async def send_head(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = [one for one in message.get("headers", []) if one[0].lower() not in _ABOUT_THE_BODY]
                await send({**message, "headers": headers})
            elif message["type"] == "http.response.body" and not message.get("more_body", False):
                await send({"type": "http.response.body", "body": b"", "more_body": False})

        scope["method"] = "GET"
        try:
            await self._app(scope, receive, send_head)
        finally:
            scope["method"] = "HEAD"  # the request log names what was asked
