"""A gold database of known rows, and a browser."""

import os
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, sync_playwright

from infra.toolchain import chromium
from tests.conftest import Account
from tests.integration.transforms.bi import known
from tests.integration.transforms.bi.browser import SECONDS
from tests.integration.transforms.bi.gold_database import Gold


@pytest.fixture(scope="module")
def empty_gold(account: Account) -> Iterator[Gold]:
    """A database without tables."""
    gold = Gold.make(account.session)
    yield gold
    gold.remove()


@pytest.fixture(scope="module")
def known_gold(empty_gold: Gold) -> Gold:
    """The rows of `known`."""
    empty_gold.fill(known.TABLES)
    return empty_gold


@pytest.fixture(scope="module")
def browser(account: Account) -> Iterator[Browser]:
    """The pinned Chromium; a test that cannot have it fails."""
    found = chromium.install(account.settings.toolchain)
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(
            executable_path=found.executable,
            args=list(chromium.FLAGS),
            env={**os.environ, **found.environment},
            timeout=SECONDS * 1000,
        )
        yield launched
        launched.close()
