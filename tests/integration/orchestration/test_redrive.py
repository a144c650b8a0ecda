"""`insights pipeline redrive` on the real state machine: it goes on where it failed, and is one story."""

import json
import time

import pytest
from typer.testing import CliRunner

from infra.cli.pipeline import app as commands
from orchestration.executions import state_machine
from tests.conftest import until
from tests.integration.orchestration.conftest import Pipeline, allow

pytestmark = pytest.mark.account

GOOD_BUILD = "version: 0.2\nphases:\n  build: {commands: [echo built]}\n"
runner = CliRunner()


@pytest.fixture(autouse=True)
def named(pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch) -> None:
    """The commands find the pipeline by its name: here, the test's own."""
    monkeypatch.setattr(state_machine, "NAME", pipeline.name)


def stages(pipeline: Pipeline) -> None:
    """Everything in order, but for the job: it fails while the bucket has an object `nonsense`."""
    pipeline.crawler(allow("s3:ListBucket", "s3:GetObject", "glue:*", "logs:*"))
    pipeline.job(f"""\
        import boto3
        held = boto3.client("s3").list_objects_v2(Bucket="{pipeline.name}", Prefix="nonsense")
        assert not held["KeyCount"], "bronze holds nonsense"
        """)
    pipeline.project(GOOD_BUILD)
    pipeline.client("s3").put_object(Bucket=pipeline.name, Key="nonsense", Body=b"")


def test_a_repaired_execution_goes_on_at_the_state_that_failed_as_one_history(pipeline: Pipeline) -> None:
    stages(pipeline)
    failed = json.loads(runner.invoke(commands, ["start", "--wait", "--json"]).stdout)
    assert (failed["status"], failed["error"]) == ("FAILED", "BuildSilver")
    pipeline.client("s3").delete_object(Bucket=pipeline.name, Key="nonsense")
    time.sleep(3)

    result = runner.invoke(commands, ["redrive", "--wait"])
    after = json.loads(runner.invoke(commands, ["describe", "--json"]).stdout)
    listed = json.loads(runner.invoke(commands, ["history", "--json"]).stdout)

    assert result.exit_code == 0, result.output
    lines = result.stdout.splitlines()
    name = state_machine.execution_name(failed["execution"])
    assert lines[0] == f"execution {name}"
    assert lines[-1].startswith(f"execution {name} succeeded after ")
    assert lines[-1].endswith(", redriven once")
    assert (after["execution"], after["status"], after["redrives"]) == (failed["execution"], "SUCCEEDED", 1)
    silver = next(state for state in after["states"] if state["name"] == "BuildSilver")
    assert (silver["status"], silver["visits"], silver["retries"]) == ("SUCCEEDED", 1, 1)
    runs = pipeline.client("glue").get_job_runs(JobName=pipeline.name)["JobRuns"]
    assert [run["JobRunState"] for run in sorted(runs, key=lambda run: run["StartedOn"])] == ["FAILED", "SUCCEEDED"]
    crawled = next(state for state in after["states"] if state["name"] == "CrawlBronze")
    assert (crawled["visits"], crawled["retries"]) == (1, 0)
    # the pause before the redrive is no time of work
    whole = pipeline.client("stepfunctions").describe_execution(executionArn=failed["execution"])
    assert after["seconds"] <= (whole["stopDate"] - whole["startDate"]).total_seconds() - 3
    assert [one["redrives"] for one in listed] == [1]


def test_what_fails_again_is_said_again_and_can_be_redriven_again(pipeline: Pipeline) -> None:
    stages(pipeline)
    runner.invoke(commands, ["start", "--wait"])

    again = runner.invoke(commands, ["redrive", "--wait"])
    assert again.exit_code == 1
    assert "  state    BuildSilver" in again.stdout.splitlines()
    assert "bronze holds nonsense" in again.stdout

    pipeline.client("s3").delete_object(Bucket=pipeline.name, Key="nonsense")
    document = json.loads(runner.invoke(commands, ["redrive", "--wait", "--json"]).stdout)
    silver = next(state for state in document["states"] if state["name"] == "BuildSilver")
    assert (document["status"], document["redrives"], silver["retries"]) == ("SUCCEEDED", 2, 2)

    refused = runner.invoke(commands, ["redrive"])
    assert (refused.exit_code, "there is no failed state to go on from" in refused.stderr) == (1, True)


def test_an_execution_that_was_stopped_goes_on(pipeline: Pipeline) -> None:
    pipeline.crawler(allow("s3:ListBucket", "s3:GetObject", "glue:*", "logs:*"))
    pipeline.job("import time; time.sleep(8)")
    pipeline.project(GOOD_BUILD)
    execution = json.loads(runner.invoke(commands, ["start", "--json"]).stdout)["execution"]
    until("BuildSilver", lambda: "BuildSilver" in pipeline.entered(execution))

    assert json.loads(runner.invoke(commands, ["stop", "--json"]).stdout)["stopped"] is True
    document = json.loads(runner.invoke(commands, ["redrive", "--wait", "--json"]).stdout)

    assert (document["status"], document["redrives"]) == ("SUCCEEDED", 1)
