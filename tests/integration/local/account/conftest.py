"""An account of a test's own, and a terminal for it."""

import pathlib
from collections.abc import Iterator

import pytest

from tests.integration.local.account.terminal import Terminal


@pytest.fixture
def terminal(tmp_path: pathlib.Path) -> Iterator[Terminal]:
    terminal = Terminal(tmp_path / "home")
    yield terminal
    terminal.insights("down")
