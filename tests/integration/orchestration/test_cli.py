"""The operator's commands against a real state machine: what they print, and how they exit."""

import json
import pathlib
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from infra.cli.pipeline import app as commands
from orchestration.executions import state_machine
from tests.conftest import Account, until
from tests.integration.conftest import RoleFactory
from tests.integration.orchestration.conftest import Pipeline, allow

pytestmark = pytest.mark.account

ROOT = pathlib.Path(__file__).resolve().parents[3]
# whoever tests in the background has a shell that ignores Ctrl-C, and so would all that it starts
INTERRUPTIBLE = (
    "import signal, sys; from infra.cli.pipeline import app; from orchestration.executions import state_machine; "
    "state_machine.NAME = sys.argv.pop(1); "
    "signal.signal(signal.SIGINT, signal.default_int_handler); app()"
)
SLOW = "import time; time.sleep(60)"
PIPED: Any = {"cwd": ROOT, "stdout": subprocess.PIPE, "text": True}
runner = CliRunner()
app: typer.Typer = commands


def interruptible(name: str, *words: str) -> list[str]:
    """`insights pipeline` as a process, which a signal can reach, over the state machine of this name."""
    return [sys.executable, "-u", "-c", INTERRUPTIBLE, name, *words]


@pytest.fixture
def pipeline(account: Account, unique: str, role: RoleFactory) -> Iterator[Pipeline]:
    """A small state machine in the place of the pipeline: a job, and then a build."""
    name = f"stages-{unique}"
    job = {"Resource": "arn:aws:states:::glue:startJobRun.sync", "Arguments": {"JobName": name}}
    build = {"Resource": "arn:aws:states:::codebuild:startBuild.sync", "Arguments": {"ProjectName": name}}
    states = {
        "BuildSilver": {"Type": "Task", **job, "Next": "BuildGold"},
        "BuildGold": {"Type": "Task", **build, "End": True},
    }
    account.session.client("s3").create_bucket(Bucket=name)
    machines = account.session.client("stepfunctions")
    arn = machines.create_state_machine(
        name=name,
        definition=json.dumps({"QueryLanguage": "JSONata", "StartAt": "BuildSilver", "States": states}),
        roleArn=role("states", allow("glue:*", "codebuild:*")),
    )["stateMachineArn"]
    yield Pipeline(account, name, arn, "", "", role)
    machines.delete_state_machine(stateMachineArn=arn)


@pytest.fixture(autouse=True)
def named(pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch) -> None:
    """The commands find the pipeline by its name: here, the test's own."""
    monkeypatch.setattr(state_machine, "NAME", pipeline.name)


def test_start_and_wait_shows_the_states_and_fails_with_the_execution() -> None:
    result = runner.invoke(app, ["start", "--wait"])

    assert result.exit_code == 1
    lines = result.stdout.splitlines()
    assert lines[1] == "BuildSilver started"
    assert lines[2].startswith("BuildSilver failed after ")
    assert "  state    BuildSilver" in lines
    assert any(line.startswith("  error    Glue.EntityNotFoundException: ") for line in lines)


def test_start_and_wait_in_json_is_one_document_on_standard_output(pipeline: Pipeline) -> None:
    result = runner.invoke(app, ["start", "--wait", "--json"])

    document = json.loads(result.stdout)
    assert (result.exit_code, document["status"], document["error"]) == (1, "FAILED", "Glue.EntityNotFoundException")
    assert document["states"][0]["error"] == "Glue.EntityNotFoundException"
    assert document["execution"].startswith(pipeline.arn.replace("stateMachine", "execution"))


def test_flags_reach_the_execution_as_its_input(pipeline: Pipeline) -> None:
    flags = ["--from", "2026-11-23", "--to", "2026-11-23T06:00Z", "--select", "marts", "--skip", "agg_cycle_time"]
    document = json.loads(runner.invoke(app, ["start", "--wait", "--json", *flags]).stdout)

    described = pipeline.client("stepfunctions").describe_execution(executionArn=document["execution"])
    assert json.loads(described["input"]) == document["input"]
    assert document["input"] == {
        "from": "2026-11-23T00:00:00Z",
        "to": "2026-11-23T06:00:00Z",
        "select": "marts",
        "skip": "agg_cycle_time",
    }


def test_input_reaches_the_execution(pipeline: Pipeline) -> None:
    document = json.loads(runner.invoke(app, ["start", "--json", "--input", '{"select": "stg_tasks+"}']).stdout)

    described = pipeline.client("stepfunctions").describe_execution(executionArn=document["execution"])
    assert json.loads(described["input"]) == {"select": "stg_tasks+"}


@pytest.mark.parametrize(
    ("given", "named"),
    [
        (["--input", "{not json"], "--input"),
        (["--input", "[1]"], "--input"),
        (["--input", "{}", "--full-refresh"], "--input"),
        (["--input", '{"models": "marts"}'], "--input"),
        (["--select", "marts --full-refresh"], "--select"),
        (["--skip", "$(rm)"], "--skip"),
        (["--from", "yesterday"], "--from"),
        (["--from", "2026-11-02", "--to", "2026-11-01"], "--to"),
        (["--from", "2026-11-02", "--full-refresh"], "--full-refresh"),
    ],
)
def test_a_wrong_flag_is_a_usage_error_that_names_it(given: list[str], named: str) -> None:
    result = runner.invoke(app, ["start", *given])
    assert (result.exit_code, f"Invalid value for {named}" in result.stderr.replace("'", "")) == (2, True)


def test_history_describe_and_stop_speak_of_the_same_executions(pipeline: Pipeline) -> None:
    runner.invoke(app, ["start", "--wait"])
    pipeline.job(SLOW)
    running = json.loads(runner.invoke(app, ["start", "--json"]).stdout)["execution"]
    name = running.rsplit(":", 1)[1]

    def in_silver() -> bool:
        described = json.loads(runner.invoke(app, ["describe", name, "--json"]).stdout)
        return [state["name"] for state in described["states"]][-1:] == ["BuildSilver"]

    until("the execution to build silver", in_silver)
    stopped = runner.invoke(app, ["stop", "--reason", "wrong data"])
    again = runner.invoke(app, ["stop"])
    listed = json.loads(runner.invoke(app, ["history", "--json"]).stdout)
    described = runner.invoke(app, ["describe"])

    (run,) = pipeline.client("glue").get_job_runs(JobName=pipeline.name)["JobRuns"]
    assert run["JobRunState"] == "STOPPED"
    assert stopped.stdout == f"stopped {name}\nGlue job {pipeline.name} run {run['Id']} ended: STOPPED\n"
    assert again.stdout == f"{name} is not running: it stopped\n"
    assert [(one["name"] == name, one["status"]) for one in listed] == [(True, "ABORTED"), (False, "FAILED")]
    assert "BuildSilver" in described.stdout
    assert "  error    StoppedByOperator: wrong data" in described.stdout


def test_a_second_start_names_which_execution_runs_and_may_wait_for_its_end(pipeline: Pipeline) -> None:
    pipeline.job(SLOW)
    running = state_machine.execution_name(json.loads(runner.invoke(app, ["start", "--json"]).stdout)["execution"])

    refused = runner.invoke(app, ["start"])
    assert (refused.exit_code, refused.stdout) == (4, "")
    assert refused.stderr.startswith(f"error: {running} has been running for ")
    assert "--wait-for-running" in refused.stderr

    with subprocess.Popen(interruptible(pipeline.name, "start", "--wait-for-running", "--json"), **PIPED) as command:
        time.sleep(3)
        assert command.poll() is None
        runner.invoke(app, ["stop", running])
        assert command.stdout is not None
        second = json.loads(command.stdout.read())["execution"]
    assert state_machine.execution_name(second) != running
    runner.invoke(app, ["stop", second])


def test_a_build_under_way_ends_with_its_execution(pipeline: Pipeline) -> None:
    pipeline.job("print('merged')")
    pipeline.project("version: 0.2\nphases:\n  build: {commands: [sleep 300]}\n")
    execution = json.loads(runner.invoke(app, ["start", "--json"]).stdout)["execution"]
    builds = pipeline.client("codebuild")
    until("the build", lambda: builds.list_builds_for_project(projectName=pipeline.name)["ids"], 60)

    stopped = json.loads(runner.invoke(app, ["stop", "--json"]).stdout)

    (build,) = builds.batch_get_builds(ids=builds.list_builds_for_project(projectName=pipeline.name)["ids"])["builds"]
    assert build["buildStatus"] == "STOPPED"
    assert stopped == {
        "execution": execution,
        "stopped": True,
        "work": {f"CodeBuild build {build['id']}": "STOPPED"},
    }


def test_the_log_of_a_job_is_followed_until_the_state_ends(pipeline: Pipeline) -> None:
    pipeline.job("""\
        import sys, time
        for number in range(4):
            print("step", number, flush=True)
            time.sleep(1)
        sys.exit("bronze holds nonsense")
        """)
    runner.invoke(app, ["start"])
    until("the job", lambda: pipeline.client("glue").get_job_runs(JobName=pipeline.name)["JobRuns"], 60)

    followed = runner.invoke(app, ["logs", "--state", "BuildSilver"])
    again = runner.invoke(app, ["logs", "-n", "1", "--json"])
    watched = runner.invoke(app, ["watch"])

    assert followed.exit_code == 0
    assert [line for line in followed.stdout.splitlines() if line.startswith("step")] == [f"step {n}" for n in range(4)]
    assert followed.stderr.startswith(f"BuildSilver: Glue job {pipeline.name} run jr_")
    (last,) = [json.loads(line) for line in again.stdout.splitlines()]
    assert (last["state"], "bronze holds nonsense" in last["message"]) == ("BuildSilver", True)
    assert watched.exit_code == 1
    assert "  step 3" in watched.stdout.splitlines()


def test_a_state_is_described_with_all_that_is_known_of_it() -> None:
    runner.invoke(app, ["start", "--wait", "--input", '{"select": "marts"}'])

    described = json.loads(runner.invoke(app, ["describe", "--state", "BuildSilver", "--json"]).stdout)
    shown = runner.invoke(app, ["describe", "--state", "BuildSilver"]).stdout
    unknown = runner.invoke(app, ["describe", "--state", "BuildGold"])

    assert [state["name"] for state in described["states"]] == ["BuildSilver"]
    assert "Glue.EntityNotFoundException" in shown
    assert (unknown.exit_code, "BuildSilver" in unknown.stderr) == (2, True)


def test_history_is_cut_at_its_limit_and_can_be_of_one_status() -> None:
    for _ in range(3):
        runner.invoke(app, ["start", "--wait"])
    assert len(json.loads(runner.invoke(app, ["history", "--limit", "2", "--json"]).stdout)) == 2
    assert len(json.loads(runner.invoke(app, ["history", "--status", "failed", "--json"]).stdout)) == 3
    assert json.loads(runner.invoke(app, ["history", "--status", "succeeded", "--json"]).stdout) == []
    assert runner.invoke(app, ["history", "--status", "succeeded"]).stdout == "no execution has the status SUCCEEDED\n"


def test_before_the_first_run_the_commands_say_so() -> None:
    described = runner.invoke(app, ["describe"])
    assert (described.exit_code, "has not run yet" in described.stderr) == (1, True)
    assert "has not run yet" in runner.invoke(app, ["history"]).stdout


def test_without_a_state_machine_the_way_out_is_to_deploy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(state_machine, "NAME", "no-such-pipeline")
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
    pipeline.job(SLOW)
    with subprocess.Popen(interruptible(pipeline.name, "start", "--wait"), **PIPED) as command:
        assert command.stdout is not None
        name = command.stdout.readline().split()[1]
        time.sleep(0.5)
        command.send_signal(signal.SIGINT)
        output = command.stdout.read()

    assert command.returncode == 130
    assert f"insights pipeline watch {name}" in output
    assert json.loads(runner.invoke(app, ["describe", name, "--json"]).stdout)["status"] == "RUNNING"
    runner.invoke(app, ["stop", name])
