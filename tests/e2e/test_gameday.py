"""`insights gameday`: each fault shows as it says, and the commands of its runbook end it."""

import datetime as dt
from collections.abc import Callable

import boto3
import pytest
from typer.testing import CliRunner

from infra.cli.app import app
from infra.cli.status import read_report
from infra.local.gameday.faults import FAULTS, Fault
from tests.conftest import until
from tests.e2e.conftest import Platform

pytestmark = [pytest.mark.account, pytest.mark.deployed, pytest.mark.slow]

REPAIRS: dict[str, Callable[[Platform], object]] = {
    "refused-run": lambda platform: platform.build_gold(),
    "stopped-run": lambda platform: platform.build_gold(),
    "unstarted-run": lambda _platform: CliRunner().invoke(app, ["replay", "--queue", "pipeline"]),
}


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_a_fault_shows_and_its_repair_ends_it(platform: Platform, fault: Fault) -> None:
    injected = dt.datetime.now(dt.UTC)
    fault.inject()

    def shows() -> bool:
        report = read_report()
        ended = (report["last_execution"] or {}).get("status") in ("FAILED", "ABORTED")
        return ended or report["failures"]["todo-pipeline-failures"] > 0

    until("the fault to show in `insights status`", shows, 60)
    assert not fault.is_repaired(injected)

    REPAIRS[fault.name](platform)

    until("the fault to be over", lambda: fault.is_repaired(injected), 60)


@pytest.mark.usefixtures("platform")
def test_a_drill_that_is_not_repaired_in_time_is_taken_out() -> None:
    done = CliRunner().invoke(app, ["gameday", "--fault", "unstarted-run", "--timeout", "0", "--json"])
    assert done.exit_code == 1, done.output
    assert '"repaired":false' in done.stdout.replace(" ", "")
    assert "docs/runbooks/todo-pipeline-failures-not-empty.md" in done.stdout
    queue = boto3.client("sqs").get_queue_url(QueueName="todo-pipeline-failures")["QueueUrl"]
    found = boto3.client("sqs").get_queue_attributes(QueueUrl=queue, AttributeNames=["ApproximateNumberOfMessages"])
    assert found["Attributes"]["ApproximateNumberOfMessages"] == "0"
