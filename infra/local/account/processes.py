"""Jobs and builds as operating-system processes that cannot outlive the account.

Each runs in a process group of its own. A watcher, one `sh` per group, reads from a pipe that only the account holds:
when the account ends, however it ends, the pipe closes and the watcher kills the group.
"""

import contextlib
import os
import pathlib
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from typing import IO

GRACE_SECONDS = 5.0  # between a polite stop and the kill
POLL_SECONDS = 0.05

Sink = Callable[[str], None]


class Child:
    """A running command line and everything that it starts.

    Args:
        argv: the command.
        environment: all of its environment variables.
        folder: its working directory.
        output: gets each line that it prints, without the line's end, from a thread.
        errors: gets the lines of its standard error; without it they go to `output` too.
    """

    def __init__(
        self,
        argv: Sequence[str],
        environment: Mapping[str, str],
        folder: pathlib.Path,
        output: Sink,
        errors: Sink | None = None,
    ) -> None:
        self._process = subprocess.Popen(
            argv,
            env=environment,
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE if errors else subprocess.STDOUT,
            start_new_session=True,
        )
        self._watcher = subprocess.Popen(
            ["sh", "-c", f"read -r _; kill -s KILL -- -{self._process.pid}"],  # noqa: S607 - any POSIX shell will do
            stdin=subprocess.PIPE,
            start_new_session=True,
        )
        streams = [(self._process.stdout, output), (self._process.stderr, errors)]
        self._readers = [
            threading.Thread(target=_read, args=(stream, sink), daemon=True)
            for stream, sink in streams
            if stream and sink
        ]
        for reader in self._readers:
            reader.start()

    def wait(self, seconds: float, meanwhile: Callable[[], None]) -> int | None:
        """Wait for the command to end, then end what it left running.

        Args:
            seconds: how long it may take; after that it is killed.
            meanwhile: called many times a second.

        Returns:
            its exit status, or None when it took too long.
        """
        end = time.monotonic() + seconds
        while (status := self._process.poll()) is None and time.monotonic() < end:
            meanwhile()
            time.sleep(POLL_SECONDS)
        self._signal(signal.SIGKILL)
        self._process.wait()
        for reader in self._readers:
            reader.join(GRACE_SECONDS)
        self._watcher.kill()
        if self._watcher.stdin:
            self._watcher.stdin.close()
        self._watcher.wait()
        return status

    def stop(self) -> None:
        """Ask the group to end, and kill it if it has not done so after the grace period; returns at once."""
        self._signal(signal.SIGTERM)
        kill = threading.Timer(GRACE_SECONDS, self._kill_the_stubborn)
        kill.daemon = True
        kill.start()

    def _kill_the_stubborn(self) -> None:
        if self._process.poll() is None:
            self._signal(signal.SIGKILL)

    def _signal(self, number: signal.Signals) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, number)


def _read(stream: IO[bytes], sink: Sink) -> None:
    with stream:
        for line in stream:
            sink(line.decode(errors="replace").rstrip("\r\n"))
