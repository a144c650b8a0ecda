"""What `insights erase-user` says and exits with, however the job and the execution behind it end."""

import datetime as dt
import io
import json
from typing import Any
from unittest import mock

import boto3
import pytest
import typer

from infra.cli import erase_user
from transforms.silver import erase_user as job

NOW = dt.datetime(2026, 11, 24, tzinfo=dt.UTC)
EXECUTION = "arn:aws:states:us-east-1:000000000000:execution:todo-insights-pipeline:gold-1"


def events(status: str) -> list[dict[str, Any]]:
    """The history of an execution with this status."""
    types = ["ExecutionStarted", *([f"Execution{status.capitalize()}"] if status != "RUNNING" else [])]
    return [{"id": number, "type": kind, "timestamp": NOW} for number, kind in enumerate(types, 1)]


class Account:
    """Clients that answer as the services do; the job has the state, the execution the statuses, one by one."""

    def __init__(self, report: dict[str, Any], job: str = "SUCCEEDED", gold: tuple[str, ...] = ()) -> None:
        self.dynamodb, self.glue, self.s3, self.stepfunctions = (mock.MagicMock() for _ in range(4))
        self.glue.exceptions.ConcurrentRunsExceededException = KeyError
        self.glue.get_job.return_value = {"Job": {"DefaultArguments": {"--TempDir": "s3://artifacts/glue/"}}}
        self.glue.start_job_run.return_value = {"JobRunId": "jr_1"}
        run = {"Id": "jr_1", "JobRunState": job, "Arguments": {"--report": "s3://artifacts/report.json"}}
        self.glue.get_job_run.return_value = {"JobRun": run}
        content = {"counts": {"tasks": 2}, "pending": 0, "execution": None, **report}
        self.s3.get_object.side_effect = lambda **_: {"Body": io.BytesIO(json.dumps(content).encode())}
        self.history = self.stepfunctions.get_paginator.return_value.paginate
        self.history.side_effect = [[{"events": events(status)}] for status in gold]

    def given(self) -> dict[str, str]:
        """The arguments of the job's run."""
        arguments: dict[str, str] = self.glue.start_job_run.call_args.kwargs["Arguments"]
        return arguments


def erased(account: Account, patch: pytest.MonkeyPatch, **options: Any) -> int:
    """The exit status of the command."""
    patch.setattr(boto3, "client", lambda service: getattr(account, service))
    patch.setattr(erase_user, "erase_for_operator", lambda *_: 3)
    for module in (erase_user, job):
        patch.setattr(module, "POLL_SECONDS", 0)
    try:
        erase_user.run_erasure("u-1", 600, **{"build_gold": True, "as_json": False, **options})
    except typer.Exit as ended:
        return ended.exit_code
    return 0


def test_it_stays_until_gold_is_built(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    account = Account({"execution": EXECUTION}, gold=("RUNNING", "RUNNING", "SUCCEEDED"))
    assert erased(account, monkeypatch, as_json=True) == 0
    assert account.given()["--build-gold"] == "true"
    assert json.loads(capsys.readouterr().out)["gold"] == "SUCCEEDED"
    assert account.history.call_count == 3


def test_a_build_of_gold_that_fails_is_a_failure_that_says_what_is_done_and_what_to_do(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert erased(Account({"execution": EXECUTION}, gold=("FAILED",)), monkeypatch) == 1
    message = " ".join(capsys.readouterr().err.split())
    assert "erased from table, bronze and silver; the build of gold FAILED" in message
    assert "`insights pipeline redrive gold-1`" in message


def test_gold_can_be_left(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    account = Account({})
    assert erased(account, monkeypatch, build_gold=False) == 0
    assert account.given()["--build-gold"] == "false"
    assert "gold follows with the next build" in " ".join(capsys.readouterr().err.split())


@pytest.mark.parametrize(
    ("report", "job", "message"),
    [
        ({"pending": 1}, "SUCCEEDED", "the nightly maintenance works the request off"),
        ({}, "FAILED", "todo-silver-maintenance jr_1 FAILED"),
    ],
)
def test_what_is_not_erased_is_a_failure(
    report: dict[str, Any], job: str, message: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert erased(Account(report, job), monkeypatch) == 1
    assert message in " ".join(capsys.readouterr().err.split())


def test_a_job_that_runs_already_is_a_failure(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    account = Account({})
    account.glue.start_job_run.side_effect = KeyError
    assert erased(account, monkeypatch) == 1
    assert "is running" in capsys.readouterr().err
