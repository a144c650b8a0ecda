import os
import pathlib

import psutil
import pytest

from infra.local.account.processes import Child
from tests.conftest import until


def sh(script: str, folder: pathlib.Path, lines: list[str], errors: list[str] | None = None) -> Child:
    return Child(
        ["sh", "-c", script], dict(os.environ), folder, lines.append, errors.append if errors is not None else None
    )


def nothing() -> None:
    pass


def test_lines_reach_their_sinks_and_the_status_is_returned(tmp_path: pathlib.Path) -> None:
    lines: list[str] = []
    errors: list[str] = []
    child = sh("pwd; echo bad >&2; printf 'no newline'; exit 7", tmp_path, lines, errors)
    assert child.wait(10, nothing) == 7
    assert (lines, errors) == ([str(tmp_path), "no newline"], ["bad"])


def test_without_a_sink_of_their_own_errors_join_the_output(tmp_path: pathlib.Path) -> None:
    lines: list[str] = []
    assert sh("echo good; echo bad >&2", tmp_path, lines).wait(10, nothing) == 0
    assert lines == ["good", "bad"]


@pytest.mark.parametrize("script", ["sleep 60", "trap '' TERM; sleep 60 & wait; sleep 60"])
def test_what_takes_too_long_is_killed_with_all_that_it_started(tmp_path: pathlib.Path, script: str) -> None:
    lines: list[str] = []
    child = sh(f"sleep 50 & echo $! $$; {script}", tmp_path, lines)
    until("the command to start", lambda: lines)
    assert child.wait(0.5, nothing) is None
    started = [int(pid) for pid in lines[0].split()]
    until("all of it to end", lambda: not any(map(running, started)), 20)


def test_what_is_left_running_does_not_hold_up_the_end(tmp_path: pathlib.Path) -> None:
    lines: list[str] = []
    child = sh("sleep 50 & echo $!", tmp_path, lines)
    assert child.wait(30, nothing) == 0
    until("what it left running to end", lambda: not running(int(lines[0])), 20)


def test_a_stop_asks_politely(tmp_path: pathlib.Path) -> None:
    lines: list[str] = []
    child = sh("trap 'echo asked; exit 3' TERM; echo ready; while :; do sleep 0.05; done", tmp_path, lines)
    until("the command to start", lambda: lines)
    child.stop()
    assert child.wait(10, nothing) == 3
    assert (lines[0], lines[-1]) == ("ready", "asked")


def running(pid: int) -> bool:
    try:
        return bool(psutil.Process(pid).status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False
