"""GET /insights: what the pipeline published for the caller, and nobody else's."""

import json
from typing import TYPE_CHECKING, Any

import pytest

from api.models.insights import Insights
from api.repositories.items import marshal
from tests.integration.api.client import Client

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

pytestmark = pytest.mark.account

INSIGHTS = "/api/v1/insights"
FIGURES: dict[str, Any] = {
    "as_of": "2026-11-24T00:00:00.000000Z",
    "total_tasks": 3,
    "open_tasks": 2,
    "completed_tasks": 1,
    "overdue_tasks": 1,
    "completion_rate_pct": 33.33,
    "current_streak_days": 1,
    "longest_streak_days": 4,
    "cycle_time_hours": {"p50": 1.5, "p90": None},
    "by_category": [{"category": "home", "total": 3, "completed": 1}],
    "by_priority": [{"priority": "high", "total": 3, "completed": 1}],
    "weekly": [{"week": "2026-11-23", "created": 3, "completed": 1}],
}


def publish(dynamodb: "DynamoDBClient", table: str, user_id: str) -> None:
    item = {
        "PK": f"INSIGHTS#{user_id}",
        "SK": "METADATA",
        "entity_type": "INSIGHTS",
        "user_id": user_id,
        "as_of": FIGURES["as_of"],
        "figures": json.dumps(FIGURES),
        "digest": "d",
    }
    dynamodb.put_item(TableName=table, Item=marshal(item))


def test_until_the_first_run_there_are_none_and_the_problem_says_why(alice: Client) -> None:
    reply = alice.send("GET", INSIGHTS)
    assert (reply.status, reply.problem_type) == (404, "insights-not-found")
    assert "pipeline" in reply.json()["detail"]


def test_published_figures_are_answered_in_one_call(
    alice: Client, dynamodb: "DynamoDBClient", table: str, calls: list[str]
) -> None:
    alice.send("GET", INSIGHTS)
    publish(dynamodb, table, alice.user_id)
    calls.clear()
    reply = alice.send("GET", INSIGHTS)
    assert calls == ["GetItem"]
    assert (reply.status, reply.json()) == (200, FIGURES)
    Insights.model_validate(reply.json())


def test_nobody_else_s_figures_are_shown(alice: Client, bob: Client, dynamodb: "DynamoDBClient", table: str) -> None:
    publish(dynamodb, table, alice.user_id)
    assert bob.send("GET", INSIGHTS, query={"user_id": alice.user_id}).status == 404
