"""What operators ask of the deployed platform, and what it refuses them."""

import datetime as dt

import pytest
import typer

from infra.cli import status
from infra.cli.erase_user import erase_user, is_in_table
from infra.resource_names import STACKS
from tests.e2e.conftest import Platform

pytestmark = [pytest.mark.account, pytest.mark.deployed]


def test_status_sees_the_stacks_the_queues_and_how_fresh_the_data_is(platform: Platform) -> None:
    began = dt.datetime.now(dt.UTC) - dt.timedelta(seconds=2)
    platform.user().create(title="seen by the operator")
    platform.wait_for_bronze()

    found = status.read_report()

    assert list(found["stacks"]) == list(STACKS)
    assert dt.datetime.fromisoformat(found["freshness"]["bronze"]) > began
    assert found["failures"]["todo-cdc-discarded"] == 0


def test_a_user_whom_nobody_knows_is_not_reported_as_erased(
    platform: Platform, capsys: pytest.CaptureFixture[str]
) -> None:
    known = platform.user()
    known.create(title="known to the operator")
    assert is_in_table(known.id)

    with pytest.raises(typer.Exit) as refused:
        erase_user(user_id="00000000-0000-0000-0000-000000000000", yes=True, wait=60, no_gold=False, as_json=False)

    assert refused.value.exit_code == 1
    assert "there is no user 00000000" in capsys.readouterr().err
    assert is_in_table(known.id)
