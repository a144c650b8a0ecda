"""`insights smoke api`: a tick per step when all is well; else the step, the reason, exit 1; nothing left behind."""

import http.server
import json
import re
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator

import boto3
import pytest
import typer
from typer.testing import CliRunner

from infra.cli.smoke import api as smoke
from tests.e2e.conftest import Platform

pytestmark = [pytest.mark.account, pytest.mark.deployed]

STEPS = ["health", "sign-up", "token", "create", "list", "update", "delete", "clean-up"]
app = typer.Typer()
app.command()(smoke.api)
runner = CliRunner()


class Gateway(http.server.BaseHTTPRequestHandler):
    """The deployed API behind a door that answers one method with 500, or cuts its connection."""

    endpoint = ""
    refused = ""
    cut = False

    def _pass_on(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        if self.command == self.refused and self.cut:
            self.connection.close()
            return
        if self.command == self.refused:
            self._answer(500, b'{"title": "out of order"}')
            return
        headers = {name: value for name, value in self.headers.items() if name.lower() not in {"host", "connection"}}
        request = urllib.request.Request(self.endpoint + self.path, body or None, headers, method=self.command)  # noqa: S310
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310
                self._answer(answer.status, answer.read())
        except urllib.error.HTTPError as answer:
            with answer:
                self._answer(answer.code, answer.read())

    do_GET = do_POST = do_PUT = do_DELETE = _pass_on  # noqa: N815 - http.server's names

    def _answer(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        pass


@pytest.fixture
def gateway(platform: Platform, monkeypatch: pytest.MonkeyPatch) -> Iterator[type[Gateway]]:
    """The door, which the command takes for the API; refuses nothing unless `refused` names a method."""
    door = type("Door", (Gateway,), {"endpoint": platform.outputs["ApiEndpoint"]})
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), door) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        outputs = {**platform.outputs, "ApiEndpoint": f"http://127.0.0.1:{server.server_port}"}
        monkeypatch.setattr(smoke, "stack_outputs", lambda: outputs)
        yield door
        server.shutdown()


def left_behind(platform: Platform) -> list[str]:
    """The e-mail addresses of smoke users in Cognito, and the titles of live smoke tasks in the table."""
    pages = boto3.client("cognito-idp").get_paginator("list_users").paginate(UserPoolId=platform.outputs["UserPoolId"])
    users = [
        attribute["Value"]
        for page in pages
        for user in page["Users"]
        for attribute in user["Attributes"]
        if attribute["Name"] == "email" and "smoke" in attribute["Value"]
    ]
    # other tests leave items that no API would write: only these two attributes are looked at
    scan = (
        boto3.client("dynamodb")
        .get_paginator("scan")
        .paginate(TableName=platform.outputs["TableName"], ProjectionExpression="title, deleted_at")
    )
    live = [item for page in scan for item in page["Items"] if "deleted_at" not in item]
    titles = [item["title"]["S"] for item in live if "S" in item.get("title", {})]
    return users + [title for title in titles if title.startswith("smoke ")]


def test_every_step_has_a_tick_and_a_duration(platform: Platform) -> None:
    result = runner.invoke(app)
    assert result.exit_code == 0, result.output
    output = [re.fullmatch(r"✓ (\S+) +\d[\d.]* m?s", line) for line in result.stdout.splitlines()]
    assert [line and line[1] for line in output] == STEPS
    assert left_behind(platform) == []


def test_json_is_one_document_with_every_step(platform: Platform) -> None:
    result = runner.invoke(app, ["--json"])
    output = json.loads(result.stdout)
    assert (result.exit_code, output["ok"], output["endpoint"]) == (0, True, platform.outputs["ApiEndpoint"])
    assert [(step["step"], step["ok"], step["error"]) for step in output["steps"]] == [
        (step, True, None) for step in STEPS
    ]
    assert all(0 < step["seconds"] < 60 for step in output["steps"])


@pytest.mark.parametrize(("method", "failed"), [("GET", "health"), ("POST", "create"), ("PUT", "update")])
def test_the_first_failure_is_the_last_step_and_everything_is_removed(
    platform: Platform, gateway: type[Gateway], method: str, failed: str
) -> None:
    gateway.refused = method
    result = runner.invoke(app)
    assert result.exit_code == 1
    *passed, broken = STEPS[: STEPS.index(failed) + 1]
    lines = [line for line in result.stdout.splitlines() if line[0] != " "]
    cleaned = [] if failed == "health" else ["✓ clean-up"]
    assert [line[:2] + line[2:].split()[0] for line in lines] == [
        *(f"✓ {step}" for step in passed),
        f"✗ {broken}",
        *cleaned,
    ]
    assert re.search(rf"  {method} http://\S+: expected 20[01], got 500 {{\"title\": \"out of order\"}}", result.stdout)
    assert left_behind(platform) == []


def test_a_clean_up_that_fails_is_a_failure_and_still_removes_the_rest(
    platform: Platform, gateway: type[Gateway]
) -> None:
    gateway.refused, gateway.cut = "DELETE", True
    result = runner.invoke(app, ["--json"])
    output = {step["step"]: step["error"] for step in json.loads(result.stdout)["steps"]}
    assert result.exit_code == 1
    assert {step for step, error in output.items() if error} == {"delete", "clean-up"}
    assert "onnection" in output["clean-up"]
    (left,) = left_behind(platform)
    assert left.startswith("smoke ")  # the task, which only the broken door leads to; the user is gone
