"""What the API refuses: always 4xx, always naming what is wrong, never leaving a trace."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.integration.api.client import Client, Reply

pytestmark = pytest.mark.account

Items = Callable[[str], list[dict[str, Any]]]
TASKS = "/api/v1/tasks"

BAD_FIELDS: list[tuple[str, Any]] = [
    ("title", 5),
    ("title", ""),
    ("title", " \t\u2003"),
    ("title", "x" * 201),
    ("title", "a\x00b"),
    ("title", ["x"]),
    ("title", "\ud800"),
    ("description", 1.5),
    ("description", "x" * 1001),
    ("description", "\x00"),
    ("status", "done"),
    ("status", True),
    ("priority", "HIGH"),
    ("priority", 1),
    ("category", ""),
    ("category", "x" * 51),
    ("category", "\x00"),
    ("category", {}),
    ("due_at", "2026-12-01"),
    ("due_at", "2026-12-01T09:00:00"),
    ("due_at", "2026-12-01T25:00:00Z"),
    ("due_at", "0001-01-01T00:00:00+14:00"),
    ("due_at", 1795600000),
    ("due_date", "tomorrow"),
    ("due_date", "2026-02-30"),
    ("due_date", "2026-12-01T00:00:00"),
    ("due_date", "0000-01-01"),
    ("due_date", "\u0662\u0660\u0662\u0666-12-01"),  # digits, but not ASCII
    ("due_date", 20261201),
    ("due_date", 1.0),
    ("due_date", False),
]


@pytest.fixture
def untouched(alice: Client, items_of: Items) -> Any:
    """Fails when the test left anything of alice's in the table but one task and her profile."""
    alice.created("untouched", key="untouched")
    before = items_of(alice.user_id)
    yield
    assert items_of(alice.user_id) == before


def assert_refused(reply: Reply, status: int, problem_type: str, *fields: str) -> None:
    assert (reply.status, reply.problem_type) == (status, problem_type), reply.text
    assert set(fields) <= reply.fields
    assert all(field in reply.json()["detail"] for field in fields)


@pytest.mark.usefixtures("untouched")
def test_a_bad_field_is_named_and_nothing_is_written(alice: Client) -> None:
    task = alice.send("GET", TASKS).json()[0]
    for field, value in BAD_FIELDS:
        for reply in (
            alice.send("POST", TASKS, {"title": "x", field: value}, idempotency_key="bad"),
            alice.send("PUT", f"{TASKS}/{task['id']}", {field: value}),
            alice.send("PATCH", f"{TASKS}/{task['id']}", {field: value}),
        ):
            assert_refused(reply, 422, "validation-failed", field)


@pytest.mark.usefixtures("untouched")
@pytest.mark.parametrize(
    ("field", "value"), [("title", None), ("status", None), ("priority", None), ("colour", "red"), ("user_id", "me")]
)
def test_a_patch_refuses_null_where_there_must_be_a_value_and_what_is_unknown(
    alice: Client, field: str, value: Any
) -> None:
    task = alice.send("GET", TASKS).json()[0]
    assert_refused(alice.send("PATCH", f"{TASKS}/{task['id']}", {field: value}), 422, "validation-failed", field)


@pytest.mark.usefixtures("untouched")
@pytest.mark.parametrize("field", ["title", "status", "priority"])
def test_a_create_refuses_null_where_there_must_be_a_value(alice: Client, field: str) -> None:
    reply = alice.send("POST", TASKS, {"title": "x", field: None}, idempotency_key="bad")
    assert_refused(reply, 422, "validation-failed", field)


@pytest.mark.usefixtures("untouched")
def test_a_problem_never_repeats_what_was_sent(alice: Client) -> None:
    task = alice.send("GET", TASKS).json()[0]
    reply = alice.send("PATCH", f"{TASKS}/{task['id']}", {"title": "secret" * 100, "secret2": "secret3"})
    assert reply.fields == {"title", "secret2"}
    assert "secretsecret" not in reply.text
    assert "secret3" not in reply.text


@pytest.mark.usefixtures("untouched")
@pytest.mark.parametrize(
    "raw", ["{", "", "{'title': 1}", '{"title": "x"', b"\xff\xfe", "[" * 100_000, '{"title": ' + "9" * 5000 + "}"]
)
def test_a_body_that_is_no_json_is_refused(alice: Client, raw: str | bytes) -> None:
    reply = alice.send("POST", TASKS, raw=raw, idempotency_key="k")
    assert reply.status in {400, 422}
    assert reply.problem_type in {"malformed-json", "validation-failed"}
    assert reply.fields & {"body", "title"}


@pytest.mark.usefixtures("untouched")
@pytest.mark.parametrize(
    "raw",
    [
        '{"title": "é"}'.encode("latin-1"),
        '{"title": "x"}'.encode("utf-16"),
        '{"title": "x"}'.encode("utf-16-le"),
        '{"title": "x"}'.encode("utf-32-be"),
        b'{"title": "\xed\xa0\x80"}',
        b'{"title": "a\0b"}',
    ],
)
def test_a_body_that_is_not_utf_8_is_refused(alice: Client, raw: bytes) -> None:
    reply = alice.send("POST", TASKS, raw=raw, idempotency_key="k")
    assert_refused(reply, 400, "malformed-json", "body")
    assert reply.json()["errors"][0]["code"] == "not_utf_8"


@pytest.mark.usefixtures("untouched")
@pytest.mark.parametrize("raw", ["[]", "null", '"text"', "5", "[{}]", "NaN"])
def test_json_that_is_no_object_is_refused(alice: Client, raw: str) -> None:
    assert_refused(alice.send("POST", TASKS, raw=raw, idempotency_key="k"), 422, "validation-failed", "body")


@pytest.mark.usefixtures("untouched")
def test_a_missing_title_is_named(alice: Client) -> None:
    assert_refused(alice.send("POST", TASKS, {}, idempotency_key="k"), 422, "validation-failed", "title")


@pytest.mark.usefixtures("untouched")
def test_a_body_over_256_kib_is_refused_by_size_alone(alice: Client) -> None:
    task = alice.send("GET", TASKS).json()[0]
    huge = '{"title": "' + "x" * (256 * 1024) + '"}'
    for method, path in (
        ("POST", TASKS),
        ("POST", f"{TASKS}/batch"),
        ("PUT", f"{TASKS}/{task['id']}"),
        ("PATCH", f"{TASKS}/{task['id']}"),
        ("PUT", "/api/v1/users"),
    ):
        assert alice.send(method, path, raw=huge, idempotency_key="k").problem_type == "payload-too-large"
    # at the limit it is the title that is too long
    fits = '{"title": "' + "x" * (256 * 1024 - 13) + '"}'
    assert_refused(alice.send("POST", TASKS, raw=fits, idempotency_key="k"), 422, "validation-failed", "title")


@pytest.mark.usefixtures("untouched")
@pytest.mark.parametrize("media_type", ["text/plain", "application/x-www-form-urlencoded", "application/xml", ""])
def test_another_media_type_is_refused(alice: Client, media_type: str) -> None:
    reply = alice.send("POST", TASKS, {"title": "x"}, idempotency_key="k", content_type=media_type)
    assert (reply.status, reply.problem_type) == (415, "unsupported-media-type")


def test_json_with_a_charset_is_taken(alice: Client) -> None:
    media_type = "Application/JSON; charset=utf-8"
    reply = alice.send("POST", TASKS, {"title": "x"}, idempotency_key="k", content_type=media_type)
    assert (reply.status, reply.json()["title"]) == (201, "x")


@pytest.mark.usefixtures("untouched")
@pytest.mark.parametrize("charset", ["iso-8859-1", "utf-16", '"UTF-16LE"', "us-ascii", ""])
def test_another_charset_is_refused(alice: Client, charset: str) -> None:
    task = alice.send("GET", TASKS).json()[0]
    for method, path in (("POST", TASKS), ("PUT", f"{TASKS}/{task['id']}"), ("PATCH", f"{TASKS}/{task['id']}")):
        media_type = f"application/json; x=y; charset={charset}"
        reply = alice.send(method, path, {"title": "x"}, idempotency_key="k", content_type=media_type)
        assert (reply.status, reply.problem_type) == (415, "unsupported-media-type")


@pytest.mark.usefixtures("untouched")
@pytest.mark.parametrize("coding", ["gzip", "br", "deflate", "gzip, identity", "x" * 1000])
def test_an_encoded_body_is_refused_with_what_is_accepted(alice: Client, coding: str) -> None:
    reply = alice.send("POST", TASKS, {"title": "x"}, idempotency_key="k", content_encoding=coding)
    assert (reply.status, reply.problem_type) == (415, "unsupported-media-type")
    assert reply.headers["accept-encoding"] == "identity"


def test_a_body_that_says_it_is_not_encoded_is_taken(alice: Client) -> None:
    assert alice.send("POST", TASKS, {"title": "x"}, idempotency_key="k", content_encoding="Identity").status == 201


@pytest.mark.usefixtures("untouched")
def test_a_problem_s_lists_are_capped_and_say_so(alice: Client) -> None:
    operations = [
        {"op": "create", "task": {"title": "x"}, **{f"{'k' * 60}{number}": 1 for number in range(60)}}
        for _ in range(50)
    ]
    batch = alice.send("POST", f"{TASKS}/batch", {"operations": operations}, idempotency_key="k")
    task = alice.send("GET", TASKS).json()[0]
    patch = alice.send("PATCH", f"{TASKS}/{task['id']}", {f"{number}{'x' * 9000}": 1 for number in range(28)})
    for reply, total in ((batch, 3000), (patch, 28)):
        assert (reply.status, reply.problem_type) == (422, "validation-failed")
        assert len(reply.text) < 20_000
        assert (len(reply.json()["errors"]), reply.json()["errors_total"]) == (20, total)
        assert reply.json()["detail"].endswith(f"and {total - 20} more")


@pytest.mark.usefixtures("untouched")
def test_a_create_needs_an_idempotency_key(alice: Client) -> None:
    reply = alice.send("POST", TASKS, {"title": "x"})
    assert_refused(reply, 400, "idempotency-key-missing", "Idempotency-Key")


@pytest.mark.usefixtures("untouched")
@pytest.mark.parametrize("key", ["", "x" * 256, "schlüssel", "a\x00b", "a\tb", "\x7f"])
def test_an_idempotency_key_is_1_to_255_printable_ascii_characters(alice: Client, key: str) -> None:
    path = f"{TASKS}/{alice.send('GET', TASKS).json()[0]['id']}"
    for reply in (
        alice.send("POST", TASKS, {"title": "x"}, idempotency_key=key),
        alice.send("PUT", path, {"title": "x"}, idempotency_key=key),
        alice.send("DELETE", path, idempotency_key=key),
    ):
        assert_refused(reply, 400, "idempotency-key-invalid", "Idempotency-Key")


def test_the_longest_and_oddest_keys_are_taken(alice: Client) -> None:
    for key in ("x" * 255, "k:#/ ~!"):
        first, again = alice.create(key=key), alice.create(key=key)
        assert (first.status, again.headers["idempotency-replayed"]) == (201, "true")
        assert again.json() == first.json()


@pytest.mark.usefixtures("untouched")
@pytest.mark.parametrize(
    "query",
    [
        {"limit": 0},
        {"limit": 201},
        {"limit": "ten"},
        {"limit": "1.5"},
        {"limit": ""},
        {"limit": "5_0"},
        {"limit": "+5"},
        {"limit": " 50"},
        {"limit": "50.0"},
        {"limit": "\u0665"},
        {"status": "done"},
        {"priority": ""},
        {"category": "x" * 51},
        {"category": "\x00"},
        {"cursor": "x" * 1025},
    ],
)
def test_a_bad_query_parameter_is_named(alice: Client, query: dict[str, Any]) -> None:
    assert_refused(alice.send("GET", TASKS, query=query), 422, "validation-failed", *query)


@pytest.mark.usefixtures("untouched")
@pytest.mark.parametrize(
    "task_id", ["1", "x" * 26, "01arz3ndektsv4rrffq69g5fav", "81ARZ3NDEKTSV4RRFFQ69G5FAV", "%00", "a%0Ab", "🦄"]
)
def test_what_cannot_be_a_task_s_id_is_no_task(alice: Client, calls: list[str], task_id: str) -> None:
    calls.clear()
    assert alice.send("GET", f"{TASKS}/{task_id}").problem_type == "task-not-found"
    assert calls == []


@pytest.mark.usefixtures("untouched")
@pytest.mark.parametrize("tag", ["1", '"1', "", '"1" "2"', "**", 'w/"1"'])
def test_a_malformed_entity_tag_is_named(alice: Client, tag: str) -> None:
    path = f"{TASKS}/{alice.send('GET', TASKS).json()[0]['id']}"
    assert_refused(alice.send("PUT", path, {"title": "x"}, if_match=tag), 400, "invalid-header", "If-Match")
    assert_refused(alice.send("GET", path, if_none_match=tag), 400, "invalid-header", "If-None-Match")


def test_an_unknown_address_is_404_and_an_unknown_method_names_the_known_ones(alice: Client) -> None:
    for path in ("/", "/api/v1", "/api/v1/nothing", "/api/v1/tasks/", "/api/v1/tasks/a/b"):
        assert alice.send("GET", path).problem_type == "not-found"
    for path, allowed in (
        ("/api/v1/tasks", "GET, HEAD, POST"),
        ("/api/v1/tasks/01ARZ3NDEKTSV4RRFFQ69G5FAV", "GET, HEAD, PUT, PATCH, DELETE"),
        ("/api/v1/tasks/01ARZ3NDEKTSV4RRFFQ69G5FAV/restore", "POST"),
        ("/api/v1/tasks/batch", "POST"),
        ("/api/v1/tasks/changes", "GET, HEAD"),
        ("/api/v1/users", "GET, HEAD, POST, PUT, PATCH, DELETE"),
        ("/api/v1/insights", "GET, HEAD"),
        ("/health", "GET, HEAD"),
    ):
        reply = alice.send("OPTIONS", path)
        assert (reply.status, reply.problem_type) == (405, "method-not-allowed")
        assert reply.headers["allow"] == allowed
