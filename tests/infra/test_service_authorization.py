"""Roles against AWS's own service authorization data: actions that exist, resources that they take."""

from typing import Any

import pytest
from policy_sentry.querying.actions import get_action_data

from tests.infra.conftest import Templates
from tests.infra.test_roles import ANY_RESOURCE, listed, statements

pytestmark = pytest.mark.slow

# actions that this release of policy_sentry does not know, with the page that has them
NEWER: dict[str, str] = {}


def described(action: str) -> list[dict[str, Any]]:
    """What AWS says of an action: one entry per resource type; empty when it does not exist."""
    service, _, name = action.partition(":")
    found = get_action_data(service, name)
    return list(found[service]) if found else []


def test_every_action_exists(deployed: Templates) -> None:
    used = {action for _, statement in statements(deployed) for action in listed(statement["Action"])}
    assert len(used) > 80
    assert sorted(action for action in used - set(NEWER) if not described(action)) == []


def test_an_action_on_any_resource_is_one_that_takes_none(deployed: Templates) -> None:
    anywhere = {
        action
        for _, statement in statements(deployed)
        if "*" in listed(statement["Resource"])
        for action in listed(statement["Action"])
    }
    assert anywhere
    assert anywhere <= set(ANY_RESOURCE)
    taking = {
        action: sorted(
            entry["resource_arn_format"] for entry in described(action) if entry["resource_arn_format"] != "*"
        )
        for action in anywhere
    }
    assert {action: formats for action, formats in taking.items() if formats} == {}


def test_a_mistake_would_be_noticed() -> None:
    assert described("s3:GetObject")
    assert not described("s3:ReadObject")
    assert any(entry["resource_arn_format"] != "*" for entry in described("dynamodb:PutItem"))
