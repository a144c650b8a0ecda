"""The functions that only the pipeline uses, and the table of its runs."""

from collections.abc import Mapping, Sequence

from aws_cdk import Aws, Duration
from aws_cdk import aws_glue as glue
from aws_cdk import aws_iam as iam
from constructs import Construct

from api import contract
from infra.environments import Environment
from infra.stacks import functions, names, roles
from orchestration.contract import PUBLISHED, RUN_FILES, RUNS_TABLE

RUN_COLUMNS = {
    "run_id": ("string", "Name of the execution."),
    "started_at": ("timestamp", "When the execution began (UTC)."),
    "ended_at": ("timestamp", "When it had published (UTC)."),
    "duration_seconds": ("double", "Between the two."),
    "window_from": ("timestamp", "First arrival that was read; null: from the beginning."),
    "window_to": ("timestamp", "First arrival that was not read; null: up to the newest."),
    "full_refresh": ("boolean", "Whether everything was built anew."),
    "events_read": ("bigint", "Change events that silver read."),
    "rejects": ("bigint", "Records that broke their contract, each counted by one run."),
    "reject_threshold": ("double", "Share of broken records that an operator let this run tolerate; null: the usual."),
    "reason": ("string", "Why the operator did."),
    "late_objects": ("bigint", "Objects that came to folders which should receive nothing any more; they were read."),
    "unreadable_objects": ("bigint", "Objects of bronze that could not be read and were moved away."),
    "models_built": ("int", "dbt models built."),
    "tests_passed": ("int", "dbt tests passed, on sources and models."),
    "bytes_scanned": ("bigint", "Bytes that dbt had Athena scan."),
    "cost_estimate_usd": ("double", "Crawl, job, builds and queries at list prices."),
    "users_published": ("bigint", "Users whose insights can be asked for."),
}
RUN_QUERIES = ("athena:StartQueryExecution", "athena:GetQueryExecution")
READ_SAVED_QUERIES = ("athena:ListNamedQueries", "athena:BatchGetNamedQuery")
READ_GOLD = ("glue:GetDatabase", "glue:GetTable", "glue:GetPartitions", "glue:GetPartition")


def window_function(scope: Construct, environment: Environment) -> None:
    """`todo-resolve-window`: acquires the run lock, lists bronze, writes the manifest of a run's objects."""
    executions = names.arn(scope, "states", "execution", f"{names.STATE_MACHINE}:*", ":")
    _function(
        scope,
        names.WINDOW_FUNCTION,
        "orchestration.window.handler.handler",
        environment,
        "Plans a run of the pipeline, one at a time",
        Duration.minutes(2),
        {
            "BRONZE_BUCKET": names.bucket("bronze"),
            "GOLD_BUCKET": names.bucket("gold"),
            "CRAWLER_NAME": names.CRAWLER,
            "CRAWL_HOURS": str(environment.crawl_hours),
        },
        [
            roles.allow_items(scope, ["dynamodb:GetItem", "dynamodb:PutItem"], contract.PIPELINE_PARTITION),
            roles.allow(["states:DescribeExecution"], [executions]),
            # without the right to list, S3 denies what is not there:
            # https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html
            roles.allow(["s3:ListBucket"], [names.bucket_arn("bronze"), names.bucket_arn("gold")]),
            roles.allow(["s3:GetObject"], [names.bucket_arn("gold", f"{PUBLISHED}*")]),
            # it counts the batches that Lambda discarded
            roles.allow(["s3:GetObject"], [names.bucket_arn("bronze", f"{names.DISCARDED}*")]),
            roles.allow(["s3:PutObject"], [names.bucket_arn("artifacts", f"{RUN_FILES}*")]),
            roles.allow(["glue:GetCrawler"], [names.arn(scope, "glue", "crawler", names.CRAWLER)]),
            roles.allow(["glue:GetPartitions"], names.catalog_arns(scope, names.BRONZE_DATABASE)),
        ],
    )


def publish_function(scope: Construct, environment: Environment) -> None:
    """`todo-publish-insights`: reads gold through Athena, writes the table, metrics and the run's row."""
    gold, artifacts = names.bucket_arn("gold"), names.bucket_arn("artifacts")
    _function(
        scope,
        names.PUBLISH_FUNCTION,
        "orchestration.publish.handler.handler",
        environment,
        "Publishes gold's insights and figures",
        Duration.minutes(15),
        {
            "GOLD_BUCKET": names.bucket("gold"),
            "GOLD_DATABASE": names.GOLD_DATABASE,
            "ATHENA_WORKGROUP": names.WORKGROUP,
            "FIGURE_ALERTS_TOPIC": names.arn(scope, "sns", "", names.FIGURE_ALERTS),
        },
        [
            *roles.publish_alerts(scope, names.FIGURE_ALERTS),
            roles.allow(
                [*RUN_QUERIES, *READ_SAVED_QUERIES], [names.arn(scope, "athena", "workgroup", names.WORKGROUP)]
            ),
            roles.allow(READ_GOLD, names.catalog_arns(scope, names.GOLD_DATABASE)),
            # Athena looks at the database `default` whatever a query names:
            # https://docs.aws.amazon.com/athena/latest/ug/fine-grained-access-to-glue-resources.html
            roles.allow(["glue:GetDatabase"], [names.arn(scope, "glue", "database", "default")]),
            roles.allow(["s3:ListBucket", "s3:GetBucketLocation"], [gold, artifacts]),
            roles.allow(
                ["s3:GetObject"], [f"{gold}/{names.GOLD_TABLES}*", f"{artifacts}/dbt/*", f"{artifacts}/{RUN_FILES}*"]
            ),
            roles.allow(["s3:GetObject", "s3:PutObject"], [f"{gold}/{names.ATHENA_RESULTS}*", f"{gold}/{PUBLISHED}*"]),
            roles.allow(["s3:PutObject"], [f"{gold}/{RUNS_TABLE}/*"]),
            roles.allow_items(scope, ["dynamodb:BatchWriteItem"], *roles.partitions_of(contract.EntityType.INSIGHTS)),
            roles.allow_items(scope, ["dynamodb:PutItem"], contract.PIPELINE_PARTITION),
            roles.allow_items(scope, ["dynamodb:Query"], contract.ERASURE_PARTITION),
            roles.allow(["dynamodb:DescribeTable"], [names.arn(scope, "dynamodb", "table", names.TABLE)]),
            # takes no resource; the namespace is what narrows it
            roles.allow(["cloudwatch:PutMetricData"], ["*"], StringEquals={"cloudwatch:namespace": names.NAMESPACE}),
        ],
    )


def notify_function(scope: Construct, environment: Environment) -> None:
    """`todo-notify-operators`: words why a state failed, and sends it to the topic that pages."""
    functions.function(
        scope,
        "NotifyOperators",
        name=names.NOTIFY_FUNCTION,
        handler="orchestration.notify.handler.handler",
        environment=environment,
        description="Notifies operators of a state that failed, and why",
        timeout=Duration.seconds(30),
        memory=512,
        variables=message_variables(scope, environment),
        statements=list(roles.publish_alerts(scope)),
    )


def message_variables(scope: Construct, environment: Environment) -> dict[str, str]:
    """What `orchestration/notify/message.py` reads from its environment."""
    return {"ALERTS_TOPIC": names.arn(scope, "sns", "", names.ALERTS), "RUNBOOKS_URL": environment.runbooks}


def runs_table(scope: Construct) -> None:
    """`pipeline_runs` of gold: one JSON line per run; its partitions are known without being registered.

    https://docs.aws.amazon.com/athena/latest/ug/partition-projection.html
    """
    location = f"s3://{names.bucket('gold')}/{RUNS_TABLE}/"
    column = glue.CfnTable.ColumnProperty
    glue.CfnTable(
        scope,
        "Runs",
        catalog_id=Aws.ACCOUNT_ID,
        database_name=names.GOLD_DATABASE,
        table_input=glue.CfnTable.TableInputProperty(
            name=RUNS_TABLE,
            description="One row per run of the pipeline that published.",
            table_type="EXTERNAL_TABLE",
            parameters={
                "classification": "json",
                "projection.enabled": "true",
                "projection.dt.type": "date",
                "projection.dt.format": "yyyy-MM-dd",
                "projection.dt.range": "2026-01-01,NOW",
                "storage.location.template": f"{location}dt=${{dt}}/",
            },
            partition_keys=[column(name="dt", type="string", comment="Day of the start (UTC).")],
            storage_descriptor=glue.CfnTable.StorageDescriptorProperty(
                location=location,
                columns=[
                    column(name=name, type=kind, comment=comment) for name, (kind, comment) in RUN_COLUMNS.items()
                ],
                input_format="org.apache.hadoop.mapred.TextInputFormat",
                output_format="org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat",
                serde_info=glue.CfnTable.SerdeInfoProperty(serialization_library="org.openx.data.jsonserde.JsonSerDe"),
            ),
        ),
    )


def _function(
    scope: Construct,
    name: str,
    handler: str,
    environment: Environment,
    description: str,
    timeout: Duration,
    variables: Mapping[str, str],
    statements: Sequence[iam.PolicyStatement],
) -> None:
    functions.function(
        scope,
        "".join(word.capitalize() for word in name.removeprefix("todo-").split("-")),
        name=name,
        handler=handler,
        environment=environment,
        description=description,
        timeout=timeout,
        memory=512,
        variables={"TABLE_NAME": names.TABLE, "ARTIFACTS_BUCKET": names.bucket("artifacts"), **variables},
        statements=list(statements),
    )
