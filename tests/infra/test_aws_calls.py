"""Every call of AWS against botocore's models, which are AWS's own description of its APIs.

The local account accepts what it understands; these tests find the operation that does not exist, the parameter that
AWS does not know, and the paginator or waiter that botocore does not have, also where types are not checked.
"""

import json
import pathlib
from collections.abc import Iterator
from typing import Any

import boto3
import pytest

from infra import ROOT
from tests.infra.aws_calls import CLIENT_MEMBERS, Call, collect, model, operations

# what runs in an AWS account, or talks to one; infra/local is the local account itself
FOLDERS = ("api", "ingestion", "orchestration", "transforms", "infra/cli", "infra/preflight")
FILES = ("infra/deploy.py", "infra/teardown.py")


def sources() -> list[pathlib.Path]:
    found = [path for folder in FOLDERS for path in sorted((ROOT / folder).rglob("*.py"))]
    return [*found, *(ROOT / file for file in FILES)]


def calls() -> list[Call]:
    return [call for path in sources() for call in collect(path, ROOT)]


def problems(call: Call) -> Iterator[str]:
    """What AWS would not know of a call."""
    for service in call.services:
        known = operations(service)
        if call.method == "get_paginator":
            if call.argument and not (call.argument in known and _client(service).can_paginate(call.argument)):
                yield f"{call.place}: {service} has no paginator {call.argument}"
        elif call.method == "get_waiter":
            if call.argument and call.argument not in _client(service).waiter_names:
                yield f"{call.place}: {service} has no waiter {call.argument}"
        elif call.method in known:
            if unknown := set(call.parameters) - known[call.method]:
                yield f"{call.place}: {service}.{call.method} takes no {', '.join(sorted(unknown))}"
        elif call.method not in CLIENT_MEMBERS:
            yield f"{call.place}: {service} has no operation {call.method}"


def _client(service: str) -> Any:
    return boto3.client(service, region_name="us-east-1", aws_access_key_id="a", aws_secret_access_key="b")  # type: ignore[call-overload]


def test_every_call_is_of_an_operation_that_exists_with_parameters_that_it_takes() -> None:
    found = calls()
    assert len(found) > 100
    assert {service for call in found for service in call.services} >= {
        "athena", "cloudformation", "cloudwatch", "codebuild", "cognito-idp", "dynamodb", "firehose", "glue",
        "logs", "s3", "secretsmanager", "sns", "sqs", "ssm", "stepfunctions", "sts",
    }  # fmt: skip
    # where the source does not say which client it is, one service that knows the call is enough
    wrong = [
        problem
        for call in found
        if not any(_right(call, service) for service in call.services)
        for problem in problems(call)
    ]
    assert wrong == []


def _right(call: Call, service: str) -> bool:
    return not list(problems(Call(call.place, (service,), call.method, call.parameters, call.argument)))


@pytest.mark.parametrize(
    ("source", "problem"),
    [
        ('import boto3\nboto3.client("s3").get_object(Bucket="b", Kee="k")', "takes no Kee"),
        ('import boto3\ns3 = boto3.client("s3")\ns3.read_object(Bucket="b")', "has no operation read_object"),
        ('import boto3\nboto3.client("glue").get_paginator("get_everything")', "has no paginator"),
        ('import boto3\nboto3.client("sqs").get_waiter("empty")', "has no waiter"),
        (
            "from mypy_boto3_glue import GlueClient\ndef f(glue: GlueClient) -> None:\n    glue.get_table(Nome='x')",
            "takes no Nome",
        ),
    ],
)
def test_a_mistake_is_noticed(source: str, problem: str, tmp_path: pathlib.Path) -> None:
    module = tmp_path / "module.py"
    module.write_text(source)
    (found,) = (text for call in collect(module, tmp_path) for text in problems(call))
    assert problem in found


def test_the_state_machines_sdk_calls_are_operations_with_parameters_that_they_take() -> None:
    definition = json.loads((ROOT / "orchestration" / "pipeline.asl.json").read_text())
    found = dict(_sdk_calls(definition))
    assert {"glue:startCrawler", "glue:getCrawler", "cloudwatch:putMetricData"} <= set(found)
    for name, arguments in found.items():
        service, _, action = name.partition(":")
        operation = action[0].upper() + action[1:]
        assert operation in model(service).operation_names, name
        shape = model(service).operation_model(operation).input_shape
        assert shape is not None
        # in a state machine every parameter begins with a capital letter, whatever the service's API does:
        # https://docs.aws.amazon.com/step-functions/latest/dg/supported-services-awssdk.html
        assert arguments <= {member[0].upper() + member[1:] for member in shape.members}, name


def _sdk_calls(part: object) -> Iterator[tuple[str, set[str]]]:
    if isinstance(part, dict):
        resource = part.get("Resource")
        if isinstance(resource, str) and ":aws-sdk:" in resource:
            service, action = resource.split(":aws-sdk:")[1].split(":")[:2]
            yield (
                f"{'stepfunctions' if service == 'sfn' else service}:{action.partition('.')[0]}",
                set(part.get("Arguments", {})),
            )
    for value in part.values() if isinstance(part, dict) else part if isinstance(part, list) else ():
        yield from _sdk_calls(value)
