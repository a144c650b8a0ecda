"""SnapStart works for published versions only, so whoever invokes has to reach one."""

from typing import Any

from infra.bundling import SNAP_START_PYTHON
from infra.stacks import names
from tests.infra.conftest import Templates


def referred(value: Any) -> str:
    """The logical id in a `Ref` or `Fn::GetAtt`."""
    ((_, target),) = value.items()
    return str(target if isinstance(target, str) else target[0])


def test_the_api_is_reached_through_a_published_version_with_a_snapshot(deployed: Templates) -> None:
    function = deployed.one("AWS::Lambda::Function", FunctionName=names.API_FUNCTION)
    assert function.properties["SnapStart"] == {"ApplyOn": "PublishedVersions"}
    assert function.properties["Runtime"] == f"python{SNAP_START_PYTHON}"
    (version,) = deployed.resources("AWS::Lambda::Version")
    assert referred(version.properties["FunctionName"]) == function.id
    (alias,) = deployed.resources("AWS::Lambda::Alias")
    assert alias.properties["Name"] == "live"
    assert referred(alias.properties["FunctionVersion"]) == version.id
    (integration,) = deployed.resources("AWS::ApiGatewayV2::Integration")
    assert referred(integration.properties["IntegrationUri"]) == alias.id
    permissions = [
        one
        for one in deployed.resources("AWS::Lambda::Permission")
        if one.properties["Principal"] == "apigateway.amazonaws.com"
    ]
    assert {referred(one.properties["FunctionName"]) for one in permissions} == {alias.id}


def test_another_code_is_another_version(templates: dict[str, Templates]) -> None:
    """The logical id changes with the code, so that CloudFormation publishes again."""
    versions = {name: [one.id for one in found.resources("AWS::Lambda::Version")] for name, found in templates.items()}
    assert versions["local"] != versions["prod"]
    assert all(len(ids) == 1 for ids in versions.values())
