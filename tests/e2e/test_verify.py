"""`insights verify` on the local account: every step, in one run, and what it leaves behind."""

import json
import re

import boto3
import pytest
import typer
from typer.testing import CliRunner

from infra import ROOT
from infra.cli import verify
from infra.cli.verify.checks import STEPS
from tests.e2e.conftest import Platform
from tests.e2e.test_smoke_etl import left_behind

app = typer.Typer()
app.command()(verify.verify)


@pytest.mark.account
@pytest.mark.deployed
@pytest.mark.slow
def test_every_step_passes_and_nothing_is_left_behind(platform: Platform) -> None:
    result = CliRunner().invoke(app, ["--timeout", "400", "--json"])
    output = json.loads(result.stdout)
    print(f"verify: {result.stdout}")
    assert [(step["step"], step["error"]) for step in output["steps"]] == [(step, None) for step in STEPS]
    assert (result.exit_code, output["ok"]) == (0, True)
    assert boto3.client("sqs").list_queues(QueueNamePrefix="todo-verify-").get("QueueUrls", []) == []
    assert left_behind(platform) == []
    concurrency = boto3.client("lambda").get_function_concurrency(FunctionName="todo-resolve-window")
    assert "ReservedConcurrentExecutions" not in concurrency


def test_a_step_that_there_is_not_is_refused() -> None:
    result = CliRunner().invoke(app, ["--step", "lunch"])
    assert result.exit_code == 2
    assert "lunch" in result.output


def test_the_table_of_what_a_local_run_does_not_prove_names_each_step_and_no_other() -> None:
    table = (ROOT / "docs" / "local-account.md").read_text().partition("## What a green local run does not prove")[2]
    named = {
        step for steps in re.findall(r"`verify`, steps? ([a-z ,]+)", table) for step in re.split(", | and ", steps)
    }
    known = {word for step in named for word in step.split() if word in STEPS}
    assert known == set(STEPS)
