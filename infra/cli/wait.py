"""Waiting: poll until something has happened, and wait until no execution runs."""

import time
from collections.abc import Callable, Iterator
from typing import TypeVar

from rich.text import Text

from infra.cli.console import terminal
from infra.cli.errors import fail
from infra.cli.exit_codes import ExitCode
from infra.cli.format import format_duration, now
from orchestration.executions import state_machine

T = TypeVar("T")
POLL_SECONDS = 2.0


def poll(read: Callable[[], T], every: float, seconds: float | None = None) -> Iterator[T]:
    """What `read` gives, again and again, until the caller stops asking or the time is over.

    Args:
        read: reads the present state.
        every: seconds between two readings.
        seconds: how long to poll; without limit when None. There is at least one reading.
    """
    end = None if seconds is None else time.monotonic() + seconds
    while True:
        yield read()
        if end is not None and time.monotonic() >= end:
            return
        time.sleep(every)


def wait_until_idle(state_machine_arn: str, wait: bool, quiet: bool = False) -> None:
    """Return once no execution runs.

    Args:
        state_machine_arn: of the pipeline.
        wait: stay until then; without it a running execution ends the command with `ExitCode.BUSY`.
        quiet: show nothing meanwhile, where another progress is shown already.
    """
    with terminal(stderr=True, quiet=quiet).status("") as status:
        for busy in poll(state_machine.running_execution_reader(state_machine_arn), POLL_SECONDS):
            if busy is None:
                return
            took = format_duration((now() - busy["startDate"]).total_seconds())
            if not wait:
                status.stop()
                fail(
                    f"{busy['name']} has been running for {took}, and one execution runs at a time",
                    f"`--wait-for-running` waits for its end; `insights pipeline watch {busy['name']}` shows it",
                    ExitCode.BUSY,
                )
            status.update(Text(f"waiting for {busy['name']} ({took} so far)"))
