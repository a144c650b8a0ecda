"""What happens ends in bronze, through the deployed stacks: change by change, request by request."""

import gzip
import json
import uuid
from typing import Any

import boto3
import pytest
import typer
from jsonschema import Draft202012Validator
from typer.testing import CliRunner

from infra import ROOT
from infra.cli.backfill import backfill
from tests.conftest import until
from tests.e2e.conftest import Platform

app = typer.Typer()
app.command()(backfill)
runner = CliRunner()
pytestmark = [pytest.mark.account, pytest.mark.deployed, pytest.mark.slow]


def bronze_lines(platform: Platform, prefix: str) -> list[dict[str, Any]]:
    """Every line of bronze below `prefix`."""
    s3, bucket = boto3.client("s3"), platform.outputs["BronzeBucket"]
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
    keys = [found["Key"] for page in pages for found in page.get("Contents", [])]
    bodies = [gzip.decompress(s3.get_object(Bucket=bucket, Key=key)["Body"].read()) for key in keys]
    return [json.loads(line) for body in bodies for line in body.splitlines()]


def test_every_request_is_one_line_of_bronze_that_names_nobody(platform: Platform) -> None:
    user = platform.user()
    task = user.create(title="Zebra crossing")
    key = str(uuid.uuid4())
    answers = [
        user.send("POST", "/tasks", {"title": "Once"}, key=key),
        user.send("POST", "/tasks", {"title": "Once"}, key=key),
        user.send("GET", f"/tasks/{task['id']}"),
        user.send("GET", f"/tasks/{uuid.uuid4()}"),
    ]
    ids = [answer.headers["x-request-id"] for answer in answers]

    def arrived() -> dict[str, dict[str, Any]] | None:
        found = {line["request_id"]: line for line in bronze_lines(platform, "logs/")}
        return found if set(ids) <= set(found) else None

    found = until("the request logs in bronze", arrived, 60)
    assert [
        (line["method"], line["route"], line["status_code"], line["idempotent_replay"])
        for line in map(found.get, ids)
        if line
    ] == [
        ("POST", "/api/v1/tasks", 201, False),
        ("POST", "/api/v1/tasks", 201, True),
        ("GET", "/api/v1/tasks/{task_id}", 200, False),
        ("GET", "/api/v1/tasks/{task_id}", 404, False),
    ]
    schema = json.loads((ROOT / "ingestion" / "logs" / "request.schema.json").read_text())
    for line in found.values():
        Draft202012Validator(schema).validate(line)
    text = json.dumps(list(found.values()))
    assert user.id not in text
    assert "Zebra" not in text


def test_a_backfill_brings_every_item_to_bronze_and_says_that_it_is_one(platform: Platform) -> None:
    platform.user().create(title="Written long ago")
    pages = boto3.client("dynamodb").get_paginator("scan").paginate(TableName=platform.outputs["TableName"])
    keys = [(item["PK"]["S"], item["SK"]["S"]) for page in pages for item in page["Items"]]
    expected = {key for key in keys if key[0].startswith(("TASK#", "USER#"))}
    assert len(expected) < len(keys)  # idempotency records are there too

    result = runner.invoke(app, ["--full", "--rate", "500", "--json"])

    output = json.loads(result.stdout)
    assert (result.exit_code, output["scanned"], output["envelopes"]) == (0, len(keys), len(expected))
    schema = json.loads((ROOT / "ingestion" / "cdc" / "envelope.schema.json").read_text())
    made = [line for line in bronze_lines(platform, "cdc/") if line["event_id"].startswith("backfill-")]
    for line in made:
        Draft202012Validator(schema).validate(line)
    assert {(line["keys"]["PK"], line["keys"]["SK"]) for line in made} >= expected
    assert {line["sequence_number"] for line in made} == {"0"}


def test_nobody_scans_the_table_by_accident(platform: Platform) -> None:
    assert platform.outputs
    result = runner.invoke(app, [])
    assert result.exit_code == 2
    assert "--full" in result.output
