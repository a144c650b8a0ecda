"""Every stack, deployed once to the worker's local account, and the demo as the first run of the pipeline.

A run of the pipeline takes a minute, so tests share runs. `platform` has every stack and needs no run; `built` is the
same after the demo, with data in gold. `story/` holds the tests that need runs of their own.
"""

import contextlib
import dataclasses
import io
import os
import uuid
from collections.abc import Callable, Iterator
from typing import Any

import boto3
import pytest
import requests

from infra.cli.cognito import sign_in
from infra.deploy import deploy
from infra.local import demo
from infra.local.demo import store
from tests.conftest import Account, until
from tests.e2e.mailbox import Mailbox

PASSWORD = "Correct-horse-7"
PIPELINE_SECONDS = 600


@dataclasses.dataclass(frozen=True)
class User:
    """A REST client with a real token."""

    base: str
    id: str
    headers: dict[str, str]

    def send(
        self, method: str, path: str, body: dict[str, Any] | None = None, key: str | None = None
    ) -> requests.Response:
        headers = {**self.headers, "Idempotency-Key": key or str(uuid.uuid4())}
        return requests.request(method, self.base + path, json=body, headers=headers, timeout=30)

    def create(self, **task: Any) -> dict[str, Any]:
        answer = self.send("POST", "/tasks", task)
        assert answer.status_code == 201, answer.text
        created: dict[str, Any] = answer.json()
        return created


@dataclasses.dataclass(frozen=True)
class Platform:
    """The deployed platform."""

    account: Account
    outputs: dict[str, str]

    def user(self) -> User:
        """Sign a new user up and in."""
        email = f"{uuid.uuid4().hex}@example.com"
        tokens = sign_in(self.outputs["UserPoolId"], self.outputs["UserPoolClientId"], email, PASSWORD, "Some One")
        base = self.outputs["ApiEndpoint"] + "/api/v1"
        headers = {"Authorization": f"Bearer {tokens.id_token}"}
        profile = requests.get(f"{base}/users", headers=headers, timeout=30)
        assert profile.status_code == 200, profile.text
        return User(base, profile.json()["user_id"], headers)

    def table(self) -> store.Table:
        return store.read_table(self.outputs["TableName"])

    def wait_for_bronze(self) -> store.Bronze:
        """Wait until bronze has the newest version of every item of the table."""
        bronze, table = store.Bronze(self.outputs["BronzeBucket"]), self.table()
        until("bronze to hold every change", lambda: bronze.missing(table) == 0, 60)
        return bronze

    def run_pipeline(self) -> dict[str, Any]:
        """Run the pipeline to its end; the description of the execution."""
        machines = boto3.client("stepfunctions")
        arn = machines.start_execution(stateMachineArn=self.outputs["StateMachineArn"])["executionArn"]

        def ended() -> dict[str, Any] | None:
            execution: dict[str, Any] = dict(machines.describe_execution(executionArn=arn))
            return execution if execution["status"] != "RUNNING" else None

        return until("the execution to end", ended, PIPELINE_SECONDS)

    def build_gold(self) -> None:
        """Run the pipeline, which has to succeed."""
        execution = self.run_pipeline()
        assert execution["status"] == "SUCCEEDED", execution.get("cause")

    def gold(self, sql: str) -> list[dict[str, str | None]]:
        return store.query(sql, "todo_analytics")

    def silver(self, sql: str) -> list[dict[str, str | None]]:
        return store.query(sql, "todo_silver")

    def kpis(self) -> dict[str, float]:
        return {
            str(row["metric"]): float(row["value"] or 0) for row in self.gold("select * from business_metrics_kpis")
        }


@pytest.fixture(scope="session")
def platform(account: Account) -> Platform:
    """All six stacks, deployed with the CDK's own command line."""
    return Platform(account, deploy(dict(os.environ), target="local", quiet=True))


@dataclasses.dataclass(frozen=True)
class DemoRun:
    """What one run of the demo did.

    Args:
        agreed: whether the demo found that gold agrees with the table.
        printed: its lines on standard output.
        before: the table before the run.
        after: the table after it.
    """

    agreed: bool
    printed: list[str]
    before: store.Table
    after: store.Table


@pytest.fixture(scope="session")
def demo_run(platform: Platform) -> DemoRun:
    """The demo, run once: traffic of three users and the first execution of the pipeline."""
    before, output = platform.table(), io.StringIO()
    with contextlib.redirect_stdout(output):
        agreed = demo.run(platform.account.settings)
    return DemoRun(agreed, output.getvalue().splitlines(), before, platform.table())


@pytest.fixture(scope="session")
def built(platform: Platform, demo_run: DemoRun) -> Platform:
    """The platform with data in every table of gold."""
    assert demo_run.agreed, "\n".join(demo_run.printed)
    return platform


@pytest.fixture(scope="session")
def alerts(platform: Platform) -> Iterator[Callable[[], list[str]]]:
    """Subscribes a queue to the operators' topic; call it for all messages that were delivered so far."""
    mailbox = Mailbox(platform.outputs["StateMachineArn"])
    yield mailbox.read
    mailbox.close()
