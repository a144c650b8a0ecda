"""What fills and reads the lake, in a template: jobs, crawlers, builds, delivery streams, workgroups, saved queries."""

import pytest

from tests.conftest import Account
from tests.integration.conftest import RoleFactory
from tests.integration.local.cloudformation.conftest import Resource, Stack, attribute, only, resource

pytestmark = pytest.mark.account


def test_a_job_a_crawler_and_a_build_project_keep_their_settings(
    account: Account, stack: Stack, role: RoleFactory, unique: str
) -> None:
    job = {
        "GlueVersion": "5.1",
        "WorkerType": "G.1X",
        "NumberOfWorkers": 2,
        "Timeout": 30,
        "MaxRetries": 0,
        "ExecutionProperty": {"MaxConcurrentRuns": 3},
        "ExecutionClass": "FLEX",
        "DefaultArguments": {"--datalake-formats": "iceberg", "--enable-metrics": "true"},
    }
    crawler = {
        "DatabaseName": "todo_bronze",
        "TablePrefix": "raw_",
        "SchemaChangePolicy": {"UpdateBehavior": "UPDATE_IN_DATABASE", "DeleteBehavior": "LOG"},
        "RecrawlPolicy": {"RecrawlBehavior": "CRAWL_EVERYTHING"},
    }
    glue_role, build_role = role("glue"), role("codebuild")
    logs = {"CloudWatchLogs": {"Status": "ENABLED", "GroupName": f"/builds/{unique}"}}
    stack.deploy(
        {
            "Job": resource(
                "AWS::Glue::Job",
                Name=f"job-{unique}",
                Role=glue_role,
                Command={"Name": "glueetl", "ScriptLocation": "s3://b/job.py", "PythonVersion": "3"},
                **job,
            ),
            "Crawler": resource(
                "AWS::Glue::Crawler",
                Name=f"crawler-{unique}",
                Role=glue_role,
                Targets={"S3Targets": [{"Path": "s3://b/cdc/"}]},
                **crawler,
            ),
            "Project": resource(
                "AWS::CodeBuild::Project",
                Name=f"project-{unique}",
                ServiceRole=build_role,
                Source={"Type": "S3", "Location": "b/source.zip", "BuildSpec": "buildspec.yml"},
                Artifacts={"Type": "NO_ARTIFACTS"},
                Environment={
                    "Type": "LINUX_CONTAINER",
                    "Image": "aws/codebuild/standard:7.0",
                    "ComputeType": "BUILD_GENERAL1_SMALL",
                    "EnvironmentVariables": [{"Name": "GOLD_BUCKET", "Value": "g", "Type": "PLAINTEXT"}],
                },
                LogsConfig=logs,
                TimeoutInMinutes=15,
                QueuedTimeoutInMinutes=5,
                ConcurrentBuildLimit=1,
            ),
        }
    )
    glue = account.session.client("glue")
    found_job = glue.get_job(JobName=f"job-{unique}")["Job"]
    assert only(found_job, job) == job
    found_crawler = glue.get_crawler(Name=f"crawler-{unique}")["Crawler"]
    assert only(found_crawler, crawler) == crawler
    assert [target["Path"] for target in found_crawler["Targets"]["S3Targets"]] == ["s3://b/cdc/"]
    project = account.session.client("codebuild").batch_get_projects(names=[f"project-{unique}"])["projects"][0]
    assert project["source"] == {"type": "S3", "location": "b/source.zip", "buildspec": "buildspec.yml"}
    assert project["logsConfig"]["cloudWatchLogs"] == {"status": "ENABLED", "groupName": f"/builds/{unique}"}
    assert project["environment"]["environmentVariables"][0]["name"] == "GOLD_BUCKET"
    limits = {"timeoutInMinutes": 15, "queuedTimeoutInMinutes": 5, "concurrentBuildLimit": 1}
    assert only(project, limits) == limits


def test_a_delivery_stream_keeps_its_destination(
    account: Account, stack: Stack, role: RoleFactory, unique: str
) -> None:
    prefix = "cdc/dt=!{timestamp:yyyy-MM-dd}/hour=!{timestamp:HH}/"
    errors = "errors/cdc/!{firehose:error-output-type}/dt=!{timestamp:yyyy-MM-dd}/"
    outputs = stack.deploy(
        {
            "Bucket": resource("AWS::S3::Bucket"),
            "Stream": resource(
                "AWS::KinesisFirehose::DeliveryStream",
                DeliveryStreamName=f"stream-{unique}",
                DeliveryStreamType="DirectPut",
                ExtendedS3DestinationConfiguration={
                    "BucketARN": attribute("Bucket", "Arn"),
                    "RoleARN": role("firehose"),
                    "Prefix": prefix,
                    "ErrorOutputPrefix": errors,
                    "CompressionFormat": "GZIP",
                    "BufferingHints": {"IntervalInSeconds": 60, "SizeInMBs": 5},
                },
            ),
        },
        {"Bucket": attribute("Bucket", "Arn")},
    )
    described = account.session.client("firehose").describe_delivery_stream(DeliveryStreamName=f"stream-{unique}")
    found = described["DeliveryStreamDescription"]["Destinations"][0]["ExtendedS3DestinationDescription"]
    assert found["BucketARN"] == outputs["Bucket"]
    assert (found["Prefix"], found["ErrorOutputPrefix"]) == (prefix, errors)
    assert found["CompressionFormat"] == "GZIP"
    assert found["BufferingHints"] == {"IntervalInSeconds": 60, "SizeInMBs": 5}


def test_a_workgroup_keeps_its_limits(account: Account, stack: Stack, unique: str) -> None:
    configuration = {
        "EnforceWorkGroupConfiguration": True,
        "PublishCloudWatchMetricsEnabled": True,
        "BytesScannedCutoffPerQuery": 10_000_000_000,
        "ResultConfiguration": {"OutputLocation": "s3://gold/athena-results/"},
    }
    name = f"group-{unique}"
    group = resource("AWS::Athena::WorkGroup", Name=name, WorkGroupConfiguration=configuration)
    stack.deploy({"Group": group})
    found = account.session.client("athena").get_work_group(WorkGroup=name)["WorkGroup"]["Configuration"]
    assert only(found, configuration) == configuration


def test_a_saved_query_is_created_replaced_and_deleted(account: Account, stack: Stack, unique: str) -> None:
    athena = account.session.client("athena")
    group = f"group-{unique}"

    def saved(sql: str) -> dict[str, Resource]:
        return {
            "Group": resource("AWS::Athena::WorkGroup", Name=group),
            "Query": resource(
                "AWS::Athena::NamedQuery", Name="tasks", Database="todo", QueryString=sql, WorkGroup={"Ref": "Group"}
            ),
        }

    def found() -> list[str]:
        ids = athena.list_named_queries(WorkGroup=group).get("NamedQueryIds", [])
        return [athena.get_named_query(NamedQueryId=query)["NamedQuery"]["QueryString"] for query in ids]

    stack.deploy(saved("select 1"))
    assert found() == ["select 1"]
    stack.deploy(saved("select 2"))
    assert found() == ["select 2"]
    stack.deploy({"Group": saved("")["Group"]})
    assert found() == []
