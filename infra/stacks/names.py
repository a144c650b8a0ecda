"""The names that stacks, operators and the code of the other folders rely on.

They are fixed, so that a role in one stack can name a resource of another exactly without a CloudFormation export,
which would keep the exporting stack from changing.
"""

from aws_cdk import ArnFormat, Aws, Stack
from constructs import IConstruct

from api import contract

TABLE = contract.TABLE_NAME
BRONZE_DATABASE, SILVER_DATABASE, GOLD_DATABASE = "todo_bronze", "todo_silver", "todo_analytics"
EMAIL_HASH_SECRET, CURSOR_SECRET = "todo-email-hash-key", "todo-cursor-key"
API_FUNCTION, CDC_FUNCTION, LOGS_FUNCTION = "todo-api", "todo-cdc", "todo-logs"
CDC_STREAM, LOGS_STREAM = "todo-cdc", "todo-logs"
CDC_FAILURES, CDC_QUARANTINE = "todo-cdc-failures", "todo-cdc-quarantine"
CRAWLER, SILVER_JOB = "todo-bronze-crawler", "todo-silver"
SILVER_MAINTENANCE_JOB = "todo-silver-maintenance"
DBT_PROJECT, RECONCILE_PROJECT = "todo-dbt", "todo-reconcile"
WORKGROUP, DBT_WORKGROUP = "todo-analytics-workgroup", "todo-dbt-workgroup"
BI_ROLE = "todo-bi-user"
STATE_MACHINE = "todo-insights-pipeline"
WINDOW_FUNCTION, PUBLISH_FUNCTION = "todo-resolve-window", "todo-publish-insights"
ENDED_FUNCTION = "todo-pipeline-ended"
PIPELINE_FAILURES, UNDELIVERED = "todo-pipeline-failures", "todo-undelivered"
ALERTS = "todo-alerts"
ALERTS_KEY_ALIAS = "alias/todo-alerts"
DASHBOARD = "TodoApiMonitoring"
NAMESPACE = "TodoInsights"
RECONCILE_DIFFERENCES, MAINTENANCE_FAILED = "ReconcileDifferences", "MaintenanceFailed"
STATE_FAILED, STATE_DURATION = "StateFailed", "StateDuration"


def bucket(layer: str) -> str:
    """The name of the bucket of `layer` (bronze, silver, gold or artifacts) in the account and region deployed to."""
    return f"todo-{layer}-{Aws.ACCOUNT_ID}-{Aws.REGION}"


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
