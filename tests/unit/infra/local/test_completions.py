"""Every completion finds the functions that it was written for, after those that are applied before it."""

import subprocess
import sys

from infra import ROOT

APPLY_ALL = """
import importlib
from infra.local.account.launcher import COMPLETIONS
for name in COMPLETIONS:
    importlib.import_module(f"infra.local.{name}").apply()
print(len(COMPLETIONS))
"""


def test_all_completions_can_be_applied_one_after_the_other() -> None:
    # in a process of its own: they replace parts of the emulator for good
    done = subprocess.run([sys.executable, "-c", APPLY_ALL], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) > 10
