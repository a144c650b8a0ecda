"""The settings of prod, deployed to an account of their own: half-way, whole, again, away, and once more."""

import datetime as dt
import os
import pathlib
from collections.abc import Iterator

import boto3
import pytest

from api.contract import TABLE_NAME
from infra import deploy as module
from infra.deploy import DeployError, deploy
from infra.environments import EXAMPLE
from infra.local.account.settings import OWNER_KEYS, REGION, Settings
from infra.resource_names import STACKS, USER_POOL
from infra.teardown import DestroyError, destroy
from infra.toolchain import spark
from tests.conftest import Account, free_port
from transforms.contract import RECONCILE_PROJECT

pytestmark = [pytest.mark.account, pytest.mark.slow, pytest.mark.timeout(1200)]

PROD = {"environment": "prod", **EXAMPLE["prod"]}
# the name of a project that somebody else has made
TAKEN = RECONCILE_PROJECT


@pytest.fixture
def session(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[boto3.Session]:
    """The owner of an empty account."""
    settings = Settings(home=tmp_path / "account", port=free_port())
    spark.install(settings.toolchain)
    account = Account.at(settings)
    # another test may deploy from the checkout's own folder meanwhile
    monkeypatch.setattr(module, "OUTPUT", tmp_path / "cdk.out")
    for name, value in settings.client_environment().items():
        monkeypatch.setenv(name, value)
    account.start()
    yield boto3.Session(region_name=REGION, **OWNER_KEYS)
    account.stop()


def deployed(session: boto3.Session) -> dict[str, tuple[str, dt.datetime | None]]:
    """Status and last change of every stack of the project that is there."""
    pages = session.client("cloudformation").get_paginator("describe_stacks").paginate()
    return {
        stack["StackName"]: (stack["StackStatus"], stack.get("LastUpdatedTime"))
        for page in pages
        for stack in page["Stacks"]
        if stack["StackName"] in STACKS
    }


def test_prod_is_deployed_half_way_whole_again_away_and_once_more(session: boto3.Session) -> None:
    builds = session.client("codebuild")
    role = session.client("iam").create_role(RoleName="somebody-else", AssumeRolePolicyDocument="{}")["Role"]["Arn"]
    builds.create_project(
        name=TAKEN,
        source={"type": "NO_SOURCE", "buildspec": "version: 0.2"},
        artifacts={"type": "NO_ARTIFACTS"},
        environment={
            "type": "ARM_CONTAINER",
            "image": "aws/codebuild/amazonlinux-aarch64-standard:3.0",
            "computeType": "BUILD_GENERAL1_SMALL",
        },
        serviceRole=role,
    )
    shown: list[str] = []

    def refuse(difference: str) -> bool:
        shown.append(difference)
        return False

    with pytest.raises(DeployError, match="nothing was deployed"):
        deploy(dict(os.environ), quiet=True, context=PROD, confirm=refuse)
    assert deployed(session) == {}
    assert all(f"Stack {name}" in shown[0] for name in STACKS)

    with pytest.raises(DeployError, match="TodoOrchestrationStack"):
        deploy(dict(os.environ), quiet=True, context=PROD)
    half_way = deployed(session)
    assert half_way["TodoDataStack"][0] == "CREATE_COMPLETE"
    assert "CREATE_COMPLETE" not in half_way.get("TodoOrchestrationStack", ())

    builds.delete_project(name=TAKEN)
    outputs = deploy(dict(os.environ), quiet=True, context=PROD)
    first = deployed(session)
    assert {status for status, _ in first.values()} <= {"CREATE_COMPLETE", "UPDATE_COMPLETE"}
    assert set(first) == set(STACKS)
    # what had come about before the failure has not been touched
    assert first["TodoDataStack"] == half_way["TodoDataStack"]

    assert deploy(dict(os.environ), quiet=True, context=PROD) == outputs
    assert deployed(session) == first, "nothing has changed, so nothing is deployed"

    with pytest.raises(DestroyError, match=f"table {TABLE_NAME} is protected"):
        destroy(session, delete_data=True, report=print)
    session.client("dynamodb").update_table(TableName=TABLE_NAME, DeletionProtectionEnabled=False)
    with pytest.raises(DestroyError, match=r"user pool us-east-1_[0-9A-Za-z]+ is protected"):
        destroy(session, delete_data=True, report=print)
    assert deployed(session) == first
    cognito = session.client("cognito-idp")
    (pool,) = (each for each in cognito.list_user_pools(MaxResults=60)["UserPools"] if each["Name"] == USER_POOL)
    cognito.update_user_pool(UserPoolId=pool["Id"], DeletionProtection="INACTIVE")
    report: list[str] = []
    destroy(session, delete_data=True, report=report.append)
    assert deployed(session) == {}
    assert f"deleted table {TABLE_NAME}" in report
    assert not session.client("s3").list_buckets(Prefix="todo-")["Buckets"]

    assert set(deploy(dict(os.environ), quiet=True, context=PROD)) == set(outputs)
    assert {status for status, _ in deployed(session).values()} == {"CREATE_COMPLETE"}
    assert session.client("dynamodb").describe_table(TableName=TABLE_NAME)["Table"]["DeletionProtectionEnabled"]
