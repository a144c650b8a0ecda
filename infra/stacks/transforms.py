"""Bronze to silver to gold: the crawler, the Glue job, the dbt runner, the Athena workgroup."""

import json
from collections.abc import Mapping
from typing import cast

from aws_cdk import Duration, Stack
from aws_cdk import aws_athena as athena
from aws_cdk import aws_codebuild as codebuild
from aws_cdk import aws_glue as glue
from aws_cdk import aws_iam as iam
from aws_cdk import aws_s3_assets as s3_assets
from constructs import Construct

from infra import ROOT
from infra.environments import Environment
from infra.stacks import names, people, roles, silver
from infra.stacks.change_lines import change_lines
from infra.stacks.lake import LIST_BUCKET, READ_CATALOG, READ_OBJECTS, READ_PARTITIONS, WRITE_OBJECTS, WRITE_TABLES
from infra.stacks.log_groups import log_group
from infra.stacks.saved_queries import named_queries
from ingestion.contract import CHANGES

GIB = 1024**3
# of the artifacts: dbt's packages, installed once for each lock file
DBT_CACHE = "dbt-packages"
# everything that dbt-athena does to models: replaces tables by renaming copies, swaps partitions, prunes old versions
OWN_TABLES = (
    *WRITE_TABLES,
    "glue:DeleteTable",
    "glue:GetTableVersions",
    "glue:DeleteTableVersion",
    "glue:CreatePartition",
    "glue:BatchCreatePartition",
    "glue:UpdatePartition",
    "glue:DeletePartition",
    "glue:BatchDeletePartition",
)
RUN_QUERIES = (
    "athena:StartQueryExecution",
    "athena:GetQueryExecution",
    "athena:GetQueryResults",
    "athena:StopQueryExecution",
    "athena:GetWorkGroup",
)


class TransformsStack(Stack):
    """Everything between bronze and a BI user's query."""

    def __init__(self, scope: Construct, construct_id: str, *, environment: Environment) -> None:
        super().__init__(scope, construct_id, description="Todo API with Insights: bronze to silver to gold")
        self._workgroups(environment)
        self._crawler()
        change_lines(self)
        silver.jobs(self, environment)
        self._dbt_project(environment)

    def _workgroups(self, environment: Environment) -> None:
        workgroup = self._workgroup(
            "Workgroup",
            names.WORKGROUP,
            "Queries on gold by people",
            people.RESULTS,
            enforced=True,
            scan_limit_gib=environment.athena_scan_limit_gib,
        )
        named_queries(self, workgroup)
        people.bi_role(self, environment)
        # where results go is not enforced for dbt: Athena would put its tables among the results, which expire
        # https://docs.aws.amazon.com/athena/latest/ug/create-table-as.html
        self._workgroup(
            "DbtWorkgroup",
            names.DBT_WORKGROUP,
            "Statements of dbt",
            f"{names.ATHENA_RESULTS}dbt/",
            enforced=False,
            scan_limit_gib=environment.dbt_scan_limit_gib,
        )

    def _workgroup(
        self, construct_id: str, name: str, description: str, results: str, *, enforced: bool, scan_limit_gib: int
    ) -> athena.CfnWorkGroup:
        return athena.CfnWorkGroup(
            self,
            construct_id,
            name=name,
            description=description,
            recursive_delete_option=True,
            work_group_configuration=athena.CfnWorkGroup.WorkGroupConfigurationProperty(
                enforce_work_group_configuration=enforced,
                publish_cloud_watch_metrics_enabled=True,
                bytes_scanned_cutoff_per_query=scan_limit_gib * GIB,
                engine_version=athena.CfnWorkGroup.EngineVersionProperty(
                    selected_engine_version="Athena engine version 3"
                ),
                result_configuration=athena.CfnWorkGroup.ResultConfigurationProperty(
                    output_location=f"s3://{names.bucket('gold')}/{results}",
                    encryption_configuration=athena.CfnWorkGroup.EncryptionConfigurationProperty(
                        encryption_option="SSE_S3"
                    ),
                ),
            ),
        )

    def _crawler(self) -> None:
        role = roles.role(
            self,
            "CrawlerRole",
            "glue.amazonaws.com",
            roles.allow(LIST_BUCKET, [names.bucket_arn("bronze")]),
            roles.allow(READ_OBJECTS, [names.bucket_arn("bronze", "cdc/*")]),
            roles.allow(
                [
                    *READ_CATALOG,
                    *READ_PARTITIONS,
                    *WRITE_TABLES,
                    "glue:CreatePartition",
                    "glue:BatchCreatePartition",
                    "glue:UpdatePartition",
                    "glue:BatchUpdatePartition",
                ],
                names.catalog_arns(self, names.BRONZE_DATABASE),
            ),
            roles.make_logs(self, "/aws-glue/crawlers"),
        )
        glue.CfnCrawler(
            self,
            "Crawler",
            name=names.CRAWLER,
            description="Catalogues bronze for BI users; silver and gold own their schemas",
            role=role.role_arn,
            database_name=names.BRONZE_DATABASE,
            targets=glue.CfnCrawler.TargetsProperty(
                s3_targets=[glue.CfnCrawler.S3TargetProperty(path=f"s3://{names.bucket('bronze')}/cdc/")]
            ),
            # a crawl reads the folders that came since the one before and adds their partitions; Glue then wants LOG
            # https://docs.aws.amazon.com/glue/latest/dg/incremental-crawls.html
            recrawl_policy=glue.CfnCrawler.RecrawlPolicyProperty(recrawl_behavior="CRAWL_NEW_FOLDERS_ONLY"),
            schema_change_policy=glue.CfnCrawler.SchemaChangePolicyProperty(
                update_behavior="LOG", delete_behavior="LOG"
            ),
            # one table per folder of the bucket, whatever the images in it look like
            # https://docs.aws.amazon.com/glue/latest/dg/crawler-table-level.html
            configuration=json.dumps(
                {
                    "Version": 1.0,
                    "Grouping": {"TableGroupingPolicy": "CombineCompatibleSchemas", "TableLevelConfiguration": 2},
                }
            ),
        )

    def _dbt_project(self, environment: Environment) -> None:
        source = s3_assets.Asset(
            self,
            "DbtSource",
            path=str(ROOT / "transforms" / "dbt"),
            exclude=["target", "logs", "dbt_packages", ".user.yml", "__pycache__", "*.pyc"],
        )
        group = log_group(self, "DbtLogs", f"/aws/codebuild/{names.DBT_PROJECT}", environment)
        project = codebuild.Project(
            self,
            "Dbt",
            project_name=names.DBT_PROJECT,
            description="Runs dbt build on gold",
            role=self._dbt_role(source),
            source=codebuild.Source.s3(bucket=source.bucket, path=source.s3_object_key),
            build_spec=codebuild.BuildSpec.from_source_filename("buildspec.yml"),
            environment=codebuild.BuildEnvironment(
                build_image=codebuild.LinuxBuildImage.from_code_build_image_id(
                    "aws/codebuild/amazonlinux-x86_64-standard:5.0"
                ),
                compute_type=codebuild.ComputeType.SMALL,
            ),
            environment_variables=_plain(
                {
                    "GOLD_BUCKET": names.bucket("gold"),
                    "ARTIFACTS_BUCKET": names.bucket("artifacts"),
                    "ATHENA_WORKGROUP": names.DBT_WORKGROUP,
                    "GOLD_SCHEMA": names.GOLD_DATABASE,
                    "SILVER_SCHEMA": names.SILVER_DATABASE,
                    "BRONZE_SCHEMA": names.BRONZE_DATABASE,
                    "DBT_TARGET": "prod",
                    # a quick query is not waited for longer than it runs; four threads stay far below Athena's limit
                    "ATHENA_POLL_SECONDS": "0.25",
                }
            ),
            timeout=Duration.minutes(60),
            # two builds at once would swap the same tables under each other; a second one is refused, not queued
            concurrent_build_limit=1,
            logging=codebuild.LoggingOptions(cloud_watch=codebuild.CloudWatchLoggingOptions(log_group=group)),
        )
        # `Cache.bucket` would let the role write the whole bucket
        resource = cast("codebuild.CfnProject", project.node.default_child)
        resource.cache = codebuild.CfnProject.ProjectCacheProperty(
            type="S3", location=f"{names.bucket('artifacts')}/{DBT_CACHE}"
        )

    def _dbt_role(self, source: s3_assets.Asset) -> iam.IRole:
        gold = f"{names.GOLD_DATABASE}*"
        return roles.role(
            self,
            "DbtRole",
            "codebuild.amazonaws.com",
            # tests of the live views read the changes that silver does not hold
            roles.allow(
                READ_OBJECTS,
                [_object_arn(source), names.bucket_arn("silver", "*"), names.bucket_arn("bronze", f"{CHANGES}/*")],
            ),
            roles.allow(roles.READ_SOURCE_VERSION, [_object_arn(source)]),
            roles.allow(["s3:GetBucketLocation"], [source.bucket.bucket_arn]),
            roles.allow(LIST_BUCKET, [names.bucket_arn(layer) for layer in ("bronze", "silver", "gold")]),
            roles.allow(WRITE_OBJECTS, [names.bucket_arn("gold", "*")]),
            roles.allow(["s3:ListBucketMultipartUploads"], [names.bucket_arn("gold")]),
            # what dbt leaves of each run
            roles.allow(["s3:PutObject", "s3:AbortMultipartUpload"], [names.bucket_arn("artifacts", "dbt/*")]),
            roles.allow(["s3:GetObject", "s3:PutObject"], [names.bucket_arn("artifacts", f"{DBT_CACHE}/*")]),
            roles.allow(RUN_QUERIES, [names.arn(self, "athena", "workgroup", names.DBT_WORKGROUP)]),
            roles.allow(
                [*READ_CATALOG, *READ_PARTITIONS],
                names.catalog_arns(self, names.BRONZE_DATABASE, names.SILVER_DATABASE, gold),
            ),
            # Athena looks at the database `default` whatever a query names:
            # https://docs.aws.amazon.com/athena/latest/ug/fine-grained-access-to-glue-resources.html
            roles.allow(["glue:GetDatabase"], [names.arn(self, "glue", "database", "default")]),
            roles.allow(["glue:CreateDatabase", *OWN_TABLES], names.catalog_arns(self, gold)),
            roles.write_logs(self, f"/aws/codebuild/{names.DBT_PROJECT}"),
            source=names.arn(self, "codebuild", "project", names.DBT_PROJECT),
        )


def _object_arn(asset: s3_assets.Asset) -> str:
    return asset.bucket.arn_for_objects(asset.s3_object_key)


def _plain(variables: Mapping[str, str]) -> dict[str, codebuild.BuildEnvironmentVariable]:
    return {name: codebuild.BuildEnvironmentVariable(value=value) for name, value in variables.items()}
