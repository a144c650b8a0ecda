"""`insights verify` on the local account: the steps that neither need the pipeline to run nor disturb it.

The whole command takes minutes: `make demo`, then `insights verify`.
"""

import json
import re

import boto3
import pytest
import typer
from typer.testing import CliRunner

from infra import ROOT
from infra.cli import verify
from infra.cli.verify.checks import STEPS

app = typer.Typer()
app.command()(verify.verify)


@pytest.mark.account
@pytest.mark.deployed
@pytest.mark.slow
@pytest.mark.usefixtures("built")
def test_the_lake_is_as_it_has_to_be_and_nothing_is_left_behind() -> None:
    chosen = ("merge", "mailbox")
    result = CliRunner().invoke(app, ["--timeout", "60", "--json", *(f"--step={step}" for step in chosen)])
    output = json.loads(result.stdout)
    assert [(step["step"], step["error"]) for step in output["steps"]] == [(step, None) for step in chosen]
    assert (result.exit_code, output["ok"]) == (0, True)
    assert boto3.client("sqs").list_queues(QueueNamePrefix="todo-verify-").get("QueueUrls", []) == []


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
