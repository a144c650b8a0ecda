"""What was downloaded once is not looked for again: a later set-up, deployment and demo need no network.

`make setup` itself is held by tests/unit/infra/test_makefile.py, `make follow-pages ARGS=--offline` runs all of it.
"""

import os
import subprocess
import sys

import pytest

from infra import ROOT, bundling
from infra.local.account.settings import Settings
from infra.site import mermaid
from infra.toolchain import chromium, node, spark
from tests.newcomer import NO_NETWORK

pytestmark = pytest.mark.slow


def install_everything() -> None:
    """Install each tool, and build each function's bundle, as deployment, demo and documentation do."""
    toolchain = Settings.from_environment().toolchain
    node.install()
    mermaid.script()
    spark.install(toolchain)
    chromium.install(toolchain)
    for name in bundling.BUNDLES:
        bundling.build(name, "local")


def test_tools_and_bundles_are_made_once() -> None:
    install_everything()
    again = f"from {__name__} import install_everything; install_everything()"
    done = subprocess.run(
        [sys.executable, "-c", again], cwd=ROOT, env={**os.environ, **NO_NETWORK}, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr


def test_without_a_network_nothing_new_can_be_had() -> None:
    """The variables do cut the registries off: otherwise the test above would prove nothing."""
    done = subprocess.run(
        [sys.executable, "-m", "pip", "download", "--no-deps", "--dest", os.devnull, "uv==0.0.1"],
        env={**os.environ, **NO_NETWORK},
        capture_output=True,
        text=True,
    )
    assert done.returncode != 0
