"""Takes the pictures of README and tutorials from a running account: `make pictures`, after `make demo`.

`pipeline-watch.svg` in docs/images is what `insights pipeline watch` prints of the latest execution. `dashboard.png` is
the first page of the dashboard in the project's Chromium. `monitoring.svg` is the dashboard of CloudWatch.
"""

import contextlib
import datetime as dt
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from io import StringIO

import boto3
from playwright.sync_api import sync_playwright
from rich.console import Console
from rich.text import Text

from infra import ROOT
from infra.cli.dashboard import APP
from infra.cli.target import use_local_account
from infra.local.account.settings import Settings
from infra.resource_names import DASHBOARD
from infra.site.monitoring_drawing import draw
from infra.site.monitoring_widgets import read_widgets
from infra.toolchain import chromium

FOLDER = ROOT / "docs" / "images"
COLUMNS = 80
PORT = 8599
WIDTH, HEIGHT = 1280, 860
MILLISECONDS = 120_000
# Streamlit says on its elements whether they are still being worked out
BUSY = '[data-testid="stApp"][data-test-script-state="running"], [data-testid="stSpinner"], [data-stale="true"]'


def draw_pipeline_watch() -> None:
    """Write the picture of the latest execution."""
    words = [sys.executable, "-c", "from infra.cli import main; main()", "pipeline", "watch"]
    shown = {**os.environ, "FORCE_COLOR": "1", "COLUMNS": str(COLUMNS), "TERM": "xterm-256color"}
    printed = subprocess.run(words, env=shown, capture_output=True, text=True, check=True).stdout
    # what moves the cursor is for terminals; of all redrawings the last one, and the line after it, stay
    printed = re.sub(r"\r|\x1b\[[\d;?]*[A-Zhl]", "", printed).replace("\x1b[2K", "")
    drawn = re.split(r"^(?=(?:\x1b\[[\d;]*m)*execution )", printed, flags=re.MULTILINE)
    printed = "".join(drawn[-2:])
    console = Console(record=True, width=COLUMNS, file=StringIO())
    console.print(Text.from_ansi(printed.rstrip()))
    svg = console.export_svg(title="insights pipeline watch")
    # the fonts that Rich names would be fetched from elsewhere
    plain = re.sub(r"@font-face \{.*?\}\s*", "", svg, flags=re.DOTALL).replace("Fira Code", "ui-monospace, Menlo")
    (FOLDER / "pipeline-watch.svg").write_text(plain)


def draw_monitoring() -> None:
    """Write the picture of CloudWatch's dashboard."""
    widgets = read_widgets(boto3.client("cloudwatch"), DASHBOARD, dt.timedelta(hours=3))
    (FOLDER / "monitoring.svg").write_text(draw(widgets))


def photograph_dashboard() -> None:
    """Write the picture of the dashboard's first page."""
    browser = chromium.install(Settings.from_environment().toolchain)
    with _dashboard() as address, sync_playwright() as playwright:
        launched = playwright.chromium.launch(
            executable_path=browser.executable,
            args=list(chromium.FLAGS),
            env={**os.environ, **browser.environment},
            timeout=MILLISECONDS,
        )
        page = launched.new_page(viewport={"width": WIDTH, "height": HEIGHT})
        page.goto(address)
        page.wait_for_selector("h1", timeout=MILLISECONDS)
        page.wait_for_function(f"!document.querySelector('{BUSY}')", timeout=MILLISECONDS, polling=200)
        page.wait_for_timeout(1500)
        page.screenshot(path=FOLDER / "dashboard.png")
        launched.close()


@contextlib.contextmanager
def _dashboard() -> Iterator[str]:
    words = [sys.executable, "-m", "streamlit", "run", str(APP), "--server.port", str(PORT)]
    process = subprocess.Popen(words, cwd=APP.parent, env=os.environ, stdout=subprocess.DEVNULL)
    try:
        time.sleep(3)
        yield f"http://127.0.0.1:{PORT}"
    finally:
        process.terminate()
        process.wait()


if __name__ == "__main__":
    FOLDER.mkdir(parents=True, exist_ok=True)
    use_local_account(show=False)
    draw_pipeline_watch()
    draw_monitoring()
    photograph_dashboard()
