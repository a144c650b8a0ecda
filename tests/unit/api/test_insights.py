"""The API answers the figures as the pipeline publishes them: one document, stated by both."""

import copy
import json
import pathlib
from collections.abc import Callable
from typing import Any

import jsonschema
import pytest
from pydantic import ValidationError

from api.models.insights import Insights

SCHEMA = json.loads(
    (pathlib.Path(__file__).parents[3] / "orchestration" / "publish" / "insights.schema.json").read_text()
)
FIGURES: dict[str, Any] = {
    "as_of": "2026-11-24T00:00:00Z",
    "time_zone": "Europe/Berlin",
    "total_tasks": 3,
    "open_tasks": 2,
    "completed_tasks": 1,
    "overdue_tasks": 0,
    "completion_rate_pct": 33.33,
    "current_streak_days": 1,
    "longest_streak_days": 4,
    "cycle_time_hours": {"p50": 1.5, "p90": None},
    "by_category": [{"category": "home", "total": 2, "completed": 1}, {"category": None, "total": 1, "completed": 0}],
    "other_categories": {"categories": 0, "total": 0, "completed": 0},
    "by_priority": [{"priority": "high", "total": 3, "completed": 1}],
    "weekly": [{"week": "2026-11-23", "created": 3, "completed": 1}],
}

# items of users who have not changed since still lack it
ADDED_LATER = {"other_categories", "time_zone"}


def publisher_accepts(document: Any) -> bool:
    schema = {"$ref": "#/$defs/figures", "$defs": SCHEMA["$defs"]}
    return jsonschema.Draft202012Validator(schema).is_valid(document)


def api_accepts(document: Any) -> bool:
    try:
        Insights.model_validate_json(json.dumps(document), strict=True)
    except ValidationError:
        return False
    return True


def changed(*changes: Callable[[dict[str, Any]], object]) -> dict[str, Any]:
    document = copy.deepcopy(FIGURES)
    for change in changes:
        change(document)
    return document


def test_both_accept_what_is_published() -> None:
    assert publisher_accepts(FIGURES)
    assert api_accepts(FIGURES)
    assert Insights.model_validate(FIGURES).model_dump(mode="json") == FIGURES


def parts(document: Any) -> list[dict[str, Any]]:
    """Every object of a document."""
    nested = [part for value in document.values() for part in (value if isinstance(value, list) else [value])]
    return [document, *(part for part in nested if isinstance(part, dict))]


def test_both_name_the_same_fields() -> None:
    for number, part in enumerate(parts(FIGURES)):
        extra = changed(lambda document, number=number: parts(document)[number].update(extra=1))  # type: ignore[misc]
        assert not publisher_accepts(extra)
        assert not api_accepts(extra)
        for name in part:
            without = changed(
                lambda document, number=number, name=name: parts(document)[number].pop(name)  # type: ignore[misc]
            )
            assert not publisher_accepts(without), name
            assert api_accepts(without) == (name in ADDED_LATER), name


@pytest.mark.parametrize("value", [None, -1, "x", 1.5, True])
def test_both_take_the_same_values(value: Any) -> None:
    for number, part in enumerate(parts(FIGURES)):
        for name, was in part.items():
            if isinstance(was, list | dict) or (name in {"week", "as_of"} and isinstance(value, str)):
                continue  # how a date is written is the publisher's business
            other = changed(
                lambda document, number=number, name=name: parts(document)[number].update({name: value})  # type: ignore[misc]
            )
            assert publisher_accepts(other) == api_accepts(other), (name, value)
