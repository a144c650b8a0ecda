"""State machines of a template."""

import json
from typing import Any

import pytest

from tests.conftest import Account
from tests.integration.conftest import RoleFactory
from tests.integration.local.cloudformation.conftest import Resource, Stack, resource

pytestmark = pytest.mark.account


def machine(role_arn: str, definition: str, **properties: Any) -> Resource:
    return resource("AWS::StepFunctions::StateMachine", RoleArn=role_arn, DefinitionString=definition, **properties)


PASS = json.dumps(
    {
        "QueryLanguage": "JSONata",
        "StartAt": "Topic",
        "States": {"Topic": {"Type": "Pass", "Output": "${AlertsTopicArn}", "End": True}},
    }
)


def test_a_state_machine_gets_its_substitutions_from_text_and_from_s3(
    account: Account, stack: Stack, role: RoleFactory, unique: str
) -> None:
    s3 = account.session.client("s3")
    s3.create_bucket(Bucket=f"definitions-{unique}")
    s3.put_object(Bucket=f"definitions-{unique}", Key="pass.json", Body=PASS.encode())
    states = role("states")
    logging = {
        "Level": "ERROR",
        "IncludeExecutionData": True,
        "Destinations": [
            {"CloudWatchLogsLogGroup": {"LogGroupArn": "arn:aws:logs:us-east-1:000000000000:log-group:x:*"}}
        ],
    }
    text = machine(states, PASS, DefinitionSubstitutions={"AlertsTopicArn": "here"}, LoggingConfiguration=logging)
    from_s3 = resource(
        "AWS::StepFunctions::StateMachine",
        RoleArn=states,
        DefinitionS3Location={"Bucket": f"definitions-{unique}", "Key": "pass.json"},
        DefinitionSubstitutions={"AlertsTopicArn": "there"},
    )
    outputs = stack.deploy({"Text": text, "S3": from_s3}, {"Text": {"Ref": "Text"}, "S3": {"Ref": "S3"}})
    client = account.session.client("stepfunctions")
    described = {name: client.describe_state_machine(stateMachineArn=outputs[name]) for name in ("Text", "S3")}
    topics = {name: json.loads(answer["definition"])["States"]["Topic"] for name, answer in described.items()}
    assert topics["Text"]["Output"] == "here"
    assert topics["S3"]["Output"] == "there"
    assert described["Text"]["loggingConfiguration"]["level"] == "ERROR"
    assert described["Text"]["loggingConfiguration"]["includeExecutionData"] is True


@pytest.mark.parametrize(
    ("definition", "reason"),
    [("{not json", "INVALID_JSON_DESCRIPTION"), (PASS.replace("${AlertsTopicArn}", "{% 1 + %}"), "INVALID_JSONATA")],
)
def test_a_definition_that_does_not_parse_fails_the_stack(
    stack: Stack, role: RoleFactory, definition: str, reason: str
) -> None:
    with pytest.raises(AssertionError, match=reason):
        stack.deploy({"Machine": machine(role("states"), definition)})
