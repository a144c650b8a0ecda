"""The operator's commands against a real state machine: what they print, and how they exit."""

import json
import os
import pathlib
import signal
import subprocess
import sys
import time

import pytest
import typer
from typer.testing import CliRunner

from orchestration.cli import machine
from orchestration.cli import pipeline as commands
from tests.conftest import until
from tests.integration.orchestration.conftest import Pipeline, allow

pytestmark = pytest.mark.account

ROOT = pathlib.Path(__file__).resolve().parents[3]
INTERRUPTIBLE = (
    "import sys; from orchestration.cli import machine, pipeline; machine.NAME = sys.argv.pop(1); pipeline()"
)
runner = CliRunner()
app: typer.Typer = commands


@pytest.fixture(autouse=True)
def named(pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch) -> None:
    """The commands find the pipeline by its name: here, the test's own."""
    monkeypatch.setattr(machine, "NAME", pipeline.name)


def slow_job(pipeline: Pipeline) -> None:
    """Make a pipeline that stays in BuildSilver for a while."""
    pipeline.crawler(allow("s3:ListBucket", "s3:GetObject", "glue:*", "logs:*"))
    pipeline.job("import time; time.sleep(60)")


def test_start_and_wait_shows_the_states_and_fails_with_the_execution(pipeline: Pipeline) -> None:
    result = runner.invoke(app, ["start", "--wait"])

    assert result.exit_code == 1
    lines = result.stdout.splitlines()
    assert lines[1] == "CrawlBronze started"
    assert lines[2].startswith("CrawlBronze failed after ")
    assert "  state  CrawlBronze" in lines
    assert any(line.startswith("  error  Glue.EntityNotFoundException: ") for line in lines)
    assert pipeline.run()["error"] == "CrawlBronze"


def test_start_and_wait_in_json_is_one_document_on_standard_output(pipeline: Pipeline) -> None:
    result = runner.invoke(app, ["start", "--wait", "--json"])

    document = json.loads(result.stdout)
    assert (result.exit_code, document["status"], document["error"]) == (1, "FAILED", "CrawlBronze")
    assert document["states"][0]["error"] == "Glue.EntityNotFoundException"
    assert document["execution"].startswith(pipeline.arn.replace("stateMachine", "execution"))


def test_input_reaches_the_execution(pipeline: Pipeline) -> None:
    document = json.loads(runner.invoke(app, ["start", "--json", "--input", '{"select": "stg_tasks+"}']).stdout)

    described = pipeline.client("stepfunctions").describe_execution(executionArn=document["execution"])
    assert json.loads(described["input"]) == {"select": "stg_tasks+"}


@pytest.mark.parametrize("given", ["{not json", "[1]"])
def test_input_that_is_no_object_is_a_usage_error(given: str) -> None:
    assert runner.invoke(app, ["start", "--input", given]).exit_code == 2


def test_history_describe_and_stop_speak_of_the_same_executions(pipeline: Pipeline) -> None:
    runner.invoke(app, ["start", "--wait"])
    slow_job(pipeline)
    running = json.loads(runner.invoke(app, ["start", "--json"]).stdout)["execution"]
    name = running.rsplit(":", 1)[1]

    def in_silver() -> bool:
        described = json.loads(runner.invoke(app, ["describe", name, "--json"]).stdout)
        return [state["name"] for state in described["states"]][-1:] == ["BuildSilver"]

    until("the execution to build silver", in_silver, 30)
    stopped = runner.invoke(app, ["stop", "--reason", "wrong data"])
    again = runner.invoke(app, ["stop"])
    listed = json.loads(runner.invoke(app, ["history", "--json"]).stdout)
    described = runner.invoke(app, ["describe"])

    assert stopped.stdout == f"stopped {name}\n"
    assert again.stdout == f"{name} is not running: it stopped\n"
    assert [(one["name"] == name, one["status"]) for one in listed] == [(True, "ABORTED"), (False, "FAILED")]
    assert "BuildSilver" in described.stdout
    assert "  error  wrong data" in described.stdout


def test_history_is_cut_at_its_limit() -> None:
    for _ in range(3):
        runner.invoke(app, ["start", "--wait"])
    assert len(json.loads(runner.invoke(app, ["history", "--limit", "2", "--json"]).stdout)) == 2


def test_before_the_first_run_the_commands_say_so() -> None:
    described = runner.invoke(app, ["describe"])
    assert (described.exit_code, "has not run yet" in described.stderr) == (1, True)
    assert "has not run yet" in runner.invoke(app, ["history"]).stdout


def test_without_a_state_machine_the_way_out_is_to_deploy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine, "NAME", "no-such-pipeline")
    result = runner.invoke(app, ["start"])
    assert result.exit_code == 1
    assert "there is no state machine no-such-pipeline" in result.stderr
    assert "make deploy" in result.stderr


def test_an_execution_that_does_not_exist_is_named(pipeline: Pipeline) -> None:
    result = runner.invoke(app, ["describe", "no-such-execution"])
    assert result.exit_code == 1
    assert f"{pipeline.name}:no-such-execution" in result.stderr


def test_an_account_that_does_not_answer_is_no_stack_trace(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    result = runner.invoke(app, ["history"])
    assert (result.exit_code, "does not answer" in result.stderr) == (1, True)


def test_an_interrupted_wait_leaves_the_execution_running(pipeline: Pipeline) -> None:
    slow_job(pipeline)
    command = [sys.executable, "-c", INTERRUPTIBLE, pipeline.name, "start", "--wait"]
    environment = {**os.environ, "PYTHONUNBUFFERED": "1"}
    with subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True) as waiting:
        assert waiting.stdout is not None
        name = waiting.stdout.readline().split()[1]
        time.sleep(0.5)
        waiting.send_signal(signal.SIGINT)
        output = waiting.stdout.read()

    assert waiting.returncode == 130
    assert f"insights pipeline watch {name}" in output
    assert json.loads(runner.invoke(app, ["describe", name, "--json"]).stdout)["status"] == "RUNNING"
    runner.invoke(app, ["stop", name])
