"""A browser (headless Chromium) on another origin than the API's, and /docs under its own policy."""

import http.server
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page

from tests.browser import launch_chromium
from tests.conftest import Account
from tests.e2e.conftest import Platform

pytestmark = [pytest.mark.account, pytest.mark.deployed, pytest.mark.slow]

MILLISECONDS = 60_000
# What an application does with fetch; a preflight goes before each kind of request. A refused token is not among them:
# whether API Gateway adds CORS headers to its own 401 is not documented, and the emulator does not.
CALLS = """
async ({base, authorization}) => {
  const call = async (method, path, body, headers = {}) => {
    const sent = {authorization, ...headers, ...(body === undefined ? {} : {"content-type": "application/json"})};
    const answer = await fetch(base + path, {method, headers: sent, body: body && JSON.stringify(body)});
    const text = await answer.text();
    return {status: answer.status, headers: Object.fromEntries(answer.headers), body: text ? JSON.parse(text) : null};
  };
  const traced = {
    "traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", "tracestate": "a=b", "baggage": "c=d",
    "x-requested-with": "XMLHttpRequest", "cache-control": "no-cache", "x-request-id": "from-a-browser",
  };
  const created = await call("POST", "/tasks", {title: "from a browser"}, {"idempotency-key": "browser-1", ...traced});
  const again = await call("POST", "/tasks", {title: "from a browser"}, {"idempotency-key": "browser-1"});
  const path = `/tasks/${created.body.id}`;
  const etag = created.headers.etag ?? (await call("GET", path)).headers.etag;
  return {
    created, again,
    unchanged: await call("GET", path, undefined, {"if-none-match": etag, "cache-control": "no-cache"}),
    head: await call("HEAD", path),
    changed: await call("PUT", path, {status: "completed"}, {"if-match": etag}),
    lost: await call("PATCH", path, {title: "x"}, {"if-match": etag}),
    invalid: await call("POST", "/tasks", {}, {"idempotency-key": "browser-2"}),
    deleted: await call("DELETE", path),
    missing: await call("GET", path),
    page: await (async () => {
      for (const key of ["a", "b"]) await call("POST", "/tasks", {title: key}, {"idempotency-key": key});
      return call("GET", "/tasks?limit=1");
    })(),
  };
}
"""


@pytest.fixture(scope="module")
def browser(account: Account) -> Iterator[Browser]:
    """The pinned Chromium."""
    with launch_chromium(account.settings.toolchain, MILLISECONDS) as launched:
        yield launched


class EmptyPage(http.server.BaseHTTPRequestHandler):
    """Any address is an empty page."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", "15")
        self.end_headers()
        self.wfile.write(b"<!doctype html>")

    def log_message(self, *_: Any) -> None:
        """Nothing is printed."""


@pytest.fixture
def other_origin() -> Iterator[str]:
    """An origin that is not the API's: another port is enough (RFC 6454)."""
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), EmptyPage) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    opened = browser.new_page()
    opened.set_default_timeout(MILLISECONDS)
    yield opened
    opened.close()


def test_a_page_of_another_origin_uses_the_whole_api(platform: Platform, page: Page, other_origin: str) -> None:
    user = platform.user()
    page.goto(other_origin)
    seen = page.evaluate(CALLS, {"base": user.base, "authorization": user.headers["Authorization"]})
    assert {name: answer["status"] for name, answer in seen.items()} == {
        "created": 201,
        "again": 201,
        "unchanged": 304,
        "head": 200,
        "changed": 200,
        "lost": 412,
        "invalid": 422,
        "deleted": 204,
        "missing": 404,
        "page": 200,
    }
    # a script sees only what the gateway exposes
    created, again = seen["created"]["headers"], seen["again"]["headers"]
    assert created["x-request-id"] == "from-a-browser"
    assert created["location"].endswith(seen["created"]["body"]["id"])
    assert again["idempotency-replayed"] == "true"
    assert seen["again"]["body"] == seen["created"]["body"]
    assert seen["head"]["body"] is None
    assert seen["head"]["headers"]["etag"] != seen["changed"]["headers"].get("etag")
    assert 'rel="next"' in seen["page"]["headers"]["link"]
    for name in ("lost", "invalid", "missing"):
        assert seen[name]["body"]["type"].startswith("urn:problem-type:todo:"), name


def test_the_reference_renders_without_another_host_and_within_its_policy(platform: Platform, page: Page) -> None:
    base = platform.outputs["ApiEndpoint"]
    hosts: set[str] = set()
    errors: list[str] = []

    def note(message: ConsoleMessage) -> None:
        if message.type == "error":
            errors.append(message.text)

    page.on("request", lambda request: hosts.add(request.url) if not request.url.startswith("data:") else None)
    page.on("console", note)
    page.goto(f"{base}/docs")
    page.get_by_text("/api/v1/tasks/{task_id}/restore").first.wait_for()
    page.locator("#operations-health-getHealth").click()
    page.get_by_role("button", name="Try it out").click()
    page.get_by_role("button", name="Execute").click()
    page.locator(".live-responses-table .response-col_status").get_by_text("200").first.wait_for()
    assert errors == []
    assert {url for url in hosts if not url.startswith(base)} == set()
