"""The outputs of the stacks: where the deployed things are."""

import os
import urllib.parse
from collections.abc import Iterator
from typing import TYPE_CHECKING

import boto3
from botocore.exceptions import ClientError

from infra.resource_names import STACKS
from orchestration.executions.errors import NotDeployedError

if TYPE_CHECKING:
    from mypy_boto3_cloudformation.type_defs import StackTypeDef

LOOPBACK = "127.0.0.1"


def deployed_stacks() -> Iterator["StackTypeDef"]:
    """The stacks of the project that are there, each asked for by its name.

    Whoever may describe these stacks alone, as a role of CI may, cannot ask for all.
    """
    cloudformation = boto3.client("cloudformation")
    for name in STACKS:
        try:
            yield cloudformation.describe_stacks(StackName=name)["Stacks"][0]
        except ClientError as error:
            if "does not exist" not in str(error):
                raise


def stack_outputs() -> dict[str, str]:
    """The outputs of every stack of the project, merged, but for those by which stacks refer to each other.

    Addresses in the local account have the port that it listens on now, which may differ from the port at deployment.

    Raises:
        NotDeployedError: nothing is deployed in this account and region.
    """
    found = {
        output["OutputKey"]: with_current_port(output["OutputValue"], os.environ.get("AWS_ENDPOINT_URL"))
        for stack in deployed_stacks()
        for output in stack.get("Outputs", [])
        if not output["OutputKey"].startswith("ExportsOutput")
    }
    if not found:
        raise NotDeployedError("nothing is deployed in this account and region")
    return found


def with_current_port(value: str, endpoint: str | None) -> str:
    """An output's value; an address on this machine gets the port of `endpoint`.

    Args:
        value: of the output.
        endpoint: URL of the local account; None on AWS.
    """
    address, current = urllib.parse.urlsplit(value), urllib.parse.urlsplit(endpoint or "")
    if address.hostname != LOOPBACK or current.hostname != LOOPBACK:
        return value
    return address._replace(netloc=current.netloc).geturl()
