"""One local account per pytest-xdist worker: tests that use `account` share it, and create resources of their own."""

import contextlib
import dataclasses
import gc
import json
import os
import pathlib
import random
import signal
import socket
import subprocess
import sys
import time
import urllib.request
import uuid
from collections.abc import Callable, Generator, Iterator
from typing import TypeVar

import boto3
import pytest
from hypothesis import settings

from infra.local.account.settings import OWNER_KEYS, REGION, Settings
from infra.toolchain import spark
from tests.work_groups import GroupScheduling, sort_by_group

T = TypeVar("T")
# how long an example takes says how busy the machine is
settings.register_profile("todo", parent=settings.default, deadline=None)
settings.load_profile("todo")
# an account starts in 4 s; several workers that start theirs at once share the processors
START_SECONDS, STOP_SECONDS = 120, 60
MAX_PAUSE = 0.25
"""Seconds between two looks of a long wait: less than what a test waits for lasts."""


def until(what: str, condition: Callable[[], T | None], seconds: float = 120, every: float = 0.05) -> T:
    """Wait for `condition` to return something true and return it; fail naming `what` after `seconds`.

    Looking costs two processes work, the test's and the account's, so a long wait looks less and less often.

    Args:
        what: for the message.
        condition: is called again and again.
        seconds: after which it gives up.
        every: seconds between two looks, during the first seconds; later up to `MAX_PAUSE`.

    Raises:
        AssertionError: it has given up.
    """
    start = time.monotonic()
    while (waited := time.monotonic() - start) < seconds:
        value = condition()
        if value:
            return value
        time.sleep(max(every, min(waited / 40, MAX_PAUSE)))
    raise AssertionError(f"gave up waiting {seconds:g} s for {what}")


@dataclasses.dataclass
class Account:
    """A running local account, with the owner's session in `session`."""

    settings: Settings
    session: boto3.Session
    process: subprocess.Popen[bytes] | None = None

    @classmethod
    def at(cls, settings: Settings) -> "Account":
        return cls(settings, boto3.Session(region_name=REGION, **OWNER_KEYS))

    def start(self) -> None:
        """Start the account's process and wait until it answers."""
        self.settings.home.mkdir(parents=True, exist_ok=True)
        with (self.settings.home / "account.log").open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "infra.local.account.launcher"],
                env={**os.environ, **self.settings.environment()},
                stdout=log,
                stderr=log,
            )
        record = {"pid": self.process.pid, "port": self.settings.port}  # so that commands find the account
        (self.settings.home / "account.json").write_text(json.dumps(record))
        try:
            until("the local account", self._answers, START_SECONDS)
        except AssertionError:
            self.stop()
            raise

    def stop(self) -> None:
        """Stop gracefully, so that the state is saved."""
        if self.process:
            self.process.send_signal(signal.SIGTERM)
            self.process.wait(STOP_SECONDS)

    def _answers(self) -> bool:
        if self.process and self.process.poll() is not None:
            raise AssertionError(f"the local account ended at start-up:\n{self.log()[-3000:]}")
        try:
            with urllib.request.urlopen(f"{self.settings.endpoint}/_ministack/health", timeout=1) as answer:  # noqa: S310
                return bool(answer.status == 200)
        except OSError:
            return False

    def log(self) -> str:
        return (self.settings.home / "account.log").read_text()


def free_port() -> int:
    """A port that nothing listens on, below the range from which the kernel takes the ports of outgoing connections.

    So it stays free while an account is stopped, and two workers hardly ever choose the same one.
    """
    while True:
        port = random.SystemRandom().randrange(20_000, 32_000)
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Collect without looking for garbage: what a million objects of modules and tests are made of stays to the end."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.enable()


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Sort the tests when several workers share them; a single process runs the quickest folders first."""
    if hasattr(config, "workerinput"):
        sort_by_group(items)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config) -> GroupScheduling:
    """Give each worker whole groups of tests."""
    return GroupScheduling(config)


def pytest_unconfigure() -> None:
    """Hypothesis leaves a callback that outlives the modules; DuckDB's binding would then report pages of leaks."""
    gc.callbacks.clear()


@pytest.fixture(scope="session")
def account(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Account]:
    """A running account of its own port and state; the environment points every AWS client of the session at it."""
    home: pathlib.Path = tmp_path_factory.mktemp("account")
    other_emulator = os.environ.get("INSIGHTS_OTHER_EMULATOR_PORT")
    settings = Settings(home=home, port=int(other_emulator or free_port()), firehose_seconds=1, alarm_seconds=1)
    spark.install(settings.toolchain)
    started = Account.at(settings)
    with pytest.MonkeyPatch.context() as patch:
        for name, value in settings.client_environment().items():
            patch.setenv(name, value)
        if other_emulator:  # `make second-opinion` has started it
            yield started
            return
        started.start()
        yield started
        started.stop()


@pytest.fixture
def unique() -> str:
    """A suffix that makes a test's resource names its own."""
    return uuid.uuid4().hex[:10]
