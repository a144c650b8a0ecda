"""What each role was given and the story did not use: nothing but what is listed here with its reason.

The other direction needs no list: IAM is enforced, so what a role lacks fails the story.
"""

import fnmatch
import re
from collections.abc import Iterator
from typing import Any

import boto3
import pytest

from infra.local.iam import record
from infra.resource_names import STACKS
from tests.e2e.conftest import Platform

pytestmark = [pytest.mark.account, pytest.mark.deployed, pytest.mark.slow, pytest.mark.timeout(1800)]

BRONZE = r"arn:aws:s3:::todo-bronze-\d+-[\w-]+"
# role, action or resource, and why it is granted all the same
NOT_USED = (
    (".*", "logs:(CreateLogStream|PutLogEvents|CreateLogGroup)", "the service writes the log; here Python does"),
    (".*", "arn:aws:logs:.*", "the service writes the log; here Python does"),
    (".*", "kms:.*|arn:aws:kms:.*", "topics are encrypted in AWS only"),
    ("BiRole", ".*", "used by tests/e2e/test_bi_user.py"),
    ("ScheduleRole", ".*", "schedules rest; used by tests/integration/local/scheduler"),
    (
        "(Cdc|WebhooksFanOut)Role",
        r"dynamodb:ListStreams|\*",
        "AWS: lambda/latest/dg/services-dynamodb-eventsourcemapping.html",
    ),
    (
        "WebhooksFanOutRole",
        "sqs:SendMessage|.*:todo-webhooks.*",
        "no webhook in the story: docs/how-to/use-webhooks.md",
    ),
    ("CdcRole", f"s3:ListBucket|{BRONZE}", "AWS: lambda/latest/dg/services-dynamodb-errors.html"),
    (
        "WebhooksFanOutRole",
        f"s3:(ListBucket|PutObject)|{BRONZE}(/aws/lambda/.*)?",
        "changes whose webhooks cannot be looked up: tests/integration/local/streams",
    ),
    (
        "ResolveWindowRole",
        f"s3:GetObject|{BRONZE}/aws/lambda/.*",
        "counts discarded batches; here they are replayed before the next run",
    ),
    ("ResolveWindowRole", "arn:aws:s3:::todo-gold-[^/]*", "AWS: AmazonS3/latest/API/API_GetObject.html"),
    (
        "PublishInsightsRole",
        "sns:Publish|.*:todo-figure-alerts",
        "no figure crosses a threshold in the story: docs/how-to/get-an-alert-on-a-figure.md",
    ),
    ("WebhooksDeliverRole", ".*", "no webhook in the story: docs/how-to/use-webhooks.md"),
    ("FunctionRole", ".*todo-webhook-key.*", "no webhook in the story: docs/how-to/use-webhooks.md"),
    ("Role", r"logs:.*|\*", "AWS: step-functions/latest/dg/cw-logs.html#cloudwatch-iam-policy"),
    ("Role", "events:.*|arn:aws:events:.*", "a managed rule says that a build has ended; here the build is looked at"),
    ("Role", "glue:(BatchStopJobRun|GetJobRuns)", "stops a state's job: tests/integration/local/stepfunctions"),
    ("LogsSubscriptionRole", "firehose:PutRecordBatch", "several log events at once; here one record each"),
    (
        "(Logs)?DeliveryRole",
        "s3:.*|lambda:GetFunctionConfiguration",
        "AWS: firehose/latest/dev/controlling-access.html",
    ),
    ("(Logs)?DeliveryRole", f"{BRONZE}(/errors/.*)?", "what cannot be delivered: tests/integration/local/firehose"),
    ("LogsDeliveryRole", r"arn:aws:lambda:.*:\*", "versions of the function"),
    (
        "CrawlerRole",
        "glue:.*|s3:GetBucketLocation",
        "AWS: glue/latest/dg/crawler-prereqs.html; here tables are only made",
    ),
    (
        "DbtRole|PublishInsightsRole",
        "s3:(List.*|GetBucketLocation|Abort.*)",
        "AWS: athena/latest/ug/s3-permissions.html",
    ),
    (
        "DbtRole|PublishInsightsRole",
        r"arn:aws:s3:::todo-(gold|silver|artifacts)-\d+-[\w-]+",
        "AWS: athena/latest/ug/s3-permissions.html",
    ),
    (
        "DbtRole|PublishInsightsRole",
        "glue:(GetDatabase|GetPartitions?|BatchGetPartition)|.*:database/default",
        "AWS: athena/latest/ug/fine-grained-access-to-glue-resources.html",
    ),
    ("DbtRole", "athena:StopQueryExecution", "a build that is interrupted stops its statements"),
    ("DbtRole", r"glue:(\w*Partition|CreateDatabase)", "models with Hive partitions; personal databases"),
    ("DbtRole", r"s3:(Get|Put)Object|.*/dbt-packages/\*", "CodeBuild keeps dbt's packages in its cache; none here"),
    ("ReconcileRole", "dynamodb:Query", "what changed, nightly: tests/integration/transforms/test_reconcile.py"),
    (
        "DbtRole|ReconcileRole",
        "s3:(GetObjectVersion|GetBucketLocation)|arn:aws:s3:::cdk-.*",
        "CodeBuild reads the source as the role; here it is copied",
    ),
    ("FunctionRole", ".*/index/by_(change|due_date)", "used by tests/integration/api/test_list.py and test_changes.py"),
    (
        "FunctionRole",
        "dynamodb:UpdateItem",
        "more requests than a process counts: tests/integration/api/test_rate_limits.py",
    ),
    ("Silver(Maintenance)?Role", "s3:(GetBucketLocation|Abort.*|List.*Parts)", "Glue's own start; files beyond 32 MiB"),
    (
        "Silver(Maintenance)?Role",
        r"arn:aws:s3:::todo-(artifacts|silver)-\d+-[\w-]+",
        "Glue's own start lists the folders of its arguments",
    ),
    ("SilverRole", "glue:DeleteTable", "a full refresh: tests/integration/transforms"),
    (
        "SilverRole",
        r"s3:(DeleteObject|PutObject)|.*/errors/unreadable/\*",
        "an object that cannot be read is moved: tests/integration/transforms",
    ),
    (
        "SilverMaintenanceRole",
        "glue:(CreateTable|DeleteTable)",
        "the first run, when no table is there; what a full refresh that was killed has left",
    ),
    (
        "SilverMaintenanceRole",
        r"dynamodb:DeleteItem|.*table/todo-app-data|s3:PutObject|.*/(audit|errors|aws/lambda)/\*",
        "requests are closed when they are an hour old",
    ),
    (
        "SilverMaintenanceRole",
        "s3:DeleteObject",
        "an object with nothing but lines of erased users; whether there is one depends on what Firehose put together",
    ),
    (
        "SilverMaintenanceRole",
        "sqs:(ChangeMessageVisibility|DeleteMessage)|s3:GetObjectVersion",
        "what is in quarantine, and old versions: tests/integration/transforms",
    ),
)


def granted(stacks: tuple[str, ...]) -> Iterator[tuple[str, str, list[str], list[str]]]:
    """Of every role of the stacks: its id in the template, its name, and the actions and resources of a statement."""
    iam, cloudformation = boto3.client("iam"), boto3.client("cloudformation")
    for stack in stacks:
        for page in cloudformation.get_paginator("list_stack_resources").paginate(StackName=stack):
            for resource in page["StackResourceSummaries"]:
                if resource["ResourceType"] != "AWS::IAM::Role":
                    continue
                name = resource["PhysicalResourceId"]
                for policy in iam.list_role_policies(RoleName=name)["PolicyNames"]:
                    document: Any = iam.get_role_policy(RoleName=name, PolicyName=policy)["PolicyDocument"]
                    for statement in document["Statement"]:
                        role = re.sub("[0-9A-F]{8}$", "", resource["LogicalResourceId"])
                        yield role, name, _listed(statement["Action"]), _listed(statement["Resource"])


def _listed(value: str | list[str]) -> list[str]:
    return value if isinstance(value, list) else [value]


@pytest.mark.usefixtures("redriven", "erasure", "after_deletes")
def test_no_role_has_a_permission_that_nothing_uses(built: Platform) -> None:
    used: dict[tuple[str, str], set[str]] = {}
    for role, action, resource in record.read(built.account.settings.home):
        used.setdefault((role, action), set()).add(resource)
    statements = list(granted(STACKS))
    assert len(statements) > 100
    unused = set()
    for role, name, actions, resources in statements:
        matched = {
            (action, pattern)
            for action in actions
            for pattern in resources
            if any(fnmatch.fnmatchcase(resource, pattern) for resource in used.get((name, action), ()))
        }
        unused |= {(role, action) for action in actions if action not in {action for action, _ in matched}}
        unused |= {(role, pattern) for pattern in resources if pattern not in {pattern for _, pattern in matched}}
    explained = [re.compile(f"(?:{role}) (?:{item})") for role, item, _ in NOT_USED]
    assert [each for each in sorted(unused) if not any(one.fullmatch(" ".join(each)) for one in explained)] == []
