"""Whatever fails on the way, every change is in bronze or kept for a replay, which brings it to bronze.

The faults hit the deployed function, with its own role, queues and event source mapping. The run of the pipeline that
follows (`test_2_redrive.py`) compares silver with the table.
"""

import pathlib
from collections.abc import Iterator
from typing import Any

import boto3
import pytest

from tests.e2e.conftest import Platform, User
from tests.e2e.story.capture import DISCARDED_BATCHES, MAX_AGE_SECONDS, QUARANTINE, Capture
from tests.e2e.story.conftest import run_insights

pytestmark = [pytest.mark.account, pytest.mark.deployed, pytest.mark.slow, pytest.mark.timeout(1800)]


@pytest.fixture
def capture(built: Platform, tmp_path: pathlib.Path) -> Iterator[Capture]:
    made = Capture(built, tmp_path)
    yield made
    made.install(None)


def write(user: User, *titles: str) -> list[dict[str, Any]]:
    """Create a task for each title and change each once."""
    tasks = [user.create(title=title, category="faults") for title in titles]
    for task in tasks:
        assert user.send("PUT", f"/tasks/{task['id']}", {"status": "in_progress"}).status_code == 200
    return tasks


def test_no_fault_loses_a_change(capture: Capture) -> None:
    user, account = capture.user, capture.platform.account

    capture.install("throttle_some")
    write(user, "some", "are", "refused")
    _, queued = capture.settle("Firehose refuses some records")
    assert queued == set()

    capture.install("crash")
    write(user, "the", "function", "crashes")
    _, queued = capture.settle("the function crashes in mid-batch")
    assert (capture.state / "crashed").exists()
    assert queued == set()

    capture.install("poison")
    write(user, "one", "is", "poison")
    bronze, queued = capture.settle("a poison record in mid-batch")
    assert len(queued) == 1
    assert not queued & bronze

    capture.install("twice")
    write(user, "delivered", "twice")
    capture.settle("the same batch twice")
    assert len(capture.in_bronze()) > len(set(capture.in_bronze()))

    capture.install("out_of_order")
    tasks = write(user, "the", "last", "first")
    user.send("DELETE", f"/tasks/{tasks[0]['id']}")
    capture.settle("a batch out of order")

    capture.install(None)
    huge = user.create(title="A large image")
    key = {"PK": {"S": f"TASK#{user.id}"}, "SK": {"S": f"TASK#{huge['id']}"}}
    boto3.client("dynamodb").update_item(
        TableName=capture.platform.outputs["TableName"],
        Key=key,
        UpdateExpression="SET description = :d, version = version + :one",
        # 1.2 MB as JSON, since each of them is written as \u0001
        ExpressionAttributeValues={":d": {"S": "\x01" * 200_000}, ":one": {"N": "1"}},
    )
    _, queued = capture.settle("an image of 1.2 MB")
    assert len(queued) == 2

    write(user, "before", "the", "restart")
    account.stop()
    account.start()
    capture.settle("a restart between write and delivery")

    capture.install("throttle_all")
    capture.discard_after(2)
    user.create(title="All are refused")
    bronze, queued = capture.settle("Firehose refuses everything")
    assert len(queued) == 3
    assert not queued & bronze
    capture.install(None)
    capture.discard_after(MAX_AGE_SECONDS)

    capture.let_go()
    expected = {DISCARDED_BATCHES: 1, QUARANTINE: 2}
    planned = run_insights(account, "replay", "--queue", "cdc", "--dry-run")["queues"]
    assert {name: queue["messages"] for name, queue in planned.items()} == expected
    replayed = run_insights(account, "replay", "--queue", "cdc")["queues"]
    assert {name: queue["replayed"] for name, queue in replayed.items()} == expected
    assert set(capture.committed()) <= set(capture.in_bronze())
    assert {
        name: queue["messages"] for name, queue in run_insights(account, "replay", "--queue", "cdc")["queues"].items()
    } == dict.fromkeys(expected, 0)
