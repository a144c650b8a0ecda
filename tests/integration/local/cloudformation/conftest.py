"""A stack per test, and what its templates are made of."""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

import pytest

from tests.conftest import Account
from tests.integration.conftest import RoleFactory

Resource = dict[str, Any]


class Stack:
    """A deployed stack that can be deployed again with other resources."""

    def __init__(self, account: Account, name: str) -> None:
        self.client: Any = account.session.client("cloudformation")
        self.name = name
        self.exists = False

    def deploy(self, resources: dict[str, Resource], outputs: dict[str, Any] | None = None) -> dict[str, str]:
        """Create or update the stack and return its outputs; fail with the reasons of the resources that failed."""
        template = {
            "Resources": resources,
            "Outputs": {name: {"Value": value} for name, value in {**(outputs or {}), "Region": region()}.items()},
        }
        act = self.client.update_stack if self.exists else self.client.create_stack
        act(StackName=self.name, TemplateBody=json.dumps(template), Capabilities=["CAPABILITY_NAMED_IAM"])
        waiter = "stack_update_complete" if self.exists else "stack_create_complete"
        self.exists = True
        try:
            self.client.get_waiter(waiter).wait(StackName=self.name, WaiterConfig={"Delay": 1, "MaxAttempts": 30})
        except Exception as error:
            events = self.client.describe_stack_events(StackName=self.name)["StackEvents"]
            reasons = [event["ResourceStatusReason"] for event in events if "FAILED" in event["ResourceStatus"]]
            raise AssertionError(f"{self.name}: {reasons}") from error
        described = self.client.describe_stacks(StackName=self.name)["Stacks"][0]
        return {output["OutputKey"]: output["OutputValue"] for output in described["Outputs"]}


def region() -> dict[str, str]:
    return {"Ref": "AWS::Region"}


def attribute(logical_id: str, name: str) -> dict[str, list[str]]:
    return {"Fn::GetAtt": [logical_id, name]}


def resource(kind: str, **properties: Any) -> Resource:
    return {"Type": kind, "Properties": properties}


def only(found: Mapping[str, Any], names: Iterable[str]) -> dict[str, Any]:
    return {name: found[name] for name in names}


@pytest.fixture
def stack(account: Account, unique: str) -> Iterator[Stack]:
    made = Stack(account, f"stack-{unique}")
    yield made
    if made.exists:
        made.client.delete_stack(StackName=made.name)
        made.client.get_waiter("stack_delete_complete").wait(
            StackName=made.name, WaiterConfig={"Delay": 1, "MaxAttempts": 30}
        )


def table(name: str, **properties: Any) -> Resource:
    return resource(
        "AWS::DynamoDB::Table",
        TableName=name,
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": key, "AttributeType": "S"} for key in ("PK", "SK", "due_sort")],
        KeySchema=[{"AttributeName": "PK", "KeyType": "HASH"}, {"AttributeName": "SK", "KeyType": "RANGE"}],
        LocalSecondaryIndexes=[
            {
                "IndexName": "by_due_date",
                "KeySchema": [
                    {"AttributeName": "PK", "KeyType": "HASH"},
                    {"AttributeName": "due_sort", "KeyType": "RANGE"},
                ],
                "Projection": {"ProjectionType": "ALL"},
            }
        ],
        **properties,
    )


@pytest.fixture
def greeter(role: RoleFactory) -> Callable[[], Resource]:
    """A function that answers with the path that it was called with."""

    def make() -> Resource:
        code = "def handler(event, context):\n    return {'statusCode': 200, 'body': event['rawPath']}\n"
        return resource(
            "AWS::Lambda::Function",
            Runtime="python3.11",
            Handler="index.handler",
            Role=role("lambda"),
            Code={"ZipFile": code},
        )

    return make
