"""Least privilege: exact actions on exact resources, and a reason for each exception."""

import re
from collections.abc import Iterator
from typing import Any

import pytest

from tests.infra.conftest import Templates, joined

pytestmark = pytest.mark.slow

GOLD = "todo-gold-{AWS::AccountId}-{AWS::Region}"
LOG_DELIVERY = "log delivery is set up for the account, the actions take no resource"
ANY_RESOURCE = {
    "cloudwatch:PutMetricData": "takes no resource; the statement's condition holds it to one namespace",
    "dynamodb:ListStreams": "lists all streams, takes no resource; a stream's event source mapping needs it",
    "logs:CreateLogDelivery": LOG_DELIVERY,
    "logs:GetLogDelivery": LOG_DELIVERY,
    "logs:UpdateLogDelivery": LOG_DELIVERY,
    "logs:DeleteLogDelivery": LOG_DELIVERY,
    "logs:ListLogDeliveries": LOG_DELIVERY,
    "logs:PutResourcePolicy": LOG_DELIVERY,
    "logs:DescribeResourcePolicies": LOG_DELIVERY,
    "logs:DescribeLogGroups": LOG_DELIVERY,
}
SERVICES = {
    "lambda.amazonaws.com",
    "firehose.amazonaws.com",
    "glue.amazonaws.com",
    "codebuild.amazonaws.com",
    "states.amazonaws.com",
    "scheduler.amazonaws.com",
    "logs.amazonaws.com",
}


def listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def statements(templates: Templates) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every statement of every role, inline or attached, with the role's place."""
    for role in templates.resources("AWS::IAM::Role"):
        for policy in role.properties.get("Policies", []):
            for statement in policy["PolicyDocument"]["Statement"]:
                yield f"{role.stack}/{role.id}", statement
    for policy in templates.resources("AWS::IAM::Policy", "AWS::IAM::ManagedPolicy"):
        for statement in policy.properties["PolicyDocument"]["Statement"]:
            yield f"{policy.stack}/{policy.id}", statement


def actions(templates: Templates, role: str) -> set[str]:
    return {
        action for place, item in statements(templates) if place.startswith(role) for action in listed(item["Action"])
    }


def test_no_role_has_a_wildcard_in_an_action(deployed: Templates) -> None:
    found = [(place, action) for place, item in statements(deployed) for action in listed(item["Action"])]
    assert len(found) > 50
    assert [(place, action) for place, action in found if "*" in action] == []


def test_every_resource_is_named_but_for_actions_that_take_none(deployed: Templates) -> None:
    for place, item in statements(deployed):
        if "*" in listed(item["Resource"]):
            assert set(listed(item["Action"])) <= set(ANY_RESOURCE), place


def test_metrics_go_to_the_products_namespace_only(deployed: Templates) -> None:
    conditions = [item["Condition"] for _, item in statements(deployed) if item["Action"] == "cloudwatch:PutMetricData"]
    assert conditions
    assert [item for item in conditions if item != {"StringEquals": {"cloudwatch:namespace": "TodoInsights"}}] == []


def test_no_role_gets_a_policy_of_awss_own(deployed: Templates) -> None:
    roles = list(deployed.resources("AWS::IAM::Role"))
    assert len(roles) > 10
    assert [role.id for role in roles if role.properties.get("ManagedPolicyArns")] == []


def test_only_the_services_that_run_the_work_may_take_the_roles(deployed: Templates) -> None:
    principals = {
        service
        for role in deployed.resources("AWS::IAM::Role")
        for statement in role.properties["AssumeRolePolicyDocument"]["Statement"]
        for service in listed(statement["Principal"].get("Service", []))
    }
    assert principals == SERVICES


def test_people_may_take_one_role_which_asks_gold_and_nothing_else(deployed: Templates) -> None:
    trusts = [
        (role, statement["Principal"]["AWS"])
        for role in deployed.resources("AWS::IAM::Role")
        for statement in role.properties["AssumeRolePolicyDocument"]["Statement"]
        if "AWS" in statement["Principal"]
    ]
    ((role, trusted),) = trusts
    assert role.properties["RoleName"] == "todo-bi-user"
    # more than an hour is refused to who comes with a role's keys
    assert role.properties["MaxSessionDuration"] == 3600
    assert joined(trusted) == "arn:{AWS::Partition}:iam::{AWS::AccountId}:root"
    allowed = {
        (action, joined(resource).replace(GOLD, "gold").rsplit(":", 1)[1])
        for place, item in statements(deployed)
        if place == f"{role.stack}/{role.id}"
        for action in listed(item["Action"])
        for resource in listed(item["Resource"])
    }
    by_service = {
        service: {resource for action, resource in allowed if action.startswith(service)}
        for service in ("athena", "glue", "s3")
    }
    assert {action.split(":")[0] for action, _ in allowed} == set(by_service)
    assert by_service == {
        "athena": {"workgroup/todo-analytics-workgroup"},
        "glue": {"catalog", "database/default", "database/todo_analytics", "table/todo_analytics/*"},
        "s3": {"gold", "gold/tables/todo_analytics/*", "gold/pipeline_runs/*", "gold/athena-results/people/*"},
    }
    changing = {pair for pair in allowed if not re.match(r"\w+:(Get|BatchGet|List)", pair[0])}
    assert changing == {
        ("athena:StartQueryExecution", "workgroup/todo-analytics-workgroup"),
        ("athena:StopQueryExecution", "workgroup/todo-analytics-workgroup"),
        ("s3:PutObject", "gold/athena-results/people/*"),
        ("s3:AbortMultipartUpload", "gold/athena-results/people/*"),
    }


def test_the_api_may_do_on_the_table_what_its_calls_need_and_no_more(deployed: Templates) -> None:
    on_table = {action for action in actions(deployed, "TodoApiStack/Function") if action.startswith("dynamodb:")}
    # each of them is needed: tests/integration/api/test_permissions.py
    assert on_table == {
        "dynamodb:BatchWriteItem", "dynamodb:ConditionCheckItem", "dynamodb:DeleteItem", "dynamodb:GetItem",
        "dynamodb:PutItem", "dynamodb:Query", "dynamodb:UpdateItem",
    }  # fmt: skip


def test_the_table_is_written_in_the_partitions_of_each_writer_only(deployed: Templates) -> None:
    allowed = {
        (place.split("/")[1].rstrip("0123456789ABCDEF"), action.removeprefix("dynamodb:"), partition)
        for place, item in statements(deployed)
        for action in listed(item["Action"])
        if re.fullmatch(r"dynamodb:(BatchWrite|Delete|Put|Update)Item", action)
        for partition in item["Condition"]["ForAllValues:StringLike"]["dynamodb:LeadingKeys"]
    }
    users = ("TASK#*", "USER#*", "IDEMPOTENCY#*", "INSIGHTS#*", "WEBHOOK#*", "COUNTS#*", "ERASURE")
    assert allowed == {
        *(("FunctionRole", action, key) for action in ("BatchWriteItem", "DeleteItem", "PutItem") for key in users),
        ("FunctionRole", "UpdateItem", "RATE_LIMIT#*"),
        *(("WebhooksDeliverRole", action, "WEBHOOK#*") for action in ("PutItem", "UpdateItem")),
        ("ResolveWindowRole", "PutItem", "PIPELINE"),
        ("PublishInsightsRole", "BatchWriteItem", "INSIGHTS#*"),
        ("PublishInsightsRole", "PutItem", "PIPELINE"),
        ("SilverMaintenanceRole", "DeleteItem", "ERASURE"),
        ("SilverMaintenanceRole", "PutItem", "ERASED"),
        *(("SilverMaintenanceRole", action, "PIPELINE") for action in ("DeleteItem", "PutItem")),
    }


def test_a_build_reads_the_version_of_its_source_that_it_was_started_with(deployed: Templates) -> None:
    # https://docs.aws.amazon.com/codebuild/latest/userguide/setting-up-service-role.html
    projects = list(deployed.resources("AWS::CodeBuild::Project"))
    assert len(projects) == 2
    for project in projects:
        role = project.properties["ServiceRole"]["Fn::GetAtt"][0]
        may = actions(deployed, f"{project.stack}/{role}")
        assert {"s3:GetObject", "s3:GetObjectVersion", "s3:GetBucketLocation"} <= may
        # with a limit of concurrent builds, AWS refuses a build beyond it instead of letting it wait
        assert project.properties["ConcurrentBuildLimit"] == 1
        assert "QueuedTimeoutInMinutes" not in project.properties


def test_a_service_takes_a_role_for_this_project_s_own_resource(deployed: Templates) -> None:
    taken: dict[str, dict[str, Any]] = {}
    for role in deployed.resources("AWS::IAM::Role"):
        for statement in role.properties["AssumeRolePolicyDocument"]["Statement"]:
            if "Service" in statement["Principal"]:
                taken[role.id.rstrip("0123456789ABCDEF")] = statement.get("Condition", {})
    sources = {
        name: joined(condition["ArnLike"]["aws:SourceArn"]).partition("Partition}:")[2]
        for name, condition in taken.items()
        if "ArnLike" in condition
    }
    here = "{AWS::Region}:{AWS::AccountId}"
    assert sources == {
        "DbtRole": f"codebuild:{here}:project/todo-dbt",
        "ReconcileRole": f"codebuild:{here}:project/todo-reconcile",
        "Role": f"states:{here}:stateMachine:todo-insights-pipeline",
        "ScheduleRole": f"scheduler:{here}:schedule-group/default",
        "LogsSubscriptionRole": f"logs:{here}:*",
    }
    for name in (*sources, "CrawlerRole", "SilverRole", "SilverMaintenanceRole"):
        assert taken[name]["StringEquals"] == {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}, name


def test_bronze_is_written_by_the_delivery_streams_and_by_whoever_erases_users(deployed: Templates) -> None:
    written = {
        (place.rstrip("0123456789ABCDEF"), joined(resource).split("/", 1)[1])
        for place, item in statements(deployed)
        if "s3:PutObject" in listed(item["Action"])
        for resource in listed(item["Resource"])
        if "todo-bronze-" in joined(resource)
    }
    assert written == {
        ("TodoIngestionStack/DeliveryRole", "cdc/*"),
        ("TodoIngestionStack/DeliveryRole", "errors/cdc/*"),
        ("TodoIngestionStack/LogsDeliveryRole", "logs/*"),
        ("TodoIngestionStack/LogsDeliveryRole", "errors/logs/*"),
        # Lambda writes batches that it discards, as the function's role
        ("TodoIngestionStack/CdcRole", "aws/lambda/*"),
        ("TodoIngestionStack/WebhooksFanOutRole", "aws/lambda/*"),
        ("TodoTransformsStack/SilverMaintenanceRole", "aws/lambda/*"),
        # objects that it cannot read, moved
        ("TodoTransformsStack/SilverRole", "errors/unreadable/*"),
        ("TodoTransformsStack/SilverMaintenanceRole", "cdc/*"),
        ("TodoTransformsStack/SilverMaintenanceRole", "logs/*"),
        ("TodoTransformsStack/SilverMaintenanceRole", "errors/*"),
        ("TodoTransformsStack/SilverMaintenanceRole", "audit/*"),
    }


def test_only_the_silver_job_may_read_the_key_that_hashes_e_mails(deployed: Templates) -> None:
    readers = {
        (place.split("/")[0], joined(resource).rsplit(":", 1)[1])
        for place, item in statements(deployed)
        if item["Action"] == "secretsmanager:GetSecretValue"
        for resource in listed(item["Resource"])
    }
    assert readers == {
        ("TodoTransformsStack", "todo-email-hash-key-??????"),
        ("TodoApiStack", "todo-cursor-key-??????"),
        ("TodoApiStack", "todo-webhook-key-??????"),
        ("TodoIngestionStack", "todo-webhook-key-??????"),
    }


def test_dbt_reads_silver_and_owns_gold(deployed: Templates) -> None:
    written = {
        joined(resource).rsplit(":", 1)[1]
        for place, item in statements(deployed)
        if place.startswith("TodoTransformsStack/DbtRole") and "glue:DeleteTable" in listed(item["Action"])
        for resource in listed(item["Resource"])
    }
    assert written == {"catalog", "database/todo_analytics*", "table/todo_analytics*/*"}
