"""What `insights destroy` removes is what the stacks make."""

import pytest

from api.contract import TABLE_NAME
from infra import resource_names, teardown
from tests.infra.conftest import Templates, joined

pytestmark = pytest.mark.slow


def test_everything_that_outlives_its_stack_is_named(deployed: Templates) -> None:
    retained = {
        (resource.type, joined(name))
        for resource in deployed.resources()
        if resource.definition.get("DeletionPolicy") == "RetainExceptOnCreate"
        for name in (
            resource.properties.get("TableName")
            or resource.properties.get("BucketName")
            or resource.properties.get("UserPoolName")
            or resource.properties.get("Name")
            or resource.properties["DatabaseInput"]["Name"],
        )
    }
    assert retained == {
        ("AWS::DynamoDB::Table", TABLE_NAME),
        ("AWS::Cognito::UserPool", resource_names.USER_POOL),
        *(("AWS::Glue::Database", name) for name in teardown.DATABASES),
        *(("AWS::SecretsManager::Secret", name) for name in teardown.SECRETS),
        *(("AWS::S3::Bucket", f"todo-{layer}-{{AWS::AccountId}}-{{AWS::Region}}") for layer in resource_names.LAYERS),
    }


def test_every_stack_is_deleted_before_those_that_it_needs(deployed: Templates) -> None:
    assert set(resource_names.STACKS) == set(deployed.stacks)
    for stack, template in deployed.stacks.items():
        exported = {output["Export"]["Name"] for output in template.get("Outputs", {}).values() if "Export" in output}
        users = [
            other
            for other, text in deployed.stacks.items()
            if any(f"'Fn::ImportValue': '{e}'" in str(text) for e in exported)
        ]
        assert all(resource_names.STACKS.index(stack) < resource_names.STACKS.index(user) for user in users)
