"""Run tests on moto's server: `python -m tests.second_opinion [-- pytest arguments]`.

Exit status 1: a result differs from the list in `expected.toml`.
"""

import argparse
import contextlib
import dataclasses
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence

import requests

from infra import ROOT
from tests.conftest import free_port, until
from tests.peers.outcomes import Expected, Outcomes

FOLDER = pathlib.Path(__file__).parent
LOCK = FOLDER / "requirements.lock"
PLACE = ROOT / ".local" / "moto"
# moto keeps every object that it ever made, and copies a table with all records of its stream for each item of a
# transaction: gigabytes and minutes after a hundred tests. Records never change, so the copy of a stream shares them.
SERVER = """
import copy
import sys
from moto.core.common_models import BaseModel
from moto.dynamodb.models.table import StreamShard
from moto.server import main

def copy_shard(shard, memo):
    copied = copy.copy(shard)
    copied.items = list(shard.items)
    copied.table = memo.get(id(shard.table), shard.table)
    return copied

BaseModel.__new__ = lambda cls, *_, **__: object.__new__(cls)
StreamShard.__deepcopy__ = copy_shard
main(sys.argv[1:])
"""
# what asks for nothing but API calls of services that moto has, too: no function, job, build or query runs in it
TESTS = (
    "tests/integration/api",
    "tests/integration/local/cloudwatch/test_metric_data.py",
    "tests/integration/local/cognito",
    "tests/integration/local/glue/test_catalog.py",
    "tests/integration/local/s3",
    "tests/integration/local/streams/test_streams_api.py",
)


def main() -> int:
    """Run the tests and print their figures as one line of JSON."""
    parser = argparse.ArgumentParser(prog="python -m tests.second_opinion", description=__doc__)
    parser.add_argument("arguments", nargs="*", help="of pytest, after --")
    options = parser.parse_args()
    expected = Expected.read(FOLDER / "expected.toml")
    with _moto() as port, tempfile.TemporaryDirectory() as folder:
        outcomes = _run(port, pathlib.Path(folder), TESTS, *options.arguments)
        surprises = [test for test in outcomes.failed if test not in expected.failing]
        if surprises:
            # moto answers late on a busy machine; what fails twice is a difference
            again = _run(port, pathlib.Path(folder), [_node(test) for test in surprises], *options.arguments)
            failed = {test: message for test, message in outcomes.failed.items() if test not in again.passed}
            outcomes = dataclasses.replace(outcomes, passed=outcomes.passed | again.passed, failed=failed)
    differences = outcomes.unexpected(expected)
    print("\n".join(differences))
    print(f"second opinion: {json.dumps({**outcomes.summary(expected), 'unexpected': len(differences)})}")
    return 1 if differences else 0


def _node(test: str) -> str:
    """A test's name in JUnit's terms, as pytest is told to run it."""
    module, _, name = test.partition("::")
    return f"{module.replace('.', '/')}.py::{name}"


def _run(port: int, folder: pathlib.Path, tests: Sequence[str], *arguments: str) -> Outcomes:
    report = folder / "junit.xml"
    options = ["-p", "tests.second_opinion.timeouts", "-o", f"cache_dir={folder}", f"--junitxml={report}", *arguments]
    environment = {**os.environ, "INSIGHTS_OTHER_EMULATOR_PORT": str(port)}
    subprocess.run([sys.executable, "-m", "pytest", "-q", *tests, *options], cwd=ROOT, env=environment, check=False)
    return Outcomes.read(report)


@contextlib.contextmanager
def _moto() -> Iterator[int]:
    """A running server, installed from the lock in an environment of its own; its port."""
    python = PLACE / "bin" / "python"
    uv = shutil.which("uv", path=str(pathlib.Path(sys.executable).parent)) or "uv"
    if not python.exists():
        subprocess.run([uv, "venv", "-q", "--python", sys.executable, PLACE], check=True)
    subprocess.run([uv, "pip", "sync", "-q", "--require-hashes", "--python", python, LOCK], check=True)
    port = free_port()
    command: list[str | pathlib.Path] = [python, "-c", SERVER, "-H", "127.0.0.1", "-p", str(port)]
    environment = {**os.environ, "MOTO_IAM_LOAD_MANAGED_POLICIES": "false"}
    process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def answers() -> bool:
        with contextlib.suppress(requests.ConnectionError):
            return requests.get(f"http://127.0.0.1:{port}/moto-api/", timeout=5).ok
        return False

    try:
        until("moto", answers)
        yield port
    finally:
        process.terminate()
        process.wait()


raise SystemExit(main())
