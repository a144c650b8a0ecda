"""`insights gameday`: each fault shows as it says, and the commands of the runbooks end them all."""

import datetime as dt
import os
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import boto3
import pytest

from infra.cli.status import read_report
from infra.local.gameday.faults import FAULTS
from tests.conftest import until
from tests.e2e.conftest import PIPELINE_SECONDS, Platform

pytestmark = [pytest.mark.account, pytest.mark.deployed, pytest.mark.slow]

SHOWS: dict[str, Callable[[dict[str, Any]], bool]] = {
    "refused-run": lambda report: report["last_execution"]["status"] == "FAILED",
    "stopped-run": lambda report: report["last_execution"]["status"] == "ABORTED",
    "unstarted-run": lambda report: report["failures"]["todo-pipeline-failures"] > 0,
}


def insights(platform: Platform, *words: str) -> "subprocess.CompletedProcess[str]":
    """What an operator types."""
    return subprocess.run(
        [sys.executable, "-c", "from infra.cli import main; main()", *words],
        env={**os.environ, **platform.account.settings.environment()},
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_drill_that_is_not_repaired_in_time_is_taken_out(platform: Platform) -> None:
    done = insights(platform, "gameday", "--fault", "unstarted-run", "--timeout", "0", "--json")
    assert done.returncode == 1, done.stderr
    assert '"repaired":false' in done.stdout.replace(" ", "")
    assert "docs/runbooks/todo-pipeline-failures-not-empty.md" in done.stdout
    queue = boto3.client("sqs").get_queue_url(QueueName="todo-pipeline-failures")["QueueUrl"]
    found = boto3.client("sqs").get_queue_attributes(QueueUrl=queue, AttributeNames=["ApproximateNumberOfMessages"])
    assert found["Attributes"]["ApproximateNumberOfMessages"] == "0"


def test_every_fault_shows_and_the_runbooks_end_it(platform: Platform) -> None:
    injected = dt.datetime.now(dt.UTC)
    for fault in FAULTS:
        fault.inject()
        until(f"{fault.name} to show in `insights status`", lambda: SHOWS[fault.name](read_report()), 60)  # noqa: B023
        assert not fault.is_repaired(injected), fault.name

    replayed = insights(platform, "replay", "--queue", "pipeline")
    assert replayed.returncode == 0, replayed.stderr

    # the execution that the replay starts makes good for the refused and the stopped one, too
    until("every fault to be over", lambda: all(fault.is_repaired(injected) for fault in FAULTS), PIPELINE_SECONDS)
