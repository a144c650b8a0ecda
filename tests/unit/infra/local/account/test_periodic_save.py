"""The account's periodic save: whole, of one instant, never older than the interval, and not in the requests' way."""

import json
import pathlib
import random
import signal
import subprocess
import sys
import time
from typing import Any

import pytest

from infra.local.account import periodic_save, persistence
from tests.conftest import until

INTERVAL = 0.3
# two services whose figures every request changes together; a request that is half done has changed one of them
PROGRAM = """
import asyncio, pathlib, sys, time, types
import ministack.core.persistence
from infra.local.account import periodic_save

folder, seconds = pathlib.Path(sys.argv[1]), float(sys.argv[2])
first, second = {"count": 0}, {"count": 0}
app = types.SimpleNamespace(_build_persistence_save_dict=lambda: {"first": lambda: first, "second": lambda: second})
periodic = periodic_save.PeriodicSave(app, folder, seconds)

async def handle(scope, receive, send):
    first["count"] += 1
    sum(range(2000))
    second["count"] += 1

async def main():
    task = asyncio.create_task(periodic.run())
    serve = periodic.watch(handle)
    while True:
        await serve({"type": "http", "method": "PUT", "headers": []}, None, None)
        print(first["count"], time.time(), flush=True)
        await asyncio.sleep(0.001)

asyncio.run(main())
"""


def saved(folder: pathlib.Path, service: str) -> int:
    content: dict[str, Any] = json.loads((folder / f"{service}.json").read_text())
    return int(content["payload"]["count"])


def test_a_kill_at_any_instant_leaves_a_whole_state_of_moments_before(tmp_path: pathlib.Path) -> None:
    folder, progress = tmp_path / "state", tmp_path / "progress"
    with (
        progress.open("w") as log,
        subprocess.Popen([sys.executable, "-c", PROGRAM, str(folder), str(INTERVAL)], stdout=log) as served,
    ):
        try:
            until("the first save", lambda: persistence.saved_at(folder) > 0)
            time.sleep(random.uniform(0.5, 1.5))
        finally:
            killed_at = time.time()
            served.send_signal(signal.SIGKILL)

    persistence.recover(folder)
    assert saved(folder, "first") == saved(folder, "second")
    moments = [line.split() for line in progress.read_text().splitlines() if line.count(" ") == 1]
    before = max(int(count) for count, at in moments if float(at) < persistence.saved_at(folder))
    assert saved(folder, "first") >= before
    assert killed_at - persistence.saved_at(folder) < 5


@pytest.mark.parametrize(
    ("method", "target", "expected"),
    [
        ("POST", "DynamoDB_20120810.PutItem", True),
        ("POST", "DynamoDB_20120810.Query", False),
        ("POST", "AWSStepFunctions.DescribeExecution", False),
        ("POST", "AWSStepFunctions.StartExecution", True),
        ("GET", "", False),
        ("DELETE", "", True),
    ],
)
def test_only_what_may_change_something_is_a_reason_to_save(method: str, target: str, expected: bool) -> None:
    headers = [(b"x-amz-target", target.encode())] if target else []
    assert periodic_save.is_write({"type": "http", "method": method, "headers": headers}) is expected


def test_the_child_of_a_process_that_was_killed_moves_nothing_into_place(tmp_path: pathlib.Path) -> None:
    folder = tmp_path / "state"
    assert persistence.save(folder, {"first": lambda: {"count": 1}})
    assert not persistence.save(folder, {"first": lambda: {"count": 2}}, while_alive=1)
    persistence.recover(folder)
    assert saved(folder, "first") == 1
