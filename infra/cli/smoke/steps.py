"""Steps with a tick, a duration and, when one fails, what went wrong."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError
from rich.console import Console
from rich.text import Text
from urllib3.exceptions import HTTPError

from infra.cli.format import format_duration


class UnexpectedError(Exception):
    """A response is not the expected one; the message has the request, the expected and the actual response."""


class StepFailedError(Exception):
    """A step failed; its error is printed already."""


STEP_ERRORS = (UnexpectedError, HTTPError, BotoCoreError, ClientError)


class Steps:
    """Runs steps and prints how they went.

    Args:
        console: where each step is printed as it ends.
    """

    def __init__(self, console: Console) -> None:
        self._console = console
        self._results: list[dict[str, Any]] = []

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        """Run the block as the step `name`.

        Raises:
            StepFailedError: the block raised one of `STEP_ERRORS`.
        """
        began = time.monotonic()
        try:
            yield
        except STEP_ERRORS as error:
            self._record(name, began, str(error))
            raise StepFailedError(name) from error
        self._record(name, began, None)

    @property
    def ok(self) -> bool:
        """Whether every step so far has done what it should."""
        return all(step["ok"] for step in self._results)

    def as_json(self) -> list[dict[str, Any]]:
        """The steps so far, in order: `step`, `ok`, `seconds`, `error` (null when it went well)."""
        return list(self._results)

    def _record(self, name: str, began: float, error: str | None) -> None:
        seconds = time.monotonic() - began
        self._results.append({"step": name, "ok": error is None, "seconds": round(seconds, 3), "error": error})
        tick = ("✗ ", "bold red") if error else ("✓ ", "bold green")
        self._console.print(Text.assemble(tick, f"{name:<10} ", (_format_time(seconds), "dim")), soft_wrap=True)
        if error:
            self._console.print(Text(f"  {error}", "red"), soft_wrap=True)


def _format_time(seconds: float) -> str:
    return f"{seconds * 1000:.0f} ms" if seconds < 1 else format_duration(seconds)
