"""A function with Starlette and Mangum alone, behind an HTTP API: its latency is the emulator's part of every other."""

import io
import json
import zipfile

import boto3

NAME = "bare-starlette"
CODE = """
from mangum import Mangum
from starlette.applications import Starlette
from starlette.responses import JSONResponse
from starlette.routing import Route


async def answer(request):
    return JSONResponse({"title": "Water the plants"})


handler = Mangum(Starlette(routes=[Route("/{path:path}", answer)]), lifespan="off")
"""
TRUST = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}],
}


def deploy(endpoint: str) -> str:
    """Create the function and its API; the address to send GET requests to.

    Args:
        endpoint: of the local account.
    """
    package = io.BytesIO()
    with zipfile.ZipFile(package, "w") as archive:
        archive.writestr("index.py", CODE)
    role = boto3.client("iam").create_role(RoleName=NAME, AssumeRolePolicyDocument=json.dumps(TRUST))["Role"]["Arn"]
    functions, gateway = boto3.client("lambda"), boto3.client("apigatewayv2")
    function = functions.create_function(
        FunctionName=NAME,
        Runtime="python3.12",
        Handler="index.handler",
        Role=role,
        Code={"ZipFile": package.getvalue()},
        MemorySize=512,
        Timeout=10,
    )["FunctionArn"]
    api = gateway.create_api(Name=NAME, ProtocolType="HTTP")["ApiId"]
    integration = gateway.create_integration(
        ApiId=api, IntegrationType="AWS_PROXY", IntegrationUri=function, PayloadFormatVersion="2.0"
    )["IntegrationId"]
    gateway.create_route(ApiId=api, RouteKey="GET /{proxy+}", Target=f"integrations/{integration}")
    gateway.create_stage(ApiId=api, StageName="$default", AutoDeploy=True)
    region, account = function.split(":")[3:5]
    functions.add_permission(
        FunctionName=NAME,
        StatementId="api",
        Action="lambda:InvokeFunction",
        Principal="apigateway.amazonaws.com",
        SourceArn=f"arn:aws:execute-api:{region}:{account}:{api}/*/*/{{proxy+}}",
    )
    return f"{endpoint}/_aws/execute-api/{api}/$default/bare"
