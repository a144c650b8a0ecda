"""`insights smoke etl`: a step that fails is named with its reason, exit 1, and nobody is left behind.

`insights verify` (test_verify.py) follows traffic into gold with the same steps.
"""

import re

import boto3
import pytest
import typer
from typer.testing import CliRunner

from infra.cli.smoke import etl as smoke
from tests.e2e.conftest import Platform

pytestmark = [pytest.mark.account, pytest.mark.deployed, pytest.mark.slow]

app = typer.Typer()
app.command()(smoke.etl)
runner = CliRunner()


def left_behind(platform: Platform) -> list[str]:
    """The keys of live items that this command's users still have, and the users in Cognito."""
    pages = boto3.client("cognito-idp").get_paginator("list_users").paginate(UserPoolId=platform.outputs["UserPoolId"])
    addresses = [attribute["Value"] for page in pages for user in page["Users"] for attribute in user["Attributes"]]
    scan = boto3.client("dynamodb").get_paginator("scan").paginate(TableName=platform.outputs["TableName"])
    return [address for address in addresses if "success+smoke" in address] + [
        item["PK"]["S"] for page in scan for item in page["Items"] if item.get("category") == {"S": "smoke"}
    ]


def test_changes_that_do_not_reach_bronze_are_the_failure(platform: Platform, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(smoke.Bronze, "changes", lambda _self, _ids: 1)
    result = runner.invoke(app, ["--users", "1", "--tasks", "1", "--updates", "1", "--timeout", "1"])
    assert result.exit_code == 1
    assert re.search(r"✗ bronze .*\n  bronze: expected 2 changes, got 1 after 1 s", result.stdout), result.stdout
    assert "✓ clean-up" in result.stdout
    assert left_behind(platform) == []
