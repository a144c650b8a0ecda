"""The API as it is deployed: who gets in, and that every route may do what it needs."""

import datetime as dt
import json
import time
import uuid
from collections.abc import Iterator
from typing import Any
from urllib.parse import urljoin

import boto3
import pytest
import requests

from infra import ROOT
from infra.cli.cognito import authenticate, sign_in
from tests.conftest import until
from tests.e2e.conftest import PASSWORD, Platform
from tests.tokens import payload, segment

pytestmark = [pytest.mark.account, pytest.mark.deployed, pytest.mark.slow]

ID = "01ARZ3NDEKTSV4RRFFQ69G5FAV"
PATHS = json.loads((ROOT / "docs" / "openapi.json").read_text())["paths"]
ROUTES = [
    (method.upper(), path.removeprefix("/api/v1").replace("{task_id}", ID))
    for path, methods in PATHS.items()
    if path.startswith("/api/v1")
    for method in methods
]


@pytest.fixture
def bad_tokens(platform: Platform) -> Iterator[dict[str, str | None]]:
    """Tokens that must open nothing, by what is wrong with them."""
    cognito = boto3.client("cognito-idp")
    pool, client = platform.outputs["UserPoolId"], platform.outputs["UserPoolClientId"]
    email = f"{uuid.uuid4().hex}@example.com"
    good = sign_in(pool, client, email, PASSWORD, "Some One").id_token
    header, body, signature = good.split(".")
    flows: Any = ["ALLOW_USER_PASSWORD_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"]
    made = cognito.create_user_pool_client(UserPoolId=pool, ClientName="another", ExplicitAuthFlows=flows)
    other = made["UserPoolClient"]["ClientId"]
    elsewhere = cognito.create_user_pool(PoolName="elsewhere", AliasAttributes=["email"])["UserPool"]["Id"]
    stranger = cognito.create_user_pool_client(UserPoolId=elsewhere, ClientName="x", ExplicitAuthFlows=flows)
    tokens = {
        "none": None,
        "garbage": "a.b.c",
        "alg=none": f"{segment({'alg': 'none', 'typ': 'JWT'})}.{body}.",
        "forged": f"{header}.{segment({**payload(good), 'sub': 'somebody-else'})}.{signature}",
        "wrong audience": authenticate(other, email, PASSWORD).id_token,
        "wrong audience, access token": authenticate(other, email, PASSWORD).access_token,
        "another pool": sign_in(
            elsewhere, str(stranger["UserPoolClient"]["ClientId"]), email, PASSWORD, "Some One"
        ).id_token,
        "expired": expired(pool, client, email),
    }
    yield tokens
    cognito.delete_user_pool_client(UserPoolId=pool, ClientId=other)
    cognito.delete_user_pool(UserPoolId=elsewhere)


def expired(pool: str, client: str, email: str) -> str:
    """A token of the client whose time is over; AWS wants at least five minutes, the emulator takes less."""
    cognito = boto3.client("cognito-idp")

    def live(validity: int, unit: Any) -> None:
        units: Any = {"IdToken": unit}
        cognito.update_user_pool_client(
            UserPoolId=pool, ClientId=client, IdTokenValidity=validity, TokenValidityUnits=units
        )

    live(1, "seconds")
    try:
        token = authenticate(client, email, PASSWORD).id_token
    finally:
        live(60, "minutes")
    time.sleep(max(0.0, payload(token)["exp"] + 1 - time.time()))
    return token


def test_no_bad_token_opens_any_route(platform: Platform, bad_tokens: dict[str, str | None]) -> None:
    base = platform.outputs["ApiEndpoint"] + "/api/v1"
    answers = {}
    for what, token in bad_tokens.items():
        headers = {"Idempotency-Key": "k", "x-user-id": "somebody"}
        headers |= {} if token is None else {"Authorization": f"Bearer {token}"}
        for method, path in ROUTES:
            answer = requests.request(method, base + path, json={"title": "x"}, headers=headers, timeout=30)
            answers[what, method, path] = answer.status_code
    assert {key: status for key, status in answers.items() if status != 401} == {}
    assert len(answers) == len(bad_tokens) * len(ROUTES)


def test_health_is_public_and_tasks_are_not(platform: Platform) -> None:
    endpoint = platform.outputs["ApiEndpoint"]
    assert requests.get(f"{endpoint}/health", timeout=30).status_code == 200
    for headers in ({}, {"Authorization": "Bearer nonsense"}):
        assert requests.get(f"{endpoint}/api/v1/tasks", headers=headers, timeout=30).status_code == 401


def test_a_task_lives_and_is_nobody_elses(platform: Platform) -> None:
    owner, stranger = platform.user(), platform.user()
    task = owner.create(title="Water the plants", priority="high", category="home", due_date="2026-12-01")
    path = f"/tasks/{task['id']}"
    assert owner.send("GET", path).json() == task
    assert owner.send("PUT", path, {"status": "completed"}).json()["version"] == 2
    for method, body in (("GET", None), ("PUT", {"title": "mine now"}), ("DELETE", None)):
        assert stranger.send(method, path, body).status_code == 404
    assert stranger.send("GET", "/tasks").json() == []
    assert owner.send("DELETE", path).status_code == 204
    assert owner.send("GET", path).status_code == 404


def test_a_retried_create_makes_one_task(platform: Platform) -> None:
    user = platform.user()
    first = user.send("POST", "/tasks", {"title": "Once"}, key="the-same-key")
    again = user.send("POST", "/tasks", {"title": "Once"}, key="the-same-key")
    assert (first.status_code, again.status_code) == (201, 201)
    assert again.json() == first.json()
    assert again.headers["Idempotency-Replayed"] == "true"
    assert len(user.send("GET", "/tasks").json()) == 1


@pytest.mark.parametrize("kind", ["id_token", "access_token"])
def test_every_route_works_with_either_token(platform: Platform, kind: str) -> None:
    email = f"{uuid.uuid4().hex}@example.com"
    tokens = sign_in(platform.outputs["UserPoolId"], platform.outputs["UserPoolClientId"], email, PASSWORD, "Some One")
    base = platform.outputs["ApiEndpoint"] + "/api/v1"
    http = requests.Session()
    http.headers["Authorization"] = f"Bearer {getattr(tokens, kind)}"

    def call(method: str, path: str, expected: int, body: Any = None, **params: str) -> Any:
        headers = {"Idempotency-Key": uuid.uuid4().hex}
        answer = http.request(method, base + path, json=body, headers=headers, params=params, timeout=30)
        assert answer.status_code == expected, (method, path, answer.status_code, answer.text)
        return answer.json() if answer.content else None

    before = created()
    profile = call("POST", "/users", 201, {"name": "Mine"})
    assert profile["email"] == (email if kind == "id_token" else None)
    task = call("POST", "/tasks", 201, {"title": "one", "due_date": "2026-12-01"})
    path = f"/tasks/{task['id']}"
    assert call("GET", path, 200) == task
    assert call("PUT", path, 200, {"priority": "high"})["priority"] == "high"
    assert call("PATCH", path, 200, {"category": "home"})["version"] == 3
    call("DELETE", path, 204)
    task = call("POST", f"{path}/restore", 200)
    second = call("POST", "/tasks/batch", 200, {"operations": [{"op": "create", "task": {"title": "two"}}]})
    second = second["results"][0]["task"]
    assert call("GET", "/tasks", 200) == [second, task]
    assert call("GET", "/tasks", 200, sort="due_date") == [task]
    page = http.get(f"{base}/tasks", params={"limit": "1"}, timeout=30)
    next_page = urljoin(page.url, page.links["next"]["url"])
    assert http.get(next_page, timeout=30).json() == [task]
    changes = call("GET", "/tasks/changes", 200)
    assert changes["changes"] == [task, second]
    assert call("GET", "/tasks/changes", 200, since=changes["next"])["changes"] == []
    call("GET", "/insights", 404)
    assert call("PUT", "/users", 200, {"name": "Other"})["name"] == "Other"
    call("DELETE", "/users", 204)
    assert call("GET", "/tasks", 200) == []
    until("the metric of two created tasks", lambda: created() >= before + 2)
    assert created() == before + 2


def created() -> float:
    """How many tasks the API has counted in CloudWatch in the last hours."""
    now = dt.datetime.now(dt.UTC)
    points = boto3.client("cloudwatch").get_metric_statistics(
        Namespace="TodoInsights",
        MetricName="TasksCreated",
        Dimensions=[{"Name": "service", "Value": "todo-api"}],
        StartTime=now - dt.timedelta(hours=6),
        EndTime=now + dt.timedelta(minutes=1),
        Period=60,
        Statistics=["Sum"],
    )["Datapoints"]
    return sum(point["Sum"] for point in points)
