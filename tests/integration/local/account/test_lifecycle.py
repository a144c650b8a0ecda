"""`insights up`, `down`, `status`, `env` and `reset`, as a person at a terminal meets them."""

import concurrent.futures
import json
import os
import signal
import socket
import subprocess
import sys

import boto3
import psutil
import pytest

from infra.local.account.settings import OWNER_KEYS, REGION, Settings
from tests.conftest import until
from tests.integration.local.account.terminal import Terminal


def _queue_names(settings: Settings) -> list[str]:
    sqs = boto3.client(
        "sqs",
        endpoint_url=settings.endpoint,
        aws_access_key_id="test",
        aws_secret_access_key="test",
        region_name="us-east-1",
    )
    return [url.rsplit("/", 1)[-1] for url in sqs.list_queues().get("QueueUrls", [])]


def create_queue(settings: Settings, name: str) -> None:
    session = boto3.Session(region_name=REGION, **OWNER_KEYS)
    session.client("sqs", endpoint_url=settings.endpoint).create_queue(QueueName=name)


def start_pipeline(settings: Settings) -> str:
    """An execution that runs, of a machine of the pipeline's name; its name."""
    session = boto3.Session(region_name=REGION, **OWNER_KEYS)
    machines = session.client("stepfunctions", endpoint_url=settings.endpoint)
    trust = {"Effect": "Allow", "Principal": {"Service": "states.amazonaws.com"}, "Action": "sts:AssumeRole"}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
    iam = session.client("iam", endpoint_url=settings.endpoint)
    role = iam.create_role(RoleName="machine", AssumeRolePolicyDocument=policy)["Role"]["Arn"]
    waits = {"StartAt": "Rest", "States": {"Rest": {"Type": "Wait", "Seconds": 300, "End": True}}}
    machine = machines.create_state_machine(name="todo-insights-pipeline", definition=json.dumps(waits), roleArn=role)[
        "stateMachineArn"
    ]
    return machines.start_execution(stateMachineArn=machine)["executionArn"].rpartition(":")[2]


def test_an_account_goes_up_down_and_up_again_with_its_state(terminal: Terminal) -> None:
    assert "up at" in terminal.insights("up").stderr
    first = terminal.status()
    create_queue(terminal.settings, "kept")

    again = terminal.insights("up")
    assert "already up" in again.stderr
    assert terminal.status()["pid"] == first["pid"]

    execution = start_pipeline(terminal.settings)
    stopped = terminal.insights("down").stderr
    assert "local account stopped" in stopped
    assert f"the execution {execution} is running" in stopped
    assert f"insights pipeline redrive {execution}" in stopped
    assert terminal.status()["running"] is False
    assert terminal.insights("status").returncode == 3
    assert "was not up" in terminal.insights("down").stderr

    terminal.insights("up")
    assert _queue_names(terminal.settings) == ["kept"]

    terminal.insights("reset", "--yes")
    assert not terminal.settings.home.exists()
    terminal.insights("up")
    assert _queue_names(terminal.settings) == []


def test_a_busy_port_names_the_process_and_a_way_out(terminal: Terminal) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", terminal.settings.port))
        taken.listen()
        refused = terminal.insights("up")
    assert refused.returncode == 1
    assert f"port {terminal.settings.port} is in use by process {os.getpid()}" in refused.stderr
    assert f"insights up --port {terminal.settings.port + 1}" in refused.stderr


def test_a_process_that_was_killed_is_noticed_and_replaced(terminal: Terminal) -> None:
    terminal.insights("up")
    killed = psutil.Process(int(str(terminal.status()["pid"])))
    killed.send_signal(signal.SIGKILL)
    until("the process to be gone", lambda: not killed.is_running() or killed.status() == psutil.STATUS_ZOMBIE)

    down = terminal.status()
    assert (down["running"], down["killed"]) == (False, True)
    restarted = terminal.insights("up")
    assert restarted.returncode == 0
    assert "Its state was never saved" in restarted.stderr
    again = terminal.status()
    assert (again["pid"] != killed.pid, again["killed"]) == (True, True)
    terminal.insights("reset", "--yes")
    assert terminal.status()["killed"] is False


@pytest.mark.skipif(sys.platform != "linux", reason="limits of another process are Linux's")
def test_a_state_that_cannot_be_written_is_an_error_and_the_old_one_stays(terminal: Terminal) -> None:
    terminal.insights("up")
    create_queue(terminal.settings, "saved")
    terminal.insights("down")
    terminal.insights("up")
    create_queue(terminal.settings, "lost")
    # as on a full disk: what is longer than this cannot be written
    psutil.Process(int(str(terminal.status()["pid"]))).rlimit(psutil.RLIMIT_FSIZE, (100, 100))
    down = terminal.insights("down")
    assert down.returncode == 1
    assert "its state could not be saved" in down.stderr
    assert "What happened later is lost" in terminal.insights("up").stderr
    assert _queue_names(terminal.settings) == ["saved"]


def test_two_starts_at_once_start_one_account(terminal: Terminal) -> None:
    with concurrent.futures.ThreadPoolExecutor() as pool:
        starts = list(pool.map(terminal.insights, ["up", "up"]))
    assert [start.returncode for start in starts] == [0, 0]
    assert sorted("already up" in start.stderr for start in starts) == [False, True]
    assert terminal.status()["running"] is True


def test_the_record_of_another_program_that_took_the_pid_is_stale(terminal: Terminal) -> None:
    terminal.settings.home.mkdir(parents=True)
    record = {"pid": os.getpid(), "port": terminal.settings.port}
    (terminal.settings.home / "account.json").write_text(json.dumps(record))
    assert terminal.status()["running"] is False
    assert terminal.insights("up").returncode == 0


def test_a_command_that_needs_the_account_says_how_to_start_it(terminal: Terminal) -> None:
    refused = terminal.insights("query", "select 1")
    assert refused.returncode == 3
    assert "insights up" in refused.stderr
    assert "--target aws" in refused.stderr


@pytest.mark.parametrize("command", ["up", "reset", "env", "demo"])
def test_the_local_account_s_own_commands_do_not_pretend_to_work_on_aws(terminal: Terminal, command: str) -> None:
    refused = terminal.insights("--target", "aws", command)
    assert (refused.returncode, refused.stdout) == (1, "")
    assert f"`insights {command}` is about the local account only" in refused.stderr


def test_a_port_that_there_is_not_is_a_usage_error(terminal: Terminal) -> None:
    assert terminal.insights("up", "--port", "70000").returncode == 2


def test_env_points_a_plain_client_at_the_account(terminal: Terminal) -> None:
    terminal.insights("up")
    exports = terminal.insights("env").stdout
    script = (
        f"{exports}\n{sys.executable} -c \"import boto3; print(boto3.client('sts').get_caller_identity()['Account'])\""
    )
    shown = subprocess.run(
        ["/bin/bash", "-c", script], capture_output=True, text=True, check=True, env={"PATH": os.defpath}
    )
    assert shown.stdout.strip() == "000000000000"


def test_a_wrong_setting_is_named(terminal: Terminal) -> None:
    result = subprocess.run(
        [sys.executable, "-c", "from infra.cli import main; main()", "status"],
        env={**os.environ, **terminal.settings.environment(), "INSIGHTS_LOCAL_PORT": "many"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode != 0
    assert "INSIGHTS_LOCAL_PORT" in result.stderr
