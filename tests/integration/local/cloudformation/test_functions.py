"""A function in a template."""

from collections.abc import Callable

import pytest

from tests.conftest import Account
from tests.integration.local.cloudformation.conftest import Resource, Stack

pytestmark = pytest.mark.account


def test_a_template_does_not_take_over_a_function_of_the_same_name(
    account: Account, stack: Stack, greeter: Callable[[], Resource], unique: str
) -> None:
    """https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/using-cfn-troubleshoot.html"""
    functions, name = account.session.client("lambda"), f"taken-{unique}"
    made = greeter()
    made["Properties"]["FunctionName"] = name
    other = account.session.client("cloudformation")
    owner = Stack(account, f"owner-{unique}")
    owner.deploy({"Function": made})
    before = functions.get_function(FunctionName=name)["Configuration"]

    with pytest.raises(AssertionError, match=f"Function already exist: {name} .*AlreadyExists"):
        stack.deploy({"Function": {**made, "Properties": {**made["Properties"], "Description": "another"}}})
    after = functions.get_function(FunctionName=name)["Configuration"]
    assert (after["CodeSha256"], after["Description"]) == (before["CodeSha256"], before["Description"])

    # its owner may change it, and once it is gone the name is free
    changed = {**made, "Properties": {**made["Properties"], "Description": "changed"}}
    owner.deploy({"Function": changed})
    assert functions.get_function(FunctionName=name)["Configuration"]["Description"] == "changed"
    for one in (owner, stack):
        other.delete_stack(StackName=one.name)
        other.get_waiter("stack_delete_complete").wait(StackName=one.name, WaiterConfig={"Delay": 1, "MaxAttempts": 30})
    stack.exists = False
    stack.deploy({"Function": changed})
