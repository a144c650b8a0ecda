"""Errors that the state machine handles by name are errors that somebody raises."""

import json

import boto3
import botocore.exceptions
import pytest

from infra.site.error_names import BOTOCORE, NAMES, handled
from infra.site.state_machine_diagram import DEFINITION
from tests.infra.aws_calls import model

# what Step Functions and the SDK add to each service's own errors
COMMON = ("SdkClientException", "ThrottlingException")
SERVICES = {"CloudWatch": "cloudwatch", "CodeBuild": "codebuild", "Glue": "glue"}
# who the functions of the pipeline call
CALLED = ("athena", "dynamodb", "sns")


def errors(service: str) -> set[str]:
    """The names of a service's exceptions as the AWS SDK for Java has them: they end in Exception."""
    return {f"{shape.name.removesuffix('Exception')}Exception" for shape in model(service).error_shapes}


def test_every_name_has_its_source_and_is_handled() -> None:
    assert set(handled(json.loads(DEFINITION.read_text()))) == set(NAMES)


@pytest.mark.parametrize("name", [name for name in NAMES if name.partition(".")[0] in SERVICES])
def test_a_service_has_the_exception(name: str) -> None:
    prefix, _, exception = name.partition(".")
    assert exception in COMMON or exception in errors(SERVICES[prefix])


@pytest.mark.parametrize("name", [name for name in NAMES if "." not in name and name != "Redriven"])
def test_a_function_can_raise_the_error(name: str) -> None:
    if NAMES[name].source == BOTOCORE:
        assert issubclass(getattr(botocore.exceptions, name), botocore.exceptions.BotoCoreError)
        return
    clients = [boto3.client(service, region_name="us-east-1") for service in CALLED]  # type: ignore[call-overload]
    assert any(name in dir(client.exceptions) for client in clients)
