"""CloudFormation on the local account: what a template says can be read back from the service that it describes."""

import json
import string
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

import pytest
import requests

from tests.conftest import Account
from tests.integration.conftest import RoleFactory

pytestmark = pytest.mark.account

Resource = dict[str, Any]


class Stack:
    """A deployed stack that can be deployed again with other resources."""

    def __init__(self, account: Account, name: str) -> None:
        self.client: Any = account.session.client("cloudformation")
        self.name = name
        self.exists = False

    def deploy(self, resources: dict[str, Resource], outputs: dict[str, Any] | None = None) -> dict[str, str]:
        """Create or update the stack and return its outputs; fail with the reasons of the resources that failed."""
        template = {
            "Resources": resources,
            "Outputs": {name: {"Value": value} for name, value in {**(outputs or {}), "Region": region()}.items()},
        }
        act = self.client.update_stack if self.exists else self.client.create_stack
        act(StackName=self.name, TemplateBody=json.dumps(template), Capabilities=["CAPABILITY_NAMED_IAM"])
        waiter = "stack_update_complete" if self.exists else "stack_create_complete"
        self.exists = True
        try:
            self.client.get_waiter(waiter).wait(StackName=self.name, WaiterConfig={"Delay": 1, "MaxAttempts": 30})
        except Exception as error:
            events = self.client.describe_stack_events(StackName=self.name)["StackEvents"]
            reasons = [event["ResourceStatusReason"] for event in events if "FAILED" in event["ResourceStatus"]]
            raise AssertionError(f"{self.name}: {reasons}") from error
        described = self.client.describe_stacks(StackName=self.name)["Stacks"][0]
        return {output["OutputKey"]: output["OutputValue"] for output in described["Outputs"]}


def region() -> dict[str, str]:
    return {"Ref": "AWS::Region"}


def attribute(logical_id: str, name: str) -> dict[str, list[str]]:
    return {"Fn::GetAtt": [logical_id, name]}


def resource(kind: str, **properties: Any) -> Resource:
    return {"Type": kind, "Properties": properties}


def only(found: Mapping[str, Any], names: Iterable[str]) -> dict[str, Any]:
    return {name: found[name] for name in names}


@pytest.fixture
def stack(account: Account, unique: str) -> Iterator[Stack]:
    made = Stack(account, f"stack-{unique}")
    yield made
    if made.exists:
        made.client.delete_stack(StackName=made.name)
        made.client.get_waiter("stack_delete_complete").wait(
            StackName=made.name, WaiterConfig={"Delay": 1, "MaxAttempts": 30}
        )


def table(name: str, **properties: Any) -> Resource:
    return resource(
        "AWS::DynamoDB::Table",
        TableName=name,
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": key, "AttributeType": "S"} for key in ("PK", "SK", "due_sort")],
        KeySchema=[{"AttributeName": "PK", "KeyType": "HASH"}, {"AttributeName": "SK", "KeyType": "RANGE"}],
        LocalSecondaryIndexes=[
            {
                "IndexName": "by_due_date",
                "KeySchema": [
                    {"AttributeName": "PK", "KeyType": "HASH"},
                    {"AttributeName": "due_sort", "KeyType": "RANGE"},
                ],
                "Projection": {"ProjectionType": "ALL"},
            }
        ],
        **properties,
    )


def test_a_table_keeps_its_time_to_live_and_its_recovery(account: Account, stack: Stack, unique: str) -> None:
    dynamodb = account.session.client("dynamodb")
    name = f"table-{unique}"
    ttl = {"AttributeName": "expiration_timestamp", "Enabled": True}
    recovery = {"PointInTimeRecoveryEnabled": True}
    stack.deploy({"Table": table(name, TimeToLiveSpecification=ttl, PointInTimeRecoverySpecification=recovery)})
    described = dynamodb.describe_time_to_live(TableName=name)["TimeToLiveDescription"]
    assert described == {"TimeToLiveStatus": "ENABLED", "AttributeName": "expiration_timestamp"}
    assert recovery_status(dynamodb, name) == "ENABLED"

    stack.deploy({"Table": table(name)})
    described = dynamodb.describe_time_to_live(TableName=name)["TimeToLiveDescription"]
    assert described["TimeToLiveStatus"] == "DISABLED"
    assert recovery_status(dynamodb, name) == "DISABLED"


def recovery_status(dynamodb: Any, name: str) -> str:
    backups = dynamodb.describe_continuous_backups(TableName=name)["ContinuousBackupsDescription"]
    status: str = backups["PointInTimeRecoveryDescription"]["PointInTimeRecoveryStatus"]
    return status


def test_a_local_index_is_sparse_sorted_and_read_consistently(account: Account, stack: Stack, unique: str) -> None:
    dynamodb = account.session.client("dynamodb")
    name = f"table-{unique}"
    stack.deploy({"Table": table(name)})
    for number, due in enumerate(["2026-03-01#c", None, "2026-01-01#a"]):
        item = {"PK": {"S": "TASK#u"}, "SK": {"S": f"TASK#{number}"}}
        dynamodb.put_item(TableName=name, Item={**item, **({"due_sort": {"S": due}} if due else {})})
    found = dynamodb.query(
        TableName=name,
        IndexName="by_due_date",
        KeyConditionExpression="PK = :pk",
        ExpressionAttributeValues={":pk": {"S": "TASK#u"}},
        ConsistentRead=True,
    )["Items"]
    assert [item["due_sort"]["S"] for item in found] == ["2026-01-01#a", "2026-03-01#c"]


def test_a_bucket_keeps_its_lifecycle_encryption_and_tags(account: Account, stack: Stack, unique: str) -> None:
    s3 = account.session.client("s3")
    name = f"bucket-{unique}"
    rules = [
        {
            "Id": "raw",
            "Status": "Enabled",
            "Prefix": "cdc/",
            "ExpirationInDays": 365,
            "Transitions": [{"StorageClass": "STANDARD_IA", "TransitionInDays": 30}],
            "NoncurrentVersionExpiration": {"NoncurrentDays": 7},
        },
        {"Id": "parts", "Status": "Enabled", "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 2}},
        {
            "Id": "big",
            "Status": "Disabled",
            "Prefix": "logs/",
            "ObjectSizeGreaterThan": "1024",
            "ExpirationInDays": 1,
        },
    ]
    encryption = [{"ServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": "alias/todo"}}]
    stack.deploy(
        {
            "Bucket": resource(
                "AWS::S3::Bucket",
                BucketName=name,
                LifecycleConfiguration={"Rules": rules},
                BucketEncryption={"ServerSideEncryptionConfiguration": encryption},
                OwnershipControls={"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]},
                Tags=[{"Key": "Project", "Value": "todo"}],
            )
        }
    )
    assert s3.get_bucket_lifecycle_configuration(Bucket=name)["Rules"] == [
        {
            "ID": "raw",
            "Filter": {"Prefix": "cdc/"},
            "Status": "Enabled",
            "Expiration": {"Days": 365},
            "Transitions": [{"Days": 30, "StorageClass": "STANDARD_IA"}],
            "NoncurrentVersionExpiration": {"NoncurrentDays": 7},
        },
        {
            "ID": "parts",
            "Filter": {},
            "Status": "Enabled",
            "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 2},
        },
        {
            "ID": "big",
            "Filter": {"And": {"Prefix": "logs/", "ObjectSizeGreaterThan": 1024}},
            "Status": "Disabled",
            "Expiration": {"Days": 1},
        },
    ]
    kept = s3.get_bucket_encryption(Bucket=name)["ServerSideEncryptionConfiguration"]["Rules"][0]
    assert kept["ApplyServerSideEncryptionByDefault"] == {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": "alias/todo"}
    owner = s3.get_bucket_ownership_controls(Bucket=name)["OwnershipControls"]["Rules"]
    assert owner == [{"ObjectOwnership": "BucketOwnerEnforced"}]
    assert s3.get_bucket_tagging(Bucket=name)["TagSet"] == [{"Key": "Project", "Value": "todo"}]


def test_a_property_that_the_service_refuses_fails_the_stack_and_leaves_nothing(
    account: Account, stack: Stack, unique: str
) -> None:
    name = f"bucket-{unique}"
    rules = [{"Id": "never", "Status": "Enabled", "ExpirationInDays": 0}]
    with pytest.raises(AssertionError, match="positive integer"):
        stack.deploy({"Bucket": resource("AWS::S3::Bucket", BucketName=name, LifecycleConfiguration={"Rules": rules})})
    buckets = account.session.client("s3").list_buckets()["Buckets"]
    assert name not in [bucket["Name"] for bucket in buckets]


def metric_query(name: str, metric: str) -> dict[str, Any]:
    found = {"Namespace": "Stack", "MetricName": metric}
    return {"Id": name, "MetricStat": {"Metric": found, "Period": 60, "Stat": "Sum"}, "ReturnData": False}


def math_alarm(name: str) -> Resource:
    return resource(
        "AWS::CloudWatch::Alarm",
        AlarmName=name,
        Metrics=[
            metric_query("errors", f"Errors-{name}"),
            metric_query("calls", f"Calls-{name}"),
            {"Id": "rate", "Expression": "100 * errors / calls", "Label": "error rate"},
        ],
        ComparisonOperator="GreaterThanThreshold",
        Threshold=5,
        EvaluationPeriods=1,
        TreatMissingData="notBreaching",
    )


def test_metric_math_and_composite_alarms_are_created_changed_and_deleted(
    account: Account, stack: Stack, unique: str
) -> None:
    cloudwatch = account.session.client("cloudwatch")
    rate, any_of = f"rate-{unique}", f"any-{unique}"

    def resources(description: str) -> dict[str, Resource]:
        composite = resource(
            "AWS::CloudWatch::CompositeAlarm",
            AlarmName=any_of,
            AlarmDescription=description,
            AlarmRule={"Fn::Sub": 'ALARM("${Rate}")'},
        )
        return {"Rate": math_alarm(rate), "Any": composite}

    outputs = stack.deploy(resources("first"), {"Arn": attribute("Any", "Arn")})
    assert outputs["Arn"].endswith(f":alarm:{any_of}")
    found = cloudwatch.describe_alarms(AlarmNames=[rate])["MetricAlarms"][0]
    assert [query["Id"] for query in found["Metrics"]] == ["errors", "calls", "rate"]
    assert found["Metrics"][2]["Expression"] == "100 * errors / calls"
    assert "MetricName" not in found

    stack.deploy(resources("second"), {"Arn": attribute("Any", "Arn")})
    composites = cloudwatch.describe_alarms(AlarmNames=[any_of], AlarmTypes=["CompositeAlarm"])["CompositeAlarms"]
    assert [composite["AlarmDescription"] for composite in composites] == ["second"]

    stack.deploy({"Rate": math_alarm(rate)})
    assert not cloudwatch.describe_alarms(AlarmNames=[any_of], AlarmTypes=["CompositeAlarm"])["CompositeAlarms"]


def test_metric_math_that_cannot_be_evaluated_fails_the_stack(account: Account, stack: Stack, unique: str) -> None:
    alarm = math_alarm(f"rate-{unique}")
    alarm["Properties"]["Metrics"][2]["Expression"] = "errors / requests"
    with pytest.raises(AssertionError, match="requests"):
        stack.deploy({"Rate": alarm})
    assert not account.session.client("cloudwatch").describe_alarms(AlarmNames=[f"rate-{unique}"])["MetricAlarms"]


def test_a_budget_is_created_and_changed(account: Account, stack: Stack, unique: str) -> None:
    budgets = account.session.client("budgets")

    def budget(amount: int) -> dict[str, Resource]:
        notification = {
            "Notification": {
                "NotificationType": "ACTUAL",
                "ComparisonOperator": "GREATER_THAN",
                "Threshold": 80,
            },
            "Subscribers": [{"SubscriptionType": "EMAIL", "Address": "owner@example.com"}],
        }
        limits = {"BudgetType": "COST", "TimeUnit": "MONTHLY", "BudgetLimit": {"Amount": amount, "Unit": "USD"}}
        return {
            "Budget": resource(
                "AWS::Budgets::Budget",
                Budget={"BudgetName": f"budget-{unique}", **limits},
                NotificationsWithSubscribers=[notification],
            )
        }

    for amount in (10, 20):
        stack.deploy(budget(amount))
        found = budgets.describe_budget(AccountId="000000000000", BudgetName=f"budget-{unique}")["Budget"]
        assert float(found["BudgetLimit"]["Amount"]) == amount
    notifications = budgets.describe_notifications_for_budget(AccountId="000000000000", BudgetName=f"budget-{unique}")[
        "Notifications"
    ]
    assert [notification["Threshold"] for notification in notifications] == [80]


def test_a_pools_provider_url_is_the_issuer_of_its_tokens(stack: Stack) -> None:
    outputs = stack.deploy(
        {"Pool": resource("AWS::Cognito::UserPool")},
        {"Url": attribute("Pool", "ProviderURL"), "Id": {"Ref": "Pool"}},
    )
    assert outputs["Url"] == f"https://cognito-idp.{outputs['Region']}.amazonaws.com/{outputs['Id']}"


@pytest.fixture
def greeter(role: RoleFactory) -> Callable[[], Resource]:
    """A function that answers with the path that it was called with."""

    def make() -> Resource:
        code = "def handler(event, context):\n    return {'statusCode': 200, 'body': event['rawPath']}\n"
        return resource(
            "AWS::Lambda::Function",
            Runtime="python3.11",
            Handler="index.handler",
            Role=role("lambda"),
            Code={"ZipFile": code},
        )

    return make


def test_an_http_api_is_reachable_at_its_endpoint_and_answers_preflights(
    account: Account, stack: Stack, greeter: Callable[[], Resource]
) -> None:
    cors = {"AllowOrigins": ["https://app.example.com"], "AllowMethods": ["GET"], "AllowHeaders": ["authorization"]}
    limits = {"ThrottlingBurstLimit": 100, "ThrottlingRateLimit": 50}
    outputs = stack.deploy(
        {
            "Greeter": greeter(),
            "Api": resource("AWS::ApiGatewayV2::Api", Name="greetings", ProtocolType="HTTP", CorsConfiguration=cors),
            "Integration": resource(
                "AWS::ApiGatewayV2::Integration",
                ApiId={"Ref": "Api"},
                IntegrationType="AWS_PROXY",
                IntegrationUri=attribute("Greeter", "Arn"),
                PayloadFormatVersion="2.0",
            ),
            "Route": resource(
                "AWS::ApiGatewayV2::Route",
                ApiId={"Ref": "Api"},
                RouteKey="GET /api/{proxy+}",
                Target={"Fn::Join": ["", ["integrations/", {"Ref": "Integration"}]]},
            ),
            "Permission": resource(
                "AWS::Lambda::Permission",
                FunctionName={"Ref": "Greeter"},
                Action="lambda:InvokeFunction",
                Principal="apigateway.amazonaws.com",
                SourceArn={"Fn::Sub": "arn:aws:execute-api:${AWS::Region}:${AWS::AccountId}:${Api}/*/*/api/{proxy+}"},
            ),
            "Stage": resource(
                "AWS::ApiGatewayV2::Stage",
                ApiId={"Ref": "Api"},
                StageName="$default",
                AutoDeploy=True,
                DefaultRouteSettings=limits,
            ),
        },
        {"ApiEndpoint": attribute("Api", "ApiEndpoint"), "Id": {"Ref": "Api"}},
    )
    endpoint = outputs["ApiEndpoint"]
    assert endpoint == f"{account.settings.endpoint}/_aws/execute-api/{outputs['Id']}/$default"
    assert requests.get(f"{endpoint}/api/v1/hello", timeout=20).text == "/api/v1/hello"
    preflight = requests.options(
        f"{endpoint}/api/v1/hello",
        headers={"Origin": "https://app.example.com", "Access-Control-Request-Method": "GET"},
        timeout=20,
    )
    assert preflight.headers["Access-Control-Allow-Origin"] == "https://app.example.com"
    stage = account.session.client("apigatewayv2").get_stage(ApiId=outputs["Id"], StageName="$default")
    assert stage["DefaultRouteSettings"] == limits


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


def test_a_generated_secret_leaves_out_what_it_is_told_to(account: Account, stack: Stack, unique: str) -> None:
    generate = {"PasswordLength": 200, "ExcludePunctuation": True, "ExcludeUppercase": True}
    name = f"secret-{unique}"
    stack.deploy({"Secret": resource("AWS::SecretsManager::Secret", Name=name, GenerateSecretString=generate)})
    value = account.session.client("secretsmanager").get_secret_value(SecretId=name)["SecretString"]
    assert len(value) == 200
    assert set(value) <= set(string.ascii_lowercase + string.digits)


def machine(role_arn: str, definition: str, **properties: Any) -> Resource:
    return resource("AWS::StepFunctions::StateMachine", RoleArn=role_arn, DefinitionString=definition, **properties)


PASS = json.dumps(
    {
        "QueryLanguage": "JSONata",
        "StartAt": "Topic",
        "States": {"Topic": {"Type": "Pass", "Output": "${AlertsTopicArn}", "End": True}},
    }
)


def test_a_state_machine_gets_its_substitutions_from_text_and_from_s3(
    account: Account, stack: Stack, role: RoleFactory, unique: str
) -> None:
    s3 = account.session.client("s3")
    s3.create_bucket(Bucket=f"definitions-{unique}")
    s3.put_object(Bucket=f"definitions-{unique}", Key="pass.json", Body=PASS.encode())
    states = role("states")
    logging = {
        "Level": "ERROR",
        "IncludeExecutionData": True,
        "Destinations": [
            {"CloudWatchLogsLogGroup": {"LogGroupArn": "arn:aws:logs:us-east-1:000000000000:log-group:x:*"}}
        ],
    }
    text = machine(states, PASS, DefinitionSubstitutions={"AlertsTopicArn": "here"}, LoggingConfiguration=logging)
    from_s3 = resource(
        "AWS::StepFunctions::StateMachine",
        RoleArn=states,
        DefinitionS3Location={"Bucket": f"definitions-{unique}", "Key": "pass.json"},
        DefinitionSubstitutions={"AlertsTopicArn": "there"},
    )
    outputs = stack.deploy({"Text": text, "S3": from_s3}, {"Text": {"Ref": "Text"}, "S3": {"Ref": "S3"}})
    client = account.session.client("stepfunctions")
    described = {name: client.describe_state_machine(stateMachineArn=outputs[name]) for name in ("Text", "S3")}
    topics = {name: json.loads(answer["definition"])["States"]["Topic"] for name, answer in described.items()}
    assert topics["Text"]["Output"] == "here"
    assert topics["S3"]["Output"] == "there"
    assert described["Text"]["loggingConfiguration"]["level"] == "ERROR"
    assert described["Text"]["loggingConfiguration"]["includeExecutionData"] is True


@pytest.mark.parametrize(
    ("definition", "reason"),
    [("{not json", "INVALID_JSON_DESCRIPTION"), (PASS.replace("${AlertsTopicArn}", "{% 1 + %}"), "INVALID_JSONATA")],
)
def test_a_definition_that_does_not_parse_fails_the_stack(
    stack: Stack, role: RoleFactory, definition: str, reason: str
) -> None:
    with pytest.raises(AssertionError, match=reason):
        stack.deploy({"Machine": machine(role("states"), definition)})


def test_a_stream_mapping_keeps_every_property_of_its_failure_handling(
    account: Account, stack: Stack, greeter: Callable[[], Resource], unique: str
) -> None:
    wanted: dict[str, Any] = {
        "BatchSize": 50,
        "MaximumBatchingWindowInSeconds": 2,
        "BisectBatchOnFunctionError": True,
        "MaximumRetryAttempts": 3,
        "MaximumRecordAgeInSeconds": 3600,
        "ParallelizationFactor": 2,
        "FunctionResponseTypes": ["ReportBatchItemFailures"],
        "FilterCriteria": {"Filters": [{"Pattern": '{"dynamodb": {"Keys": {"PK": {"S": [{"prefix": "TASK#"}]}}}}'}]},
    }
    outputs = stack.deploy(
        {
            "Table": table(f"table-{unique}", StreamSpecification={"StreamViewType": "NEW_AND_OLD_IMAGES"}),
            "Failures": resource("AWS::SQS::Queue"),
            "Function": greeter(),
            "Mapping": resource(
                "AWS::Lambda::EventSourceMapping",
                FunctionName={"Ref": "Function"},
                EventSourceArn=attribute("Table", "StreamArn"),
                StartingPosition="TRIM_HORIZON",
                DestinationConfig={"OnFailure": {"Destination": attribute("Failures", "Arn")}},
                **wanted,
            ),
        },
        {"Mapping": {"Ref": "Mapping"}, "Queue": attribute("Failures", "Arn")},
    )
    found = account.session.client("lambda").get_event_source_mapping(UUID=outputs["Mapping"])
    assert only(found, wanted) == wanted
    assert found["DestinationConfig"]["OnFailure"]["Destination"] == outputs["Queue"]
    assert found["StartingPosition"] == "TRIM_HORIZON"


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
