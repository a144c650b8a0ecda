"""Two users behind one HTTP cache (RFC 9111): nobody is shown what belongs to the other, on any GET.

The cache is a real one, hishel, once as a proxy or CDN would run it (`shared`), once as a browser that two users share.
"""

import json
import pathlib
from collections.abc import Iterator

import httpx
import pytest
from hishel import CacheOptions, SqliteStorage
from hishel.httpx import CacheTransport

from tests.integration.api.client import Client, Reply

pytestmark = pytest.mark.account

TASKS = "/api/v1/tasks"
# what may differ between two answers to the same question
VARIABLE = {"exported_at", "request_id", "next"}


class Origin(httpx.BaseTransport):
    """The API as an origin server: the bearer token's name says which user API Gateway has verified."""

    def __init__(self, users: dict[str, Client]) -> None:
        self.users = users
        self.requests: list[httpx.Request] = []

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Answer as the Lambda function does."""
        self.requests.append(request)
        client = self.users[request.headers["authorization"].removeprefix("Bearer ")]
        headers = {name: value for name, value in request.headers.items() if name not in {"host", "x-forwarded-proto"}}
        query = list(request.url.params.multi_items())
        reply: Reply = client.send(request.method, request.url.path, query=query, also=headers)
        return httpx.Response(reply.status, headers=dict(reply.headers), content=reply.text.encode())


@pytest.fixture
def origin(alice: Client, bob: Client) -> Origin:
    return Origin({"alice": alice, "bob": bob})


@pytest.fixture(params=[True, False], ids=["proxy", "browser"])
def cache(request: pytest.FixtureRequest, origin: Origin, tmp_path: pathlib.Path) -> Iterator[httpx.Client]:
    """An HTTP client behind the cache."""
    storage = SqliteStorage(database_path=tmp_path / "cache.db")
    transport = CacheTransport(origin, storage=storage, rfc=CacheOptions(shared=request.param))
    with httpx.Client(transport=transport, base_url="https://api.example.com") as client:
        yield client


def without_variable(body: object) -> object:
    if isinstance(body, dict):
        return {name: value for name, value in body.items() if name not in VARIABLE}
    return body


def comparable(text: str) -> object:
    return [without_variable(json.loads(line)) for line in text.splitlines()]


WEBHOOK = "01BX5ZZKBKACTAV9WEVGEMMVRY"
"""The id of a webhook that neither user has."""


def every_get(task: str) -> list[str]:
    """Each GET that is about the caller, with and without a query, successes and problems."""
    return [
        TASKS,
        f"{TASKS}?limit=1",
        f"{TASKS}?q=secret",
        f"{TASKS}?sort=due_date",
        f"{TASKS}?limit=none",
        f"{TASKS}/changes",
        f"{TASKS}/changes?since=forged",
        f"{TASKS}/{task}",
        f"{TASKS}/01ARZ3NDEKTSV4RRFFQ69G5FAV",
        f"{TASKS}/counts",
        "/api/v1/users",
        "/api/v1/insights",
        "/api/v1/export",
        "/api/v1/webhooks",
        f"/api/v1/webhooks/{WEBHOOK}",
        f"/api/v1/webhooks/{WEBHOOK}/deliveries",
    ]


def test_the_list_of_gets_is_complete(alice: Client) -> None:
    paths = alice.send("GET", "/openapi.json").json()["paths"]
    stated = {path for path, methods in paths.items() if "get" in methods and path != "/health"}
    named = {"/T": "/{task_id}", f"/{WEBHOOK}": "/{webhook_id}"}
    requested = {path.partition("?")[0] for path in every_get("T")}
    for value, name in named.items():
        requested = {path.replace(value, name) for path in requested}
    assert stated <= requested


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_no_user_is_shown_the_other_s_answer(alice: Client, bob: Client, cache: httpx.Client, method: str) -> None:
    tasks = {name: client.created(f"secret of {name}", due_date="2026-12-01") for name, client in users(alice, bob)}
    for path in every_get(tasks["alice"]["id"]):
        # twice each: the second time the cache may hold an answer, of this user or of the other
        for name, client in [*users(alice, bob), *users(alice, bob)]:
            shown = cache.request(method, path, headers={"Authorization": f"Bearer {name}"})
            url = httpx.URL(path)
            true = client.send(method, url.path, query=list(url.params.multi_items()))
            assert shown.status_code == true.status, (path, name)
            assert comparable(shown.text) == comparable(true.text), (path, name)
            assert shown.headers.get("etag") == true.headers.get("etag"), (path, name)


def test_a_client_sees_what_it_wrote_itself(alice: Client, cache: httpx.Client) -> None:
    task = alice.created("before")
    headers = {"Authorization": "Bearer alice"}
    assert cache.get(f"{TASKS}/{task['id']}", headers=headers).json()["title"] == "before"
    alice.send("PUT", f"{TASKS}/{task['id']}", {"title": "after"})
    assert cache.get(f"{TASKS}/{task['id']}", headers=headers).json()["title"] == "after"
    assert [one["title"] for one in cache.get(TASKS, headers=headers).json()] == ["after"]


def test_every_answer_about_a_caller_says_that_it_is_private(alice: Client) -> None:
    task = alice.created()["id"]
    tag = alice.send("GET", f"{TASKS}/{task}").headers["etag"]
    replies = {path: alice.send("GET", path.partition("?")[0]) for path in every_get(task)}
    replies["304"] = alice.send("GET", f"{TASKS}/{task}", if_none_match=tag)
    replies["201"] = alice.create()
    replies["refused"] = alice.send("POST", TASKS, {})
    assert replies["304"].status == 304
    for what, reply in replies.items():
        directives = {one.strip() for one in reply.headers.get("cache-control", "").split(",")}
        assert "no-store" in directives or {"private", "no-cache"} <= directives, what
        assert "authorization" in reply.headers.get("vary", "").lower(), what


def test_an_entity_tag_of_one_user_s_profile_is_not_the_other_s(alice: Client, bob: Client) -> None:
    profiles = [client.send("GET", "/api/v1/users") for client in (alice, bob)]
    assert profiles[0].headers["etag"] != profiles[1].headers["etag"]
    assert bob.send("GET", "/api/v1/users", if_none_match=profiles[0].headers["etag"]).status == 200


def users(alice: Client, bob: Client) -> list[tuple[str, Client]]:
    return [("alice", alice), ("bob", bob)]
