"""Roles as AWS wants them: trusted by one service, allowed what their inline policy says and nothing else."""

import json
import uuid
from collections.abc import Callable, Iterator
from typing import Any

import boto3
import pytest

from infra.local.account.credentials import role_session
from tests.conftest import Account

RoleFactory = Callable[..., str]


@pytest.fixture
def role(account: Account) -> Iterator[RoleFactory]:
    """Roles for one test, see `roles`."""
    yield from roles(account)


@pytest.fixture(scope="module")
def role_of_module(account: Account) -> Iterator[RoleFactory]:
    """Roles for all tests of a module, see `roles`."""
    yield from roles(account)


def roles(account: Account) -> Iterator[RoleFactory]:
    """`role("lambda", {"Effect": "Allow", …}, …)` creates a role for `<service>.amazonaws.com` and returns its ARN.

    The statements are the whole of what it may do; it is deleted after the test.
    """
    iam = account.session.client("iam")
    names: list[str] = []

    def create(service: str, *statements: dict[str, Any]) -> str:
        name = f"{service}-{uuid.uuid4().hex[:10]}"
        trust = {"Effect": "Allow", "Principal": {"Service": f"{service}.amazonaws.com"}, "Action": "sts:AssumeRole"}
        arn = iam.create_role(RoleName=name, AssumeRolePolicyDocument=document(trust))["Role"]["Arn"]
        names.append(name)
        if statements:
            iam.put_role_policy(RoleName=name, PolicyName="allowed", PolicyDocument=document(*statements))
        return arn

    yield create
    for name in names:
        for policy in iam.list_role_policies(RoleName=name)["PolicyNames"]:
            iam.delete_role_policy(RoleName=name, PolicyName=policy)
        iam.delete_role(RoleName=name)


def role_keys(role_arn: str) -> dict[str, str]:
    """The environment variables that give a process, or a new session, the role's permissions."""
    return session_keys(role_session(role_arn, "test"))


def session_keys(session: boto3.Session) -> dict[str, str]:
    """The environment variables that give a process the permissions of a role's session."""
    keys = session.get_credentials()
    assert keys is not None
    assert keys.token is not None
    return {
        "AWS_ACCESS_KEY_ID": keys.access_key,
        "AWS_SECRET_ACCESS_KEY": keys.secret_key,
        "AWS_SESSION_TOKEN": keys.token,
    }


def document(*statements: dict[str, Any]) -> str:
    """An IAM policy document of `statements`."""
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})
