"""The deployed HTTP API in front of the application in this process, for `insights serve`.

Routes, CORS and the JWT authorizer are those of the HTTP API in the local account, and tokens are verified by the same
function as there: signature by the user pool's JWKS, issuer, audience or client id, expiry. So the application gets the
caller's claims in `scope["aws.event"]`, as Mangum hands them over on Lambda, and knows nothing of this module.

What differs from the deployed function: the code is that of the checkout, and calls to AWS are the owner's, so a
permission that the function's role lacks is not noticed here.
"""

import dataclasses
import os
import time
import uuid
from typing import Any, Self
from urllib.parse import parse_qs, urlsplit

import boto3
from ministack.services import apigateway
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from infra.local.account.hooks import hook
from infra.local.account.settings import ACCOUNT_ID
from infra.local.apigateway import Answer, add_challenge

API_ID = "INSIGHTS_SERVE_API_ID"
"""The environment variable that names the HTTP API to `create_app`, which each reload calls in a new process."""
STAGE = "$default"


@dataclasses.dataclass(frozen=True)
class HttpApi:
    """What an HTTP API of the local account is set to, with keys as API Gateway's JSON has them.

    Args:
        id: the API's.
        routes: all of them.
        authorizers: by id.
        cors: empty when the API has none.
    """

    id: str
    routes: list[dict[str, Any]]
    authorizers: dict[str, dict[str, Any]]
    cors: dict[str, Any]

    @classmethod
    def read(cls, api_id: str) -> Self:
        """Read the API from the account that the environment points at."""
        client = boto3.client("apigatewayv2")
        authorizers = _json_keys(client.get_authorizers(ApiId=api_id)["Items"])
        return cls(
            id=api_id,
            routes=_json_keys(client.get_routes(ApiId=api_id)["Items"]),
            authorizers={authorizer["authorizerId"]: authorizer for authorizer in authorizers},
            cors=_json_keys(client.get_api(ApiId=api_id).get("CorsConfiguration", {})),
        )

    def match(self, method: str, path: str) -> dict[str, Any] | None:
        """The most specific route of a request, `$default` if no other takes it; None when there is none."""
        best: dict[str, Any] | None = None
        rank: tuple[int, ...] = ()
        for route in self.routes:
            route_method, _, template = route["routeKey"].partition(" ")
            if route["routeKey"] == STAGE and best is None:
                best = route
            elif route_method in ("ANY", method) and apigateway._path_matches(template, path):
                specificity = apigateway._route_specificity(route_method, template)
                best, rank = (route, specificity) if specificity > rank else (best, rank)
        return best


def find_function_variables(api_id: str) -> dict[str, str]:
    """The environment variables of the function that the HTTP API invokes, with its alias."""
    uri = boto3.client("apigatewayv2").get_integrations(ApiId=api_id)["Items"][0]["IntegrationUri"]
    function = apigateway._extract_lambda_ref_from_integration_uri(uri)
    configuration = boto3.client("lambda").get_function_configuration(FunctionName=function)
    return dict(configuration.get("Environment", {}).get("Variables", {}))


class DevServer:
    """An ASGI application: an HTTP API in front of `app`."""

    def __init__(self, app: ASGIApp, api: HttpApi) -> None:
        self._app = app
        self._api = api
        hook(apigateway, "_validate_jwt_authorizer", "route authorizer headers query_params")
        hook(apigateway, "_path_matches", "route_path request_path")
        hook(apigateway, "_route_specificity", "method route_path")
        hook(apigateway, "_jwt_claim_to_string", "value")
        hook(apigateway, "_cors_response_headers", "cors_cfg origin")
        hook(apigateway, "_cors_preflight_response", "cors_cfg origin")
        # where the emulator looks for the pool's keys; it settles that when it is imported
        endpoint = urlsplit(os.environ["AWS_ENDPOINT_URL"])
        apigateway._HOST, apigateway._PORT = endpoint.hostname, str(endpoint.port)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = _headers(scope)
        origin = headers.get("origin", "")
        if scope["method"] == "OPTIONS":
            await _respond(apigateway._cors_preflight_response(self._api.cors, origin), send)
            return
        route = self._api.match(scope["method"], "/" + scope["path"].lstrip("/"))
        if route is None:
            await _respond(apigateway._http_api_not_found(), send)
            return
        authorizer, refusal = await self._authorize(route, scope, headers)
        if refusal:
            await _respond(refusal, send)
            return
        cors = _encode(apigateway._cors_response_headers(self._api.cors, origin))

        async def respond(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message.get("headers", []), *cors]
            await send(message)

        event = self._event(route, scope, headers)
        event["requestContext"].update(authorizer)
        await self._app({**scope, "aws.event": event, "aws.context": None}, receive, respond)

    async def _authorize(
        self, route: dict[str, Any], scope: Scope, headers: dict[str, str]
    ) -> tuple[dict[str, Any], Answer | None]:
        """What the authorizer adds to the request context, or the refusal."""
        if route.get("authorizationType", "NONE") == "NONE":
            return {}, None
        authorizer = self._api.authorizers[route["authorizerId"]]
        query = parse_qs(scope["query_string"].decode("latin-1"))
        claims, scopes, refusal = await apigateway._validate_jwt_authorizer(route, authorizer, headers, query)
        if refusal:
            return {}, add_challenge(refusal, authorizer, headers, query)
        strings = {name: apigateway._jwt_claim_to_string(value) for name, value in claims.items()}
        return {"authorizer": {"jwt": {"claims": strings, "scopes": scopes}}}, None

    def _event(self, route: dict[str, Any], scope: Scope, headers: dict[str, str]) -> dict[str, Any]:
        """The event of payload format 2.0, without the body, which the application receives as such."""
        now = time.time()
        return {
            "version": "2.0",
            "routeKey": route["routeKey"],
            "rawPath": scope["path"],
            "rawQueryString": scope["query_string"].decode("latin-1"),
            "headers": headers,
            "requestContext": {
                "accountId": ACCOUNT_ID,
                "apiId": self._api.id,
                "domainName": headers.get("host", ""),
                "http": {
                    "method": scope["method"],
                    "path": scope["path"],
                    "protocol": "HTTP/1.1",
                    "sourceIp": "127.0.0.1",
                    "userAgent": headers.get("user-agent", ""),
                },
                "requestId": str(uuid.uuid4()),
                "routeKey": route["routeKey"],
                "stage": STAGE,
                "time": time.strftime("%d/%b/%Y:%H:%M:%S +0000", time.gmtime(now)),
                "timeEpoch": int(now * 1000),
            },
            "isBase64Encoded": False,
        }


def create_app() -> ASGIApp:
    """The API of this checkout behind the HTTP API that the environment names."""
    from api.entrypoint import handler

    return DevServer(handler.app, HttpApi.read(os.environ[API_ID]))


def _headers(scope: Scope) -> dict[str, str]:
    """A request's headers as API Gateway hands them over: names in lower case, repeated values joined by commas."""
    joined: dict[str, str] = {}
    for raw_name, raw_value in scope["headers"]:
        name, value = raw_name.decode("latin-1"), raw_value.decode("latin-1")
        joined[name] = f"{joined[name]},{value}" if name in joined else value
    return joined


def _encode(headers: dict[str, str]) -> list[tuple[bytes, bytes]]:
    return [(name.lower().encode(), value.encode()) for name, value in headers.items()]


async def _respond(answer: Answer, send: Send) -> None:
    status, headers, body = answer
    length = {"Content-Length": str(len(body))}
    await send({"type": "http.response.start", "status": status, "headers": _encode({**headers, **length})})
    await send({"type": "http.response.body", "body": body})


def _json_keys(value: Any) -> Any:
    """What boto3 answers, with keys that begin in lower case, as in API Gateway's JSON."""
    if isinstance(value, dict):
        return {name[:1].lower() + name[1:]: _json_keys(item) for name, item in value.items()}
    return [_json_keys(item) for item in value] if isinstance(value, list) else value
