"""A request about a build needs permission on the build's project."""

from collections.abc import Callable

import boto3
import pytest
from botocore.exceptions import ClientError

from tests.conftest import Account

pytestmark = pytest.mark.account


def test_builds_are_read_and_stopped_with_permission_on_their_project_only(
    account: Account, role: Callable[..., str], unique: str
) -> None:
    owner = account.session.client("codebuild")
    builds: dict[str, str] = {}
    runner = role("codebuild", {"Effect": "Allow", "Action": "logs:*", "Resource": "*"})
    for name in (f"mine-{unique}", f"other-{unique}"):
        owner.create_project(
            name=name,
            source={"type": "NO_SOURCE", "buildspec": '{"version": 0.2, "phases": {"build": {"commands": ["true"]}}}'},
            artifacts={"type": "NO_ARTIFACTS"},
            environment={"type": "LINUX_CONTAINER", "image": "standard", "computeType": "BUILD_GENERAL1_SMALL"},
            serviceRole=runner,
        )
        builds[name] = owner.start_build(projectName=name)["build"]["id"]
    mine, other = builds.values()
    reader = role(
        "states",
        {
            "Effect": "Allow",
            "Action": ["codebuild:BatchGetBuilds", "codebuild:StopBuild"],
            "Resource": f"arn:aws:codebuild:us-east-1:000000000000:project/mine-{unique}",
        },
    )
    keys = account.session.client("sts").assume_role(RoleArn=reader, RoleSessionName="reader")["Credentials"]
    codebuild = boto3.client(
        "codebuild",
        aws_access_key_id=keys["AccessKeyId"],
        aws_secret_access_key=keys["SecretAccessKey"],
        aws_session_token=keys["SessionToken"],
    )
    assert codebuild.batch_get_builds(ids=[mine])["builds"][0]["projectName"] == f"mine-{unique}"
    assert codebuild.stop_build(id=mine)["build"]["id"] == mine
    with pytest.raises(ClientError, match="codebuild:BatchGetBuilds"):
        codebuild.batch_get_builds(ids=[other])
    with pytest.raises(ClientError, match="codebuild:StopBuild"):
        codebuild.stop_build(id=other)
