"""The names that stacks rely on: those of the folders' contracts, and those that only stacks give.

They are fixed, so that a role in one stack can name a resource of another exactly without a CloudFormation export,
which would keep the exporting stack from changing.
"""

from aws_cdk import ArnFormat, Aws, Stack
from constructs import IConstruct

from api.contract import API_FUNCTION, USER_GIGABYTES
from api.contract import METRICS_NAMESPACE as NAMESPACE
from api.contract import TABLE_NAME as TABLE
from api.webhook_contract import ATTEMPTS_FAILED as WEBHOOK_ATTEMPTS_FAILED
from api.webhook_contract import DELIVER_FUNCTION, FAN_OUT_FUNCTION
from api.webhook_contract import DELIVERED as WEBHOOKS_DELIVERED
from api.webhook_contract import DISABLED as WEBHOOKS_DISABLED
from api.webhook_contract import FAILURES as WEBHOOK_FAILURES
from api.webhook_contract import KEY_SECRET as WEBHOOK_SECRET
from api.webhook_contract import QUEUE as WEBHOOK_QUEUE
from infra.resource_names import (
    ALERTS,
    ALERTS_KEY_ALIAS,
    CURSOR_SECRET,
    DASHBOARD,
    EMAIL_HASH_SECRET,
    FIGURE_ALERTS,
    TICKETS,
    USER_POOL,
    bucket_name,
)
from ingestion.contract import (
    CDC_FUNCTION,
    CDC_QUARANTINE,
    CDC_STREAM,
    DISCARDED,
    DISCARDED_BATCHES,
    LOGS_FUNCTION,
    LOGS_STREAM,
    RECORDS_NOT_TRANSFORMED,
)
from orchestration.contract import (
    ENDED_FUNCTION,
    INSIGHTS_ROWS_SKIPPED,
    LINES_REJECTED,
    NOTIFY_FUNCTION,
    OBJECTS_UNREADABLE,
    PIPELINE_FAILURES,
    PUBLISH_FUNCTION,
    STATE_DURATION,
    STATE_FAILED,
    STATE_MACHINE,
    TABLE_BYTES,
    TABLE_ITEMS,
    TESTS_WARNED,
    UNDELIVERED,
    WINDOW_FUNCTION,
)
from transforms.contract import (
    ATHENA_RESULTS,
    BI_ROLE,
    BRONZE_DATABASE,
    CRAWLER,
    DBT_PROJECT,
    DBT_WORKGROUP,
    GOLD_DATABASE,
    GOLD_TABLES,
    MAINTENANCE_FAILED,
    RECONCILE_DIFFERENCES,
    RECONCILE_PROJECT,
    RECONCILE_ROWS,
    SILVER_DATABASE,
    SILVER_JOB,
    SILVER_MAINTENANCE_JOB,
    WORKGROUP,
)

__all__ = [
    "ALERTS",
    "ALERTS_KEY_ALIAS",
    "API_FUNCTION",
    "ATHENA_RESULTS",
    "BI_ROLE",
    "BRONZE_DATABASE",
    "CDC_FUNCTION",
    "CDC_QUARANTINE",
    "CDC_STREAM",
    "CRAWLER",
    "CURSOR_SECRET",
    "DASHBOARD",
    "DBT_PROJECT",
    "DBT_WORKGROUP",
    "DELIVER_FUNCTION",
    "DISCARDED",
    "DISCARDED_BATCHES",
    "EMAIL_HASH_SECRET",
    "ENDED_FUNCTION",
    "FAN_OUT_FUNCTION",
    "FIGURE_ALERTS",
    "GOLD_DATABASE",
    "GOLD_TABLES",
    "INSIGHTS_ROWS_SKIPPED",
    "LINES_REJECTED",
    "LOGS_FUNCTION",
    "LOGS_STREAM",
    "MAINTENANCE_FAILED",
    "NAMESPACE",
    "NOTIFY_FUNCTION",
    "OBJECTS_UNREADABLE",
    "PIPELINE_FAILURES",
    "PUBLISH_FUNCTION",
    "RECONCILE_DIFFERENCES",
    "RECONCILE_PROJECT",
    "RECONCILE_ROWS",
    "RECORDS_NOT_TRANSFORMED",
    "SILVER_DATABASE",
    "SILVER_JOB",
    "SILVER_MAINTENANCE_JOB",
    "STATE_DURATION",
    "STATE_FAILED",
    "STATE_MACHINE",
    "TABLE",
    "TABLE_BYTES",
    "TABLE_ITEMS",
    "TESTS_WARNED",
    "TICKETS",
    "UNDELIVERED",
    "USER_GIGABYTES",
    "USER_POOL",
    "WEBHOOKS_DELIVERED",
    "WEBHOOKS_DISABLED",
    "WEBHOOK_ATTEMPTS_FAILED",
    "WEBHOOK_FAILURES",
    "WEBHOOK_QUEUE",
    "WEBHOOK_SECRET",
    "WINDOW_FUNCTION",
    "WORKGROUP",
]


def bucket(layer: str) -> str:
    """The name of the bucket of `layer` (bronze, silver, gold or artifacts) in the account and region deployed to."""
    return bucket_name(layer, Aws.ACCOUNT_ID, Aws.REGION)


def bucket_arn(layer: str, keys: str | None = None) -> str:
    """The ARN of a layer's bucket, or of its objects whose keys match `keys`."""
    return f"arn:{Aws.PARTITION}:s3:::{bucket(layer)}" + (f"/{keys}" if keys else "")


def arn(scope: IConstruct, service: str, resource: str, name: str, separator: str = "/") -> str:
    """The ARN of the resource `name` in the account and region deployed to.

    Args:
        scope: any construct of the stack that uses the ARN.
        service: as in the ARN, for example `glue`.
        resource: the resource type, for example `job`; may be empty.
        name: the resource's name.
        separator: what stands between type and name: `/` or `:`.
    """
    if not resource:
        return Stack.of(scope).format_arn(service=service, resource=name, arn_format=ArnFormat.NO_RESOURCE_NAME)
    form = ArnFormat.COLON_RESOURCE_NAME if separator == ":" else ArnFormat.SLASH_RESOURCE_NAME
    return Stack.of(scope).format_arn(service=service, resource=resource, resource_name=name, arn_format=form)


def secret_arn(scope: IConstruct, name: str) -> str:
    """The ARN of a secret: Secrets Manager ends it with a hyphen and six characters of its own."""
    return arn(scope, "secretsmanager", "secret", f"{name}-??????", ":")


def log_group_arns(scope: IConstruct, name: str) -> list[str]:
    """The ARN of a log group and of everything in it."""
    return [arn(scope, "logs", "log-group", name, ":"), arn(scope, "logs", "log-group", f"{name}:*", ":")]


def catalog_arns(scope: IConstruct, *databases: str) -> list[str]:
    """What a catalog action on tables of `databases` is checked against: the catalog, the databases, the tables."""
    named = [
        arn(scope, "glue", kind, name)
        for database in databases
        for kind, name in (("database", database), ("table", f"{database}/*"))
    ]
    return [arn(scope, "glue", "", "catalog"), *named]
