"""`insights serve` lets in, refuses and tells the application what the deployed HTTP API does."""

import asyncio
import json
import os
import pathlib
import signal
import subprocess
import sys
import uuid
from typing import Any

import httpx
import pytest
import requests
from starlette.types import Receive, Scope, Send

from infra.cli.serve import APP, find_api_id
from infra.local.apigateway.dev_server import API_ID, DevServer, HttpApi, find_function_variables
from orchestration.executions.errors import NotDeployedError
from tests.conftest import Account, free_port, until
from tests.integration.api.table import create_table
from tests.integration.conftest import RoleFactory
from tests.integration.local.apigateway.test_http_apis import Api
from tests.tokens import payload, segment

pytestmark = pytest.mark.account

ORIGIN = "https://app.example.com"


async def echo(scope: Scope, _receive: Receive, send: Send) -> None:
    """Answers with the event that it was given, like the function of `Api`."""
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"application/json")]})
    await send({"type": "http.response.body", "body": json.dumps(scope["aws.event"]).encode()})


@pytest.fixture
def api(account: Account, role: RoleFactory, unique: str) -> Api:
    """A deployed HTTP API: /health is public, all else needs a token; a page of one other origin may use it."""
    made = Api(account, role, f"users-{unique}")
    made.permit()
    gateway = account.session.client("apigatewayv2")
    api_id = find_api_id({"ApiEndpoint": made.url})
    integration = gateway.get_integrations(ApiId=api_id)["Items"][0]["IntegrationId"]
    gateway.create_route(ApiId=api_id, RouteKey="GET /health", Target=f"integrations/{integration}")
    made.functions.add_permission(
        FunctionName=made.function,
        StatementId="health",
        Action="lambda:InvokeFunction",
        Principal="apigateway.amazonaws.com",
        SourceArn=made.source.replace("{proxy+}", "health"),
    )
    cors = {"AllowOrigins": [ORIGIN], "AllowMethods": ["*"], "AllowHeaders": ["authorization"], "MaxAge": 60}
    gateway.update_api(ApiId=api_id, CorsConfiguration=cors)
    return made


def send(api: Api, method: str, path: str, **headers: str) -> tuple[httpx.Response, requests.Response]:
    """The same request to the development server and to the deployed API."""
    base = api.url.partition("/api/v1")[0]
    server = DevServer(echo, HttpApi.read(find_api_id({"ApiEndpoint": api.url})))

    async def request() -> httpx.Response:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(server), base_url="http://127.0.0.1") as client:
            return await client.request(method, path, headers=headers)

    return asyncio.run(request()), requests.request(method, base + path, headers=headers, timeout=20)


def bearer(token: str | None) -> dict[str, str]:
    return {} if token is None else {"Authorization": f"Bearer {token}"}


def bad_tokens(good: str, elsewhere: str) -> dict[str, str | None]:
    header, body, signature = good.split(".")
    return {
        "missing": None,
        "empty": "",
        "garbage": "a.b.c",
        "alg none": f"{segment({'alg': 'none'})}.{body}.",
        "claims changed after signing": f"{header}.{segment({**payload(good), 'sub': 'other'})}.{signature}",
        "signature cut off": f"{header}.{body}.",
        "of another app client": elsewhere,
    }


@pytest.mark.parametrize("kind", ["IdToken", "AccessToken"])
def test_the_application_is_given_the_claims_that_the_deployed_function_is_given(api: Api, kind: str) -> None:
    sub = api.sign_up("ann@example.com")
    token = api.tokens("ann@example.com", api.client)[kind]
    here, deployed = send(api, "GET", "/api/v1/tasks?limit=2&status=pending", **bearer(token))
    assert (here.status_code, deployed.status_code) == (200, 200), deployed.text
    event, expected = here.json(), deployed.json()
    assert event["requestContext"]["authorizer"] == expected["requestContext"]["authorizer"]
    assert event["requestContext"]["authorizer"]["jwt"]["claims"]["sub"] == sub
    assert set(event["requestContext"]) == set(expected["requestContext"])
    for name in ("version", "routeKey", "rawPath", "rawQueryString", "isBase64Encoded"):
        assert event[name] == expected[name], name


def test_the_same_tokens_are_refused_in_the_same_words(api: Api) -> None:
    api.sign_up("ann@example.com")
    good = api.tokens("ann@example.com", api.client)["IdToken"]
    elsewhere = api.tokens("ann@example.com", api.other_client)["IdToken"]
    for what, token in bad_tokens(good, elsewhere).items():
        here, deployed = send(api, "GET", "/api/v1/tasks", **bearer(token))
        assert (here.status_code, here.json()) == (401, {"message": "Unauthorized"}), what
        assert (deployed.status_code, deployed.json()) == (here.status_code, here.json()), what
        assert here.headers["www-authenticate"] == deployed.headers["www-authenticate"], what


@pytest.mark.parametrize("kind", ["IdToken", "AccessToken"])
def test_an_expired_token_is_refused(account: Account, api: Api, kind: str) -> None:
    api.sign_up("ann@example.com")
    account.session.client("cognito-idp").update_user_pool_client(
        UserPoolId=api.pool,
        ClientId=api.client,
        IdTokenValidity=1,
        AccessTokenValidity=1,
        TokenValidityUnits={"IdToken": "seconds", "AccessToken": "seconds"},
    )
    token = api.tokens("ann@example.com", api.client)[kind]

    def refused() -> bool:
        return send(api, "GET", "/api/v1/tasks", **bearer(token))[0].status_code == 401

    until("the token to expire", refused, seconds=10)


def test_a_public_route_needs_no_token_and_learns_of_none(api: Api) -> None:
    here, deployed = send(api, "GET", "/health", Authorization="Bearer nonsense")
    assert (here.status_code, deployed.status_code) == (200, 200)
    assert "authorizer" not in here.json()["requestContext"]
    assert "authorizer" not in deployed.json()["requestContext"]


@pytest.mark.parametrize("headers", [{}, {"aws.event": "{}", "x-amzn-request-context": '{"authorizer": {}}'}])
def test_no_header_takes_the_place_of_a_token(api: Api, headers: dict[str, str]) -> None:
    here, _ = send(api, "GET", "/api/v1/tasks", **headers)
    assert (here.status_code, here.json()) == (401, {"message": "Unauthorized"})


@pytest.mark.parametrize("origin", [ORIGIN, "https://elsewhere.example.com"])
def test_cors_is_that_of_the_deployed_api(api: Api, origin: str) -> None:
    request = {"Origin": origin, "Access-Control-Request-Method": "GET"}
    for method, path in (("OPTIONS", "/api/v1/tasks"), ("GET", "/health")):
        here, deployed = send(api, method, path, **request)
        assert here.status_code == deployed.status_code, (method, deployed.text)
        cors = {name: value for name, value in deployed.headers.items() if name.lower().startswith("access-control")}
        assert {name: here.headers.get(name) for name in cors} == cors
        assert bool(cors) == (origin == ORIGIN)


@pytest.mark.parametrize(("method", "path", "status"), [("POST", "/health", 401), ("GET", "/", 404)])
def test_a_request_takes_the_route_that_it_takes_when_deployed(api: Api, method: str, path: str, status: int) -> None:
    here, deployed = send(api, method, path)
    assert (here.status_code, here.json()) == (deployed.status_code, deployed.json())
    assert here.status_code == status


def test_the_api_of_this_checkout_works_on_the_table_of_the_deployed_function(
    account: Account, api: Api, tmp_path: pathlib.Path
) -> None:
    secret = f"cursor-{uuid.uuid4().hex}"
    account.session.client("secretsmanager").create_secret(Name=secret, SecretString=uuid.uuid4().hex)
    table = create_table(account.session.client("dynamodb"))
    variables = {"TABLE_NAME": table, "CURSOR_KEY_SECRET_ID": secret}
    api.functions.update_function_configuration(FunctionName=api.function, Environment={"Variables": variables})
    api_id = find_api_id({"ApiEndpoint": api.url})
    assert find_function_variables(api_id) == variables
    sub, port = api.sign_up("ann@example.com"), free_port()
    token = api.tokens("ann@example.com", api.client)["IdToken"]
    words = [sys.executable, "-m", "uvicorn", APP, "--factory", "--port", str(port), "--lifespan", "off"]
    environment = {**os.environ, **variables, API_ID: api_id}
    with (tmp_path / "log").open("wb") as log:
        process = subprocess.Popen(words, env=environment, stdout=log, stderr=log)
    base = f"http://127.0.0.1:{port}"
    try:
        until("the server", lambda: answers(f"{base}/health"), seconds=60)
        headers = {**bearer(token), "Idempotency-Key": "first"}
        created = requests.post(f"{base}/api/v1/tasks", json={"title": "Water"}, headers=headers, timeout=20)
        assert created.status_code == 201, created.text
        assert requests.get(f"{base}/api/v1/tasks", headers=bearer(token), timeout=20).json() == [created.json()]
        assert requests.get(f"{base}/api/v1/tasks", timeout=20).json() == {"message": "Unauthorized"}
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(20)
    items: list[dict[str, Any]] = account.session.client("dynamodb").scan(TableName=table)["Items"]
    assert f"TASK#{sub}" in {item["PK"]["S"] for item in items}


def answers(url: str) -> bool:
    try:
        return requests.get(url, timeout=5).status_code == 200
    except requests.ConnectionError:
        return False


def test_without_a_deployed_api_there_is_nothing_to_serve() -> None:
    with pytest.raises(NotDeployedError):
        find_api_id({"ApiEndpoint": "https://abc.execute-api.eu-west-1.amazonaws.com"})
