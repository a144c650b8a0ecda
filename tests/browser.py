"""The pinned Chromium, for tests of what people see and what a browser enforces."""

import contextlib
import os
import pathlib
from collections.abc import Iterator

from playwright.sync_api import Browser, sync_playwright

from infra.toolchain import chromium


@contextlib.contextmanager
def launch_chromium(toolchain: pathlib.Path, milliseconds: float) -> Iterator[Browser]:
    """A browser; a machine that cannot have it fails the test.

    Args:
        toolchain: the folder that it is installed into.
        milliseconds: that it may take to start.
    """
    found = chromium.install(toolchain)
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(
            executable_path=found.executable,
            args=list(chromium.FLAGS),
            env={**os.environ, **found.environment},
            timeout=milliseconds,
        )
        yield launched
        launched.close()
