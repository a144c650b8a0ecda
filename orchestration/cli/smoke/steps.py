"""Steps with a tick, a duration and, when one fails, what went wrong."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError
from rich.console import Console
from rich.text import Text
from urllib3.exceptions import HTTPError

from orchestration.cli.render import duration


class UnexpectedError(Exception):
    """Something answered otherwise than it should; the message says what was asked, expected and told."""


class StepFailedError(Exception):
    """A step did not do what it should; its story is told already."""


EXPLAINED = (UnexpectedError, HTTPError, BotoCoreError, ClientError)


class Steps:
    """Runs steps and tells how they went.

    Args:
        console: where each step is told as it ends.
    """

    def __init__(self, console: Console) -> None:
        self._console = console
        self._told: list[dict[str, Any]] = []

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        """Run the block as the step `name`.

        Raises:
            StepFailedError: the block raised one of `EXPLAINED`.
        """
        began = time.monotonic()
        try:
            yield
        except EXPLAINED as error:
            self._tell(name, began, str(error))
            raise StepFailedError(name) from error
        self._tell(name, began, None)

    @property
    def ok(self) -> bool:
        """Whether every step so far has done what it should."""
        return all(step["ok"] for step in self._told)

    def as_json(self) -> list[dict[str, Any]]:
        """The steps so far, in order: `step`, `ok`, `seconds`, `error` (null when it went well)."""
        return list(self._told)

    def _tell(self, name: str, began: float, error: str | None) -> None:
        seconds = time.monotonic() - began
        self._told.append({"step": name, "ok": error is None, "seconds": round(seconds, 3), "error": error})
        tick = ("✗ ", "bold red") if error else ("✓ ", "bold green")
        self._console.print(Text.assemble(tick, f"{name:<10} ", (_took(seconds), "dim")), soft_wrap=True)
        if error:
            self._console.print(Text(f"  {error}", "red"), soft_wrap=True)


def _took(seconds: float) -> str:
    return f"{seconds * 1000:.0f} ms" if seconds < 1 else duration(seconds)
