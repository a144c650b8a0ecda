"""The properties that other folders count on, and those that keep data safe."""

import json
import re
from typing import Any

import pytest

from api.services.changes import LATE
from infra import ROOT
from infra.stacks import pipeline
from tests.infra.conftest import Templates, joined
from transforms.silver import maintenance

pytestmark = pytest.mark.slow

BRONZE = "todo-bronze-{AWS::AccountId}-{AWS::Region}"
SILVER = "todo-silver-{AWS::AccountId}-{AWS::Region}"
GOLD = "todo-gold-{AWS::AccountId}-{AWS::Region}"


def test_the_table_has_the_keys_indexes_and_stream_that_the_code_relies_on(deployed: Templates) -> None:
    table = deployed.one("AWS::DynamoDB::Table").properties

    indexes = {
        index["IndexName"]: ([key["AttributeName"] for key in index["KeySchema"]], index["Projection"])
        for index in table["LocalSecondaryIndexes"]
    }
    assert [key["AttributeName"] for key in table["KeySchema"]] == ["PK", "SK"]
    assert indexes == {
        "by_creation": (["PK", "live_sort"], {"ProjectionType": "ALL"}),
        "by_due_date": (["PK", "due_sort"], {"ProjectionType": "ALL"}),
        "by_change": (["PK", "change_sort"], {"ProjectionType": "ALL"}),
    }
    assert "GlobalSecondaryIndexes" not in table
    assert table["StreamSpecification"] == {"StreamViewType": "NEW_AND_OLD_IMAGES"}
    assert table["TimeToLiveSpecification"] == {"AttributeName": "expiration_timestamp", "Enabled": True}
    assert table["BillingMode"] == "PAY_PER_REQUEST"


def test_no_write_of_the_api_outlives_the_overlap_of_the_change_feed(deployed: Templates) -> None:
    (timeout,) = [
        function.properties["Timeout"]
        for function in deployed.resources("AWS::Lambda::Function")
        if function.properties.get("FunctionName") == "todo-api"
    ]
    assert timeout <= LATE.total_seconds() / 2  # the other half is for clocks that differ


def test_the_table_can_be_restored_and_is_not_deleted_by_mistake(deployed: Templates) -> None:
    table = deployed.one("AWS::DynamoDB::Table")
    assert table.properties["PointInTimeRecoverySpecification"] == {"PointInTimeRecoveryEnabled": True}
    assert table.properties["DeletionProtectionEnabled"] is True
    assert table.definition["DeletionPolicy"] == "RetainExceptOnCreate"


@pytest.mark.parametrize(
    "kind", ["AWS::S3::Bucket", "AWS::Cognito::UserPool", "AWS::SecretsManager::Secret", "AWS::Glue::Database"]
)
def test_what_holds_data_outlives_its_stack(deployed: Templates, kind: str) -> None:
    policies = [
        (resource.definition["DeletionPolicy"], resource.definition["UpdateReplacePolicy"])
        for resource in deployed.resources(kind)
    ]
    # a failed first deployment leaves nothing behind that would block the next one
    assert set(policies) == {("RetainExceptOnCreate", "Retain")}


def test_every_bucket_is_private_encrypted_and_refuses_plain_http(deployed: Templates) -> None:
    refusing = set()
    for policy in deployed.resources("AWS::S3::BucketPolicy"):
        for statement in policy.properties["PolicyDocument"]["Statement"]:
            if statement["Effect"] == "Deny" and statement["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}:
                refusing.add(policy.properties["Bucket"]["Ref"])
    buckets = list(deployed.resources("AWS::S3::Bucket"))
    assert refusing == {bucket.id for bucket in buckets}
    for bucket in buckets:
        blocked = bucket.properties["PublicAccessBlockConfiguration"]
        assert set(blocked.values()) == {True}
        assert len(blocked) == 4
        (rule,) = bucket.properties["BucketEncryption"]["ServerSideEncryptionConfiguration"]
        assert rule["ServerSideEncryptionByDefault"]["SSEAlgorithm"] == "AES256"


def test_only_results_expire_in_gold_never_tables(deployed: Templates) -> None:
    gold = next(b for b in deployed.resources("AWS::S3::Bucket") if joined(b.properties["BucketName"]) == GOLD)
    expiring = [rule for rule in gold.properties["LifecycleConfiguration"]["Rules"] if "ExpirationInDays" in rule]
    assert [rule["Prefix"] for rule in expiring] == ["athena-results/"]


def test_every_log_group_that_a_job_or_function_writes_to_is_made_here_and_expires(
    templates: dict[str, Templates],
) -> None:
    for name, days in (("local", 30), ("dev", 7), ("prod", 90)):
        groups = {
            group.properties["LogGroupName"]: group.properties["RetentionInDays"]
            for group in templates[name].resources("AWS::Logs::LogGroup")
        }
        assert set(groups.values()) == {days}
        prefixes = [
            job.properties["DefaultArguments"]["--custom-logGroup-prefix"]
            for job in templates[name].resources("AWS::Glue::Job")
        ]
        written = {f"{prefix}/{kind}" for prefix in prefixes for kind in ("error", "output")}
        for function in templates[name].resources("AWS::Lambda::Function"):
            written.add(f"/aws/lambda/{function.properties['FunctionName']}")
        for project in templates[name].resources("AWS::CodeBuild::Project"):
            written.add(f"/aws/codebuild/{project.properties['Name']}")
        assert len(written) == 15
        assert written <= set(groups)


def test_only_the_public_routes_go_without_a_token(deployed: Templates) -> None:
    routes = {
        route.properties["RouteKey"]: route.properties["AuthorizationType"]
        for route in deployed.resources("AWS::ApiGatewayV2::Route")
    }
    public = {key for key, kind in routes.items() if kind == "NONE"}
    # no `$default`: what no route takes never reaches the function
    paths = ("/health", "/docs", "/docs/{name}", "/openapi.json")
    assert public == {f"{method} {path}" for method in ("GET", "HEAD") for path in paths}
    assert {key for key, kind in routes.items() if kind == "JWT"} == {
        f"{method} /api/v1/{{proxy+}}" for method in ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")
    }
    authorizer = deployed.one("AWS::ApiGatewayV2::Authorizer").properties
    assert authorizer["IdentitySource"] == ["$request.header.Authorization"]


def test_browsers_may_send_and_read_the_headers_of_the_contract(deployed: Templates) -> None:
    cors = deployed.one("AWS::ApiGatewayV2::Api").properties["CorsConfiguration"]
    document = json.loads((ROOT / "docs" / "openapi.json").read_text())
    operations = [operation for methods in document["paths"].values() for operation in methods.values()]
    parameters = [one for operation in operations for one in operation.get("parameters", ())]
    sent = {one["name"].lower() for one in parameters if one["in"] == "header"}
    assert sent >= {"idempotency-key", "if-match", "if-none-match"}
    sent |= {"authorization", "content-type", "x-request-id", "cache-control", "x-requested-with"}
    assert sent | {"traceparent", "tracestate", "baggage"} <= set(cors["AllowHeaders"])
    answers = [answer for operation in operations for answer in operation["responses"].values()]
    read = {name.lower() for answer in answers for name in answer.get("headers", ())}
    assert read >= {"etag", "idempotency-replayed", "link", "location", "ratelimit", "retry-after", "x-request-id"}
    assert read | {"allow", "accept-patch"} <= {*cors["ExposeHeaders"], "cache-control"}


def test_users_sign_up_by_e_mail_and_sign_in_with_a_password(deployed: Templates) -> None:
    pool = deployed.one("AWS::Cognito::UserPool").properties
    client = deployed.one("AWS::Cognito::UserPoolClient").properties
    # as in the original API's pool: a user name of one's own, or the verified address
    assert pool["AliasAttributes"] == ["email"]
    assert "UsernameAttributes" not in pool
    assert pool["UsernameConfiguration"] == {"CaseSensitive": False}
    assert pool["UserAttributeUpdateSettings"] == {"AttributesRequireVerificationBeforeUpdate": ["email"]}
    assert client["AllowedOAuthFlowsUserPoolClient"] is False
    assert not {"AllowedOAuthFlows", "AllowedOAuthScopes", "CallbackURLs"} & set(client)
    assert pool["AdminCreateUserConfig"] == {"AllowAdminCreateUserOnly": False}
    assert {"ALLOW_USER_PASSWORD_AUTH", "ALLOW_USER_SRP_AUTH"} <= set(client["ExplicitAuthFlows"])
    assert client["PreventUserExistenceErrors"] == "ENABLED"
    assert "ClientSecret" not in client


def test_functions_know_what_they_need_from_their_environment(deployed: Templates) -> None:
    api = deployed.one("AWS::Lambda::Function", FunctionName="todo-api").properties
    cdc = deployed.one("AWS::Lambda::Function", FunctionName="todo-cdc").properties
    logs = deployed.one("AWS::Lambda::Function", FunctionName="todo-logs").properties
    assert (api["Handler"], cdc["Handler"]) == ("api.entrypoint.handler", "ingestion.cdc.handler.handler")
    assert logs["Handler"] == "ingestion.logs.handler.handler"
    assert api["Environment"]["Variables"] == {
        "TABLE_NAME": "todo-app-data",
        "CURSOR_KEY_SECRET_ID": "todo-cursor-key",
        "WEBHOOK_KEY_SECRET_ID": "todo-webhook-key",
        "PRIVATE_WEBHOOK_TARGETS": "false",
        "ENVIRONMENT": "prod",
        "MAX_GIGABYTES_PER_USER": "8",
        "MAX_TASKS_PER_USER": "10000",
        "REQUESTS_PER_MINUTE_PER_USER": "600",
        "POWERTOOLS_SERVICE_NAME": "todo-api",
        "POWERTOOLS_METRICS_NAMESPACE": "TodoInsights",
    }
    assert cdc["Environment"]["Variables"]["DELIVERY_STREAM_NAME"] == "todo-cdc"
    # SnapStart begins at 3.12
    assert [function["Runtime"] for function in (api, cdc, logs)] == ["python3.12", "python3.11", "python3.11"]
    assert [function["Architectures"] for function in (api, cdc, logs)] == [["arm64"]] * 3


def test_change_capture_loses_no_change_and_leaves_idempotency_records_behind(deployed: Templates) -> None:
    cdc = deployed.one("AWS::Lambda::Function", FunctionName="todo-cdc")
    mapping = deployed.one("AWS::Lambda::EventSourceMapping", FunctionName={"Ref": cdc.id}).properties

    (pattern,) = mapping["FilterCriteria"]["Filters"]
    assert json.loads(pattern["Pattern"]) == {
        "dynamodb": {"Keys": {"PK": {"S": [{"prefix": "TASK#"}, {"prefix": "USER#"}]}}}
    }
    assert mapping["StartingPosition"] == "TRIM_HORIZON"
    assert mapping["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
    assert mapping["BisectBatchOnFunctionError"] is True
    # tried as long as they are young; what can never be captured is in quarantine before (ADR 0104)
    assert mapping["MaximumRetryAttempts"] == -1
    assert mapping["MaximumRecordAgeInSeconds"] == 12 * 3600
    assert joined(mapping["DestinationConfig"]["OnFailure"]["Destination"]).endswith(f":s3:::{BRONZE}")


def test_webhooks_follow_the_stream_by_a_queue_of_their_own(deployed: Templates) -> None:
    fan_out = deployed.one("AWS::Lambda::Function", FunctionName="todo-webhooks-fan-out")
    stream = deployed.one("AWS::Lambda::EventSourceMapping", FunctionName={"Ref": fan_out.id}).properties
    patterns = [json.loads(one["Pattern"]) for one in stream["FilterCriteria"]["Filters"]]
    # nothing else of the table starts the function: neither profiles nor what the deliveries themselves write
    assert patterns == [
        {"eventName": ["INSERT", "MODIFY"], "dynamodb": {"Keys": {"PK": {"S": [{"prefix": "TASK#"}]}}}},
        {"eventName": ["INSERT"], "dynamodb": {"NewImage": {"event_type": {"S": ["webhook.test"]}}}},
    ]
    assert stream["BisectBatchOnFunctionError"] is True
    assert stream["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
    # a record that its function cannot read holds up the others that long
    assert (stream["MaximumRetryAttempts"], stream["MaximumRecordAgeInSeconds"]) == (-1, 3600)
    assert joined(stream["DestinationConfig"]["OnFailure"]["Destination"]).endswith(f":s3:::{BRONZE}")
    deliver = deployed.one("AWS::Lambda::Function", FunctionName="todo-webhooks-deliver")
    mapping = deployed.one("AWS::Lambda::EventSourceMapping", FunctionName={"Ref": deliver.id}).properties
    queue = deployed.one("AWS::SQS::Queue", QueueName="todo-webhooks")
    assert mapping["EventSourceArn"] == {"Fn::GetAtt": [queue.id, "Arn"]}
    assert mapping["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
    assert queue.properties["VisibilityTimeout"] >= 6 * deliver.properties["Timeout"]
    failures = deployed.one("AWS::SQS::Queue", QueueName="todo-webhooks-failures")
    redrive = queue.properties["RedrivePolicy"]
    assert redrive["deadLetterTargetArn"] == {"Fn::GetAtt": [failures.id, "Arn"]}
    variables = deliver.properties["Environment"]["Variables"]
    assert variables["PRIVATE_WEBHOOK_TARGETS"] == "false"


@pytest.mark.parametrize(("name", "prefix"), [("todo-cdc", "cdc"), ("todo-logs", "logs")])
def test_bronze_gets_compressed_objects_under_hive_style_prefixes(deployed: Templates, name: str, prefix: str) -> None:
    stream = deployed.one("AWS::KinesisFirehose::DeliveryStream", DeliveryStreamName=name).properties
    target = stream["ExtendedS3DestinationConfiguration"]
    assert target["Prefix"] == prefix + "/dt=!{timestamp:yyyy-MM-dd}/hour=!{timestamp:HH}/"
    assert target["ErrorOutputPrefix"] == (
        "errors/" + prefix + "/!{firehose:error-output-type}/dt=!{timestamp:yyyy-MM-dd}/"
    )
    assert target["CompressionFormat"] == "GZIP"
    assert joined(target["BucketARN"]).endswith(f":s3:::{BRONZE}")


def test_request_logs_go_through_their_function_to_bronze(deployed: Templates) -> None:
    subscription = deployed.one("AWS::Logs::SubscriptionFilter").properties
    api = deployed.one("AWS::Lambda::Function", FunctionName="todo-api")
    group = deployed.one("AWS::Logs::LogGroup", LogGroupName="/aws/lambda/todo-api")
    assert api.properties["LoggingConfig"]["LogGroup"] == {"Ref": group.id}
    assert subscription["LogGroupName"] == "/aws/lambda/todo-api"
    assert subscription["FilterPattern"] == '{ $.log_type = "request" }'
    assert joined(subscription["DestinationArn"]).endswith(":deliverystream/todo-logs")
    stream = deployed.one("AWS::KinesisFirehose::DeliveryStream", DeliveryStreamName="todo-logs").properties
    (processor,) = stream["ExtendedS3DestinationConfiguration"]["ProcessingConfiguration"]["Processors"]
    parameters = {item["ParameterName"]: item["ParameterValue"] for item in processor["Parameters"]}
    function = deployed.one("AWS::Lambda::Function", FunctionName="todo-logs")
    assert parameters["LambdaArn"] == {"Fn::GetAtt": [function.id, "Arn"]}


def test_the_crawler_reads_bronze_only_and_deletes_nothing(deployed: Templates) -> None:
    crawler = deployed.one("AWS::Glue::Crawler").properties
    assert [joined(target["Path"]) for target in crawler["Targets"]["S3Targets"]] == [f"s3://{BRONZE}/cdc/"]
    assert crawler["DatabaseName"] == "todo_bronze"
    assert crawler["SchemaChangePolicy"] == {"UpdateBehavior": "LOG", "DeleteBehavior": "LOG"}
    assert crawler["RecrawlPolicy"] == {"RecrawlBehavior": "CRAWL_NEW_FOLDERS_ONLY"}
    assert json.loads(crawler["Configuration"])["Grouping"]["TableLevelConfiguration"] == 2


def test_the_silver_job_gets_its_catalog_and_its_arguments(deployed: Templates) -> None:
    job = deployed.one("AWS::Glue::Job", Name="todo-silver").properties
    arguments = {name: joined(value) for name, value in job["DefaultArguments"].items()}
    settings = dict(setting.split("=", 1) for setting in arguments.pop("--conf").split(" --conf "))

    assert (job["GlueVersion"], job["WorkerType"], job["NumberOfWorkers"]) == ("5.1", "G.1X", 2)
    assert job["ExecutionProperty"] == {"MaxConcurrentRuns": 1}
    assert settings == {
        "spark.sql.extensions": "org.apache.iceberg.spark.extensions.IcebergSparkSessionExtensions",
        "spark.sql.catalog.glue_catalog": "org.apache.iceberg.spark.SparkCatalog",
        "spark.sql.catalog.glue_catalog.catalog-impl": "org.apache.iceberg.aws.glue.GlueCatalog",
        "spark.sql.catalog.glue_catalog.io-impl": "org.apache.iceberg.aws.s3.S3FileIO",
        "spark.sql.catalog.glue_catalog.warehouse": f"s3://{SILVER}/",
    }
    assert arguments["--datalake-formats"] == "iceberg"
    assert arguments["--bronze"] == f"s3://{BRONZE}/"
    assert arguments["--warehouse"] == f"s3://{SILVER}/"
    assert arguments["--database"] == "todo_silver"
    assert arguments["--email-key-secret-id"] == "todo-email-hash-key"
    assert arguments["--extra-py-files"].endswith(".zip")


def test_the_maintenance_job_has_what_its_script_asks_for_and_a_role_of_its_own(deployed: Templates) -> None:
    job = deployed.one("AWS::Glue::Job", Name="todo-silver-maintenance").properties
    silver = deployed.one("AWS::Glue::Job", Name="todo-silver").properties
    given = [word for name, value in job["DefaultArguments"].items() for word in (name, joined(value))]
    arguments = maintenance.parse(given)

    assert job["Role"] != silver["Role"]
    assert job["DefaultArguments"]["--conf"] == silver["DefaultArguments"]["--conf"]
    assert (arguments.bronze, arguments.warehouse) == (f"s3://{BRONZE}/", f"s3://{SILVER}/")
    assert (arguments.database, arguments.table) == ("todo_silver", "todo-app-data")
    assert arguments.silver_job == silver["Name"]
    queues = [deployed.one("AWS::SQS::Queue", QueueName=name).stack for name in arguments.queues]
    assert queues == ["TodoIngestionStack", "TodoIngestionStack"]
    machine = deployed.one("AWS::StepFunctions::StateMachine", StateMachineName=arguments.state_machine.split(":")[-1])
    assert machine.stack == "TodoOrchestrationStack"
    assert arguments.gold == f"s3://{GOLD}/"
    assert (arguments.erasures_only, arguments.build_gold) == (False, True)


def test_dbt_writes_where_results_are_not_enforced(deployed: Templates) -> None:
    project = deployed.one("AWS::CodeBuild::Project", Name="todo-dbt").properties
    variables = {item["Name"]: joined(item["Value"]) for item in project["Environment"]["EnvironmentVariables"]}
    workgroup = deployed.one("AWS::Athena::WorkGroup", Name=variables["ATHENA_WORKGROUP"]).properties

    assert variables["GOLD_BUCKET"] == GOLD
    assert (variables["GOLD_SCHEMA"], variables["SILVER_SCHEMA"]) == ("todo_analytics", "todo_silver")
    assert workgroup["WorkGroupConfiguration"]["EnforceWorkGroupConfiguration"] is False
    assert project["Source"]["BuildSpec"] == "buildspec.yml"
    assert project["Source"]["Type"] == "S3"


def test_bi_users_share_one_workgroup_with_a_ceiling(deployed: Templates) -> None:
    workgroup = deployed.one("AWS::Athena::WorkGroup", Name="todo-analytics-workgroup").properties
    configuration = workgroup["WorkGroupConfiguration"]
    assert configuration["EnforceWorkGroupConfiguration"] is True
    assert joined(configuration["ResultConfiguration"]["OutputLocation"]) == f"s3://{GOLD}/athena-results/people/"
    assert configuration["BytesScannedCutoffPerQuery"] > 0


def test_the_pipeline_names_only_what_is_deployed(deployed: Templates) -> None:
    machine = deployed.one("AWS::StepFunctions::StateMachine").properties
    substitutions = {f"${{{name}}}": value for name, value in machine["DefinitionSubstitutions"].items()}
    arguments = [state.get("Arguments", {}) for state in pipeline.definition()["States"].values()]

    def given(name: str) -> set[Any]:
        return {substitutions[argument[name]] for argument in arguments if name in argument}

    assert given("JobName") == {deployed.one("AWS::Glue::Job", Name="todo-silver").properties["Name"]}
    assert given("ProjectName") == {deployed.one("AWS::CodeBuild::Project", Name="todo-dbt").properties["Name"]}
    assert given("Name") == {deployed.one("AWS::Glue::Crawler").properties["Name"]}
    functions = {function.properties["FunctionName"] for function in deployed.resources("AWS::Lambda::Function")}
    assert given("FunctionName") == {"todo-resolve-window", "todo-publish-insights", "todo-notify-operators"}
    assert given("FunctionName") <= functions
    assert given("Namespace") == {"TodoInsights"}
    used = set(re.findall(r"\$\{\w+\}", pipeline.DEFINITION.read_text()))
    assert used == set(substitutions)
    for name in ("todo-notify-operators", "todo-pipeline-ended"):
        variables = deployed.one("AWS::Lambda::Function", FunctionName=name).properties["Environment"]["Variables"]
        assert joined(variables["ALERTS_TOPIC"]).endswith(":todo-alerts")


QUEUES = ("todo-pipeline-failures", "todo-undelivered")


def test_the_pipeline_runs_hourly_and_maintenance_nightly_and_nothing_is_lost(deployed: Templates) -> None:
    queues = {name: deployed.one("AWS::SQS::Queue", QueueName=name).id for name in QUEUES}
    schedules = {
        schedule.properties["Name"]: schedule.properties for schedule in deployed.resources("AWS::Scheduler::Schedule")
    }
    assert {name: schedule["ScheduleExpression"] for name, schedule in schedules.items()} == {
        "todo-pipeline-hourly": "cron(5 * * * ? *)",
        "todo-silver-nightly": "cron(30 3 * * ? *)",
        "todo-reconcile-weekly": "cron(0 5 ? * SUN *)",
        "todo-reconcile-nightly": "cron(0 5 ? * MON-SAT *)",
    }
    targets = {name: schedule["Target"] for name, schedule in schedules.items()}
    for name, target in targets.items():
        # replay takes every message of the one queue for the input of an execution
        queue = queues["todo-pipeline-failures" if name == "todo-pipeline-hourly" else "todo-undelivered"]
        assert target["DeadLetterConfig"]["Arn"] == {"Fn::GetAtt": [queue, "Arn"]}, name
        assert target["RetryPolicy"]["MaximumRetryAttempts"] > 0
        assert schedules[name].get("State", "ENABLED") == "ENABLED"
    assert joined(targets["todo-pipeline-hourly"]["Arn"]).endswith(":stateMachine:todo-insights-pipeline")
    assert json.loads(targets["todo-silver-nightly"]["Input"]) == {"JobName": "todo-silver-maintenance"}
    assert json.loads(targets["todo-reconcile-weekly"]["Input"]) == {"ProjectName": "todo-reconcile"}
    (override,) = json.loads(targets["todo-reconcile-nightly"]["Input"])["EnvironmentVariablesOverride"]
    assert override == {"Name": "CHANGED_DAYS", "Value": "2", "Type": "PLAINTEXT"}
    assert deployed.one("AWS::CodeBuild::Project", Name="todo-reconcile").stack == "TodoOrchestrationStack"
    assert deployed.one("AWS::Glue::Job", Name="todo-silver-maintenance").stack == "TodoTransformsStack"


def test_every_end_of_an_execution_is_heard(deployed: Templates) -> None:
    rule = deployed.one("AWS::Events::Rule", Name="todo-pipeline-ended").properties
    detail = rule["EventPattern"]["detail"]
    assert set(detail["status"]) == {"SUCCEEDED", "FAILED", "ABORTED", "TIMED_OUT"}
    assert [joined(arn).rsplit(":", 1)[-1] for arn in detail["stateMachineArn"]] == ["todo-insights-pipeline"]
    (target,) = rule["Targets"]
    assert "DeadLetterConfig" in target
