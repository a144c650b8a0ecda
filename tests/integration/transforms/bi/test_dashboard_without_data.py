"""The dashboard in front of nothing: each page says what is missing and what to run, and none of them breaks."""

import dataclasses
import pathlib
import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser

from tests.conftest import Account, free_port
from tests.integration.transforms.bi import known
from tests.integration.transforms.bi.browser import PAGES, Dashboard, serve, visit
from tests.integration.transforms.bi.gold_database import Gold

pytestmark = [pytest.mark.account, pytest.mark.slow]

TRACE = re.compile(r"Traceback|\bError:|Exception|NaN|\bnan\b|NaT")


def looks_well(dashboard: Dashboard, title: str) -> str:
    """The text of a page that has its title and nothing that only a programmer could read."""
    dashboard.check()
    assert dashboard.page.locator("h1").all_inner_texts() == [title]
    assert not TRACE.search(dashboard.text()), dashboard.text()
    return dashboard.text()


@pytest.fixture
def opened(account: Account, empty_gold: Gold, browser: Browser, tmp_path: pathlib.Path) -> Iterator[Dashboard]:
    for place in serve(account, empty_gold, tmp_path / "log"):
        yield from visit(browser, place)


def test_an_account_without_stacks_is_shown_what_to_run(
    account: Account, browser: Browser, unique: str, tmp_path: pathlib.Path
) -> None:
    missing = Gold(account.session, f"bi{unique}")
    for place in serve(account, missing, tmp_path / "log"):
        for dashboard in visit(browser, place):
            dashboard.open("")
            dashboard.screenshot("not-deployed")
            text = looks_well(dashboard, "Overview")
            assert "Nothing is deployed yet" in text
            assert "make deploy pipeline" in text


def test_every_page_of_a_gold_without_tables_says_how_to_build_it(opened: Dashboard) -> None:
    for title, path in PAGES.items():
        opened.open(path)
        text = looks_well(opened, title)
        assert text.count("Gold is not built yet") == 1
        assert "make pipeline" in text
    opened.screenshot("not-built")


def test_every_page_of_a_gold_without_rows_has_something_to_say(opened: Dashboard, empty_gold: Gold) -> None:
    empty_gold.fill({table: [] for table in known.TABLES})
    texts = {}
    for title, path in PAGES.items():
        opened.open(path)
        opened.screenshot(f"empty-{path or 'overview'}")
        texts[title] = looks_well(opened, title)
    for title in ("Overview", "Work"):
        assert "No tasks yet" in texts[title]
        assert "make demo" in texts[title]
    assert texts["People"].count("No rows: nothing like this has happened yet.") == 6
    assert "No runs yet" in texts["Operations"]
    assert texts["Operations"].count("No rows: nothing like this has happened yet.") == 4
    assert "35 questions" in texts["Saved queries"]


@pytest.fixture
def own_account(account: Account, tmp_path: pathlib.Path) -> Iterator[Account]:
    """An account that a test may stop."""
    own = Account.at(dataclasses.replace(account.settings, home=tmp_path / "account", port=free_port()))
    own.start()
    yield own
    own.stop()


def test_an_account_that_goes_down_is_reported_and_its_return_is_noticed(
    own_account: Account, browser: Browser, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in own_account.settings.client_environment().items():
        monkeypatch.setenv(name, value)
    gold = Gold.make(own_account.session)
    gold.fill(known.TABLES)
    for place in serve(own_account, gold, tmp_path / "log"):
        for dashboard in visit(browser, place):
            dashboard.open("")
            assert "Open tasks" in looks_well(dashboard, "Overview")
            own_account.stop()
            dashboard.page.get_by_role("link", name="Work").click()
            dashboard.page.get_by_text("does not answer").wait_for()
            dashboard.settled()
            dashboard.screenshot("account-down")
            text = looks_well(dashboard, "Work")
            assert text.count("The local account does not answer") == 1
            assert own_account.settings.endpoint in text
            assert "make up" in text
            own_account.start()
            dashboard.page.get_by_role("button", name="Try again").click()
            # on a busy machine the first query after a start waits for the engines
            dashboard.page.get_by_text("The oldest open tasks").wait_for(timeout=90_000)
            dashboard.settled()
            assert "does not answer" not in looks_well(dashboard, "Work")
            assert "As of Sunday 22 November 2026." in dashboard.text()
