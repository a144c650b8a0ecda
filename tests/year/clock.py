"""The clock of a simulation: every process of it reads one file, so that all of them move at the same moment.

libfaketime puts the offset that the file holds on the time of day, and leaves the monotonic clock alone: waits and
time limits stay real. https://github.com/wolfcw/libfaketime, section "Using offsets for relative dates"
"""

import datetime as dt
import importlib.util
import os
import pathlib
import time

OFFSET_FILE = "FAKETIME_TIMESTAMP_FILE"
# how long a process may still read the old offset
CACHE_SECONDS = 1


class ClockError(Exception):
    """The clock of this machine cannot be moved."""


def environment(file: pathlib.Path) -> dict[str, str]:
    """What a process needs to run on the clock of `file`, and its children with it.

    Raises:
        ClockError: libfaketime is not installed, as on other systems than Linux.
    """
    package = importlib.util.find_spec("libfaketime")
    folders = package.submodule_search_locations if package else None
    libraries = [found for folder in folders or [] for found in pathlib.Path(folder).rglob("libfaketime.so.1")]
    if not libraries:
        raise ClockError("the clock is moved by libfaketime, which is installed on Linux only")
    return {
        "LD_PRELOAD": str(libraries[0]),
        OFFSET_FILE: str(file),
        "FAKETIME_CACHE_DURATION": str(CACHE_SECONDS),
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        # the JVM waits on the monotonic clock, which libfaketime would take for the moved one: it would never sleep
        "FAKETIME_FORCE_MONOTONIC_FIX": "0",
        # a file's age decides whether its compiled module is used
        "NO_FAKE_STAT": "1",
    }


def write_offset(file: pathlib.Path, seconds: float) -> None:
    """Let the clock of `file` be so many seconds ahead of the real one, from one moment on."""
    pending = file.with_suffix(".new")
    pending.write_text(f"+{seconds:.0f}\n")
    pending.replace(file)


class Clock:
    """The clock that this process, and the account that it started, run on."""

    def __init__(self) -> None:
        self._file = pathlib.Path(os.environ[OFFSET_FILE])

    def now(self) -> dt.datetime:
        """The simulated instant."""
        return dt.datetime.now(dt.UTC)

    def move_to(self, instant: dt.datetime) -> None:
        """Move the clock forward, and wait until every process has seen it; an instant that is past changes nothing."""
        ahead = (instant - self.now()).total_seconds()
        if ahead <= 0:
            return
        write_offset(self._file, float(self._file.read_text()) + ahead)
        time.sleep(2 * CACHE_SECONDS)
