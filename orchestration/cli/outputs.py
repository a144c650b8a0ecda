"""Where the deployed things are: the outputs of the stacks."""

import boto3

STACKS = (
    "TodoDataStack",
    "TodoApiStack",
    "TodoIngestionStack",
    "TodoTransformsStack",
    "TodoOrchestrationStack",
    "TodoMonitoringStack",
)


class NotDeployedError(Exception):
    """The account has none of the stacks, or not the one that was asked for."""


class NotRunError(Exception):
    """The pipeline is there and has no execution yet."""


def stack_outputs() -> dict[str, str]:
    """The outputs of every stack of the project, merged, but for those by which stacks refer to each other.

    Raises:
        NotDeployedError: nothing is deployed in this account and region.
    """
    pages = boto3.client("cloudformation").get_paginator("describe_stacks").paginate()
    found = {
        output["OutputKey"]: output["OutputValue"]
        for page in pages
        for stack in page["Stacks"]
        if stack["StackName"] in STACKS
        for output in stack.get("Outputs", [])
        if not output["OutputKey"].startswith("ExportsOutput")
    }
    if not found:
        raise NotDeployedError("nothing is deployed in this account and region")
    return found
