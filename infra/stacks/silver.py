"""The two Glue jobs of silver: the one that builds it, and the one that maintains it and erases users."""

from collections.abc import Mapping

from aws_cdk import Stack
from aws_cdk import aws_glue as glue
from aws_cdk import aws_iam as iam
from aws_cdk import aws_s3_assets as s3_assets

from api import contract
from api.contract import EntityType
from infra import ROOT, bundling
from infra.environments import Environment
from infra.stacks import names, roles
from infra.stacks.lake import LIST_BUCKET, READ_OBJECTS, WRITE_OBJECTS, WRITE_TABLES
from infra.stacks.log_groups import log_group
from ingestion.contract import DISCARDED, UNREADABLE

# Iceberg's catalog in Spark: https://docs.aws.amazon.com/glue/latest/dg/aws-glue-programming-etl-format-iceberg.html
ICEBERG = {
    "spark.sql.extensions": "org.apache.iceberg.spark.extensions.IcebergSparkSessionExtensions",
    "spark.sql.catalog.glue_catalog": "org.apache.iceberg.spark.SparkCatalog",
    "spark.sql.catalog.glue_catalog.catalog-impl": "org.apache.iceberg.aws.glue.GlueCatalog",
    "spark.sql.catalog.glue_catalog.io-impl": "org.apache.iceberg.aws.s3.S3FileIO",
}
# the jobs' logs in groups of their own: those that Glue makes by itself keep everything for ever
# https://docs.aws.amazon.com/glue/latest/dg/monitor-continuous-logging.html
JOB_LOGS = "/aws-glue/jobs"
LOG_PREFIX = "--custom-logGroup-prefix"
OWN_CATALOG = ("glue:GetDatabase", "glue:GetTable", "glue:GetTables", *WRITE_TABLES)
VERSIONS = ("s3:ListBucketVersions",)
READ_VERSIONS = ("s3:GetObjectVersion",)
DELETE_VERSIONS = ("s3:DeleteObjectVersion",)
# failures with what users wrote in them
QUEUES_OF_USERS = (names.CDC_QUARANTINE, names.WEBHOOK_FAILURES)
DRAIN_QUEUE = ("sqs:GetQueueUrl", "sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:ChangeMessageVisibility")
REWRITE = ("s3:GetObject", "s3:PutObject", "s3:DeleteObject")
# what of bronze may name a user
CHANGES = ("cdc/*", "logs/*", "errors/*", f"{DISCARDED}*")


def jobs(stack: Stack, environment: Environment) -> None:
    """Both jobs, each with a role of its own, in `stack`."""
    modules = s3_assets.Asset(stack, "SilverModules", path=str(bundling.glue_modules()))
    _job(
        stack,
        "Silver",
        names.SILVER_JOB,
        "Merges bronze into the Iceberg tables of silver",
        "job.py",
        modules,
        [
            # an object that cannot be read is moved
            roles.allow(
                [*READ_OBJECTS, "s3:DeleteObject"],
                [names.bucket_arn("bronze", "cdc/*"), names.bucket_arn("bronze", "logs/*")],
            ),
            roles.allow(["s3:PutObject"], [names.bucket_arn("bronze", f"{UNREADABLE}*")]),
            # a full rebuild drops the tables that it swaps
            roles.allow([*OWN_CATALOG, "glue:DeleteTable"], names.catalog_arns(stack, names.SILVER_DATABASE)),
            roles.allow(roles.READ_SECRET, [names.secret_arn(stack, names.EMAIL_HASH_SECRET)]),
        ],
        {
            "--bronze": f"s3://{names.bucket('bronze')}/",
            "--email-key-secret-id": names.EMAIL_HASH_SECRET,
        },
        environment,
        flexible=False,
    )
    _job(
        stack,
        "SilverMaintenance",
        names.SILVER_MAINTENANCE_JOB,
        "Erases users from bronze and silver, compacts, expires snapshots, deletes orphan files",
        "maintenance.py",
        modules,
        [
            roles.allow(REWRITE, [names.bucket_arn("bronze", keys) for keys in CHANGES]),
            # the whole of bronze is searched
            roles.allow([*READ_OBJECTS, *READ_VERSIONS, *DELETE_VERSIONS], [names.bucket_arn("bronze", "*")]),
            roles.allow(["s3:PutObject"], [names.bucket_arn("bronze", "audit/*")]),
            roles.allow(DELETE_VERSIONS, [names.bucket_arn("silver", "*")]),
            # results of queries may hold anything of silver, and older versions of gold what was erased since
            roles.allow(LIST_BUCKET, [names.bucket_arn("gold")]),
            roles.allow(["s3:DeleteObject"], [names.bucket_arn("gold", f"{names.ATHENA_RESULTS}*")]),
            roles.allow(DELETE_VERSIONS, [names.bucket_arn("gold", "*")]),
            roles.allow(VERSIONS, [names.bucket_arn(layer) for layer in ("bronze", "silver", "gold")]),
            # signs the certificates of erasures
            roles.allow(roles.READ_SECRET, [names.secret_arn(stack, names.EMAIL_HASH_SECRET)]),
            roles.allow(DRAIN_QUEUE, [names.arn(stack, "sqs", "", queue) for queue in QUEUES_OF_USERS]),
            roles.allow(["states:ListExecutions", "states:StartExecution"], [_machine(stack)]),
            # whoever holds the run lock
            roles.allow(
                ["states:DescribeExecution"], [names.arn(stack, "states", "execution", f"{names.STATE_MACHINE}:*", ":")]
            ),
            # a full rebuild that was killed has left tables
            roles.allow([*OWN_CATALOG, "glue:DeleteTable"], names.catalog_arns(stack, names.SILVER_DATABASE)),
            # takes no resource; the namespace is what narrows it
            roles.allow(["cloudwatch:PutMetricData"], ["*"], StringEquals={"cloudwatch:namespace": names.NAMESPACE}),
            roles.allow(["glue:GetJobRuns"], [names.arn(stack, "glue", "job", names.SILVER_JOB)]),
            # requests to erase, which it reads and closes; what their users have now; whom it has erased, which it
            # remembers for a while; and the run lock
            roles.allow_items(
                stack, ["dynamodb:Query"], contract.ERASURE_PARTITION, *roles.partitions_of(EntityType.TASK)
            ),
            roles.allow_items(stack, ["dynamodb:GetItem"], *roles.partitions_of(EntityType.USER)),
            roles.allow_items(stack, ["dynamodb:DeleteItem"], contract.ERASURE_PARTITION),
            roles.allow_items(stack, ["dynamodb:PutItem"], contract.ERASED_PARTITION),
            roles.allow_items(
                stack, ["dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:DeleteItem"], contract.PIPELINE_PARTITION
            ),
        ],
        {
            "--bronze": f"s3://{names.bucket('bronze')}/",
            "--table": names.TABLE,
            "--email-key-secret-id": names.EMAIL_HASH_SECRET,
            "--silver-job": names.SILVER_JOB,
            "--gold": f"s3://{names.bucket('gold')}/",
            "--queues": ",".join(QUEUES_OF_USERS),
            "--state-machine": _machine(stack),
        },
        environment,
        flexible=environment.glue_flex,
    )


def _job(
    stack: Stack,
    construct_id: str,
    name: str,
    description: str,
    script: str,
    modules: s3_assets.Asset,
    statements: list[iam.PolicyStatement],
    arguments: Mapping[str, str],
    environment: Environment,
    *,
    flexible: bool,
) -> None:
    logs = f"{JOB_LOGS}/{name}"
    for kind in ("Error", "Output"):
        log_group(stack, f"{construct_id}{kind}Logs", f"{logs}/{kind.lower()}", environment)
    code = s3_assets.Asset(stack, f"{construct_id}Script", path=str(ROOT / "transforms" / "silver" / script))
    role = roles.role(
        stack,
        f"{construct_id}Role",
        "glue.amazonaws.com",
        roles.allow(LIST_BUCKET, [names.bucket_arn(layer) for layer in ("bronze", "silver", "artifacts")]),
        roles.allow(READ_OBJECTS, [asset.bucket.arn_for_objects(asset.s3_object_key) for asset in (code, modules)]),
        roles.allow(WRITE_OBJECTS, [names.bucket_arn("silver", "*"), names.bucket_arn("artifacts", "glue/*")]),
        roles.make_logs(stack, f"{logs}/*"),
        *statements,
    )
    warehouse = f"s3://{names.bucket('silver')}/"
    glue.CfnJob(
        stack,
        construct_id,
        name=name,
        description=description,
        role=role.role_arn,
        glue_version="5.1",
        worker_type="G.1X",
        number_of_workers=2,
        # spare capacity is a third cheaper and may start later: for what nobody waits for
        # https://docs.aws.amazon.com/glue/latest/dg/add-job.html#flex
        execution_class="FLEX" if flexible else "STANDARD",
        timeout=60,
        max_retries=0,
        execution_property=glue.CfnJob.ExecutionPropertyProperty(max_concurrent_runs=1),
        command=glue.CfnJob.JobCommandProperty(name="glueetl", python_version="3", script_location=code.s3_object_url),
        default_arguments={
            "--datalake-formats": "iceberg",
            "--conf": _chained({**ICEBERG, "spark.sql.catalog.glue_catalog.warehouse": warehouse}),
            "--extra-py-files": modules.s3_object_url,
            "--TempDir": f"s3://{names.bucket('artifacts')}/glue/",
            LOG_PREFIX: logs,
            "--warehouse": warehouse,
            "--database": names.SILVER_DATABASE,
            **arguments,
        },
    )


def _machine(stack: Stack) -> str:
    return names.arn(stack, "states", "stateMachine", names.STATE_MACHINE, ":")


def _chained(settings: Mapping[str, str]) -> str:
    # a job has one --conf argument; further settings ride in its value
    return " --conf ".join(f"{name}={value}" for name, value in settings.items())
