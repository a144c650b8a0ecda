"""What a state may do on the local account is what the role of its machine allows."""

import io
import json
import zipfile
from typing import Any

import pytest

from tests.conftest import Account
from tests.integration.conftest import RoleFactory
from tests.integration.local.stepfunctions.machines import GLUE_SYNC, SYNC, MachineFactory, allow, task

pytestmark = pytest.mark.account

PUT_METRIC = "arn:aws:states:::aws-sdk:cloudwatch:putMetricData"
METRIC = {"Namespace": "Machines", "MetricData": [{"MetricName": "StateFailed", "Value": 1}]}


@pytest.mark.parametrize(
    ("resource", "arguments", "error", "action"),
    [
        (GLUE_SYNC, {"JobName": "any"}, "Glue.AccessDeniedException", "glue:StartJobRun"),
        (SYNC, {"ProjectName": "any"}, "CodeBuild.AWSCodeBuildException", "codebuild:StartBuild"),
        (PUT_METRIC, METRIC, "CloudWatch.CloudWatchException", "cloudwatch:PutMetricData"),
        (
            "arn:aws:states:::aws-sdk:glue:startCrawler",
            {"Name": "any"},
            "Glue.AccessDeniedException",
            "glue:StartCrawler",
        ),
        (
            "arn:aws:states:::aws-sdk:firehose:putRecord",
            {"DeliveryStreamName": "any", "Record": {"Data": "eA=="}},
            "Firehose.FirehoseException",
            "firehose:PutRecord",
        ),
        (
            "arn:aws:states:::sns:publish",
            {"TopicArn": "arn:aws:sns:us-east-1:000000000000:any", "Message": "x"},
            "SNS.AuthorizationErrorException",
            "sns:Publish",
        ),
        (
            "arn:aws:states:::dynamodb:putItem",
            {"TableName": "any", "Item": {"PK": {"S": "x"}}},
            "DynamoDB.AmazonDynamoDBException",
            "dynamodb:PutItem",
        ),
    ],
)
def test_what_the_role_may_not_do_fails(
    machine: MachineFactory, resource: str, arguments: dict[str, Any], error: str, action: str
) -> None:
    ended = machine({"Denied": task(resource, arguments)}, allow("s3:GetObject")).run()
    assert (ended["status"], ended["error"]) == ("FAILED", error)
    assert "is not authorized to perform" in ended["cause"]
    assert action in ended["cause"]


def test_a_function_that_the_role_may_not_invoke_is_not_invoked(
    account: Account, machine: MachineFactory, role: RoleFactory, unique: str
) -> None:
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as bundle:
        bundle.writestr("index.py", "def handler(event, context):\n    return {'sum': event['a'] + event['b']}\n")
    arn = account.session.client("lambda").create_function(
        FunctionName=f"adder-{unique}",
        Runtime="python3.11",
        Handler="index.handler",
        Role=role("lambda"),
        Code={"ZipFile": archive.getvalue()},
    )["FunctionArn"]
    states = {"Add": task("arn:aws:states:::lambda:invoke", {"FunctionName": arn, "Payload": {"a": 1, "b": 2}})}
    denied = machine(states).run()
    assert (denied["status"], denied["error"]) == ("FAILED", "Lambda.AWSLambdaException")
    allowed = machine(states, {"Effect": "Allow", "Action": "lambda:InvokeFunction", "Resource": arn}).run()
    assert json.loads(allowed["output"])["Payload"] == {"sum": 3}


def test_what_the_role_may_do_is_done(account: Account, machine: MachineFactory, unique: str) -> None:
    dimensions = [{"Name": "State", "Value": "{% $states.context.State.Name %}"}]
    data = [{"MetricName": f"Failed-{unique}", "Value": 1, "Unit": "Count", "Dimensions": dimensions}]
    record = task(PUT_METRIC, {"Namespace": "Machines", "MetricData": data})
    ended = machine({"Record": record}, allow("cloudwatch:PutMetricData")).run()
    assert ended["status"] == "SUCCEEDED", ended
    metrics = account.session.client("cloudwatch").list_metrics(Namespace="Machines", MetricName=f"Failed-{unique}")
    assert metrics["Metrics"][0]["Dimensions"] == [{"Name": "State", "Value": "Record"}]
