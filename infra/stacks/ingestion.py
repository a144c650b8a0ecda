"""Change capture: the table's stream, the cdc function, the delivery stream into bronze."""

from aws_cdk import Duration, RemovalPolicy, Stack
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_kinesisfirehose as firehose
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from aws_cdk import aws_sqs as sqs
from aws_cdk.aws_lambda_event_sources import DynamoEventSource, SqsDlq
from constructs import Construct

from infra.bundling import Target
from infra.stacks import functions, names, roles
from infra.stacks.log_groups import log_group

# idempotency records are nobody's history: they never leave the table
CAPTURED = ("TASK#", "USER#")
READ_STREAM = ("dynamodb:DescribeStream", "dynamodb:GetRecords", "dynamodb:GetShardIterator")
# as AWS asks for an S3 destination:
# https://docs.aws.amazon.com/firehose/latest/dev/controlling-access.html#using-iam-s3
DELIVER = (
    "s3:AbortMultipartUpload",
    "s3:GetBucketLocation",
    "s3:GetObject",
    "s3:ListBucket",
    "s3:ListBucketMultipartUploads",
    "s3:PutObject",
)


class IngestionStack(Stack):
    """Everything between the table and bronze."""

    def __init__(self, scope: Construct, construct_id: str, *, table: dynamodb.ITable, target: Target) -> None:
        super().__init__(scope, construct_id, description="Todo API with Insights: change capture into bronze")
        failures = sqs.Queue(
            self,
            "Failures",
            queue_name=names.CDC_FAILURES,
            encryption=sqs.QueueEncryption.SQS_MANAGED,
            enforce_ssl=True,
            retention_period=Duration.days(14),
        )
        stream = self._delivery_stream()
        function = self._function(table, failures, target)
        function.node.add_dependency(stream)
        function.add_event_source(self._changes(table, failures))

    def _function(self, table: dynamodb.ITable, failures: sqs.IQueue, target: Target) -> lambda_.Function:
        return functions.function(
            self,
            "Cdc",
            name=names.CDC_FUNCTION,
            handler="ingestion.cdc.handler.handler",
            target=target,
            description="Turns the table's changes into envelopes in bronze",
            timeout=Duration.seconds(60),
            memory=512,
            environment={"DELIVERY_STREAM_NAME": names.CDC_STREAM},
            statements=[
                roles.allow(READ_STREAM, [_stream_arn(table)]),
                # lists every table's streams, so it takes no resource
                roles.allow(["dynamodb:ListStreams"], ["*"]),
                roles.allow(
                    ["firehose:PutRecordBatch"], [names.arn(self, "firehose", "deliverystream", names.CDC_STREAM)]
                ),
                roles.allow(["sqs:SendMessage"], [failures.queue_arn]),
            ],
        )

    def _changes(self, table: dynamodb.ITable, failures: sqs.IQueue) -> DynamoEventSource:
        keys = {"PK": {"S": [{"prefix": prefix} for prefix in CAPTURED]}}
        return DynamoEventSource(
            table,
            starting_position=lambda_.StartingPosition.TRIM_HORIZON,
            batch_size=100,
            max_batching_window=Duration.seconds(1),
            # a bad record is isolated by halving its batch and ends in the failures queue; the others go on
            bisect_batch_on_error=True,
            report_batch_item_failures=True,
            retry_attempts=5,
            max_record_age=Duration.hours(12),
            on_failure=SqsDlq(failures),
            filters=[lambda_.FilterCriteria.filter({"dynamodb": {"Keys": keys}})],
        )

    def _delivery_stream(self) -> firehose.CfnDeliveryStream:
        group = log_group(self, "DeliveryLogs", f"/aws/kinesisfirehose/{names.CDC_STREAM}")
        log_stream = logs.LogStream(
            self,
            "DeliveryLogStream",
            log_group=group,
            log_stream_name="S3Delivery",
            removal_policy=RemovalPolicy.DESTROY,
        )
        role = roles.role(
            self,
            "DeliveryRole",
            "firehose.amazonaws.com",
            roles.allow(DELIVER, [names.bucket_arn("bronze"), names.bucket_arn("bronze", "*")]),
            roles.allow(["logs:PutLogEvents"], names.log_group_arns(self, f"/aws/kinesisfirehose/{names.CDC_STREAM}")),
        )
        return firehose.CfnDeliveryStream(
            self,
            "Delivery",
            delivery_stream_name=names.CDC_STREAM,
            delivery_stream_type="DirectPut",
            delivery_stream_encryption_configuration_input=firehose.CfnDeliveryStream.DeliveryStreamEncryptionConfigurationInputProperty(
                key_type="AWS_OWNED_CMK"
            ),
            extended_s3_destination_configuration=firehose.CfnDeliveryStream.ExtendedS3DestinationConfigurationProperty(
                bucket_arn=names.bucket_arn("bronze"),
                role_arn=role.role_arn,
                prefix="cdc/dt=!{timestamp:yyyy-MM-dd}/hour=!{timestamp:HH}/",
                error_output_prefix="errors/cdc/!{firehose:error-output-type}/dt=!{timestamp:yyyy-MM-dd}/",
                compression_format="GZIP",
                buffering_hints=firehose.CfnDeliveryStream.BufferingHintsProperty(
                    interval_in_seconds=60, size_in_m_bs=64
                ),
                cloud_watch_logging_options=firehose.CfnDeliveryStream.CloudWatchLoggingOptionsProperty(
                    enabled=True, log_group_name=group.log_group_name, log_stream_name=log_stream.log_stream_name
                ),
            ),
        )


def _stream_arn(table: dynamodb.ITable) -> str:
    if table.table_stream_arn is None:
        raise ValueError("the table has no change stream")
    return table.table_stream_arn
