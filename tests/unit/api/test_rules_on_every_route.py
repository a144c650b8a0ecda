"""Rules that hold on every route of the OpenAPI document, new ones included: refusals that need no table."""

import asyncio
import dataclasses
import json
import pathlib
import time
from collections.abc import Iterator
from typing import Any

import pytest

from api.models.task import TaskChanges
from api.settings import Settings
from infra import ROOT
from tests.integration.api.client import Client, Reply

DOCUMENT = json.loads(pathlib.Path(ROOT / "docs" / "openapi.json").read_text())
TASK_ID = "01ARZ3NDEKTSV4RRFFQ69G5FAV"
CLAIMS = {"sub": "u", "token_use": "access"}
PRIVATE = {"cache-control": "private, no-cache", "vary": "Authorization"}


@dataclasses.dataclass(frozen=True)
class Operation:
    """One operation of the document.

    Args:
        method: upper case.
        template: its path.
        parameters: names by location.
        media_types: of its body; empty when it takes none.
        responses: the status codes that are documented.
        required: names of the required parameters.
    """

    method: str
    template: str
    parameters: dict[str, set[str]]
    media_types: tuple[str, ...]
    responses: frozenset[str]
    required: frozenset[str]

    @property
    def path(self) -> str:
        return self.template.replace("{task_id}", TASK_ID).replace("{webhook_id}", TASK_ID)


def operations() -> Iterator[Operation]:
    for template, methods in DOCUMENT["paths"].items():
        for method, operation in methods.items():
            parameters = operation.get("parameters", [])
            yield Operation(
                method.upper(),
                template,
                {where: {one["name"] for one in parameters if one["in"] == where} for where in ("query", "header")},
                tuple(operation.get("requestBody", {}).get("content", {})),
                frozenset(operation["responses"]),
                frozenset(one["name"] for one in parameters if one.get("required")),
            )


OPERATIONS = {f"{one.method} {one.template}": one for one in operations()}
ABOUT_CALLER = [one for one in OPERATIONS.values() if one.path.startswith("/api/")]
WITH_BODY = [one for one in ABOUT_CALLER if one.media_types]
WITH_KEY = [one for one in ABOUT_CALLER if "Idempotency-Key" in one.parameters["header"]]
WITH_LIMIT = [one for one in ABOUT_CALLER if "limit" in one.parameters["query"]]


def name(value: object) -> str | None:
    return f"{value.method} {value.template}" if isinstance(value, Operation) else None


@pytest.fixture(scope="module")
def client() -> Iterator[Client]:
    """A client of an API that has no table: a call of DynamoDB fails."""
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("TABLE_NAME", "none")
        environment.setenv("CURSOR_KEY_SECRET_ID", "none")
        from api.application import build
        from api.entrypoint import adapt
    app = build(Settings(table_name="none", cursor_key_secret_id="none"))
    yield Client(adapt(app), CLAIMS)
    asyncio.set_event_loop(None)
    loop.close()
    assert vars(app.state.dynamodb) == {}, "a refusal needed the table"


def send(client: Client, operation: Operation, raw: str | bytes | None = None, **headers: str) -> Reply:
    """Send a request that has what the operation requires; headers are written with underscores."""
    sent = {"idempotency_key": "k"} if operation in WITH_KEY else {}
    if operation.media_types and raw is None:
        raw = "{}"
    sent = {header.replace("_", "-"): value for header, value in (sent | headers).items()}
    return client.send(operation.method, operation.path, raw=raw, also=sent)


def assert_refused(reply: Reply, operation: Operation, status: int, slug: str) -> None:
    assert (reply.status, reply.problem_type) == (status, slug), reply.text
    assert str(status) in operation.responses
    assert reply.headers.items() >= PRIVATE.items()
    assert reply.headers["x-request-id"] == reply.json()["request_id"]
    assert len(reply.text) < 20_000


def test_the_document_has_every_route() -> None:
    assert len(OPERATIONS) >= 16
    assert len(WITH_BODY) >= 6
    assert len(WITH_LIMIT) >= 2


@pytest.mark.parametrize("operation", ABOUT_CALLER, ids=name)
@pytest.mark.parametrize(
    "claims",
    [None, {}, {"sub": "u"}, {"sub": "u", "token_use": "refresh"}, {"sub": "", "token_use": "id"}, {"token_use": "id"}],
)
def test_no_verified_token_of_a_user_is_401(
    client: Client, operation: Operation, claims: dict[str, str] | None
) -> None:
    nobody = dataclasses.replace(client, claims=claims)
    # whatever else is wrong with the request
    hostile = nobody.send(operation.method, operation.path, raw=b"\xff", query={"limit": "x"}, if_match="x")
    for reply in (send(nobody, operation), hostile):
        assert_refused(reply, operation, 401, "unauthenticated")
        assert reply.headers["www-authenticate"] == "Bearer"


@pytest.mark.parametrize("path", sorted({one.path for one in OPERATIONS.values()}))
def test_a_method_that_is_not_documented_is_405_with_those_that_are(client: Client, path: str) -> None:
    documented = {one.method for one in OPERATIONS.values() if one.path == path}
    documented |= {"HEAD"} if "GET" in documented else set()
    for method in {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"} - documented:
        reply = client.send(method, path)
        assert reply.status == 405
        assert set(reply.headers["allow"].split(", ")) == documented
        if path.startswith("/api/"):
            assert reply.headers.items() >= PRIVATE.items()
        if method != "HEAD":
            assert reply.problem_type == "method-not-allowed"


@pytest.mark.parametrize("operation", WITH_BODY, ids=name)
@pytest.mark.parametrize(
    ("headers", "raw", "status", "slug"),
    [
        ({"content_type": "text/plain"}, "{}", 415, "unsupported-media-type"),
        ({"content_type": "application/json-seq"}, "{}", 415, "unsupported-media-type"),
        ({"content_type": ""}, "{}", 415, "unsupported-media-type"),
        ({"content_type": "application/json; charset=utf-16"}, "{}", 415, "unsupported-media-type"),
        ({"content_type": 'application/json; a=b; Charset="latin1"'}, "{}", 415, "unsupported-media-type"),
        ({"content_encoding": "gzip"}, "{}", 415, "unsupported-media-type"),
        ({"content_encoding": "identity, br"}, "{}", 415, "unsupported-media-type"),
        ({}, "{" + " " * (256 * 1024) + "}", 413, "payload-too-large"),
        ({}, "{", 400, "malformed-json"),
        ({}, '{"a":}', 400, "malformed-json"),
        ({}, b'{"title": "\xff"}', 400, "malformed-json"),
        ({}, '{"title": "x"}'.encode("utf-16"), 400, "malformed-json"),
        ({}, "[]", 422, "validation-failed"),
        ({}, '"text"', 422, "validation-failed"),
        ({}, "[" * 50_000 + "]" * 50_000, 400, "malformed-json"),
    ],
)
def test_a_body_that_is_not_json_in_utf_8_is_refused(
    client: Client, operation: Operation, headers: dict[str, str], raw: str | bytes, status: int, slug: str
) -> None:
    reply = send(client, operation, raw, **headers)
    assert_refused(reply, operation, status, slug)
    if "content_encoding" in headers:
        assert reply.headers["accept-encoding"] == "identity"
    elif status == 415:
        accepted = reply.headers["accept-patch" if operation.method == "PATCH" else "accept"]
        assert set(accepted.split(", ")) == set(operation.media_types)


@pytest.mark.parametrize("operation", WITH_BODY, ids=name)
def test_a_problem_stays_small_and_says_how_much_it_leaves_out(client: Client, operation: Operation) -> None:
    fields = {*TaskChanges.model_fields, "email", "name"}
    wrong: dict[str, Any] = {field: [] for field in fields} | {f"{number}-{'x' * 3000}": number for number in range(80)}
    wrong["operations"] = [{"op": "create", "task": {field: [] for field in fields}}] * 50
    reply = send(client, operation, json.dumps(wrong))
    assert_refused(reply, operation, 422, "validation-failed")
    shown, total = reply.json()["errors"], reply.json().get("errors_total")
    assert len(shown) <= 20
    assert total is None or total > len(shown) == 20
    assert "xxxx" * 100 not in reply.text


@pytest.mark.parametrize("operation", WITH_KEY, ids=name)
def test_a_key_is_1_to_255_printable_characters_and_where_it_is_required_it_is(
    client: Client, operation: Operation
) -> None:
    for key in ("", "x" * 256, "a\tb", "schlüssel", "\x7f"):
        reply = send(client, operation, idempotency_key=key)
        assert_refused(reply, operation, 400, "idempotency-key-invalid")
    if "Idempotency-Key" in operation.required:
        raw = "{}" if operation.media_types else None
        reply = client.send(operation.method, operation.path, raw=raw)
        assert_refused(reply, operation, 400, "idempotency-key-missing")


@pytest.mark.parametrize("operation", ABOUT_CALLER, ids=name)
@pytest.mark.parametrize("header", ["if_match", "if_none_match"])
def test_a_malformed_list_of_entity_tags_is_named(client: Client, operation: Operation, header: str) -> None:
    title = "-".join(word.capitalize() for word in header.split("_"))
    if title not in operation.parameters["header"]:
        return  # evaluated all the same, but no client is told to send it
    for tags in ("1", '"1', "", '"1" "2"', '*, "1"', 'w/"1"', '"1",', '"' * 4001):
        reply = send(client, operation, raw=valid_body(operation), **{header: tags})
        assert_refused(reply, operation, 400, "invalid-header")
        assert reply.fields == {title}


def valid_body(operation: Operation) -> str | None:
    if not operation.media_types:
        return None
    operations_ = [{"op": "create", "task": {"title": "x"}}]
    return json.dumps(
        {"operations": operations_}
        if "batch" in operation.path
        else {"title": "x"}
        if "tasks" in operation.path
        else {"name": "x"}
    )


@pytest.mark.parametrize("operation", WITH_LIMIT, ids=name)
@pytest.mark.parametrize(
    "limit",
    [
        "0",
        "201",
        "-1",
        "5_0",
        "+5",
        " 50",
        "50 ",
        "50.0",
        "5e1",
        "0x10",
        "",
        "\u0665\u0660",
        "9" * 5000,
        "true",
        "\x00",
    ],
)
def test_a_limit_is_one_to_three_digits(client: Client, operation: Operation, limit: str) -> None:
    reply = client.send("GET", operation.path, query={"limit": limit})
    assert_refused(reply, operation, 422, "validation-failed")
    assert reply.fields == {"limit"}


@pytest.mark.parametrize("operation", WITH_LIMIT, ids=name)
def test_a_parameter_that_has_one_value_is_given_once(client: Client, operation: Operation) -> None:
    reply = client.send("GET", operation.path, query=[("limit", "1"), ("limit", "2")])
    assert_refused(reply, operation, 422, "validation-failed")
    assert reply.fields == {"limit"}


@pytest.mark.parametrize(
    "path", ["/", "/api", "/api/v1", "/api/v1/", "/api/v1/nothing", "/api/v1/tasks/", "/API/v1/tasks"]
)
def test_an_unknown_address_is_404_on_every_method(client: Client, path: str) -> None:
    for method in ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"):
        reply = client.send(method, path)
        assert reply.status == 404
        if path.startswith("/api/"):
            assert reply.headers.items() >= PRIVATE.items()


START, DOUBLINGS, MAX_RATIO = 8_000, 3, 3.0  # four would be quadratic; the rest is room for a busy machine


@pytest.mark.parametrize("fill", ["a", '"', " ", ",", ";", '"a", ', "a=b;", "W/", "é"])
@pytest.mark.parametrize(
    "place",
    [
        "if-match",
        "if-none-match",
        "content-type",
        "content-encoding",
        "idempotency-key",
        "x-request-id",
        "query",
        "path",
    ],
)
def test_twice_a_header_a_query_or_a_path_takes_twice_the_time(client: Client, place: str, fill: str) -> None:
    def seconds(size: int) -> float:
        text = fill * (size // len(fill))
        headers = {"idempotency-key": "k", "if-match": "x", "content-type": "application/json; charset=utf-8"}
        query: list[tuple[str, str]] = []
        path = f"/api/v1/tasks/{TASK_ID}"
        if place == "query":
            query = [("limit", text), *[("x", fill)] * (size // 50)]
        elif place == "path":
            path = "/api/v1/tasks/" + text.replace(" ", "%20")
        else:
            headers[place] = headers[place] + text if place == "content-type" else text
        taken = []
        for _ in range(5):
            began = time.process_time()
            method, body = ("GET", None) if place in ("query", "path") else ("PATCH", "{}")
            assert client.send(
                method, path if place != "query" else "/api/v1/tasks", raw=body, query=query, also=headers
            ).status in range(400, 500)
            taken.append(time.process_time() - began)
        return max(min(taken), 0.001)

    assert seconds(START * 2**DOUBLINGS) / seconds(START) < MAX_RATIO**DOUBLINGS
