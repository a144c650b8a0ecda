"""HTTP APIs, their functions and the pools of their users in a template."""

from collections.abc import Callable
from typing import Any

import pytest
import requests
from botocore.exceptions import WaiterError

from tests.conftest import Account
from tests.integration.local.cloudformation.conftest import Resource, Stack, attribute, only, resource, table

pytestmark = pytest.mark.account


def test_a_pools_provider_url_is_the_issuer_of_its_tokens(stack: Stack) -> None:
    outputs = stack.deploy(
        {"Pool": resource("AWS::Cognito::UserPool")},
        {"Url": attribute("Pool", "ProviderURL"), "Id": {"Ref": "Pool"}},
    )
    assert outputs["Url"] == f"https://cognito-idp.{outputs['Region']}.amazonaws.com/{outputs['Id']}"


def test_a_protected_pool_stops_the_removal_of_its_stack(stack: Stack, account: Account) -> None:
    stack.deploy({"Pool": resource("AWS::Cognito::UserPool", DeletionProtection="ACTIVE")})
    stack.client.delete_stack(StackName=stack.name)
    with pytest.raises(WaiterError, match="DELETE_FAILED"):
        stack.client.get_waiter("stack_delete_complete").wait(StackName=stack.name, WaiterConfig={"Delay": 1})
    events = stack.client.describe_stack_events(StackName=stack.name)["StackEvents"]
    reasons = [one["ResourceStatusReason"] for one in events if one["ResourceStatus"] == "DELETE_FAILED"]
    assert any("deletion protection is activated" in reason for reason in reasons)
    (pool,) = stack.client.describe_stack_resources(StackName=stack.name)["StackResources"]
    account.session.client("cognito-idp").update_user_pool(
        UserPoolId=pool["PhysicalResourceId"], DeletionProtection="INACTIVE"
    )


def test_an_http_api_is_reachable_at_its_endpoint_and_answers_preflights(
    account: Account, stack: Stack, greeter: Callable[[], Resource]
) -> None:
    cors = {"AllowOrigins": ["https://app.example.com"], "AllowMethods": ["GET"], "AllowHeaders": ["authorization"]}
    limits = {"ThrottlingBurstLimit": 100, "ThrottlingRateLimit": 50}
    outputs = stack.deploy(
        {
            "Greeter": greeter(),
            "Api": resource("AWS::ApiGatewayV2::Api", Name="greetings", ProtocolType="HTTP", CorsConfiguration=cors),
            "Integration": resource(
                "AWS::ApiGatewayV2::Integration",
                ApiId={"Ref": "Api"},
                IntegrationType="AWS_PROXY",
                IntegrationUri=attribute("Greeter", "Arn"),
                PayloadFormatVersion="2.0",
            ),
            "Route": resource(
                "AWS::ApiGatewayV2::Route",
                ApiId={"Ref": "Api"},
                RouteKey="GET /api/{proxy+}",
                Target={"Fn::Join": ["", ["integrations/", {"Ref": "Integration"}]]},
            ),
            "Permission": resource(
                "AWS::Lambda::Permission",
                FunctionName={"Ref": "Greeter"},
                Action="lambda:InvokeFunction",
                Principal="apigateway.amazonaws.com",
                SourceArn={"Fn::Sub": "arn:aws:execute-api:${AWS::Region}:${AWS::AccountId}:${Api}/*/*/api/{proxy+}"},
            ),
            "Stage": resource(
                "AWS::ApiGatewayV2::Stage",
                ApiId={"Ref": "Api"},
                StageName="$default",
                AutoDeploy=True,
                DefaultRouteSettings=limits,
            ),
        },
        {"ApiEndpoint": attribute("Api", "ApiEndpoint"), "Id": {"Ref": "Api"}},
    )
    endpoint = outputs["ApiEndpoint"]
    assert endpoint == f"{account.settings.endpoint}/_aws/execute-api/{outputs['Id']}/$default"
    assert requests.get(f"{endpoint}/api/v1/hello", timeout=20).text == "/api/v1/hello"
    preflight = requests.options(
        f"{endpoint}/api/v1/hello",
        headers={"Origin": "https://app.example.com", "Access-Control-Request-Method": "GET"},
        timeout=20,
    )
    assert preflight.headers["Access-Control-Allow-Origin"] == "https://app.example.com"
    stage = account.session.client("apigatewayv2").get_stage(ApiId=outputs["Id"], StageName="$default")
    assert stage["DefaultRouteSettings"] == limits


def test_a_stream_mapping_keeps_every_property_of_its_failure_handling(
    account: Account, stack: Stack, greeter: Callable[[], Resource], unique: str
) -> None:
    expected: dict[str, Any] = {
        "BatchSize": 50,
        "MaximumBatchingWindowInSeconds": 2,
        "BisectBatchOnFunctionError": True,
        "MaximumRetryAttempts": 3,
        "MaximumRecordAgeInSeconds": 3600,
        "ParallelizationFactor": 2,
        "FunctionResponseTypes": ["ReportBatchItemFailures"],
        "FilterCriteria": {"Filters": [{"Pattern": '{"dynamodb": {"Keys": {"PK": {"S": [{"prefix": "TASK#"}]}}}}'}]},
    }
    outputs = stack.deploy(
        {
            "Table": table(f"table-{unique}", StreamSpecification={"StreamViewType": "NEW_AND_OLD_IMAGES"}),
            "Failures": resource("AWS::SQS::Queue"),
            "Function": greeter(),
            "Mapping": resource(
                "AWS::Lambda::EventSourceMapping",
                FunctionName={"Ref": "Function"},
                EventSourceArn=attribute("Table", "StreamArn"),
                StartingPosition="TRIM_HORIZON",
                DestinationConfig={"OnFailure": {"Destination": attribute("Failures", "Arn")}},
                **expected,
            ),
        },
        {"Mapping": {"Ref": "Mapping"}, "Queue": attribute("Failures", "Arn")},
    )
    found = account.session.client("lambda").get_event_source_mapping(UUID=outputs["Mapping"])
    assert only(found, expected) == expected
    assert found["DestinationConfig"]["OnFailure"]["Destination"] == outputs["Queue"]
    assert found["StartingPosition"] == "TRIM_HORIZON"
