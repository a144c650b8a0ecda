"""A change set with the mode REVERT_DRIFT creates again what was deleted outside of the stack."""

import json
from typing import Any

import pytest
from botocore.exceptions import WaiterError

from tests.conftest import Account
from tests.integration.local.cloudformation.conftest import Stack, resource

pytestmark = pytest.mark.account


def change(stack: Stack, template: dict[str, Any], name: str, **mode: Any) -> list[str]:
    """Create a change set of a template and execute it; the logical ids of what it changes."""
    client = stack.client
    client.create_change_set(StackName=stack.name, ChangeSetName=name, TemplateBody=json.dumps(template), **mode)
    waiter = client.get_waiter("change_set_create_complete")
    waiter.wait(StackName=stack.name, ChangeSetName=name, WaiterConfig={"Delay": 1, "MaxAttempts": 30})
    described = client.describe_change_set(StackName=stack.name, ChangeSetName=name)
    client.execute_change_set(StackName=stack.name, ChangeSetName=name)
    client.get_waiter("stack_update_complete").wait(StackName=stack.name, WaiterConfig={"Delay": 1, "MaxAttempts": 30})
    return sorted(one["ResourceChange"]["LogicalResourceId"] for one in described["Changes"])


def test_a_topic_that_was_deleted_comes_back_with_its_policy_and_subscriptions(
    account: Account, stack: Stack, unique: str
) -> None:
    sns = account.session.client("sns")
    may = {"Effect": "Allow", "Principal": {"Service": "cloudwatch.amazonaws.com"}, "Action": "sns:Publish"}
    document = {"Version": "2012-10-17", "Statement": [{**may, "Sid": "Alarms", "Resource": {"Ref": "Topic"}}]}
    resources = {
        "Topic": resource("AWS::SNS::Topic", TopicName=f"topic-{unique}"),
        "Policy": resource("AWS::SNS::TopicPolicy", Topics=[{"Ref": "Topic"}], PolicyDocument=document),
        "Mail": resource(
            "AWS::SNS::Subscription", TopicArn={"Ref": "Topic"}, Protocol="email", Endpoint="ops@example.com"
        ),
        "Other": resource("AWS::SNS::Topic", TopicName=f"other-{unique}"),
    }
    outputs = {"Arn": {"Ref": "Topic"}}
    arn = stack.deploy(resources, outputs)["Arn"]
    sns.delete_topic(TopicArn=arn)

    template = stack.client.get_template(StackName=stack.name)["TemplateBody"]
    template = template if isinstance(template, dict) else json.loads(template)
    # templates are compared, and they are the same
    with pytest.raises(WaiterError, match="FAILED"):
        change(stack, template, "as-ever")

    assert change(stack, template, "drift", DeploymentMode="REVERT_DRIFT") == ["Mail", "Policy", "Topic"]
    assert "Alarms" in sns.get_topic_attributes(TopicArn=arn)["Attributes"]["Policy"]
    (mail,) = sns.list_subscriptions_by_topic(TopicArn=arn)["Subscriptions"]
    assert mail["Endpoint"] == "ops@example.com"
