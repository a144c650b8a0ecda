"""The dashboard in a real browser: every page draws what gold holds, and says what to do when it holds nothing."""

import dataclasses
import datetime as dt
import os
import pathlib
import re
import subprocess
import sys
import urllib.request
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, sync_playwright

from infra.toolchain import chromium
from tests.conftest import Account, free_port, until
from tests.integration.transforms.bi import history
from tests.integration.transforms.bi.conftest import Gold
from transforms.bi.dashboard.command import APP
from transforms.bi.saved_queries import all_queries

pytestmark = [pytest.mark.account, pytest.mark.slow]

SCREENSHOTS = pathlib.Path(__file__).resolve().parents[4] / ".screenshots"
PAGES = {"Overview": "", "Work": "work", "People": "people", "Operations": "operations", "Saved queries": "questions"}
CHARTS = {"Overview": 4, "Work": 8, "People": 5, "Operations": 5, "Saved queries": 1}
SECONDS = 90
# opened at a page's own address, Streamlit looks for its server below that address first, and is answered 404
PROBED = re.compile(r"/\w+/_stcore/(health|host-config)$")


@dataclasses.dataclass
class Dashboard:
    """A running dashboard, and a browser in front of it.

    Args:
        errors: what the browser's console has called an error so far.
    """

    address: str
    page: Page
    errors: list[str]

    def open(self, path: str) -> None:
        """Open a page and wait until nothing on it is being computed any more."""
        self.page.goto(f"{self.address}/{path}")
        self.page.wait_for_selector("h1", timeout=SECONDS * 1000)
        self.settled()

    def settled(self) -> None:
        running = (
            '[data-testid="stApp"][data-test-script-state="running"], [data-testid="stSpinner"], [data-stale="true"]'
        )
        self.page.wait_for_function(f"!document.querySelector('{running}')", timeout=SECONDS * 1000, polling=200)
        self.page.wait_for_timeout(500)

    def screenshot(self, name: str) -> None:
        """Keep what the page looks like, all of it."""
        SCREENSHOTS.mkdir(exist_ok=True)
        height = self.page.evaluate("document.querySelector('[data-testid=\"stMain\"]').scrollHeight")
        self.page.set_viewport_size({"width": 1440, "height": min(int(height) + 20, 6000)})
        self.page.wait_for_timeout(700)
        self.page.screenshot(path=SCREENSHOTS / f"{name}.png")
        self.page.set_viewport_size({"width": 1440, "height": 900})

    def count(self, selector: str) -> int:
        return self.page.locator(selector).count()

    def text(self) -> str:
        return self.page.locator('[data-testid="stMain"]').inner_text()

    def check(self) -> None:
        """Nothing on the page is an error, nor in the console."""
        assert self.count('[data-testid="stException"]') == 0, self.text()
        assert self.count('[data-testid="stAlertContentError"]') == 0, self.text()
        assert self.errors == []


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


def serve(account: Account, gold: Gold, log: pathlib.Path) -> Iterator[str]:
    """The dashboard's process on a free port, in front of one gold database; its address."""
    port = free_port()
    environment = {
        **os.environ,
        **account.settings.client_environment(),
        "GOLD_SCHEMA": gold.name,
        "WR_WORKGROUP": gold.name,
    }
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "streamlit", "run", str(APP), "--server.port", str(port)],
            cwd=APP.parent,
            env=environment,
            stdout=output,
            stderr=subprocess.STDOUT,
        )

    def answers() -> bool:
        assert process.poll() is None, log.read_text()
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/_stcore/health", timeout=2) as answer:
                return bool(answer.status == 200)
        except OSError:
            return False

    until("the dashboard", answers, SECONDS)
    yield f"http://127.0.0.1:{port}"
    process.terminate()
    process.wait(20)


def visit(browser: Browser, address: str) -> Iterator[Dashboard]:
    page = browser.new_page(viewport={"width": 1440, "height": 900})
    dashboard = Dashboard(address, page, [])

    def heard(message: ConsoleMessage) -> None:
        if message.type == "error" and not PROBED.search(message.location.get("url", "")):
            dashboard.errors.append(f"{message.text} {message.location.get('url', '')}")

    page.on("console", heard)
    page.on("pageerror", lambda error: dashboard.errors.append(str(error)))
    yield dashboard
    page.close()


@pytest.fixture(scope="module")
def address(account: Account, empty_gold: Gold, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A dashboard on half a year of gold."""
    empty_gold.fill(history.tables(dt.date(2026, 11, 22)))
    yield from serve(account, empty_gold, tmp_path_factory.mktemp("dashboard") / "log")


@pytest.fixture
def dashboard(browser: Browser, address: str) -> Iterator[Dashboard]:
    yield from visit(browser, address)


@pytest.mark.parametrize("title", PAGES)
def test_a_page_draws_its_charts_and_has_no_error(dashboard: Dashboard, title: str) -> None:
    dashboard.open(PAGES[title])
    dashboard.screenshot(title.lower().replace(" ", "-"))
    dashboard.check()
    assert dashboard.page.locator("h1").inner_text() == title
    assert (
        dashboard.count('[data-testid="stVegaLiteChart"] canvas, [data-testid="stVegaLiteChart"] svg') == CHARTS[title]
    )
    assert "as of Sunday 22 November 2026" in dashboard.text()
    assert "Nothing to show yet" not in dashboard.text()


def test_the_overviews_figures_are_golds(dashboard: Dashboard, empty_gold: Gold) -> None:
    dashboard.open("")
    shown = dict(
        zip(
            dashboard.page.locator('[data-testid="stMetricLabel"]').all_inner_texts(),
            dashboard.page.locator('[data-testid="stMetricValue"]').all_inner_texts(),
            strict=True,
        )
    )
    sql = "select open_tasks, overdue_tasks from fct_daily_backlog where backlog_date = date '2026-11-22'"
    [[still_open, overdue]] = empty_gold.queries.rows(sql)
    week = "where backlog_date > date '2026-11-15'"
    [[created, completed]] = empty_gold.queries.rows(
        f"select sum(created_tasks), sum(completed_tasks) from fct_daily_backlog {week}"
    )
    assert [shown[name] for name in ("Open tasks", "Overdue", "Created", "Completed")] == [
        f"{int(figure or 0):,}" for figure in (still_open, overdue, created, completed)
    ]
    assert int(still_open or 0) > int(overdue or 0) > 0


def test_a_saved_query_has_an_address_a_chart_rows_and_its_sql(dashboard: Dashboard) -> None:
    query = next(query for query in all_queries() if query.name == "cohort_retention")
    dashboard.open(f"questions?query={query.name}")
    assert query.description in dashboard.text()
    dashboard.page.get_by_text("SQL", exact=True).click()
    dashboard.settled()
    assert "from agg_cohort_retention" in dashboard.text()
    dashboard.screenshot("one-saved-query")
    dashboard.check()


def test_an_account_without_gold_is_told_what_to_run(
    account: Account, browser: Browser, unique: str, tmp_path: pathlib.Path
) -> None:
    missing = Gold(account.session, f"bi{unique}")
    for place in serve(account, missing, tmp_path / "log"):
        for dashboard in visit(browser, place):
            dashboard.open("")
            dashboard.screenshot("not-deployed")
            dashboard.check()
            assert "Nothing to show yet" in dashboard.text()
            assert "make deploy pipeline" in dashboard.text()
