"""The role of people who ask gold: whoever of this account IAM lets assume it, with a profile or in a BI tool.

What Athena needs of its caller: https://docs.aws.amazon.com/athena/latest/ug/security-iam-athena.html
"""

from aws_cdk import Duration
from constructs import Construct

from infra.environments import Environment
from infra.stacks import names, roles
from infra.stacks.lake import READ_CATALOG, READ_OBJECTS, READ_PARTITIONS
from orchestration.contract import RUNS_TABLE

RESULTS = f"{names.ATHENA_RESULTS}people/"
"""Where the people's workgroup puts results; dbt's, which may quote silver, lie beside it."""

RUN_QUERIES = (
    "athena:StartQueryExecution",
    "athena:StopQueryExecution",
    "athena:GetQueryExecution",
    "athena:BatchGetQueryExecution",
    "athena:ListQueryExecutions",
    "athena:GetQueryResults",
    # Amazon's JDBC and ODBC drivers read results as a stream
    "athena:GetQueryResultsStream",
    "athena:GetWorkGroup",
    "athena:ListNamedQueries",
    "athena:GetNamedQuery",
    "athena:BatchGetNamedQuery",
)
WRITE_RESULTS = ("s3:GetObject", "s3:PutObject", "s3:AbortMultipartUpload", "s3:ListMultipartUploadParts")
TABLES = (f"{names.GOLD_TABLES}{names.GOLD_DATABASE}/*", f"{RUNS_TABLE}/*")
# as long as a session lasts at most that is taken with a role's keys, as people from IAM Identity Center do:
# https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles.html#iam-term-role-chaining
SESSION = Duration.hours(1)


def bi_role(scope: Construct, environment: Environment) -> None:
    """`todo-bi-user`, with the environment's name in dev and staging: queries gold, nothing else."""
    gold = names.bucket_arn("gold")
    roles.for_people(
        scope,
        "BiRole",
        # role names are unique in an account, whatever the Region
        names.BI_ROLE + (f"-{environment.name}" if environment.name in ("dev", "staging") else ""),
        "Asks gold through Athena; reads neither bronze nor silver, changes nothing",
        SESSION,
        roles.allow(RUN_QUERIES, [names.arn(scope, "athena", "workgroup", names.WORKGROUP)]),
        roles.allow([*READ_CATALOG, *READ_PARTITIONS], names.catalog_arns(scope, names.GOLD_DATABASE)),
        # Athena looks at the database `default` whatever a query names:
        # https://docs.aws.amazon.com/athena/latest/ug/fine-grained-access-to-glue-resources.html
        roles.allow(["glue:GetDatabase"], [names.arn(scope, "glue", "database", "default")]),
        roles.allow(["s3:GetBucketLocation"], [gold]),
        roles.allow(["s3:ListBucket"], [gold], StringLike={"s3:prefix": [*TABLES, f"{RESULTS}*"]}),
        roles.allow(READ_OBJECTS, [f"{gold}/{keys}" for keys in TABLES]),
        roles.allow(WRITE_RESULTS, [f"{gold}/{RESULTS}*"]),
    )
