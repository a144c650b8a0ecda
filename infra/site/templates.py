"""The templates of the prod environment, as `make synth-accept` committed them, with intrinsic functions resolved."""

import functools
import json
import re
from collections.abc import Iterator
from typing import Any

from infra import ROOT

STACKS = ("Data", "Api", "Ingestion", "Transforms", "Orchestration", "Monitoring")
Resource = dict[str, Any]


@functools.cache
def template(stack: str) -> dict[str, Any]:
    """A stack's template.

    Args:
        stack: its name without `Todo` and `Stack`, such as `Api`.
    """
    path = ROOT / "cdk.snapshots" / "prod" / f"Todo{stack}Stack.json"
    document: dict[str, Any] = json.loads(path.read_text())
    return document


def resources(kind: str | None = None) -> Iterator[tuple[str, str, Resource]]:
    """Stack, logical id and resource of every stack.

    Args:
        kind: a CloudFormation type, or None for all of them.
    """
    for stack in STACKS:
        for logical_id, resource in template(stack)["Resources"].items():
            if kind in (None, resource["Type"]):
                yield stack, logical_id, resource


def name_of(stack: str, logical_id: str) -> str:
    """The name that a resource has in the account; its logical id when CloudFormation names it."""
    resource = template(stack)["Resources"][logical_id]
    properties = resource.get("Properties", {})
    keys = ("FunctionName", "RoleName", "QueueName", "TopicName", "TableName", "BucketName", "DeliveryStreamName")
    for key in (*keys, "StateMachineName", "LogGroupName", "UserPoolName", "Name"):
        if key in properties:
            return text(properties[key], stack)
    if "DatabaseInput" in properties:
        return text(properties["DatabaseInput"]["Name"], stack)
    return re.sub(r"[0-9A-F]{8}$", "", logical_id)


def text(value: Any, stack: str) -> str:
    """A property as readers know it: account, Region and partition as `<account>`, `<region>` and `aws`.

    Args:
        value: a string or an intrinsic function.
        stack: the stack of the template that it is from.
    """
    match value:
        case str():
            return value
        case {"Ref": "AWS::AccountId"}:
            return "<account>"
        case {"Ref": "AWS::Region"}:
            return "<region>"
        case {"Ref": "AWS::Partition"}:
            return "aws"
        case {"Ref": str(logical_id)}:
            return name_of(stack, logical_id) if logical_id in template(stack)["Resources"] else f"<{logical_id}>"
        case {"Fn::GetAtt": [str(logical_id), str(attribute)]}:
            name = name_of(stack, logical_id)
            return name if attribute in ("Arn", "StreamArn", "KeyId") else f"{name}.{attribute}"
        case {"Fn::Join": [str(separator), list(parts)]}:
            return separator.join(text(part, stack) for part in parts)
        case {"Fn::Sub": str(pattern)}:
            return pattern.replace("${AWS::AccountId}", "<account>").replace("${AWS::Region}", "<region>")
        case {"Fn::ImportValue": str(export)}:
            return _imported(export)
        case _:
            return json.dumps(value)


def short_arn(arn: str) -> str:
    """An ARN without partition, Region and account, such as `s3:::todo-gold-<account>-<region>/*`."""
    found = re.fullmatch(r"arn:[^:]*:([^:]*):[^:]*:[^:]*:(.*)", arn, re.DOTALL)
    return f"{found[1]}:{found[2]}" if found and found[1] != "s3" else arn.replace("arn:aws:", "")


def _imported(export: str) -> str:
    stack = export.split(":")[0].removeprefix("Todo").removesuffix("Stack")
    for output in template(stack)["Outputs"].values():
        if output.get("Export", {}).get("Name") == export:
            return text(output["Value"], stack)
    return f"<{export}>"
