"""All completions together: each finds the emulator as it expects it, whatever the others have replaced."""

import os
import pathlib
import subprocess
import sys

from infra import ROOT

APPLY = """
import importlib, pathlib, sys
from infra.local.account import launcher
from infra.local.account.settings import Settings

launcher.settle_environment(Settings(home=pathlib.Path(sys.argv[1]), port=1))
for name in launcher.COMPLETIONS:
    importlib.import_module(f"infra.local.{name}").apply()
"""


def test_every_completion_is_put_in_place_in_the_launchers_order(tmp_path: pathlib.Path) -> None:
    # a process of its own: the emulator reads its settings when it is imported, and stays changed
    done = subprocess.run(
        [sys.executable, "-c", APPLY, str(tmp_path)],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
