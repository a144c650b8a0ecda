"""Work that runs when the account stops: its processes end, and after the restart nobody waits for it for ever."""

import json
import pathlib
from collections.abc import Iterator
from typing import Any

import psutil
import pytest

from infra.local.account.settings import Settings
from tests.conftest import Account, free_port, until

pytestmark = [pytest.mark.account, pytest.mark.slow]

NAME = "unfinished"


@pytest.fixture
def own(tmp_path: pathlib.Path) -> Iterator[Account]:
    """An account of this test's own, since it is stopped here."""
    started = Account.at(Settings(home=tmp_path / "account", port=free_port()))
    with pytest.MonkeyPatch.context() as patch:
        for name, value in started.settings.client_environment().items():
            patch.setenv(name, value)
        started.start()
        yield started
        started.stop()


@pytest.fixture
def pids(own: Account, tmp_path: pathlib.Path) -> list[int]:
    """The processes of a job and of a build that are running in the account."""
    session, reports = own.session, tmp_path / "pids"
    reports.mkdir()
    trust = {"Effect": "Allow", "Principal": {"Service": ["glue.amazonaws.com", "codebuild.amazonaws.com"]}}
    policy = {"Effect": "Allow", "Action": ["s3:*", "logs:*"], "Resource": "*"}
    iam = session.client("iam")
    arn = iam.create_role(RoleName=NAME, AssumeRolePolicyDocument=document({**trust, "Action": "sts:AssumeRole"}))
    role = arn["Role"]["Arn"]
    iam.put_role_policy(RoleName=NAME, PolicyName="allowed", PolicyDocument=document(policy))

    session.client("s3").create_bucket(Bucket=NAME)
    script = f"import os, pathlib, time; pathlib.Path('{reports}/job').write_text(str(os.getpid())); time.sleep(300)"
    session.client("s3").put_object(Bucket=NAME, Key="job.py", Body=script.encode())
    command: Any = {"Name": "glueetl", "ScriptLocation": f"s3://{NAME}/job.py"}
    session.client("glue").create_job(Name=NAME, Role=role, Command=command)
    session.client("glue").start_job_run(JobName=NAME)

    commands = [f"echo $$ > {reports}/build", "sleep 300"]
    buildspec = json.dumps({"version": "0.2", "phases": {"build": {"commands": commands}}})
    codebuild: Any = session.client("codebuild")
    codebuild.create_project(
        name=NAME,
        source={"type": "NO_SOURCE", "buildspec": buildspec},
        artifacts={"type": "NO_ARTIFACTS"},
        environment={"type": "LINUX_CONTAINER", "image": "x", "computeType": "BUILD_GENERAL1_SMALL"},
        serviceRole=role,
    )
    codebuild.start_build(projectName=NAME)

    def reported() -> list[int]:
        found = [int(file.read_text() or 0) for file in reports.iterdir()]
        return found if len(found) == 2 and all(found) else []

    return until("the job and the build to run", reported)


def test_after_a_graceful_stop_unfinished_work_has_failed(own: Account, pids: list[int]) -> None:
    assert all(map(running, pids))
    own.stop()
    until("the processes to end", lambda: not any(map(running, pids)), 30)

    own.start()
    (run,) = own.session.client("glue").get_job_runs(JobName=NAME)["JobRuns"]
    assert (run["JobRunState"], run["ErrorMessage"]) == ("FAILED", "The run ended with the account that ran it.")
    assert run["CompletedOn"] >= run["StartedOn"]
    codebuild = own.session.client("codebuild")
    (build,) = codebuild.batch_get_builds(ids=codebuild.list_builds()["ids"])["builds"]
    assert (build["buildStatus"], build["buildComplete"], build["currentPhase"]) == ("FAULT", True, "COMPLETED")
    assert build["phases"][-1]["phaseType"] == "BUILD"
    assert build["phases"][-1]["contexts"][0]["message"] == "The build ended with the account that ran it."


def test_an_execution_that_ran_at_the_stop_has_failed_in_its_history_too(own: Account) -> None:
    role = {"Effect": "Allow", "Principal": {"Service": "states.amazonaws.com"}, "Action": "sts:AssumeRole"}
    created = own.session.client("iam").create_role(RoleName=NAME, AssumeRolePolicyDocument=document(role))
    machines = own.session.client("stepfunctions")
    machine = machines.create_state_machine(
        name=NAME,
        definition=json.dumps({"StartAt": "Rest", "States": {"Rest": {"Type": "Wait", "Seconds": 300, "End": True}}}),
        roleArn=created["Role"]["Arn"],
    )
    execution = machines.start_execution(stateMachineArn=machine["stateMachineArn"])["executionArn"]
    until(
        "the execution to rest",
        lambda: len(machines.get_execution_history(executionArn=execution)["events"]) == 2,
    )

    for _ in range(2):  # the second restart finds it ended and leaves it so
        own.stop()
        own.start()
    machines = own.session.client("stepfunctions")
    described = machines.describe_execution(executionArn=execution)
    events = machines.get_execution_history(executionArn=execution)["events"]
    assert (described["status"], described["cause"]) == ("FAILED", "The execution ended with the account that ran it.")
    assert [event["type"] for event in events] == ["ExecutionStarted", "WaitStateEntered", "ExecutionFailed"]
    assert events[-1]["executionFailedEventDetails"]["cause"] == described["cause"]


def test_a_query_that_ran_at_the_stop_does_not_hold_it_and_has_failed(own: Account) -> None:
    own.session.client("s3").create_bucket(Bucket=NAME)
    athena = own.session.client("athena")
    # minutes of work
    sql = "select count(*) from unnest(sequence(1, 100000)) a (x), unnest(sequence(1, 100000)) b (y) where x > y"
    query = athena.start_query_execution(QueryString=sql, ResultConfiguration={"OutputLocation": f"s3://{NAME}/"})[
        "QueryExecutionId"
    ]

    def status() -> Any:
        return own.session.client("athena").get_query_execution(QueryExecutionId=query)["QueryExecution"]["Status"]

    until("the query to run", lambda: status()["State"] == "RUNNING")
    own.stop()

    own.start()
    ended = status()
    assert (ended["State"], ended["StateChangeReason"]) == (
        "FAILED",
        "GENERIC_INTERNAL_ERROR: The query ended with the account that ran it.",
    )
    assert ended["CompletionDateTime"] >= ended["SubmissionDateTime"]


def test_processes_do_not_outlive_an_account_that_is_killed(own: Account, pids: list[int]) -> None:
    assert own.process
    own.process.kill()
    own.process.wait()
    until("the processes to end", lambda: not any(map(running, pids)), 30)


def running(pid: int) -> bool:
    try:
        return bool(psutil.Process(pid).status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


def document(statement: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})
