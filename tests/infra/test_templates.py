"""What is deployed: the same stacks for both targets, linted, with the names that everything else relies on."""

import json
import pathlib
import re
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from infra import ROOT, bundling
from infra.app import PROJECT
from infra.bundling import TARGETS
from infra.cli.stack_outputs import STACKS
from infra.toolchain import node
from tests.infra.conftest import Templates, joined

pytestmark = pytest.mark.slow

CFN_LINT = pathlib.Path(sys.executable).with_name("cfn-lint")

# a name in the design, and the property that carries it
NAMES = [
    ("AWS::DynamoDB::Table", "TableName", "todo-app-data"),
    ("AWS::Glue::Crawler", "Name", "todo-bronze-crawler"),
    ("AWS::Glue::Job", "Name", "todo-silver"),
    ("AWS::CodeBuild::Project", "Name", "todo-dbt"),
    ("AWS::StepFunctions::StateMachine", "StateMachineName", "todo-insights-pipeline"),
    ("AWS::Athena::WorkGroup", "Name", "todo-analytics-workgroup"),
    ("AWS::Lambda::Function", "FunctionName", "todo-api"),
    ("AWS::Lambda::Function", "FunctionName", "todo-cdc"),
    ("AWS::Lambda::Function", "FunctionName", "todo-resolve-window"),
    ("AWS::Lambda::Function", "FunctionName", "todo-publish-insights"),
    ("AWS::Lambda::Function", "FunctionName", "todo-pipeline-ended"),
    ("AWS::SQS::Queue", "QueueName", "todo-pipeline-failures"),
    ("AWS::Logs::LogGroup", "LogGroupName", "/aws/lambda/todo-api"),
    ("AWS::Logs::LogGroup", "LogGroupName", "/aws/lambda/todo-cdc"),
    ("AWS::KinesisFirehose::DeliveryStream", "DeliveryStreamName", "todo-cdc"),
    ("AWS::SQS::Queue", "QueueName", "todo-cdc-failures"),
    ("AWS::SecretsManager::Secret", "Name", "todo-email-hash-key"),
    ("AWS::SecretsManager::Secret", "Name", "todo-cursor-key"),
    ("AWS::SNS::Topic", "TopicName", "todo-alerts"),
    ("AWS::CloudWatch::Dashboard", "DashboardName", "TodoApiMonitoring"),
]
OUTPUTS = {
    "ApiEndpoint",
    "UserPoolId",
    "UserPoolClientId",
    "TableName",
    "StateMachineArn",
    "BronzeBucket",
    "SilverBucket",
    "GoldBucket",
}
TAGS = {"Project", "Owner", "Environment", "CostCenter"}
# types that take no tags, or whose tags the CDK does not set because they belong to their parent
UNTAGGED = {
    "AWS::Logs::SubscriptionFilter",
    "AWS::Athena::NamedQuery",
    "AWS::ApiGatewayV2::Authorizer",
    "AWS::ApiGatewayV2::Integration",
    "AWS::ApiGatewayV2::Route",
    "AWS::CloudWatch::Dashboard",
    "AWS::Cognito::UserPoolClient",
    "AWS::Glue::Database",
    "AWS::Glue::Table",
    "AWS::Scheduler::Schedule",
    "AWS::KMS::Alias",
    "AWS::Lambda::Alias",
    "AWS::Lambda::Permission",
    "AWS::Lambda::Version",
    "AWS::Logs::LogStream",
    "AWS::S3::BucketPolicy",
    "AWS::SNS::TopicPolicy",
    "AWS::SQS::QueuePolicy",
}


def differences(one: Any, other: Any, path: str = "") -> Iterator[str]:
    """The paths at which two JSON documents differ."""
    if isinstance(one, dict) and isinstance(other, dict):
        for key in one.keys() | other.keys():
            yield from differences(one.get(key), other.get(key), f"{path}/{key}")
    elif isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        for index, (left, right) in enumerate(zip(one, other, strict=True)):
            yield from differences(left, right, f"{path}/{index}")
    elif one != other:
        yield path


def test_both_targets_have_the_six_stacks(templates: dict[str, Templates]) -> None:
    assert {target: set(found.stacks) for target, found in templates.items()} == {
        "local": set(STACKS),
        "aws": set(STACKS),
    }


def test_the_targets_differ_in_the_functions_code_and_in_nothing_else(templates: dict[str, Templates]) -> None:
    # a published version is named after its code
    local, aws = (
        json.loads(re.sub(r"(CurrentVersion[0-9A-F]{8})[0-9a-f]{32}", r"\1", json.dumps(templates[target].stacks)))
        for target in TARGETS
    )

    found = {path for path in differences(local, aws) if "/Metadata/" not in path}

    functions = {
        f"/{resource.stack}/Resources/{resource.id}/Properties/Code/S3Key"
        for resource in templates["aws"].resources("AWS::Lambda::Function")
        if any(bundling.build(resource.properties["FunctionName"], "aws").rglob("*.so"))
    }
    assert functions
    assert found == functions


@pytest.mark.parametrize("target", ["local", "aws"])
def test_cfn_lint_has_nothing_to_say(templates: dict[str, Templates], target: str) -> None:
    paths = sorted(templates[target].folder.glob("*.template.json"))

    done = subprocess.run([CFN_LINT, *paths], cwd=ROOT, capture_output=True, text=True)

    assert len(paths) == len(STACKS)
    assert (done.returncode, done.stdout) == (0, ""), done.stdout + done.stderr


def test_cfn_lint_sees_a_mistake(templates: dict[str, Templates], tmp_path: Any) -> None:
    template = templates["aws"].stacks["TodoDataStack"] | {"Outputs": {"Broken": {"Value": {"Ref": "Nothing"}}}}
    broken = tmp_path / "broken.template.json"
    broken.write_text(json.dumps(template))

    done = subprocess.run([CFN_LINT, broken], cwd=ROOT, capture_output=True, text=True)

    assert done.returncode != 0
    assert "'Nothing' is not one of" in done.stdout


@pytest.mark.parametrize(("kind", "name", "value"), NAMES)
def test_the_designs_names_are_there(deployed: Templates, kind: str, name: str, value: str) -> None:
    assert value in [resource.properties.get(name) for resource in deployed.resources(kind)]


def test_the_lakes_buckets_are_named_after_layer_account_and_region(deployed: Templates) -> None:
    names = {joined(bucket.properties["BucketName"]) for bucket in deployed.resources("AWS::S3::Bucket")}
    layers = ("bronze", "silver", "gold", "artifacts")
    assert names == {f"todo-{layer}-{{AWS::AccountId}}-{{AWS::Region}}" for layer in layers}


def test_the_catalog_has_a_database_for_each_layer(deployed: Templates) -> None:
    names = {database.properties["DatabaseInput"]["Name"] for database in deployed.resources("AWS::Glue::Database")}
    assert names == {"todo_bronze", "todo_silver", "todo_analytics"}


def test_the_stacks_have_the_designs_outputs(deployed: Templates) -> None:
    outputs = [name for stack in deployed.stacks.values() for name in stack.get("Outputs", {})]
    assert {name for name in outputs if not name.startswith("ExportsOutput")} == OUTPUTS
    assert len(outputs) == len(set(outputs))


def test_everything_that_takes_tags_has_all_four(deployed: Templates) -> None:
    untagged = {}
    for resource in deployed.resources():
        if resource.type in UNTAGGED:
            continue
        given = resource.properties.get("Tags") or resource.properties.get("UserPoolTags") or {}
        keys = set(given) if isinstance(given, dict) else {tag["Key"] for tag in given}
        if keys != TAGS:
            untagged[f"{resource.stack}/{resource.id} {resource.type}"] = keys
    assert untagged == {}
    table = deployed.one("AWS::DynamoDB::Table")
    assert {"Key": "Project", "Value": PROJECT} in table.properties["Tags"]


def test_no_resource_needs_a_function_of_the_cdks_own(deployed: Templates) -> None:
    types = {resource.type for resource in deployed.resources()}
    assert not {kind for kind in types if kind.startswith("Custom::") or kind == "AWS::CloudFormation::CustomResource"}


@pytest.mark.parametrize(("context", "message"), [({}, "none was given"), ({"target": "azure"}, "not 'azure'")])
def test_the_app_says_which_context_it_needs(context: dict[str, str], message: str, tmp_path: Any) -> None:
    environment = node.environment({"CDK_OUTDIR": str(tmp_path), "CDK_CONTEXT_JSON": json.dumps(context), "HOME": "/"})

    done = subprocess.run(
        [sys.executable, "-m", "infra.app"], cwd=ROOT, env=environment, capture_output=True, text=True
    )

    assert done.returncode == 1
    assert "-c target=local|aws" in done.stderr
    assert message in done.stderr
    assert "Traceback" not in done.stderr
