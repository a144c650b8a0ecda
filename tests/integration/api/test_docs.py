"""/docs needs no other host, and says so to the browser."""

import re

import pytest

from tests.integration.api.client import Client

pytestmark = pytest.mark.account


def test_the_page_names_only_addresses_of_the_api_itself(alice: Client) -> None:
    page = alice.send("GET", "/docs")
    assert (page.status, page.headers["content-type"]) == (200, "text/html; charset=utf-8")
    named = re.findall(r'(?:src|href)="([^"]+)"', page.text)
    assert len(named) == 4
    for address in named:
        assert not re.match(r"[a-z]+:", address.removeprefix("data:,")), address
        if not address.startswith("data:"):
            asset = alice.send("GET", f"/{address}")
            assert (asset.status, asset.headers["x-content-type-options"]) == (200, "nosniff"), address
            assert asset.headers["content-type"].split(";")[0] in {"text/css", "text/javascript"}
    assert "SwaggerUIBundle" in alice.send("GET", "/docs/swagger-ui-bundle.js").text[:5000]


def test_the_page_s_policy_allows_nothing_from_elsewhere_and_nothing_inline(alice: Client) -> None:
    page = alice.send("GET", "/docs")
    policy = dict(one.split(" ", 1) for one in page.headers["content-security-policy"].split("; "))
    assert policy["default-src"] == "'none'"
    assert policy["script-src"] == policy["style-src"] == policy["connect-src"] == "'self'"
    assert "<script>" not in page.text
    assert "style" not in re.sub(r'rel="stylesheet"', "", page.text)


@pytest.mark.parametrize("name", ["nothing.js", "..%2F..%2Fapi%2F__init__.py", "swagger-ui.js", "index.html"])
def test_what_is_no_asset_of_the_page_is_not_there(alice: Client, name: str) -> None:
    assert alice.send("GET", f"/docs/{name}").problem_type == "not-found"
