"""The operator's glance at the deployed platform."""

import datetime as dt

import pytest

from infra.cli import status
from infra.cli.stack_outputs import STACKS
from tests.e2e.conftest import Platform

pytestmark = [pytest.mark.account, pytest.mark.deployed]


def test_status_sees_the_stacks_the_queues_and_how_fresh_the_data_is(platform: Platform) -> None:
    began = dt.datetime.now(dt.UTC) - dt.timedelta(seconds=2)
    platform.user().create(title="seen by the operator")
    platform.wait_for_bronze()

    found = status.read_report()

    assert list(found["stacks"]) == list(STACKS)
    assert dt.datetime.fromisoformat(found["freshness"]["bronze"]) > began
    assert found["failures"]["todo-cdc-failures"] == 0
