"""A row of gold's `user_insights` as the item that the API serves. The contract is insights.schema.json."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from api import contract

COLUMNS = (
    "user_id",
    "as_of",
    "total_tasks",
    "open_tasks",
    "completed_tasks",
    "overdue_tasks",
    "completion_rate_pct",
    "current_streak_days",
    "longest_streak_days",
    "cycle_time_p50_hours",
    "cycle_time_p90_hours",
    "by_category",
    "by_priority",
    "weekly",
    "time_zone",
)
COUNTS = (
    "total_tasks",
    "open_tasks",
    "completed_tasks",
    "overdue_tasks",
    "current_streak_days",
    "longest_streak_days",
)
MAX_CATEGORIES = 100
"""Categories that an item names; the rest is one sum. An item of DynamoDB has at most 400 KB:
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html"""
# half a minute: what a person can use of a duration in hours; gold keeps what was measured
HOURS_DECIMALS = 2
Item = dict[str, str]


def key(user: str) -> dict[str, str]:
    """The item's key."""
    return contract.insights_key(user).plain()


def item(row: Mapping[str, str]) -> Item:
    """The item of one row.

    Args:
        row: the columns above, as text; empty text is null.

    Raises:
        ValueError: the row holds something else than its columns promise.
    """
    as_of = _instant(row["as_of"])
    categories: list[dict[str, Any]] = json.loads(row["by_category"] or "[]")
    figures: dict[str, Any] = {
        "as_of": as_of,
        **{name: int(row[name] or 0) for name in COUNTS},
        "completion_rate_pct": _number(row["completion_rate_pct"]) or 0,
        "cycle_time_hours": {p: _hours(row[f"cycle_time_{p}_hours"]) for p in ("p50", "p90")},
        # gold sorts them, the largest first
        "by_category": categories[:MAX_CATEGORIES],
        "other_categories": _sum_categories(categories[MAX_CATEGORIES:]),
        **{name: json.loads(row[name] or "[]") for name in ("by_priority", "weekly")},
        "time_zone": row["time_zone"] or "UTC",
    }
    return {
        **key(row["user_id"]),
        "entity_type": "INSIGHTS",
        "user_id": row["user_id"],
        "as_of": as_of,
        "figures": json.dumps(figures, separators=(",", ":"), ensure_ascii=False),
    }


def _sum_categories(categories: list[dict[str, Any]]) -> dict[str, int]:
    return {
        "categories": len(categories),
        **{name: sum(one[name] for one in categories) for name in ("total", "completed")},
    }


def _number(text: str) -> float | None:
    return float(text) if text else None


def _hours(text: str) -> float | None:
    hours = _number(text)
    return None if hours is None else round(hours, HOURS_DECIMALS)


def _instant(text: str) -> str:
    moment = datetime.fromisoformat(text.removesuffix(" UTC"))
    moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")
