"""A backfill over a small state machine that fails on one day until it is repaired."""

import json
import subprocess
from collections.abc import Iterator
from typing import Any

import pytest
from typer.testing import CliRunner

from infra.cli.pipeline import app as pipeline
from orchestration.executions import state_machine
from tests.conftest import Account
from tests.integration.conftest import RoleFactory
from tests.integration.orchestration.test_cli import PIPED, interruptible

pytestmark = [pytest.mark.account, pytest.mark.usefixtures("new_objects")]

WINDOW = ["backfill", "--from", "2026-11-01", "--to", "2026-11-04"]
DAYS = [*WINDOW, "--by", "day"]
runner = CliRunner()


def definition(bad_day: str | None, seconds: int = 0) -> str:
    """Waits, and then fails when its window begins on the bad day."""
    choice = {
        "Type": "Choice",
        "Choices": [{"Condition": f"{{% $states.input.from = '{bad_day}T00:00:00Z' %}}", "Next": "BadDay"}],
        "Default": "Done",
    }
    states = {
        "Wait": {"Type": "Wait", "Seconds": seconds, "Next": "IsGood"},
        "IsGood": choice,
        "BadDay": {"Type": "Fail", "Error": "BuildSilver", "Cause": "bronze holds nonsense"},
        "Done": {"Type": "Succeed"},
    }
    return json.dumps({"QueryLanguage": "JSONata", "StartAt": "Wait", "States": states})


@pytest.fixture
def new_objects(account: Account) -> Iterator[None]:
    """An object in every hour of the days, if the account has bronze: stacks may be deployed in it or not."""
    s3 = account.session.client("s3")
    owner = account.session.client("sts").get_caller_identity()["Account"]
    bucket = f"todo-bronze-{owner}-{s3.meta.region_name}"
    if bucket not in {one["Name"] for one in s3.list_buckets()["Buckets"]}:
        yield
        return
    keys = [f"cdc/dt=2026-11-{day:02}/hour={hour:02}/arrival" for day in (1, 2, 3) for hour in range(24)]
    for key in keys:
        s3.put_object(Bucket=bucket, Key=key)
    yield
    for key in keys:
        s3.delete_object(Bucket=bucket, Key=key)


@pytest.fixture
def arn(account: Account, unique: str, role: RoleFactory, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The machine, under the name by which the commands find it."""
    machines = account.session.client("stepfunctions")
    name = f"backfill-{unique}"
    monkeypatch.setattr(state_machine, "NAME", name)
    created = machines.create_state_machine(name=name, definition=definition("2026-11-02"), roleArn=role("states"))
    yield created["stateMachineArn"]
    machines.delete_state_machine(stateMachineArn=created["stateMachineArn"])


def executions(account: Account, arn: str) -> list[tuple[str, str]]:
    """Name and status of every execution, the oldest first."""
    found = account.session.client("stepfunctions").list_executions(stateMachineArn=arn)["executions"]
    return [(one["name"], one["status"]) for one in sorted(found, key=lambda one: one["startDate"])]


def summary(*words: str) -> tuple[int, Any]:
    result = runner.invoke(pipeline, [*DAYS, *words, "--json"])
    return result.exit_code, json.loads(result.stdout)


def test_it_stops_at_a_failure_and_goes_on_there_after_the_repair(account: Account, arn: str) -> None:
    code, first = summary()

    assert (code, first["succeeded"]) == (1, 1)
    assert [one["status"] for one in first["intervals"]] == ["SUCCEEDED", "FAILED", None]
    assert (first["intervals"][1]["error"], first["intervals"][1]["cause"]) == ("BuildSilver", "bronze holds nonsense")

    account.session.client("stepfunctions").update_state_machine(stateMachineArn=arn, definition=definition(None))
    code, second = summary("--resume")

    assert (code, second["succeeded"]) == (0, 3)
    assert [one["done_before"] for one in second["intervals"]] == [True, False, False]
    assert executions(account, arn) == [
        ("backfill-20261101T0000-20261102T0000", "SUCCEEDED"),
        ("backfill-20261102T0000-20261103T0000", "FAILED"),
        ("backfill-20261102T0000-20261103T0000-2", "SUCCEEDED"),
        ("backfill-20261103T0000-20261104T0000", "SUCCEEDED"),
    ]
    given = account.session.client("stepfunctions").describe_execution(
        executionArn=f"{arn.replace(':stateMachine:', ':execution:')}:backfill-20261103T0000-20261104T0000"
    )["input"]
    assert json.loads(given) == {"from": "2026-11-03T00:00:00Z", "to": "2026-11-04T00:00:00Z"}


def test_with_keep_going_it_continues_after_a_failure_and_still_exits_with_1(arn: str) -> None:  # noqa: ARG001
    result = runner.invoke(pipeline, [*DAYS, "--keep-going"])

    assert result.exit_code == 1
    lines = result.stdout.splitlines()
    assert lines[1].startswith("2026-11-02 failed after ")
    assert lines[1].endswith(" in BuildSilver")
    assert "2 of 3 intervals done" in lines
    assert lines[-1].endswith(
        "insights pipeline backfill --from 2026-11-01T00:00:00Z --to 2026-11-04T00:00:00Z --by day --resume"
    )


def test_a_window_is_one_execution_unless_it_is_cut(account: Account, arn: str) -> None:
    result = runner.invoke(pipeline, WINDOW)
    assert (result.exit_code, result.stdout.splitlines()[-1]) == (0, "1 of 1 intervals done")
    assert executions(account, arn) == [("backfill-20261101T0000-20261104T0000", "SUCCEEDED")]


def test_a_dry_run_runs_nothing(account: Account, arn: str) -> None:
    result = runner.invoke(pipeline, [*DAYS, "--by", "hour", "--dry-run"])
    assert (result.exit_code, result.stdout.count("not run")) == (0, 72)
    assert executions(account, arn) == []


def test_an_interrupted_backfill_says_how_to_go_on(account: Account, arn: str) -> None:
    account.session.client("stepfunctions").update_state_machine(stateMachineArn=arn, definition=definition(None, 2))
    with subprocess.Popen(interruptible(state_machine.NAME, *DAYS), **PIPED) as running:
        assert running.stdout is not None
        assert running.stdout.readline().startswith("2026-11-01 succeeded")
        running.send_signal(2)
        rest = running.stdout.read()

    assert running.returncode == 130
    assert "1 of 3 intervals done" in rest
    assert rest.rstrip().endswith("--resume")
    code, resumed = summary("--resume")
    assert (code, resumed["succeeded"], resumed["intervals"][0]["done_before"]) == (0, 3, True)


def test_two_ends_in_the_wrong_order_are_refused() -> None:
    result = runner.invoke(pipeline, ["backfill", "--from", "2026-11-04", "--to", "2026-11-01"])
    assert (result.exit_code, "--to" in result.stderr) == (2, True)
