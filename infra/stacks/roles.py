"""Roles with exactly the statements written out at the place of use.

The CDK's grants and several of its constructs add wildcards (`s3:GetObject*`, `s3:List*`). A role made here refuses
such additions, so what a stack's source says is what the template has.
AWS: https://docs.aws.amazon.com/IAM/latest/UserGuide/best-practices.html#grant-least-privilege
"""

from collections.abc import Iterable, Mapping, Sequence

from aws_cdk import Aws, Duration
from aws_cdk import aws_iam as iam
from constructs import Construct

from api.contract import EntityType, prefix
from infra.stacks import names

# they take no resource: https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsx-ray.html
WRITE_TRACES = (
    "xray:PutTraceSegments",
    "xray:PutTelemetryRecords",
    "xray:GetSamplingRules",
    "xray:GetSamplingTargets",
)
# services that name the account on whose behalf they take a role; Lambda does not, when it takes a function's
# https://docs.aws.amazon.com/IAM/latest/UserGuide/confused-deputy.html#prevent-confused-deputy-condition-keys
# and, but for Glue, the resource, too:
# https://docs.aws.amazon.com/codebuild/latest/userguide/cross-service-confused-deputy-prevention.html
# https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/Subscriptions-confused-deputy.html
# https://docs.aws.amazon.com/scheduler/latest/UserGuide/cross-service-confused-deputy-prevention.html
# https://docs.aws.amazon.com/step-functions/latest/dg/procedure-create-iam-role.html#prevent-cross-service-confused-deputy
WITH_SOURCE_ACCOUNT = frozenset(
    {
        "codebuild.amazonaws.com",
        "glue.amazonaws.com",
        "logs.amazonaws.com",
        "scheduler.amazonaws.com",
        "states.amazonaws.com",
    }
)
WRITE_LOGS = ("logs:CreateLogStream", "logs:PutLogEvents")
# a build reads the version of its source that it was started with:
# https://docs.aws.amazon.com/codebuild/latest/userguide/setting-up-service-role.html
READ_SOURCE_VERSION = ("s3:GetObjectVersion",)
READ_SECRET = ("secretsmanager:GetSecretValue",)


def allow(
    actions: Sequence[str], resources: Sequence[str], **conditions: Mapping[str, str | list[str]]
) -> iam.PolicyStatement:
    """A statement that allows `actions` on `resources`.

    Args:
        actions: full action names, no wildcards.
        resources: ARNs.
        conditions: operator to condition, for example `StringEquals={"cloudwatch:namespace": "TodoInsights"}`.
    """
    return iam.PolicyStatement(actions=list(actions), resources=list(resources), conditions=dict(conditions) or None)


def allow_items(
    scope: Construct, actions: Sequence[str], *partitions: str, indexes: Iterable[str] = ()
) -> iam.PolicyStatement:
    """A statement that allows `actions` on the items of the table in some partitions, and on no other item.

    Args:
        scope: any construct of the stack.
        actions: names of DynamoDB's actions that name the items they are about; Scan does not.
        partitions: partition keys; `*` stands for any characters.
        indexes: of the table, to allow a Query of them instead of the table's own.

    https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/specifying-conditions.html
    """
    condition = {"ForAllValues:StringLike": {"dynamodb:LeadingKeys": list(partitions)}}
    table = names.arn(scope, "dynamodb", "table", names.TABLE)
    return allow(actions, [f"{table}/index/{index}" for index in indexes] or [table], **condition)


def partitions_of(*entity_types: EntityType) -> list[str]:
    """The pattern of the partition keys of each entity type that has a partition for each user."""
    return [f"{prefix(entity_type)}*" for entity_type in entity_types]


def publish_alerts(scope: Construct, topic: str = names.ALERTS) -> tuple[iam.PolicyStatement, iam.PolicyStatement]:
    """Statements that allow to publish to a topic of the monitoring stack, by default the one that pages."""
    return (
        allow(["sns:Publish"], [names.arn(scope, "sns", "", topic)]),
        # the topic's key is in a later stack and known here by its alias only
        allow(
            ["kms:Decrypt", "kms:GenerateDataKey"],
            [names.arn(scope, "kms", "key", "*")],
            **{"ForAnyValue:StringEquals": {"kms:ResourceAliases": names.ALERTS_KEY_ALIAS}},
        ),
    )


def role(
    scope: Construct, name: str, service: str, *statements: iam.PolicyStatement, source: str | None = None
) -> iam.IRole:
    """A role for one AWS service of this account.

    Args:
        scope: where the role belongs.
        name: the construct's id.
        service: who may assume it, for example `lambda.amazonaws.com`.
        statements: all that it may do.
        source: the ARN of the resource on whose behalf the service may take the role, `*` for any characters; without
            it, any resource of this account.
    """
    made = iam.Role(
        scope,
        name,
        assumed_by=iam.ServicePrincipal(service, conditions=_only_for(service, source)),
        inline_policies={"exact": iam.PolicyDocument(statements=list(statements), minimize=False)},
    )
    return made.without_policy_updates()


def for_people(
    scope: Construct,
    construct_id: str,
    name: str,
    description: str,
    session: Duration,
    *statements: iam.PolicyStatement,
) -> iam.IRole:
    """A role that whoever in this account IAM allows `sts:AssumeRole` on it may take.

    Args:
        scope: where the role belongs.
        construct_id: the construct's id.
        name: fixed, because people write it into their profiles.
        description: shown to people who look for a role.
        session: how long one may last.
        statements: all that it may do.
    """
    made = iam.Role(
        scope,
        construct_id,
        role_name=name,
        description=description,
        max_session_duration=session,
        assumed_by=iam.AccountRootPrincipal(),
        inline_policies={"exact": iam.PolicyDocument(statements=list(statements), minimize=False)},
    )
    return made.without_policy_updates()


def _only_for(service: str, source: str | None) -> dict[str, Mapping[str, str]] | None:
    if service in WITH_SOURCE_ACCOUNT:
        account: dict[str, Mapping[str, str]] = {"StringEquals": {"aws:SourceAccount": Aws.ACCOUNT_ID}}
        return {**account, "ArnLike": {"aws:SourceArn": source}} if source else account
    if service == "firehose.amazonaws.com":
        # https://docs.aws.amazon.com/firehose/latest/dev/controlling-access.html#firehose-assume-role
        return {"StringEquals": {"sts:ExternalId": Aws.ACCOUNT_ID}}
    return None


def write_logs(scope: Construct, log_group: str) -> iam.PolicyStatement:
    """Allows writing to one log group that exists."""
    return allow(WRITE_LOGS, names.log_group_arns(scope, log_group))


def write_traces() -> iam.PolicyStatement:
    """Allows sending traces to X-Ray."""
    return allow(WRITE_TRACES, ["*"])


def make_logs(scope: Construct, log_group: str) -> iam.PolicyStatement:
    """Allows writing to log groups that the service makes itself, on the first run, as Glue does."""
    return allow(["logs:CreateLogGroup", *WRITE_LOGS], names.log_group_arns(scope, log_group))
