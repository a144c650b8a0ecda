"""Builds: the buildspec's commands run on the source, as the project's role, and the build says what came of it."""

import importlib.util
import io
import json
import pathlib
import zipfile
from collections.abc import Callable
from typing import Any

import psutil
import pytest
import yaml

from tests.conftest import Account, until
from tests.integration.local.conftest import OwnBucket

pytestmark = pytest.mark.account

REPORT = 'aws_put() { python -c \'import boto3, sys; boto3.client("s3").put_object(**dict(zip(\
("Bucket", "Key", "Body"), sys.argv[1:])))\' "$BUCKET" "$1" "$2"; }'


class Workshop(OwnBucket):
    """For sources and reports of builds.

    Commands of its builds may `aws_put <key> <text>`.
    """

    @property
    def codebuild(self) -> Any:
        return self.account.session.client("codebuild")

    def project(self, phases: dict[str, Any], files: dict[str, str] | None = None, **given: Any) -> None:
        """Create the project; `phases` are lists of commands or whole phases."""
        whole = {name: {"commands": phase} if isinstance(phase, list) else phase for name, phase in phases.items()}
        whole["install"] = {"commands": [REPORT, *whole.get("install", {}).get("commands", [])]}
        source = {
            "type": "NO_SOURCE",
            "buildspec": yaml.safe_dump({"version": 0.2, "phases": whole, **given.pop("spec", {})}),
        }
        if files is not None:
            self.s3.put_object(Bucket=self.name, Key="src.zip", Body=packed(files))
            source = {**source, "type": "S3", "location": f"{self.name}/src.zip"}
        variables = [
            {"name": name, "value": value}
            for name, value in {"BUCKET": self.name, **given.pop("variables", {})}.items()
        ]
        self.codebuild.create_project(
            name=self.name,
            source={**source, **given.pop("source", {})},
            artifacts={"type": "NO_ARTIFACTS"},
            environment={
                "type": "LINUX_CONTAINER",
                "image": "aws/codebuild/standard:7.0",
                "computeType": "BUILD_GENERAL1_SMALL",
                "environmentVariables": variables,
            },
            **{"serviceRole": self.role_arn, **given},
        )

    def start(self, **given: Any) -> str:
        return str(self.codebuild.start_build(projectName=self.name, **given)["build"]["id"])

    def describe(self, build_id: str) -> dict[str, Any]:
        build: dict[str, Any] = self.codebuild.batch_get_builds(ids=[build_id])["builds"][0]
        return build

    def ended(self, build_id: str, seconds: float = 60) -> dict[str, Any]:
        def look() -> dict[str, Any] | None:
            build = self.describe(build_id)
            return build if build["buildComplete"] else None

        return until("the build to end", look, seconds)

    def build(self, **given: Any) -> dict[str, Any]:
        return self.ended(self.start(**given))

    def report(self, key: str = "report") -> str:
        return str(self.s3.get_object(Bucket=self.name, Key=key)["Body"].read().decode())

    def reports(self) -> list[str]:
        found = self.s3.list_objects_v2(Bucket=self.name).get("Contents", [])
        return [item["Key"] for item in found if item["Key"] != "src.zip"]

    def log(self, build: dict[str, Any]) -> list[str]:
        where = {"logGroupName": build["logs"]["groupName"], "logStreamName": build["logs"]["streamName"]}
        return [event["message"] for event in self.account.session.client("logs").get_log_events(**where)["events"]]


def packed(files: dict[str, str]) -> bytes:
    """A zip of `files`; names that end in .sh are executable."""
    body = io.BytesIO()
    with zipfile.ZipFile(body, "w") as archive:
        for name, text in files.items():
            member = zipfile.ZipInfo(name)
            member.external_attr = (0o755 if name.endswith(".sh") else 0o644) << 16
            archive.writestr(member, text)
    return body.getvalue()


def phase(build: dict[str, Any], name: str) -> tuple[str, str]:
    """Status and reason of a phase."""
    (found,) = (one for one in build["phases"] if one["phaseType"] == name)
    return found["phaseStatus"], found["contexts"][0]["message"]


def phase_names(build: dict[str, Any]) -> list[str]:
    return [one["phaseType"] for one in build["phases"]]


@pytest.fixture
def workshop(account: Account, unique: str, role: Callable[..., str]) -> Workshop:
    name = f"build-{unique}"
    arn = role(
        "codebuild",
        {"Effect": "Allow", "Action": ["s3:GetObject", "s3:PutObject"], "Resource": f"arn:aws:s3:::{name}/*"},
        {"Effect": "Allow", "Action": "logs:*", "Resource": f"arn:aws:logs:*:*:log-group:/aws/codebuild/{name}*"},
    )
    made = Workshop(account, name, arn)
    made.s3.create_bucket(Bucket=name)
    return made


def test_all_phases_run_in_one_session_on_a_copy_of_the_source(workshop: Workshop) -> None:
    workshop.project(
        {
            "install": ["GREETING=hello", 'shout() { echo "$1!"; }'],
            "pre_build": ["cd tools", "multi='two\nlines'"],
            "build": ["./say.sh > ../said"],
            "post_build": ['aws_put report "$(shout $GREETING) $(cat ../said) $multi $CODEBUILD_BUILD_SUCCEEDING"'],
        },
        files={"tools/say.sh": "#!/bin/sh\necho said by the source\n"},
    )
    build = workshop.build()
    assert workshop.report() == "hello! said by the source two\nlines 1"
    assert build["buildStatus"] == "SUCCEEDED"
    assert phase_names(build) == [
        *("SUBMITTED", "QUEUED", "PROVISIONING", "DOWNLOAD_SOURCE"),
        *("INSTALL", "PRE_BUILD", "BUILD", "POST_BUILD", "FINALIZING", "COMPLETED"),
    ]


def test_the_buildspec_may_lie_in_the_source(workshop: Workshop) -> None:
    spec = yaml.safe_dump({"version": 0.2, "phases": {"build": {"commands": [REPORT, "aws_put report found"]}}})
    workshop.project({}, files={"ci/spec.yml": spec}, source={"buildspec": "ci/spec.yml"})
    workshop.build()
    assert workshop.report() == "found"


def test_a_missing_buildspec_fails_the_download_phase(workshop: Workshop) -> None:
    workshop.project({}, files={"a": "b"}, source={"buildspec": "no.yml"})
    build = workshop.build()
    status, message = phase(build, "DOWNLOAD_SOURCE")
    assert (build["buildStatus"], status) == ("FAILED", "FAILED")
    assert "YAML_FILE_ERROR" in message
    assert "no.yml" in message


def test_a_builds_variables_win_over_the_projects_and_those_over_the_buildspecs(workshop: Workshop) -> None:
    workshop.project(
        {"build": ['aws_put report "$A $B $C"']},
        spec={"env": {"variables": {"A": "spec", "B": "spec", "C": "spec"}}},
        variables={"B": "project", "C": "project"},
    )
    workshop.build(environmentVariablesOverride=[{"name": "C", "value": "build"}])
    assert workshop.report() == "spec project build"


def test_the_builds_description_has_its_exported_variables(workshop: Workshop) -> None:
    workshop.project(
        {"build": ["false"], "post_build": ["export FOUND='two\nlines'", "inner=1"]},
        spec={"env": {"variables": {"GIVEN": "by the spec"}, "exported-variables": ["FOUND", "GIVEN", "MISSING"]}},
    )
    build = workshop.build()
    assert build["buildStatus"] == "FAILED"
    assert {one["name"]: one["value"] for one in build["exportedEnvironmentVariables"]} == {
        "FOUND": "two\nlines",
        "GIVEN": "by the spec",
        "MISSING": "",
    }


def test_a_buildspec_given_with_the_build_replaces_the_projects(workshop: Workshop) -> None:
    workshop.project({"build": ["aws_put report project"]})
    other = {"version": 0.2, "phases": {"build": {"commands": [REPORT, "aws_put report override"]}}}
    workshop.build(buildspecOverride=json.dumps(other))
    assert workshop.report() == "override"


def test_commands_run_as_the_projects_role_and_nobody_else(workshop: Workshop) -> None:
    ask = (
        "import boto3; print(boto3.client('sts').get_caller_identity()['Arn']); boto3.client('dynamodb').list_tables()"
    )
    workshop.project({"build": [f'python -c "{ask}"']})
    build = workshop.build()
    log = "\n".join(workshop.log(build))
    assert f":assumed-role/{workshop.role_arn.rpartition('/')[2]}/AWSCodeBuild" in log
    assert "AccessDenied" in log
    assert build["buildStatus"] == "FAILED"


def test_a_source_that_the_role_may_not_read_fails_the_download(workshop: Workshop, role: Callable[..., str]) -> None:
    logs = {"Effect": "Allow", "Action": "logs:*", "Resource": "*"}
    workshop.project({"build": ["true"]}, files={"a": "b"}, serviceRole=role("codebuild", logs))
    build = workshop.build()
    status, message = phase(build, "DOWNLOAD_SOURCE")
    assert (status, "AccessDenied" in message) == ("FAILED", True)
    assert "BUILD" not in phase_names(build)


def test_a_role_that_may_not_write_logs_fails_the_build_before_it_runs(
    workshop: Workshop, role: Callable[..., str]
) -> None:
    put = {"Effect": "Allow", "Action": "s3:PutObject", "Resource": "*"}
    workshop.project({"build": ["aws_put report ran"]}, serviceRole=role("codebuild", put))
    build = workshop.build()
    assert build["buildStatus"] == "FAILED"
    assert "does not allow AWS CodeBuild to create Amazon CloudWatch Logs" in phase(build, "PROVISIONING")[1]
    assert workshop.reports() == []


def test_a_failed_command_ends_its_phase_and_says_which_it_was(workshop: Workshop) -> None:
    workshop.project(
        {
            "build": {"commands": ["true", "sh -c 'exit 7'", "aws_put unreached x"], "finally": ["aws_put finally x"]},
            "post_build": ['aws_put report "$CODEBUILD_BUILD_SUCCEEDING"'],
        }
    )
    build = workshop.build()
    assert build["buildStatus"] == "FAILED"
    message = "Error while executing command: sh -c 'exit 7'. Reason: exit status 7"
    assert phase(build, "BUILD") == ("FAILED", message)
    assert phase(build, "POST_BUILD")[0] == "SUCCEEDED"
    assert sorted(workshop.reports()) == ["finally", "report"]
    assert workshop.report() == "0"


def test_a_project_from_a_template_writes_to_the_log_group_that_it_names(workshop: Workshop) -> None:
    group = f"/aws/codebuild/{workshop.name}-own"
    buildspec = json.dumps({"version": "0.2", "phases": {"build": {"commands": ["echo built"]}}})
    properties = {
        "Name": workshop.name,
        "ServiceRole": workshop.role_arn,
        "Source": {"Type": "NO_SOURCE", "BuildSpec": buildspec},
        "Artifacts": {"Type": "NO_ARTIFACTS"},
        "Environment": {"Type": "LINUX_CONTAINER", "Image": "x", "ComputeType": "BUILD_GENERAL1_SMALL"},
        "LogsConfig": {"CloudWatchLogs": {"Status": "ENABLED", "GroupName": group, "StreamName": "dbt"}},
    }
    template = {"Resources": {"Project": {"Type": "AWS::CodeBuild::Project", "Properties": properties}}}
    stacks = workshop.account.session.client("cloudformation")
    stacks.create_stack(StackName=workshop.name, TemplateBody=json.dumps(template))
    stacks.get_waiter("stack_create_complete").wait(StackName=workshop.name, WaiterConfig={"Delay": 1})
    build = workshop.build()
    assert build["logs"]["groupName"] == group
    assert build["logs"]["streamName"].startswith("dbt/")
    assert "built" in workshop.log(build)


def test_after_a_failed_install_nothing_else_runs(workshop: Workshop) -> None:
    workshop.project({"install": ["exit 3"], "build": ["aws_put build x"], "post_build": ["aws_put post x"]})
    build = workshop.build()
    assert (build["buildStatus"], phase(build, "INSTALL")[0]) == ("FAILED", "FAILED")
    assert workshop.reports() == []


def test_output_is_in_the_log_while_the_build_runs_and_stopping_ends_all_processes(workshop: Workshop) -> None:
    workshop.project({"build": ["sleep 300 & echo pids $! $$", "sleep 300"], "post_build": ["aws_put post x"]})
    build_id = workshop.start()

    def pids() -> list[int]:
        build = workshop.describe(build_id)
        lines = workshop.log(build) if "BUILD" in phase_names(build) else []
        return [int(pid) for line in lines if line.startswith("pids ") for pid in line.split()[1:]]

    started = until("the first line", pids)
    assert all(running(pid) for pid in started)
    workshop.codebuild.stop_build(id=build_id)
    assert workshop.ended(build_id)["buildStatus"] == "STOPPED"
    until("its processes to end", lambda: not any(map(running, started)), 30)
    assert workshop.reports() == []


@pytest.mark.parametrize(
    "install", ["pip install --no-index x", "python -m pip install --no-index x", "pip3 install x"]
)
def test_a_bare_installation_fails_loudly(workshop: Workshop, install: str) -> None:
    workshop.project({"install": [install], "build": ["aws_put report ran"]})
    build = workshop.build()
    assert phase(build, "INSTALL")[0] == "FAILED"
    assert any("may not install" in line for line in workshop.log(build))
    assert workshop.reports() == []


def test_a_virtual_environment_of_its_own_may_be_installed_into(workshop: Workshop, unique: str) -> None:
    package = f"only_in_build_{unique}"
    metadata = f"Metadata-Version: 2.1\nName: {package}\nVersion: 1\n"
    wheel = packed(
        {
            f"{package}.py": "VALUE = 'installed'",
            f"{package}-1.dist-info/METADATA": metadata,
            f"{package}-1.dist-info/WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
            f"{package}-1.dist-info/RECORD": "",
        }
    )
    workshop.s3.put_object(Bucket=workshop.name, Key="src.zip", Body=wheel)
    workshop.project(
        {
            "install": [
                "python -m venv own",
                f"python -m zipfile -c {package}-1-py3-none-any.whl {package}*",
                f"own/bin/pip install --quiet --no-index ./{package}-1-py3-none-any.whl",
            ],
            "build": [f"aws_put report \"$(own/bin/python -c 'import {package}; print({package}.VALUE)')\""],
        },
        source={"type": "S3", "location": f"{workshop.name}/src.zip"},
    )
    build = workshop.build()
    assert workshop.reports() == ["report"], workshop.log(build)
    assert workshop.report() == "installed"
    assert importlib.util.find_spec(package) is None


def test_the_tools_of_this_checkout_are_there_to_run(workshop: Workshop) -> None:
    workshop.project(
        {"build": ['command -v dbt && aws_put report "$(python -c "import dbt.version, sys; print(sys.prefix)")"']}
    )
    workshop.build()
    assert pathlib.Path(workshop.report()).is_relative_to(workshop.account.settings.home)


def test_the_source_is_gone_after_the_build(workshop: Workshop) -> None:
    workshop.project({"build": ['aws_put report "$CODEBUILD_SRC_DIR"']}, files={"a": "b"})
    workshop.build()
    until("the build's folder to go", lambda: not pathlib.Path(workshop.report()).exists())


def running(pid: int) -> bool:
    try:
        return bool(psutil.Process(pid).status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False
