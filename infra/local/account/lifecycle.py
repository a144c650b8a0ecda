"""The life cycle of the local account's process: start it detached, find it again, stop it with its state saved."""

import contextlib
import dataclasses
import datetime as dt
import fcntl
import json
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator

import psutil

from infra import ROOT
from infra.local.account import persistence
from infra.local.account.settings import Settings

# a first start, with nothing cached and no byte code yet, took 61 s on two busy cores; one that ends is seen at once
START_SECONDS = 180.0
STOP_SECONDS = 60.0
LAUNCHER = "infra.local.account.launcher"


class AccountError(Exception):
    """The account cannot do what was asked; the message says why and gives a way out."""


@dataclasses.dataclass(frozen=True)
class Running:
    """A process that serves the account.

    Args:
        pid: process id.
        settings: with the port that the process really listens on.
        started_at: seconds since the epoch.
    """

    pid: int
    settings: Settings
    started_at: float


def _record(home: pathlib.Path) -> pathlib.Path:
    return home / "account.json"


def _killed(home: pathlib.Path) -> pathlib.Path:
    return home / "killed"


def log_file(settings: Settings) -> pathlib.Path:
    """Where the account's process writes what it prints."""
    return settings.home / "account.log"


def find(settings: Settings) -> Running | None:
    """The account's process, or None; what a dead process left behind counts as none."""
    try:
        record = json.loads(_record(settings.home).read_text())
        process = psutil.Process(record["pid"])
        if LAUNCHER not in process.cmdline() or process.status() == psutil.STATUS_ZOMBIE:
            return None
    except (FileNotFoundError, ValueError, KeyError, psutil.NoSuchProcess, psutil.AccessDenied):
        return None
    return Running(process.pid, dataclasses.replace(settings, port=record["port"]), process.create_time())


def was_killed(settings: Settings) -> bool:
    """Whether a process of this account ever ended without saving its state, killed or on a full disk."""
    return _killed(settings.home).exists() or (_record(settings.home).exists() and find(settings) is None)


def describe_kill(settings: Settings) -> str:
    """What a kill has cost, for whoever starts the account again."""
    at = _saved_before_kill(settings)
    saved = f"last saved at {dt.datetime.fromtimestamp(at, dt.UTC):%Y-%m-%d %H:%M:%S} UTC" if at else "never saved"
    return (
        f"A process of this account was killed. Its state was {saved}. What happened later is lost, but for objects "
        "in buckets, so that gold may count tasks that the table does not have; `insights reset` starts over."
    )


def _saved_before_kill(settings: Settings) -> float:
    """Of what instant the state was that the process after the kill began with."""
    with contextlib.suppress(FileNotFoundError, ValueError):
        return float(_killed(settings.home).read_text())
    return persistence.saved_at(settings.state)


def is_healthy(settings: Settings) -> bool:
    """Whether something that is this emulator answers on the account's port."""
    try:
        with urllib.request.urlopen(f"{settings.endpoint}/_ministack/health", timeout=2) as answer:  # noqa: S310
            return bool(answer.status == 200)
    except (OSError, urllib.error.URLError):
        return False


def start(settings: Settings, say: Callable[[str], None]) -> tuple[Running, bool]:
    """Start the account unless it runs already, and wait until it answers.

    Args:
        settings: home and port; a running account keeps the port that it has.
        say: gets a line of progress now and then.

    Returns:
        the process, and whether this call started it.

    Raises:
        AccountError: the port is taken, or the process ended or did not answer in time.
    """
    settings.home.mkdir(parents=True, exist_ok=True)
    with _one_start_at_a_time(settings):
        return _start(settings, say)


@contextlib.contextmanager
def _one_start_at_a_time(settings: Settings) -> Iterator[None]:
    with (settings.home / "start.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # let go by closing, also when this process is killed
        yield


def _start(settings: Settings, say: Callable[[str], None]) -> tuple[Running, bool]:
    if running := find(settings):
        _wait_until_healthy(running.settings, running.pid, say)
        return running, False
    _remember_a_kill(settings)
    refuse_busy_port(settings.port)
    with log_file(settings).open("ab") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", LAUNCHER],
            cwd=ROOT,
            env={**os.environ, **settings.environment()},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    _record(settings.home).write_text(json.dumps({"pid": process.pid, "port": settings.port}))
    try:
        _wait_until_healthy(settings, process.pid, say, process)
    except AccountError:
        if process.poll() is not None:  # one that is only slow can still be found, and stopped
            _record(settings.home).unlink(missing_ok=True)
        raise
    return Running(process.pid, settings, time.time()), True


def stop(settings: Settings, say: Callable[[str], None]) -> bool:
    """Stop the account gracefully, which saves its state; False when it was not running.

    Raises:
        AccountError: it does not end in time, or its state could not be saved.
    """
    running, began = find(settings), time.time()
    if running is None:
        _remember_a_kill(settings)
        return False
    process = psutil.Process(running.pid)
    process.send_signal(signal.SIGTERM)
    end = time.monotonic() + STOP_SECONDS
    while process.is_running() and process.status() != psutil.STATUS_ZOMBIE:
        if time.monotonic() > end:
            raise AccountError(
                f"process {running.pid} has not ended {STOP_SECONDS:.0f} s after SIGTERM; see {log_file(settings)}. "
                f"`kill -9 {running.pid}` ends it, but loses what happened since the last save."
            )
        say("saving its state")
        with contextlib.suppress(psutil.TimeoutExpired):
            process.wait(1)
    _record(settings.home).unlink(missing_ok=True)
    if persistence.saved_at(settings.state) < began:
        with contextlib.suppress(OSError):
            _killed(settings.home).write_text(str(persistence.saved_at(settings.state)))
        raise AccountError(
            f"the account has stopped, but its state could not be saved; see {log_file(settings)} (is the disk full?). "
            "What happened since the last save is lost, but for objects in buckets."
        )
    return True


def erase(settings: Settings) -> None:
    """Delete everything that a stopped account holds.

    Raises:
        AccountError: it is running.
    """
    if running := find(settings):
        raise AccountError(f"the account is running (process {running.pid}): stop it with `insights down` first")
    shutil.rmtree(settings.temporary, ignore_errors=True)
    shutil.rmtree(settings.home, ignore_errors=True)


def _remember_a_kill(settings: Settings) -> None:
    if _record(settings.home).exists() and find(settings) is None:
        _killed(settings.home).write_text(str(persistence.saved_at(settings.state)))
        _record(settings.home).unlink()


def refuse_busy_port(port: int) -> None:
    """Raise when the account could not listen on `port`.

    Raises:
        AccountError: something else listens there; the message says what, and what to do.
    """
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            owner = _listener(port)
            raise AccountError(
                f"port {port} is in use{owner}. Stop that process, or choose another port: "
                f"`insights up --port {port + 1}` (or set INSIGHTS_LOCAL_PORT)."
            ) from None


def _listener(port: int) -> str:
    with contextlib.suppress(psutil.Error):
        for connection in psutil.net_connections("tcp"):
            listens = connection.status == psutil.CONN_LISTEN and connection.laddr
            if listens and listens.port == port and connection.pid:
                return f" by process {connection.pid} ({' '.join(psutil.Process(connection.pid).cmdline())[:80]})"
    return ""


def _wait_until_healthy(
    settings: Settings, pid: int, say: Callable[[str], None], child: subprocess.Popen[bytes] | None = None
) -> None:
    began, reported = time.monotonic(), 0
    while not is_healthy(settings):
        waited = time.monotonic() - began
        if (child.poll() is not None) if child else not psutil.pid_exists(pid):
            raise AccountError(f"the account's process ended at start-up. Its last lines:\n{_tail(settings)}")
        if waited > START_SECONDS:
            raise AccountError(
                f"process {pid} does not answer on {settings.endpoint} after {START_SECONDS:.0f} s; see "
                f"{log_file(settings)}. `insights down` stops it."
            )
        if int(waited) > reported:
            reported = int(waited)
            say(f"starting ({reported} s)")
        time.sleep(0.05)


def _tail(settings: Settings, lines: int = 15) -> str:
    return "\n".join(log_file(settings).read_text(errors="replace").splitlines()[-lines:])
