"""A gold database of known rows, and a browser."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser

from tests.browser import launch_chromium
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
    """The pinned Chromium."""
    with launch_chromium(account.settings.toolchain, SECONDS * 1000) as launched:
        yield launched
