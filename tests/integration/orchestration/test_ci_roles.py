"""CI's deploy role may do what `insights deploy` does itself, after the CDK's own roles have deployed."""

import json
import re
from collections.abc import Callable, Iterator
from typing import Any

import boto3
import pytest
import yaml
from botocore.exceptions import ClientError

from infra import ROOT
from infra.cli.stack_outputs import stack_outputs
from infra.cli.unheard import find_unheard
from infra.local.account.settings import ACCOUNT_ID, REGION
from infra.resource_names import ALERTS
from tests.conftest import Account
from tests.integration.conftest import RoleFactory, role_keys

pytestmark = pytest.mark.account

HERE = {"AWS::Partition": "aws", "AWS::Region": REGION, "AWS::AccountId": ACCOUNT_ID, "BootstrapQualifier": "hnb659fds"}


class Template(yaml.SafeLoader):
    """Reads CloudFormation's short forms; `!Sub` with the values of the local account."""


def short_form(loader: Template, _suffix: str, node: yaml.Node) -> Any:
    if isinstance(node, yaml.ScalarNode):
        return re.sub(r"\$\{([\w:]+)\}", lambda found: HERE.get(found[1], found[0]), str(node.value))
    return loader.construct_sequence(node) if isinstance(node, yaml.SequenceNode) else None


Template.add_multi_constructor("!", short_form)


def statements(name: str) -> list[dict[str, Any]]:
    resources = yaml.load((ROOT / "infra" / "ci-roles.yaml").read_text(), Loader=Template)["Resources"]  # noqa: S506
    (policy,) = resources[name]["Properties"]["Policies"]
    found: list[dict[str, Any]] = policy["PolicyDocument"]["Statement"]
    return found


@pytest.fixture
def assume(role: RoleFactory, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """From now on the process has a role that may do what the statements say."""

    def become(*allowed: dict[str, Any]) -> None:
        for name, value in role_keys(role("lambda", *allowed)).items():
            monkeypatch.setenv(name, value)
        monkeypatch.setattr(boto3, "DEFAULT_SESSION", None)

    return become


@pytest.fixture
def stack(account: Account, unique: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A stack with an output, under a name like those of the project's."""
    name = f"Todo-{unique}-Stack"
    monkeypatch.setattr("infra.cli.stack_outputs.STACKS", (name,))
    cloudformation = account.session.client("cloudformation")
    body = {
        "Resources": {"Topic": {"Type": "AWS::SNS::Topic"}},
        "Outputs": {"ApiEndpoint": {"Value": "https://api.example.com"}},
    }
    cloudformation.create_stack(StackName=name, TemplateBody=json.dumps(body))
    cloudformation.get_waiter("stack_create_complete").wait(StackName=name, WaiterConfig={"Delay": 1})
    yield
    cloudformation.delete_stack(StackName=name)


@pytest.mark.usefixtures("stack")
def test_the_deploy_role_reads_outputs_and_says_what_nobody_would_hear_of(assume: Callable[..., None]) -> None:
    assume(*statements("DeployRole"))
    assert stack_outputs() == {"ApiEndpoint": "https://api.example.com"}
    assert isinstance(find_unheard(), list)
    topic = f"arn:aws:sns:{REGION}:{ACCOUNT_ID}:{ALERTS}"
    try:
        boto3.client("sns").list_subscriptions_by_topic(TopicArn=topic)
    except ClientError as error:  # in an account without the stacks
        assert error.response["Error"]["Code"] == "NotFound"  # noqa: PT017 - either outcome will do


@pytest.mark.usefixtures("stack")
def test_without_its_statements_it_may_not(assume: Callable[..., None]) -> None:
    assume({"Effect": "Allow", "Action": "sts:GetCallerIdentity", "Resource": "*"})
    for refused in (stack_outputs, find_unheard):
        with pytest.raises(ClientError, match="not authorized"):
            refused()
