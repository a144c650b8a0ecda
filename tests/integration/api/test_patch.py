"""PATCH is a JSON Merge Patch (RFC 7396)."""

import pytest

from tests.integration.api.client import Client

pytestmark = pytest.mark.account

TASKS = "/api/v1/tasks"


@pytest.mark.parametrize(
    "media_type", ["application/merge-patch+json", "application/json", "application/JSON;charset=utf-8"]
)
def test_a_patch_changes_what_it_names_and_clears_what_it_nulls(alice: Client, media_type: str) -> None:
    task = alice.created("before", description="d", category="c", due_date="2026-12-01")
    path = f"{TASKS}/{task['id']}"
    reply = alice.send("PATCH", path, {"title": "after", "category": None}, content_type=media_type)
    assert (reply.status, reply.headers["etag"]) == (200, '"2"')
    patched = reply.json()
    assert patched == task | {"title": "after", "category": None, "version": 2, "updated_at": patched["updated_at"]}
    assert alice.send("GET", path).json() == patched


def test_a_put_and_a_patch_under_one_key_are_the_same_request(alice: Client) -> None:
    path = f"{TASKS}/{alice.created()['id']}"
    put = alice.send("PUT", path, {"title": "x"}, idempotency_key="k")
    patch = alice.send("PATCH", path, {"title": "x"}, idempotency_key="k")
    assert (patch.text, patch.headers["idempotency-replayed"]) == (put.text, "true")


def test_another_media_type_is_answered_with_the_accepted_ones(alice: Client) -> None:
    path = f"{TASKS}/{alice.created()['id']}"
    reply = alice.send("PATCH", path, [], content_type="application/json-patch+json")
    assert (reply.status, reply.problem_type) == (415, "unsupported-media-type")
    assert reply.headers["accept-patch"] == "application/merge-patch+json, application/json"
    put = alice.send("PUT", path, {"title": "x"}, content_type="application/merge-patch+json")
    assert (put.status, put.headers["accept"]) == (415, "application/json")
