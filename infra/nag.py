"""cdk-nag on the stacks of prod: what the packs AwsSolutions and Serverless find, and why it stays as it is.

`python -m infra.nag` prints each finding that nobody has explained and exits with 1 when there is one. Every
acknowledgement names the resources it is about; a finding on any other resource has to be fixed or explained.
https://github.com/cdklabs/cdk-nag/blob/main/RULES.md
"""

import dataclasses
import json
import pathlib
import re
import sys
import tempfile
from collections.abc import Iterable

import aws_cdk
import cdk_nag

from infra.app import synthesize
from infra.environments import EXAMPLE
from infra.resource_names import API_STACK, INGESTION_STACK, ORCHESTRATION_STACK, TRANSFORMS_STACK

FUNCTIONS = (
    "TodoApiStack/Function/Resource",
    "TodoIngestionStack/Cdc/Resource",
    "TodoIngestionStack/Logs/Resource",
    "TodoIngestionStack/WebhooksFanOut/Resource",
    "TodoIngestionStack/WebhooksDeliver/Resource",
    "TodoOrchestrationStack/ResolveWindow/Resource",
    "TodoOrchestrationStack/PublishInsights/Resource",
    "TodoOrchestrationStack/NotifyOperators/Resource",
    "TodoOrchestrationStack/PipelineEnded/Resource",
)
FAILURE_QUEUES = (
    "TodoIngestionStack/Quarantine/Resource",
    "TodoOrchestrationStack/PipelineFailures/Resource",
    "TodoOrchestrationStack/Undelivered/Resource",
)
ROLES = {
    name: f"{stack}/{name}Role/Resource" if name else f"{stack}/Role/Resource"
    for stack, names in {
        API_STACK: ("Function",),
        INGESTION_STACK: ("Cdc", "Logs", "Delivery", "LogsDelivery", "WebhooksFanOut", "WebhooksDeliver"),
        TRANSFORMS_STACK: ("Crawler", "Silver", "SilverMaintenance", "Dbt", "Bi"),
        ORCHESTRATION_STACK: (
            "ResolveWindow",
            "PublishInsights",
            "NotifyOperators",
            "PipelineEnded",
            "Reconcile",
            "",
        ),
    }.items()
    for name in names
}
ARN = r"arn:<AWS::Partition>"
HERE = r"<AWS::Region>:<AWS::AccountId>"


@dataclasses.dataclass(frozen=True)
class Acknowledgement:
    """Why a finding stays.

    Args:
        rule: the rule's name, for example `AwsSolutions-S1`.
        constructs: paths of the resources that it is about.
        reason: why the resource is as it is.
        finding: regular expression for what a rule with several findings per resource says in brackets.
    """

    rule: str
    constructs: tuple[str, ...]
    reason: str
    finding: str = ""

    def covers(self, rule: str, construct: str) -> bool:
        """Whether this is about a finding.

        Args:
            rule: as the pack reports it, with brackets.
            construct: the resource's path.
        """
        name, _, rest = rule.partition("[")
        return name == self.rule and construct in self.constructs and bool(re.fullmatch(self.finding, rest.rstrip("]")))


def _wildcard(resource: str, roles: Iterable[str], reason: str) -> Acknowledgement:
    constructs = tuple(ROLES[role] for role in roles)
    return Acknowledgement("AwsSolutions-IAM5", constructs, reason, f"Resource::{resource}")


ACKNOWLEDGED = (
    Acknowledgement(
        "Serverless-LambdaEventSourceMappingDestination",
        ("TodoIngestionStack/WebhooksDeliver/SqsEventSource:TodoIngestionStackWebhooksFD6878C8/Resource",),
        "Lambda has on-failure destinations for streams, not for queues: after its tries a message goes to the queue "
        "of failures by the redrive policy",
    ),
    Acknowledgement(
        "AwsSolutions-S1",
        tuple(f"TodoDataStack/{name}/Resource" for name in ("Bronze", "Silver", "Gold", "Artifacts")),
        "Server access logs would be written for every object that Spark and Athena read, more of them than data. Who "
        "read by CloudTrail data events, which an account switches on for all its buckets at once",
    ),
    Acknowledgement(
        "AwsSolutions-SMG4",
        ("TodoDataStack/EmailHashKey/Resource",),
        "Another key gives other hashes: users of silver before and after could not be joined",
    ),
    Acknowledgement(
        "AwsSolutions-SMG4",
        ("TodoDataStack/CursorKey/Resource",),
        "It signs page cursors that live for minutes; another key makes clients begin a list anew",
    ),
    Acknowledgement(
        "AwsSolutions-SMG4",
        ("TodoDataStack/WebhookKey/Resource",),
        "Another key changes every webhook's secret, which its receiver would have to be told; owners rotate their own",
    ),
    Acknowledgement(
        "AwsSolutions-COG1",
        ("TodoApiStack/UserPool/Resource",),
        "Length counts, special characters do not: NIST SP 800-63B, section 3.1.1.2",
    ),
    Acknowledgement(
        "AwsSolutions-COG2",
        ("TodoApiStack/UserPool/Resource",),
        "Clients of the original API sign in with a password alone; -c mfa=optional offers a second factor",
    ),
    Acknowledgement(
        "AwsSolutions-COG8",
        ("TodoApiStack/UserPool/Resource",),
        "Threat protection needs the plan Plus, paid per user; alarms watch failed and throttled sign-ins",
    ),
    Acknowledgement("AwsSolutions-L1", FUNCTIONS, "Python 3.11 and 3.12 are what is tested; ADR 0020"),
    Acknowledgement("Serverless-LambdaLatestVersion", FUNCTIONS, "Python 3.11 and 3.12 are what is tested; ADR 0020"),
    Acknowledgement(
        "AwsSolutions-APIG4",
        tuple(
            f"TodoApiStack/HttpApi/{method}--{path}/Resource"
            for method in ("GET", "HEAD")
            for path in ("health", "docs", "docs--{name}", "openapi.json")
        ),
        "The health check and the documentation are public",
    ),
    Acknowledgement("AwsSolutions-SQS3", FAILURE_QUEUES, "It is a dead-letter queue itself"),
    # the other rule sees that another queue's redrive policy leads to it
    Acknowledgement(
        "Serverless-SQSRedrivePolicy",
        (*FAILURE_QUEUES, "TodoIngestionStack/WebhookFailures/Resource"),
        "It is a dead-letter queue itself",
    ),
    Acknowledgement(
        "AwsSolutions-GL1",
        tuple(f"TodoTransformsStack/{name}" for name in ("Crawler", "Silver", "SilverMaintenance")),
        "CloudWatch Logs encrypts every log group; a key of our own would protect counts and object names",
    ),
    Acknowledgement(
        "AwsSolutions-GL3",
        tuple(f"TodoTransformsStack/{name}" for name in ("Silver", "SilverMaintenance")),
        "The jobs use no bookmarks",
    ),
    Acknowledgement(
        "AwsSolutions-CB4",
        ("TodoTransformsStack/Dbt/Resource", "TodoOrchestrationStack/Reconcile/Resource"),
        "The builds have no artifacts; what they write to S3 is encrypted by the bucket",
    ),
    Acknowledgement(
        "AwsSolutions-SF2", ("TodoOrchestrationStack/Pipeline/Resource",), "Tracing is one switch: -c tracing=on"
    ),
    Acknowledgement(
        "Serverless-StepFunctionStateMachineXray",
        ("TodoOrchestrationStack/Pipeline/Resource",),
        "Tracing is one switch: -c tracing=on",
    ),
    Acknowledgement("Serverless-LambdaTracing", FUNCTIONS, "Tracing is one switch: -c tracing=on"),
    Acknowledgement(
        "Serverless-LambdaDLQ",
        FUNCTIONS,
        "Called by its caller directly, or by a mapping, rule or state machine that keeps what failed itself",
    ),
    Acknowledgement(
        "Serverless-LambdaStarPermissions",
        tuple(ROLES[name] for name in ("Cdc", "WebhooksFanOut", "PublishInsights", "PipelineEnded")),
        "Actions that take no resource: PutMetricData, held to one namespace by its condition, and ListStreams",
    ),
    Acknowledgement(
        "Serverless-SNSRedrivePolicy",
        tuple(f"TodoMonitoringStack/{name}" for name in ("AlertsMail", "TicketsMail")),
        "A mail that cannot be delivered is of no use in a queue; `insights status` lists what is in ALARM",
    ),
    Acknowledgement(
        "Serverless-EventBusDLQ",
        ("TodoMonitoringStack/JobsEnded",),
        "The message only repeats what Glue's own history keeps; EventBridge tries for 24 hours",
    ),
    _wildcard(
        r"\*",
        ("Cdc", "WebhooksFanOut", "SilverMaintenance", "PublishInsights", "PipelineEnded", "Reconcile", ""),
        "Actions that take no resource; tests/infra/test_roles.py lists each with its reason",
    ),
    _wildcard(
        rf"{ARN}:logs:{HERE}:log-group:[\w/.-]+:\*",
        (
            "Function", "Cdc", "Logs", "Delivery", "LogsDelivery", "WebhooksFanOut", "WebhooksDeliver",
            "Crawler", "Dbt", "ResolveWindow",
            "PublishInsights", "NotifyOperators", "PipelineEnded", "Reconcile",
        ),
        "The streams of one log group; their names are made by the service",
    ),
    _wildcard(
        rf"{ARN}:logs:{HERE}:log-group:/aws-glue/jobs/[\w-]+/\*(:\*)?",
        ("Silver", "SilverMaintenance"),
        "Glue writes to `output` and `error` below it",
    ),
    _wildcard(
        rf"{ARN}:s3:::todo-(bronze|silver|gold|artifacts)-<AWS::AccountId>-<AWS::Region>/([\w/-]+/)?\*",
        (
            "Cdc", "WebhooksFanOut", "Delivery", "LogsDelivery", "Crawler", "Silver", "SilverMaintenance", "Dbt", "Bi",
            "ResolveWindow", "PublishInsights", "Reconcile",
        ),
        "Objects below one prefix of one bucket; their keys are not known beforehand",
    ),
    _wildcard(
        rf"{ARN}:glue:{HERE}:table/todo_(bronze|silver|analytics)/\*",
        ("Crawler", "Silver", "SilverMaintenance", "Dbt", "Bi", "ResolveWindow", "PublishInsights", "Reconcile"),
        "The tables of one database",
    ),
    _wildcard(
        rf"{ARN}:glue:{HERE}:(database/todo_analytics\*|table/todo_analytics\*/\*)",
        ("Dbt",),
        "dbt also builds into databases of developers and pull requests, todo_analytics_<name>",
    ),
    _wildcard(
        rf"{ARN}:states:{HERE}:execution:todo-insights-pipeline:\*",
        ("ResolveWindow", "PipelineEnded", "SilverMaintenance"),
        "The executions of one state machine; each has a name of its own",
    ),
    _wildcard(
        rf"{ARN}:kms:{HERE}:key/\*",
        ("NotifyOperators", "PipelineEnded", "PublishInsights"),
        "The topics' key is in a later stack; the condition holds it to the key with the alias todo-alerts",
    ),
    _wildcard(r"<Logs\w+\.Arn>:\*", ("LogsDelivery",), "The versions of one function"),
)  # fmt: skip


def findings(folder: pathlib.Path) -> list[tuple[str, str]]:
    """Synthesize prod into `folder` with both packs; each finding as rule and construct, acknowledged or not.

    Args:
        folder: gets the templates and cdk-nag's report.

    Raises:
        FileNotFoundError: the packs reported nothing at all, so they did not run.
    """

    def add_packs(app: aws_cdk.App) -> None:
        aws_cdk.Validations.of(app).add_plugins(cdk_nag.AwsSolutionsChecks(app), cdk_nag.ServerlessChecks(app))

    try:
        synthesize({**EXAMPLE["prod"], "environment": "prod", "target": "aws"}, str(folder), add_packs)
    except RuntimeError as error:
        # the CDK ends a synthesis with findings like this after it has written the report; Node's version words it
        if not re.search("Validation ?[Ff]ailed", str(error)):
            raise
    report = json.loads((folder / "validation-report.json").read_text())
    return sorted(
        (violation["ruleName"], construct["constructPath"])
        for plugin in report["pluginReports"]
        for violation in plugin["violations"]
        for construct in violation["violatingConstructs"]
    )


def unexplained(found: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    """The findings that no acknowledgement covers."""
    return [finding for finding in found if not any(each.covers(*finding) for each in ACKNOWLEDGED)]


def unused(found: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    """Rule and construct of every acknowledgement that no finding needs any more."""
    listed = list(found)
    return [
        (each.rule + (f"[{each.finding}]" if each.finding else ""), construct)
        for each in ACKNOWLEDGED
        for construct in each.constructs
        if not any(each.covers(rule, place) for rule, place in listed if place == construct)
    ]


def main(folder: pathlib.Path) -> int:
    """Print what is unexplained or no longer needed; the number of such lines."""
    found = findings(folder)
    lines = [f"not explained: {rule} at {place}" for rule, place in unexplained(found)]
    lines += [f"not needed: {rule} at {place}" for rule, place in unused(found)]
    print("\n".join(lines) if lines else f"{len(found)} findings, all explained")
    return len(lines)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as scratch:
        sys.exit(1 if main(pathlib.Path(scratch) / "prod") else 0)
