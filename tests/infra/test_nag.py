"""cdk-nag's packs AwsSolutions and Serverless find nothing in prod that nobody has explained."""

import os
import subprocess
import sys

import pytest

from infra import ROOT
from infra.toolchain import node

pytestmark = pytest.mark.slow


def test_every_finding_is_explained_and_every_explanation_is_needed() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "infra.nag"], cwd=ROOT, env=node.environment(os.environ), capture_output=True, text=True
    )

    assert "findings, all explained" in done.stdout, (
        f"fix these, or explain them in infra/nag.py:\n{done.stdout}\n{done.stderr[-2000:]}"
    )
    assert done.returncode == 0
