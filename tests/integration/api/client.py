"""Drives the Lambda handler with the events that API Gateway would send it."""

import asyncio
import base64
import dataclasses
import json
import uuid
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar
from urllib.parse import urlencode

T = TypeVar("T")
Handler = Callable[[dict[str, Any], Any], dict[str, Any]]


@dataclasses.dataclass(frozen=True)
class Reply:
    """What came back from the function."""

    status: int
    headers: Mapping[str, str]
    text: str

    def json(self) -> Any:
        return json.loads(self.text)

    @property
    def problem_type(self) -> str:
        """The last part of the problem's type; fails on anything that is not a problem."""
        assert self.headers["content-type"] == "application/problem+json", (self.status, self.text)
        problem = self.json()
        assert problem["status"] == self.status
        assert isinstance(problem["title"], str)
        assert isinstance(problem["detail"], str)
        prefix, _, slug = str(problem["type"]).rpartition(":")
        assert prefix == "urn:problem-type:todo"
        return slug

    @property
    def fields(self) -> set[str]:
        """The fields that a problem names."""
        return {error["field"] for error in self.json()["errors"]}


@dataclasses.dataclass(frozen=True)
class Client:
    """One user's client.

    Args:
        handler: the Lambda handler.
        claims: of the user's token, as API Gateway would put them into the event; None for no authorizer.
    """

    handler: Handler
    claims: Mapping[str, str] | None

    @property
    def user_id(self) -> str:
        assert self.claims
        return self.claims["sub"]

    def send(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        raw: str | bytes | None = None,
        query: Mapping[str, Any] | Sequence[tuple[str, str]] = (),
        also: Mapping[str, str] | None = None,
        **headers: str,
    ) -> Reply:
        """Send one request; header names are written with underscores, those in `also` as they are."""
        sent = dict(also or {}) | {name.replace("_", "-"): value for name, value in headers.items()}
        if body is not None:
            raw = json.dumps(body)
        if raw is not None:
            sent.setdefault("content-type", "application/json")
        answer = self.handler(event(method, path, urlencode(query), sent, raw, self.claims), object())
        text = answer["body"]
        if answer["isBase64Encoded"]:
            text = base64.b64decode(text).decode()
        return Reply(answer["statusCode"], answer["headers"], text)

    def create(self, title: str = "a task", *, key: str | None = None, **fields: Any) -> Reply:
        """Create a task under `key`, or a key of its own."""
        return self.send("POST", "/api/v1/tasks", {"title": title, **fields}, idempotency_key=key or uuid.uuid4().hex)

    def created(self, title: str = "a task", **fields: Any) -> dict[str, Any]:
        """A task that was created."""
        reply = self.create(title, **fields)
        assert reply.status == 201, reply.text
        task: dict[str, Any] = reply.json()
        return task


def event(
    method: str,
    path: str,
    query: str,
    headers: Mapping[str, str],
    body: str | bytes | None,
    claims: Mapping[str, str] | None,
) -> dict[str, Any]:
    """A proxy event of payload format 2.0; bytes travel in base64, as API Gateway sends what is not text."""
    context: dict[str, Any] = {
        "accountId": "000000000000",
        "apiId": "api",
        "domainName": "api.execute-api.us-east-1.amazonaws.com",
        "http": {"method": method, "path": path, "protocol": "HTTP/1.1", "sourceIp": "203.0.113.7", "userAgent": "t"},
        "requestId": uuid.uuid4().hex,
        "routeKey": "$default",
        "stage": "$default",
        "timeEpoch": 1795384800000,
    }
    if claims is not None:
        context["authorizer"] = {"jwt": {"claims": dict(claims), "scopes": None}}
    made: dict[str, Any] = {
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": path,
        "rawQueryString": query,
        "headers": {"host": "api.execute-api.us-east-1.amazonaws.com", "x-forwarded-proto": "https", **headers},
        "requestContext": context,
        "isBase64Encoded": isinstance(body, bytes),
    }
    if body is not None:
        made["body"] = base64.b64encode(body).decode() if isinstance(body, bytes) else body
    return made


def in_own_loop(call: Callable[[], T]) -> T:
    """Run `call` in a thread that has no event loop yet; Mangum expects one."""
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    try:
        return call()
    finally:
        asyncio.set_event_loop(None)
        loop.close()
