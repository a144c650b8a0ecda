"""The outermost layer of the application: correlation id, headers of every answer, one log line per request, no crash.

The log line names the user by a hash only, and never holds a token, an e-mail address or what a task says: logs are
kept and read apart from the table.
"""

import re
import time
import uuid
from collections.abc import Mapping, MutableMapping
from typing import Any

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.contract import REQUEST_LOG_TYPE
from api.identity import user_hash_of
from api.observability import log_info, logger

_REQUEST_ID = re.compile(r"[A-Za-z0-9._:=+/@-]{1,128}")

_PRIVATE_PATHS = "/api/"
# RFC 9111: a shared cache must not store what one user may see, and a private one must ask before it shows it again,
# because a browser may have changed the user
_PRIVATE_HEADERS = ((b"cache-control", b"private, no-cache"), (b"vary", b"Authorization"))


class AccessLog:
    """Wraps an ASGI application.

    A request's id is its `x-request-id`, if that has only letters, digits and `._:=+/@-` and at most 128 of them; else
    API Gateway's request id; else a new one. It is answered in the same header.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._cold = True

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = time.perf_counter()
        cold, self._cold = self._cold, False
        request_id = scope["request_id"] = _request_id(scope)
        seen = {"status": 500, "replayed": False}

        async def answer(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = message.setdefault("headers", [])
                seen["status"] = message["status"]
                seen["replayed"] = any(name == b"idempotency-replayed" for name, _ in headers)
                headers.append((b"x-request-id", request_id.encode()))
                if scope["path"].startswith(_PRIVATE_PATHS):
                    headers += _PRIVATE_HEADERS
                    headers += scope.get("rate_limit", ())
            await send(message)

        try:
            await self._app(scope, receive, answer)
        except Exception:
            # the application has answered 500 and raises again for its server to log: this is that log
            logger.exception("unhandled exception", extra={"request_id": request_id})
        log_info(
            "request",
            {
                "log_type": REQUEST_LOG_TYPE,
                "request_id": request_id,
                "user_hash": user_hash_of(_event(scope)),
                "method": scope["method"],
                "route": _template(scope),
                "status_code": seen["status"],
                "duration_ms": round((time.perf_counter() - started) * 1000, 3),
                "cold_start": cold,
                "idempotent_replay": seen["replayed"],
            },
        )


def _event(scope: MutableMapping[str, Any]) -> Mapping[str, Any]:
    event = scope.get("aws.event")
    return event if isinstance(event, Mapping) else {}


def _request_id(scope: Scope) -> str:
    sent = next((value.decode("latin-1") for name, value in scope["headers"] if name == b"x-request-id"), "")
    gateway = _event(scope).get("requestContext", {}).get("requestId") or ""
    return next((given for given in (sent, gateway) if _REQUEST_ID.fullmatch(given)), None) or str(uuid.uuid4())


def _template(scope: Scope) -> str:
    """The route's template: paths themselves hold ids, which would make every line's route another one."""
    path = getattr(scope.get("route"), "path", None)
    return path if isinstance(path, str) else "unmatched"
