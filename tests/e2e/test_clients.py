"""Clients generated from docs/openapi.json compile strictly and understand every answer of the deployed API."""

import json
import subprocess
from typing import Any

import pytest

from tests.clients import generate
from tests.e2e.conftest import Platform

pytestmark = [pytest.mark.account, pytest.mark.deployed, pytest.mark.slow]

SEEN = {
    "crud": {"created": 1, "changed": "completed", "patched": None, "read": "one", "removed": 204, "restored": 5},
    "pages": [2, 2, 1],
    "listed_all": True,
    "labels": ["errand", "home"],
    "subtasks": {"listed": ["child"], "too_deep": 422},
    "recurrence": {"due": "2027-02-28", "linked": True},
    "health": "ok",
    "name": "Some One",
    "batched": [201],
    "deleted": 6,
    "webhook": {"secret": "whsec_", "enabled": False, "sent": "webhook.test", "listed": 1, "removed": 204},
    "transfer": {"exported": "export", "unchanged": 1},
    "counted": True,
    "zoned": ["Pacific/Kiritimati", "2026-12-01", True],
    "refusals": {
        "gateway: Unauthorized": 401,
        "batch-refused": 422,
        "cursor-invalid": 400,
        "idempotency-key-invalid": 400,
        "idempotency-key-reused": 422,
        "insights-not-found": 404,
        "invalid-header": 400,
        "malformed-json": 400,
        "payload-too-large": 413,
        "precondition-failed": 412,
        "task-not-found": 404,
        "unsupported-media-type": 415,
        "validation-failed": 422,
    },
}


@pytest.fixture(scope="module", autouse=True)
def tools() -> None:
    generate.install_tools()


def environment(platform: Platform) -> dict[str, str]:
    """Where the API is, and the token of a new user."""
    user = platform.user()
    return {
        "API_BASE": platform.outputs["ApiEndpoint"],
        "API_TOKEN": user.headers["Authorization"].removeprefix("Bearer "),
        "API_DOCUMENT": str(generate.DOCUMENT),
    }


def result(done: subprocess.CompletedProcess[str]) -> dict[str, Any]:
    assert done.returncode == 0, done.stdout
    seen: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return seen


def test_redocly_and_spectral_have_no_remark_about_the_document() -> None:
    assert {tool: done.stdout for tool, done in generate.lint().items() if done.returncode} == {}


def test_a_generated_python_client_is_typed_and_understands_every_answer(platform: Platform) -> None:
    generate.generate_python()
    compiled = generate.compile_python()
    assert compiled.returncode == 0, compiled.stdout
    seen = result(generate.run_python(environment(platform)))
    parsed = seen.pop("parsed")
    assert seen == SEEN
    assert len(parsed) == 27
    assert min(parsed.values()) >= 3


def test_a_generated_typescript_client_is_typed_and_understands_every_answer(platform: Platform) -> None:
    generate.generate_typescript()
    compiled = generate.compile_typescript()
    assert compiled.returncode == 0, compiled.stdout
    assert result(generate.run_typescript(environment(platform))) == SEEN
