"""The dashboard in a real browser: every page draws what gold holds, and says what to do when it holds nothing."""

import datetime as dt
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser

from tests.conftest import Account
from tests.integration.transforms.bi import history, screenshots
from tests.integration.transforms.bi.accessibility import findings, focused_labels
from tests.integration.transforms.bi.browser import PAGES, Dashboard, serve, visit
from tests.integration.transforms.bi.gold_database import Gold
from transforms.bi.saved_queries import all_queries

pytestmark = [pytest.mark.account, pytest.mark.slow]

CHARTS = {"Overview": 4, "Work": 8, "People": 5, "Operations": 5, "Saved queries": 1}


@pytest.fixture(scope="module")
def address(account: Account, empty_gold: Gold, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A dashboard on half a year of gold."""
    empty_gold.fill(history.tables(dt.date(2026, 11, 22)))
    yield from serve(account, empty_gold, tmp_path_factory.mktemp("dashboard") / "log")


@pytest.fixture
def dashboard(browser: Browser, address: str) -> Iterator[Dashboard]:
    yield from visit(browser, address)


@pytest.mark.parametrize("width", [1400, 390])
@pytest.mark.parametrize("title", PAGES)
def test_a_page_draws_its_charts_within_the_window(browser: Browser, address: str, title: str, width: int) -> None:
    for dashboard in visit(browser, address, width):
        dashboard.open(PAGES[title])
        taken = dashboard.screenshot(f"{title.lower().replace(' ', '-')}-{width}")
        dashboard.check()
        assert dashboard.page.locator("h1").inner_text() == title
        charts = '[data-testid="stVegaLiteChart"] canvas, [data-testid="stVegaLiteChart"] svg'
        assert dashboard.count(charts) == CHARTS[title]
        assert "as of Sunday 22 November 2026" in dashboard.text()
        beyond = "document.querySelector('[data-testid=\"stMain\"]').scrollWidth - window.innerWidth"
        assert dashboard.page.evaluate(beyond) <= 0
        screenshots.check(taken)
        assert findings(dashboard.page) == []


def test_a_card_is_as_of_its_own_data(dashboard: Dashboard) -> None:
    dashboard.open(PAGES["Operations"])
    text = dashboard.text()
    # gold knows requests up to the 21st, the last run ended on the 22nd
    assert text.count("As of Saturday 21 November 2026.") == 4
    assert text.count("As of Sunday 22 November 2026, 17:58 UTC.") == 2
    dashboard.open("questions?query=idempotent_replays")
    assert "rows as of Saturday 21 November 2026;" in dashboard.text()


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
    assert [shown[name] for name in ("Open tasks now", "Overdue now", "Created, 7 days", "Completed, 7 days")] == [
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


def test_an_address_says_what_is_shown_and_every_card_obeys(dashboard: Dashboard, empty_gold: Gold) -> None:
    dashboard.open("questions?query=status_by_priority&priority=high&from=2026-11-01&to=2026-11-15")
    dashboard.page.get_by_text("Rows", exact=True).click()
    dashboard.settled()
    dashboard.screenshot("filtered")
    dashboard.check()
    sql = "select count(distinct status) from fct_tasks where priority = 'high' and created_at >= date '2026-11-01'"
    [[statuses]] = empty_gold.queries.rows(f"{sql} and created_at < date '2026-11-16'")
    assert f"{statuses} row" in dashboard.text()
    # a way to another page takes the choice along
    dashboard.page.get_by_role("link", name="Work").click()
    dashboard.page.wait_for_function("document.querySelector('h1')?.innerText === 'Work'")
    dashboard.page.wait_for_function("location.search.includes('priority=high')")
    dashboard.settled()
    dashboard.check()


def test_dark_mode_follows_the_browser_and_a_chart_can_be_saved(browser: Browser, address: str) -> None:
    for dashboard in visit(browser, address):
        dashboard.page.emulate_media(color_scheme="dark")
        dashboard.open("")
        dashboard.screenshot("overview-dark")
        dashboard.check()
        shade = "getComputedStyle(document.querySelector('.stApp')).backgroundColor"
        assert dashboard.page.evaluate(shade) == "rgb(18, 24, 31)"
        assert findings(dashboard.page) == []
        # by keyboard to what can be chosen
        assert any("Days" in label or "Overview" in label for label in focused_labels(dashboard.page, 12))
        dashboard.page.locator('[data-testid="stVegaLiteChart"]').first.hover()
        with dashboard.page.expect_download() as saved:
            dashboard.page.get_by_role("button", name="Download as PNG").first.click()
        assert saved.value.suggested_filename.endswith(".png")
        dashboard.page.emulate_media(media="print")
        assert not dashboard.page.locator('[data-testid="stSidebar"]').is_visible()
