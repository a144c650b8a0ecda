"""What an execution's input may say."""

from datetime import UTC, datetime
from typing import Any

import pytest

from orchestration.window.request import InvalidInput, Request


def test_nothing_means_everything_since_the_last_run() -> None:
    request = Request.read({})
    assert request == Request()
    assert request.is_whole
    assert not request.is_bounded


def test_a_window_is_in_utc() -> None:
    request = Request.read({"from": "2026-11-23", "to": "2026-11-24T01:00+01:00"})
    assert (request.start, request.end) == (datetime(2026, 11, 23, tzinfo=UTC), datetime(2026, 11, 24, tzinfo=UTC))
    assert request.is_bounded
    assert not request.is_whole


@pytest.mark.parametrize(
    ("given", "whole"),
    [
        ({"full_refresh": True}, True),
        ({"gold_only": True}, False),
        ({"rebuild": ["users"]}, False),
        ({"reject_threshold": 1, "reason": "a broken app"}, True),
        ({"select": "marts"}, False),
        ({"skip": "dim_dates"}, False),
        ({"select": "", "skip": None}, True),
        ({"to": "2026-11-24"}, False),
    ],
)
def test_only_a_run_of_everything_moves_the_mark(given: dict[str, Any], whole: bool) -> None:
    assert Request.read(given).is_whole is whole


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ("now", "the input has to be an object with any of from, to, full_refresh, gold_only, .* not 'now'"),
        ({"form": "x", "foo": 1}, "unknown field foo, form: the input takes from, to, full_refresh, gold_only, "),
        ({"from": "yesterday"}, "from has to be an ISO 8601 date or time such as 2026-11-23 .* not 'yesterday'"),
        ({"to": 20261123}, "to has to be an ISO 8601 date or time .* not 20261123"),
        ({"from": "2026-11-24", "to": "2026-11-24"}, "has to be before to"),
        ({"full_refresh": "yes"}, "full_refresh has to be true or false, not 'yes'"),
        ({"full_refresh": True, "from": "2026-11-24"}, "leave out from and to"),
        ({"gold_only": 1}, "gold_only has to be true or false, not 1"),
        ({"gold_only": True, "to": "2026-11-24"}, "leave out from, to and full_refresh"),
        ({"gold_only": True, "full_refresh": True}, "leave out from, to and full_refresh"),
        ({"select": "--target prod"}, "select has to be a dbt selection"),
        ({"skip": "a; rm -rf /"}, "skip has to be a dbt selection"),
        ({"select": ["marts"]}, "select has to be a dbt selection"),
        ({"rebuild": "users"}, "rebuild has to be a list of tables of silver .*task_events, tasks, users"),
        ({"rebuild": ["user"]}, r"rebuild has to be a list of tables of silver .* not \['user'\]"),
        ({"rebuild": ["users"], "full_refresh": True}, "leave out from, to, full_refresh and gold_only"),
        ({"reject_threshold": 2, "reason": "why"}, "reject_threshold has to be a share from 0 to 1, not 2"),
        ({"reject_threshold": True, "reason": "why"}, "reject_threshold has to be a share from 0 to 1, not True"),
        ({"reject_threshold": 0.5}, "reason has to say why"),
        ({"reject_threshold": 0.5, "reason": " "}, "reason has to say why"),
        ({"reason": "why"}, "reject_threshold has to be a share from 0 to 1, not None"),
        ({"reject_threshold": 0.5, "reason": "x" * 501}, "reason has to be a text of at most 500 characters"),
    ],
)
def test_what_it_does_not_know_is_refused_with_what_there_is(given: Any, message: str) -> None:
    with pytest.raises(InvalidInput, match=message):
        Request.read(given)
