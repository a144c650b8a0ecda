"""What operators see, and what they must not see; and what anybody may see."""

import hashlib
import json
import re
import uuid
from collections.abc import Callable
from typing import Any

import pytest

from tests.integration.api.client import Client

pytestmark = pytest.mark.account

TASKS = "/api/v1/tasks"
Printed = Callable[[], list[dict[str, Any]]]


def requests(logged: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [line for line in logged if line.get("log_type") == "request"]


def metrics(logged: list[dict[str, Any]]) -> list[str]:
    """The names of the metrics, each as often as it counts."""
    return [
        name
        for line in logged
        if "_aws" in line
        for directive in line["_aws"]["CloudWatchMetrics"]
        for metric in directive["Metrics"]
        for name in [metric["Name"]] * int(line[metric["Name"]][0])
    ]


def test_every_request_is_one_line_that_names_nobody(alice: Client, printed: Printed) -> None:
    secret = "zebra-crossing"
    printed()
    task = alice.send("POST", TASKS, {"title": secret}, idempotency_key="k", authorization="Bearer tok-en").json()
    alice.send("POST", TASKS, {"title": secret}, idempotency_key="k")
    alice.send("GET", f"{TASKS}/{task['id']}")
    alice.send("GET", "/openapi.json")
    alice.send("GET", "/nowhere/" + secret)
    logged = printed()
    assert alice.claims
    for private in (secret, alice.claims["email"], "Some One", "tok-en", alice.user_id):
        assert private not in json.dumps(logged)
    logged = requests(logged)
    user_hash = hashlib.sha256(alice.user_id.encode()).hexdigest()[:16]
    assert [
        (line["method"], line["route"], line["status_code"], line["idempotent_replay"], line["cold_start"])
        for line in logged
    ] == [
        ("POST", "/api/v1/tasks", 201, False, True),
        ("POST", "/api/v1/tasks", 201, True, False),
        ("GET", "/api/v1/tasks/{task_id}", 200, False, False),
        ("GET", "/openapi.json", 200, False, False),
        ("GET", "unmatched", 404, False, False),
    ]
    for line in logged:
        assert line["user_hash"] == user_hash
        assert 0 < line["duration_ms"] < 10_000
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT[\d:.]+\+00:00", line["timestamp"])


def test_the_request_id_is_taken_if_it_is_harmless_and_made_otherwise(alice: Client, printed: Printed) -> None:
    printed()
    assert alice.send("GET", "/health", x_request_id="client-1").headers["x-request-id"] == "client-1"
    for bad in ("", "x" * 129, "a b", "ü", '"}{'):
        made = alice.send("GET", "/health", x_request_id=bad).headers["x-request-id"]
        assert made != bad
        assert re.fullmatch(r"[0-9a-f-]{32,36}", made)
    logged = requests(printed())
    assert logged[0]["request_id"] == "client-1"
    assert len({line["request_id"] for line in logged}) == 6


def test_business_events_are_counted_once(alice: Client, printed: Printed) -> None:
    printed()
    path = f"{TASKS}/{alice.create(key='k').json()['id']}"
    assert metrics(printed()) == ["TasksCreated"]
    alice.create(key="k")
    assert metrics(printed()) == ["IdempotentReplays"]
    for _ in range(2):
        alice.send("PUT", path, {"status": "completed"}, idempotency_key="done")
    assert metrics(printed()) == ["TasksCompleted", "IdempotentReplays"]
    alice.send("PUT", path, {"title": "renamed"})
    alice.send("DELETE", path)
    assert metrics(printed()) == []
    task = alice.create(key=uuid.uuid4().hex, status="completed").json()
    assert metrics(printed()) == ["TasksCreated", "TasksCompleted"]
    operations = [
        {"op": "create", "task": {"title": "x"}},
        {"op": "create", "task": {"title": "y", "status": "completed"}},
        {"op": "delete", "id": task["id"]},
    ]
    for _ in range(2):
        alice.send("POST", f"{TASKS}/batch", {"operations": operations}, idempotency_key="batch")
    assert metrics(printed()) == ["TasksCreated", "TasksCreated", "TasksCompleted", "IdempotentReplays"]


def test_a_metric_line_is_what_cloudwatch_takes_for_one(alice: Client, printed: Printed) -> None:
    """The embedded metric format: https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/ (specification)."""
    printed()
    alice.create(key="k", status="completed")
    alice.create(key="k", status="completed")
    reported = {}
    for line in [one for one in printed() if "_aws" in one]:
        (directive,) = line["_aws"]["CloudWatchMetrics"]
        (metric,) = directive["Metrics"]
        assert (directive["Namespace"], directive["Dimensions"], line["service"]) == (
            "TodoInsights",
            [["service"]],
            "todo-api",
        )
        assert metric["Unit"] == "Count"
        assert line["_aws"]["Timestamp"] > 1_700_000_000_000
        reported[metric["Name"]] = line[metric["Name"]]
    assert reported == {"TasksCreated": [1.0], "TasksCompleted": [1.0], "IdempotentReplays": [1.0]}


def test_health_and_the_reference_are_public(alice: Client, calls: list[str]) -> None:
    nobody = Client(alice.handler, None)
    document = nobody.send("GET", "/openapi.json").json()
    health = {"status": "ok", "version": document["info"]["version"], "environment": "development"}
    assert nobody.send("GET", "/health").json() == health
    assert set(document["paths"]) == {
        "/api/v1/tasks/batch",
        "/api/v1/tasks/changes",
        "/api/v1/tasks/counts",
        "/api/v1/tasks",
        "/api/v1/tasks/{task_id}",
        "/api/v1/tasks/{task_id}/restore",
        "/api/v1/users",
        "/api/v1/insights",
        "/api/v1/webhooks",
        "/api/v1/webhooks/{webhook_id}",
        "/api/v1/webhooks/{webhook_id}/test",
        "/api/v1/webhooks/{webhook_id}/rotate-secret",
        "/api/v1/webhooks/{webhook_id}/deliveries",
        "/api/v1/export",
        "/api/v1/import",
        "/health",
    }
    page = nobody.send("GET", "/docs")
    assert page.headers["content-type"].startswith("text/html")
    assert calls == []


def test_the_document_has_the_constraints(alice: Client) -> None:
    document = alice.send("GET", "/openapi.json").json()
    schemas = document["components"]["schemas"]
    assert schemas["NewTask"]["required"] == ["title"]
    assert "additionalProperties" not in schemas["NewTask"]
    assert schemas["TaskChanges"]["additionalProperties"] is False
    assert schemas["NewTask"]["properties"]["title"]["maxLength"] == 200
    assert "required" not in schemas["TaskChanges"]
    assert "default" not in schemas["TaskChanges"]["properties"]["status"]
    create = document["paths"]["/api/v1/tasks"]["post"]
    (key,) = [one for one in create["parameters"] if one["name"] == "Idempotency-Key"]
    assert (key["in"], key["required"]) == ("header", True)
    assert create["security"] == [{"CognitoToken": []}]
