"""docs/reference/architecture.md: the deployed resources by stack, and how they reach each other, from the templates.

Arrows are what the templates say: who invokes, subscribes or delivers, and which role may act on which resource.
"""

import re
from collections.abc import Iterator
from typing import Any

from infra.site import iam_table, templates
from infra.site.markdown import page

SHAPES = {
    "AWS::ApiGatewayV2::Api": "([{}])",
    "AWS::Cognito::UserPool": "([{}])",
    "AWS::DynamoDB::Table": "[({})]",
    "AWS::S3::Bucket": "[({})]",
    "AWS::Lambda::Function": "[{}]",
    "AWS::KinesisFirehose::DeliveryStream": "[/{}/]",
    "AWS::SQS::Queue": "[/{}/]",
    "AWS::SNS::Topic": "[/{}/]",
    "AWS::StepFunctions::StateMachine": "{{{{{}}}}}",
    "AWS::Glue::Job": "[{}]",
    "AWS::Glue::Crawler": "[{}]",
    "AWS::CodeBuild::Project": "[{}]",
    "AWS::Athena::WorkGroup": "[{}]",
    "AWS::Scheduler::Schedule": "([{}])",
}
KINDS = {
    "AWS::ApiGatewayV2::Api": "HTTP API",
    "AWS::Cognito::UserPool": "Cognito user pool",
    "AWS::DynamoDB::Table": "DynamoDB table",
    "AWS::S3::Bucket": "S3 bucket",
    "AWS::Lambda::Function": "Lambda function",
    "AWS::KinesisFirehose::DeliveryStream": "Firehose stream",
    "AWS::SQS::Queue": "SQS queue",
    "AWS::SNS::Topic": "SNS topic",
    "AWS::StepFunctions::StateMachine": "Step Functions state machine",
    "AWS::Glue::Job": "Glue job",
    "AWS::Glue::Crawler": "Glue crawler",
    "AWS::CodeBuild::Project": "CodeBuild project",
    "AWS::Athena::WorkGroup": "Athena workgroup",
    "AWS::Scheduler::Schedule": "EventBridge schedule",
}
# a role that may do one of these acts on the resource; what only looks is no arrow
ACTS = re.compile(
    r"(dynamodb:(?:Put|Update|Transact|Batch|Get|Query|Scan)\w*|s3:(?:Put|Get)Object|firehose:PutRecord\w*|sqs:SendMessage"
    r"|sns:Publish|lambda:InvokeFunction|states:StartExecution|glue:Start(?:JobRun|Crawler)|codebuild:StartBuild"
    r"|athena:StartQueryExecution)"
)
INTRODUCTION = """\
# Architecture

Written by `make reference` from the templates of `prod`. Each box is a resource, each group a stack. An arrow leads
from whoever acts to what is acted on, as an integration, a subscription or a role's permission says."""


def text() -> str:
    """The whole page."""
    return page(INTRODUCTION, f"```mermaid\n{diagram()}\n```", *_stack_lists())


def diagram() -> str:
    """The stacks as a Mermaid flowchart."""
    nodes = {(stack, logical): _label(stack, logical, found) for stack, logical, found in _nodes()}
    lines = ["flowchart LR"]
    for stack in templates.STACKS:
        inside = [(key, label) for key, label in nodes.items() if key[0] == stack]
        if inside:
            lines += [f"    subgraph {stack}[Todo{stack}Stack]"]
            lines += [f"        {_id(*key)}{label}" for key, label in inside]
            lines += ["    end"]
    edges = {(a, b) for a, b in _edges() if a in nodes and b in nodes and a != b}
    return "\n".join([*lines, *sorted(f"    {_id(*a)} --> {_id(*b)}" for a, b in edges)])


Key = tuple[str, str]


def _nodes() -> Iterator[tuple[str, str, dict[str, Any]]]:
    for stack, logical, resource in templates.resources():
        if resource["Type"] in SHAPES:
            yield stack, logical, resource


def _label(stack: str, logical: str, resource: dict[str, Any]) -> str:
    name = templates.name_of(stack, logical).replace("-<account>-<region>", "")
    kind = KINDS[resource["Type"]]
    return SHAPES[resource["Type"]].format(f'"{name}<br/>{kind}"')


def _id(stack: str, logical: str) -> str:
    return f"{stack}{re.sub(r'[0-9A-F]{8}$', '', logical)}"


def _edges() -> Iterator[tuple[Key, Key]]:
    by_name = _by_name()
    for stack, logical, resource in templates.resources():
        properties = resource.get("Properties", {})
        match resource["Type"]:
            case "AWS::ApiGatewayV2::Integration":
                api = (stack, properties["ApiId"]["Ref"])
                yield from ((api, target) for target in _functions(stack))
            case "AWS::ApiGatewayV2::Authorizer":
                api = (stack, properties["ApiId"]["Ref"])
                yield from ((api, pool) for pool in _of_kind("AWS::Cognito::UserPool"))
            case "AWS::Lambda::EventSourceMapping":
                for table in _of_kind("AWS::DynamoDB::Table"):
                    yield table, (stack, properties["FunctionName"]["Ref"])
            case "AWS::Logs::SubscriptionFilter":
                log_group = templates.text(properties["LogGroupName"], stack)
                stream = templates.text(properties["DestinationArn"], stack).rpartition("/")[2]
                sources = by_name.get(log_group.rpartition("/")[2], [])
                yield from (
                    (source, target)
                    for source in sources
                    for target in by_name.get(stream, [])
                    if "Function" in _type(source) and "Stream" in _type(target)
                )
            case "AWS::KinesisFirehose::DeliveryStream":
                bucket = properties["ExtendedS3DestinationConfiguration"]["BucketARN"]
                name = templates.text(bucket, stack).rpartition(":")[2]
                yield from (((stack, logical), target) for target in by_name.get(name, []))
            case "AWS::Scheduler::Schedule":
                target = f"{templates.text(properties['Target']['Arn'], stack)} {properties['Target'].get('Input', '')}"
                for name, keys in by_name.items():
                    if re.search(rf"[:\"]{re.escape(name)}(\"|\s|$)", target):
                        yield from (((stack, logical), key) for key in keys)
    yield from _permissions(by_name)


def _permissions(by_name: dict[str, list[Key]]) -> Iterator[tuple[Key, Key]]:
    for stack, logical, resource in _nodes():
        role = _role_of(stack, resource.get("Properties", {}))
        if role is None or resource["Type"] == "AWS::Scheduler::Schedule":
            continue
        for statement in iam_table.statements(role):
            actions = statement["Action"] if isinstance(statement["Action"], list) else [statement["Action"]]
            services = {action.split(":")[0] for action in actions if ACTS.fullmatch(action)}
            named = statement["Resource"] if isinstance(statement["Resource"], list) else [statement["Resource"]]
            for arn in named:
                parts = templates.text(arn, stack).split(":", 5)
                name = parts[-1].split("/")[0] if ":s3:" in ":".join(parts) else re.split(r"[:/]", parts[-1])[-1]
                for key in by_name.get(name, []):
                    if services & {_service(key)}:
                        yield (stack, logical), key


def _role_of(stack: str, properties: dict[str, Any]) -> dict[str, Any] | None:
    delivery = properties.get("ExtendedS3DestinationConfiguration", {})
    for name in ("Role", "RoleArn", "ServiceRole", "RoleARN"):
        match properties.get(name, delivery.get(name)):
            case {"Fn::GetAtt": [str(logical), _]}:
                role: dict[str, Any] | None = templates.template(stack)["Resources"].get(logical)
                return role
    return None


def _service(key: Key) -> str:
    service = _type(key).split("::")[1].lower()
    return {"kinesisfirehose": "firehose", "stepfunctions": "states"}.get(service, service)


def _type(key: Key) -> str:
    return str(templates.template(key[0])["Resources"][key[1]]["Type"])


def _by_name() -> dict[str, list[Key]]:
    found: dict[str, list[Key]] = {}
    for stack, logical, _ in _nodes():
        found.setdefault(templates.name_of(stack, logical), []).append((stack, logical))
    return found


def _of_kind(kind: str) -> list[Key]:
    return [(stack, logical) for stack, logical, _ in templates.resources(kind)]


def _functions(stack: str) -> list[Key]:
    return [key for key in _of_kind("AWS::Lambda::Function") if key[0] == stack]


def _stack_lists() -> Iterator[str]:
    for stack in templates.STACKS:
        yield f"## Todo{stack}Stack"
        description = templates.template(stack).get("Description", "")
        names = [
            f"- `{templates.name_of(stack, logical)}`: {KINDS[found['Type']]}"
            for owner, logical, found in _nodes()
            if owner == stack
        ]
        yield description
        yield "\n".join(sorted(names))
