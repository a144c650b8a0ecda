"""The command line, as a person at a terminal types it, on an account of a test's own."""

import json
import os
import pathlib
import subprocess
import sys

from infra.local.account.settings import Settings
from tests.conftest import free_port


class Terminal:
    """Runs `insights` against an account of its own."""

    def __init__(self, home: pathlib.Path) -> None:
        self.settings = Settings(home=home, port=free_port())

    def insights(self, *words: str) -> subprocess.CompletedProcess[str]:
        clean = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
        return subprocess.run(
            [sys.executable, "-c", "from infra.cli import main; main()", *words],
            env={**clean, **self.settings.environment(), "COLUMNS": "200"},
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    def status(self) -> dict[str, object]:
        shown: dict[str, object] = json.loads(self.insights("status", "--json").stdout)
        return shown
