"""The dashboard's process, and a real browser in front of it."""

import dataclasses
import os
import pathlib
import re
import subprocess
import sys
import urllib.request
from collections.abc import Iterator

from playwright.sync_api import Browser, ConsoleMessage, Page

from infra.cli.dashboard import APP
from tests.conftest import Account, free_port, until
from tests.integration.transforms.bi.gold_database import Gold

SCREENSHOTS = pathlib.Path(__file__).resolve().parents[4] / ".screenshots"
PAGES = {"Overview": "", "Work": "work", "People": "people", "Operations": "operations", "Saved queries": "questions"}
SECONDS, HEIGHT = 90, 900
# opened at a page's own address, Streamlit looks for its server below that address first, and is answered 404
PROBED = re.compile(r"/\w+/_stcore/(health|host-config)$")


@dataclasses.dataclass
class Dashboard:
    """A running dashboard, and a browser in front of it.

    Args:
        width: of the window, in CSS pixels.
        errors: what the browser's console has called an error so far.
    """

    address: str
    page: Page
    width: int
    errors: list[str]

    def open(self, path: str) -> None:
        """Open a page and wait until nothing on it is being computed any more."""
        self.page.goto(f"{self.address}/{path}")
        self.page.wait_for_selector("h1", timeout=SECONDS * 1000)
        self.settled()

    def settled(self) -> None:
        running = (
            '[data-testid="stApp"][data-test-script-state="running"], [data-testid="stSpinner"], '
            '[data-testid="stSkeleton"], [data-stale="true"]'
        )
        self.page.wait_for_function(f"!document.querySelector('{running}')", timeout=SECONDS * 1000, polling=200)
        self.page.evaluate("document.fonts.ready.then(() => true)")
        self.page.wait_for_timeout(500)

    def screenshot(self, name: str) -> pathlib.Path:
        """Keep what the page looks like, all of it, in the file that is returned."""
        SCREENSHOTS.mkdir(exist_ok=True)
        height = self.page.evaluate("document.querySelector('[data-testid=\"stMain\"]').scrollHeight")
        self.page.set_viewport_size({"width": self.width, "height": min(int(height) + 20, 9000)})
        self.page.wait_for_timeout(700)
        taken = SCREENSHOTS / f"{name}.png"
        self.page.screenshot(path=taken, animations="disabled")
        self.page.set_viewport_size({"width": self.width, "height": HEIGHT})
        return taken

    def count(self, selector: str) -> int:
        return self.page.locator(selector).count()

    def text(self) -> str:
        return self.page.locator('[data-testid="stMain"]').inner_text()

    def check(self) -> None:
        """Nothing on the page is an error, nor in the console."""
        assert self.count('[data-testid="stException"]') == 0, self.text()
        assert self.count('[data-testid="stAlertContentError"]') == 0, self.text()
        assert "Athena did not answer this" not in self.text()
        assert self.errors == []


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


def visit(browser: Browser, address: str, width: int = 1400) -> Iterator[Dashboard]:
    """A window of that width, in CSS pixels, at a dashboard; closed afterwards."""
    page = browser.new_page(viewport={"width": width, "height": HEIGHT})
    dashboard = Dashboard(address, page, width, [])

    def heard(message: ConsoleMessage) -> None:
        if message.type == "error" and not PROBED.search(message.location.get("url", "")):
            dashboard.errors.append(f"{message.text} {message.location.get('url', '')}")

    page.on("console", heard)
    page.on("pageerror", lambda error: dashboard.errors.append(str(error)))
    yield dashboard
    page.close()
