"""What is deployed: the same stacks for both targets, linted, with the names that everything else relies on."""

import json
import pathlib
import re
import subprocess
import sys
from typing import Any

import pytest

from infra import ROOT, bundling
from infra.app import PROJECT
from infra.environments import NAMES
from infra.resource_names import STACKS
from tests.infra.conftest import Templates, joined

pytestmark = pytest.mark.slow

CFN_LINT = pathlib.Path(sys.executable).with_name("cfn-lint")

# what only an account with a bill and an owner has
ONLY_ON_AWS = {
    "AWS::Budgets::Budget",
    "AWS::CE::AnomalyMonitor",
    "AWS::CE::AnomalySubscription",
    "AWS::SNS::Subscription",
}

# a name in the design, and the property that carries it
DESIGNED = [
    ("AWS::DynamoDB::Table", "TableName", "todo-app-data"),
    ("AWS::Glue::Crawler", "Name", "todo-bronze-crawler"),
    ("AWS::Glue::Job", "Name", "todo-silver"),
    ("AWS::CodeBuild::Project", "Name", "todo-dbt"),
    ("AWS::StepFunctions::StateMachine", "StateMachineName", "todo-insights-pipeline"),
    ("AWS::Athena::WorkGroup", "Name", "todo-analytics-workgroup"),
    ("AWS::Lambda::Function", "FunctionName", "todo-api"),
    ("AWS::Lambda::Function", "FunctionName", "todo-cdc"),
    ("AWS::Lambda::Function", "FunctionName", "todo-webhooks-fan-out"),
    ("AWS::Lambda::Function", "FunctionName", "todo-webhooks-deliver"),
    ("AWS::Lambda::Function", "FunctionName", "todo-resolve-window"),
    ("AWS::Lambda::Function", "FunctionName", "todo-publish-insights"),
    ("AWS::Lambda::Function", "FunctionName", "todo-notify-operators"),
    ("AWS::Lambda::Function", "FunctionName", "todo-pipeline-ended"),
    ("AWS::SQS::Queue", "QueueName", "todo-pipeline-failures"),
    ("AWS::Logs::LogGroup", "LogGroupName", "/aws/lambda/todo-api"),
    ("AWS::Logs::LogGroup", "LogGroupName", "/aws/lambda/todo-cdc"),
    ("AWS::KinesisFirehose::DeliveryStream", "DeliveryStreamName", "todo-cdc"),
    ("AWS::SQS::Queue", "QueueName", "todo-cdc-quarantine"),
    ("AWS::SecretsManager::Secret", "Name", "todo-email-hash-key"),
    ("AWS::SecretsManager::Secret", "Name", "todo-cursor-key"),
    ("AWS::SecretsManager::Secret", "Name", "todo-webhook-key"),
    ("AWS::SNS::Topic", "TopicName", "todo-alerts"),
    ("AWS::SNS::Topic", "TopicName", "todo-figure-alerts"),
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
    "AWS::Logs::MetricFilter",
    "AWS::SNS::Subscription",
    "AWS::Budgets::Budget",
    "AWS::CE::AnomalyMonitor",
    "AWS::CE::AnomalySubscription",
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


def test_every_environment_has_the_six_stacks(templates: dict[str, Templates]) -> None:
    assert {name: set(found.stacks) for name, found in templates.items()} == {name: set(STACKS) for name in NAMES}


def test_the_local_account_gets_the_resources_that_prod_gets(templates: dict[str, Templates]) -> None:
    def resources(name: str) -> set[tuple[str, str, str]]:
        # a published version is named after its code
        return {
            (resource.stack, re.sub(r"(CurrentVersion[0-9A-F]{8})[0-9a-f]{32}", r"\1", resource.id), resource.type)
            for resource in templates[name].resources()
            if resource.type not in ONLY_ON_AWS
        }

    assert resources("local") == resources("prod") == resources("staging") == resources("dev")


def test_only_the_bundles_differ_between_the_targets(templates: dict[str, Templates]) -> None:
    for resource in templates["prod"].resources("AWS::Lambda::Function"):
        name = resource.properties["FunctionName"]
        local = templates["local"].one("AWS::Lambda::Function", FunctionName=name).properties
        differing = {key for key in resource.properties if resource.properties[key] != local.get(key)}
        # the tag, and the api function's variable, name the environment
        native = any(bundling.build(name, "aws").rglob("*.so"))
        assert differing - {"Tags", "Environment"} == ({"Code"} if native else set()), name


@pytest.mark.parametrize("name", ["local", "prod"])
def test_cfn_lint_has_nothing_to_say(templates: dict[str, Templates], name: str) -> None:
    paths = sorted(templates[name].folder.glob("*.template.json"))

    done = subprocess.run([CFN_LINT, *paths], cwd=ROOT, capture_output=True, text=True)

    assert len(paths) == len(STACKS)
    assert (done.returncode, done.stdout) == (0, ""), done.stdout + done.stderr


def test_cfn_lint_sees_a_mistake(templates: dict[str, Templates], tmp_path: Any) -> None:
    template = templates["prod"].stacks["TodoDataStack"] | {"Outputs": {"Broken": {"Value": {"Ref": "Nothing"}}}}
    broken = tmp_path / "broken.template.json"
    broken.write_text(json.dumps(template))

    done = subprocess.run([CFN_LINT, broken], cwd=ROOT, capture_output=True, text=True)

    assert done.returncode != 0
    assert "'Nothing' is not one of" in done.stdout


@pytest.mark.parametrize(("kind", "name", "value"), DESIGNED)
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
