"""Integrations that wait on the local account: builds, queries and job runs, to their end or until they are stopped."""

import dataclasses
import json
import time
from collections.abc import Callable
from typing import Any

import pytest

from tests.conftest import Account, until
from tests.integration.conftest import RoleFactory
from tests.integration.local.stepfunctions.machines import GLUE_SYNC, SYNC, MachineFactory, allow, task

pytestmark = pytest.mark.account

BUILDS = allow("codebuild:StartBuild", "codebuild:BatchGetBuilds", "codebuild:StopBuild")


@dataclasses.dataclass
class Project:
    """A build project, and what became of its builds."""

    client: Any
    name: str

    def builds(self) -> list[dict[str, Any]]:
        ids = self.client.list_builds_for_project(projectName=self.name).get("ids", [])
        found: list[dict[str, Any]] = self.client.batch_get_builds(ids=ids)["builds"] if ids else []
        return found

    def statuses(self) -> list[str]:
        return [build["buildStatus"] for build in self.builds()]


@pytest.fixture
def project(account: Account, role: RoleFactory, unique: str) -> Callable[[str], Project]:
    """`project("command")` makes a project whose builds run that command."""
    client = account.session.client("codebuild")

    def create(command: str) -> Project:
        spec = json.dumps({"version": 0.2, "phases": {"build": {"commands": [command]}}})
        client.create_project(
            name=f"project-{unique}",
            serviceRole=role("codebuild", allow("logs:*")),
            source={"type": "NO_SOURCE", "buildspec": spec},
            artifacts={"type": "NO_ARTIFACTS"},
            environment={
                "type": "LINUX_CONTAINER",
                "image": "aws/codebuild/standard:7.0",
                "computeType": "BUILD_GENERAL1_SMALL",
            },
        )
        return Project(client, f"project-{unique}")

    return create


def test_a_build_is_waited_for_and_its_description_returned(
    machine: MachineFactory, project: Callable[[str], Project]
) -> None:
    builds = project("sleep 1")
    output = "{% $states.result.Build.[BuildStatus, ProjectName] %}"
    execution = machine({"Build": task(SYNC, {"ProjectName": builds.name}, Output=output)}, BUILDS)
    begun = execution.start()
    ended = execution.ended(begun)
    assert json.loads(ended["output"]) == ["SUCCEEDED", builds.name]
    assert builds.statuses() == ["SUCCEEDED"]
    submitted = [event for event in execution.events(begun) if event["type"] == "TaskSubmitted"]
    details = submitted[0]["taskSubmittedEventDetails"]
    assert (details["resourceType"], details["resource"]) == ("codebuild", "startBuild.sync")
    assert json.loads(details["output"])["Build"]["Id"] == builds.builds()[0]["id"]


def test_without_sync_the_state_ends_when_the_build_has_begun(
    machine: MachineFactory, project: Callable[[str], Project]
) -> None:
    builds = project("sleep 20")
    started = task("arn:aws:states:::codebuild:startBuild", {"ProjectName": builds.name})
    ended = machine({"Build": started}, BUILDS).run()
    assert json.loads(ended["output"])["Build"]["BuildStatus"] == "IN_PROGRESS"
    builds.client.stop_build(id=builds.builds()[0]["id"])


def test_a_failed_build_fails_the_state_with_its_description(
    machine: MachineFactory, project: Callable[[str], Project]
) -> None:
    builds = project("exit 3")
    ended = machine({"Build": task(SYNC, {"ProjectName": builds.name})}, BUILDS).run()
    assert (ended["status"], ended["error"]) == ("FAILED", "States.TaskFailed")
    assert json.loads(ended["cause"])["BuildStatus"] == "FAILED"
    assert json.loads(ended["cause"])["Id"] == builds.builds()[0]["id"]


def test_an_execution_whose_time_is_up_times_out(machine: MachineFactory, project: Callable[[str], Project]) -> None:
    builds = project("sleep 60")
    execution = machine({"Build": task(SYNC, {"ProjectName": builds.name})}, BUILDS, TimeoutSeconds=2)
    begun = execution.start()
    assert execution.ended(begun)["status"] == "TIMED_OUT"
    until("the build to stop", lambda: builds.statuses() == ["STOPPED"])
    assert execution.events(begun)[-1]["type"] == "ExecutionTimedOut"


def test_a_query_is_waited_for_and_its_description_returned(
    account: Account, machine: MachineFactory, unique: str
) -> None:
    account.session.client("s3").create_bucket(Bucket=f"results-{unique}")
    arguments = {
        "QueryString": "{% 'select ' & $string(40 + 2) %}",
        "ResultConfiguration": {"OutputLocation": f"s3://results-{unique}/"},
    }
    query = task("arn:aws:states:::athena:startQueryExecution.sync", arguments)
    ended = machine({"Query": query}, allow("athena:*", "s3:*", "glue:*")).run()
    found = json.loads(ended["output"])["QueryExecution"]
    assert (found["Query"], found["Status"]["State"]) == ("select 42", "SUCCEEDED")


def glue_job(account: Account, role: RoleFactory, unique: str, script: str) -> str:
    """A job of `script`; Python shell, which starts quicker than Spark."""
    s3, name = account.session.client("s3"), f"job-{unique}"
    s3.create_bucket(Bucket=f"scripts-{unique}")
    s3.put_object(Bucket=f"scripts-{unique}", Key="job.py", Body=script.encode())
    account.session.client("glue").create_job(
        Name=name,
        Role=role("glue", allow("s3:*", "logs:*")),
        Command={
            "Name": "pythonshell",
            "ScriptLocation": f"s3://scripts-{unique}/job.py",
            "PythonVersion": "3.9",
        },
    )
    return name


RUNS = allow("glue:StartJobRun", "glue:GetJobRun", "glue:BatchStopJobRun")


def test_a_job_run_is_waited_for_and_its_description_returned(
    account: Account, machine: MachineFactory, role: RoleFactory, unique: str
) -> None:
    name = glue_job(account, role, unique, "import time\ntime.sleep(1)\n")
    ended = machine({"Job": task(GLUE_SYNC, {"JobName": name})}, RUNS).run()
    assert ended["status"] == "SUCCEEDED", ended
    described = json.loads(ended["output"])
    runs = account.session.client("glue").get_job_runs(JobName=name)["JobRuns"]
    assert [(run["Id"], run["JobRunState"]) for run in runs] == [(described["Id"], "SUCCEEDED")]


def test_a_failed_job_run_fails_the_state_with_its_error_message(
    account: Account, machine: MachineFactory, role: RoleFactory, unique: str
) -> None:
    name = glue_job(account, role, unique, "raise ValueError('broken on purpose')\n")
    ended = machine({"Job": task(GLUE_SYNC, {"JobName": name})}, RUNS).run()
    assert (ended["status"], ended["error"]) == ("FAILED", "States.TaskFailed")
    cause = json.loads(ended["cause"])
    assert cause["JobRunState"] == "FAILED"
    assert "broken on purpose" in cause["ErrorMessage"]


def run_states(account: Account, job: str) -> list[str]:
    return [str(run["JobRunState"]) for run in account.session.client("glue").get_job_runs(JobName=job)["JobRuns"]]


def test_a_state_whose_time_is_up_stops_the_job_run(
    account: Account, machine: MachineFactory, role: RoleFactory, unique: str
) -> None:
    name = glue_job(account, role, unique, "import time\ntime.sleep(60)\n")
    limited = task(GLUE_SYNC, {"JobName": name}, TimeoutSeconds="{% 1 + 1 %}")
    ended = machine({"Job": limited}, RUNS).run()
    assert (ended["status"], ended["error"]) == ("FAILED", "States.Timeout")
    until("the run to stop", lambda: run_states(account, name) == ["STOPPED"])


def test_a_stopped_execution_stops_the_job_run_and_starts_nothing_more(
    account: Account, machine: MachineFactory, role: RoleFactory, unique: str
) -> None:
    name = glue_job(account, role, unique, "import time\ntime.sleep(60)\n")
    retried = task(
        GLUE_SYNC,
        {"JobName": name},
        Retry=[{"ErrorEquals": ["States.ALL"], "IntervalSeconds": 1, "MaxAttempts": 3}],
    )
    execution = machine({"Job": retried}, RUNS)
    begun = execution.start()
    until("the run", lambda: run_states(account, name) == ["RUNNING"])
    execution.client.stop_execution(executionArn=begun, error="Operator", cause="enough")
    until("the run to stop", lambda: run_states(account, name) == ["STOPPED"])
    time.sleep(2)  # longer than the retrier waits
    assert run_states(account, name) == ["STOPPED"]
    described = execution.describe(begun)
    assert (described["status"], described["error"], described["cause"]) == ("ABORTED", "Operator", "enough")
    assert execution.events(begun)[-1]["type"] == "ExecutionAborted"
