"""A service takes a role for this account only: https://docs.aws.amazon.com/IAM/latest/UserGuide/confused-deputy.html"""

import json

import pytest
from botocore.exceptions import ClientError

from infra.local.account.credentials import role_session
from infra.local.account.settings import ACCOUNT_ID
from tests.conftest import Account

pytestmark = pytest.mark.account


@pytest.mark.parametrize("key", ["aws:SourceAccount", "sts:ExternalId"])
def test_a_role_is_taken_for_the_account_that_its_trust_policy_names_and_for_no_other(
    account: Account, unique: str, key: str
) -> None:
    iam = account.session.client("iam")
    name = f"trusting-{unique}"
    arn = iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust(key, ACCOUNT_ID))["Role"]["Arn"]
    assert arn.endswith(name)
    assert role_session(arn, "test").get_credentials() is not None

    iam.update_assume_role_policy(RoleName=name, PolicyDocument=trust(key, "111111111111"))
    with pytest.raises(ClientError, match="is not authorized to perform: sts:AssumeRole"):
        role_session(arn, "test")


def test_a_role_is_taken_for_the_resource_that_its_trust_policy_names_and_for_no_other(
    account: Account, unique: str
) -> None:
    iam, machines = account.session.client("iam"), account.session.client("stepfunctions")
    mine = f"arn:aws:states:us-east-1:{ACCOUNT_ID}:stateMachine:mine-{unique}"
    arn = iam.create_role(
        RoleName=f"running-{unique}", AssumeRolePolicyDocument=trust("aws:SourceArn", mine, "ArnLike")
    )["Role"]["Arn"]
    with pytest.raises(ClientError, match="is not authorized to perform: sts:AssumeRole"):
        role_session(arn, "nobody has the role")

    definition = json.dumps({"StartAt": "End", "States": {"End": {"Type": "Succeed"}}})
    machines.create_state_machine(name=f"other-{unique}", definition=definition, roleArn=arn)
    with pytest.raises(ClientError, match="is not authorized to perform: sts:AssumeRole"):
        role_session(arn, "another machine has it")

    machines.create_state_machine(name=f"mine-{unique}", definition=definition, roleArn=arn)
    assert role_session(arn, "the machine has it").get_credentials() is not None


def trust(key: str, value: str, operator: str = "StringEquals") -> str:
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": "firehose.amazonaws.com"},
        "Action": "sts:AssumeRole",
        "Condition": {operator: {key: value}},
    }
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})
