"""Into bronze: change capture from the table's stream, request logs from the api function's log group."""

from aws_cdk import Duration, Stack
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from aws_cdk import aws_sqs as sqs
from aws_cdk.aws_lambda_event_sources import DynamoEventSource, SqsDlq
from constructs import Construct

from api import contract
from infra.environments import Environment
from infra.stacks import functions, names, roles
from infra.stacks.bronze import delivery_stream
from infra.stacks.queues import failure_queue
from ingestion.contract import CHANGES, REQUESTS

READ_STREAM = ("dynamodb:DescribeStream", "dynamodb:GetRecords", "dynamodb:GetShardIterator")
API_LOGS = f"/aws/lambda/{names.API_FUNCTION}"
REQUEST_LOGS = f'{{ $.log_type = "{contract.REQUEST_LOG_TYPE}" }}'


class IngestionStack(Stack):
    """Everything between what happens and bronze."""

    def __init__(
        self, scope: Construct, construct_id: str, *, table: dynamodb.ITable, environment: Environment
    ) -> None:
        super().__init__(
            scope, construct_id, description="Todo API with Insights: change capture and request logs into bronze"
        )
        self._capture_changes(table, environment)
        self._collect_logs(environment)

    def _capture_changes(self, table: dynamodb.ITable, environment: Environment) -> None:
        failures = failure_queue(self, "Failures", names.CDC_FAILURES)
        quarantine = failure_queue(self, "Quarantine", names.CDC_QUARANTINE)
        stream = delivery_stream(self, "Delivery", name=names.CDC_STREAM, prefix=CHANGES, environment=environment)
        function = self._cdc_function(table, failures, quarantine, environment)
        function.node.add_dependency(stream)
        function.add_event_source(self._changes(table, failures))

    def _cdc_function(
        self, table: dynamodb.ITable, failures: sqs.IQueue, quarantine: sqs.IQueue, environment: Environment
    ) -> lambda_.Function:
        return functions.function(
            self,
            "Cdc",
            name=names.CDC_FUNCTION,
            handler="ingestion.cdc.handler.handler",
            environment=environment,
            description="Turns the table's changes into envelopes in bronze",
            timeout=Duration.seconds(60),
            memory=512,
            variables={"DELIVERY_STREAM_NAME": names.CDC_STREAM, "QUARANTINE_QUEUE_URL": quarantine.queue_url},
            statements=[
                roles.allow(READ_STREAM, [_stream_arn(table)]),
                # lists every table's streams, so it takes no resource
                roles.allow(["dynamodb:ListStreams"], ["*"]),
                roles.allow(
                    ["firehose:PutRecordBatch"], [names.arn(self, "firehose", "deliverystream", names.CDC_STREAM)]
                ),
                roles.allow(["sqs:SendMessage"], [failures.queue_arn, quarantine.queue_arn]),
            ],
        )

    def _changes(self, table: dynamodb.ITable, failures: sqs.IQueue) -> DynamoEventSource:
        keys = {"PK": {"S": [{"prefix": contract.prefix(captured)} for captured in contract.CAPTURED_ENTITY_TYPES]}}
        return DynamoEventSource(
            table,
            starting_position=lambda_.StartingPosition.TRIM_HORIZON,
            batch_size=100,
            max_batching_window=Duration.seconds(1),
            # what makes the function fail altogether is isolated by halving its batch and ends in the failures queue
            bisect_batch_on_error=True,
            report_batch_item_failures=True,
            retry_attempts=5,
            max_record_age=Duration.hours(12),
            on_failure=SqsDlq(failures),
            filters=[lambda_.FilterCriteria.filter({"dynamodb": {"Keys": keys}})],
        )

    def _collect_logs(self, environment: Environment) -> None:
        function = functions.function(
            self,
            "Logs",
            name=names.LOGS_FUNCTION,
            handler="ingestion.logs.handler.handler",
            environment=environment,
            description="Turns the API's log events into request logs in bronze",
            timeout=Duration.minutes(1),
            memory=512,
            variables={},
            statements=[],
        )
        stream = delivery_stream(
            self, "LogsDelivery", name=names.LOGS_STREAM, prefix=REQUESTS, environment=environment, transform=function
        )
        role = roles.role(
            self,
            "LogsSubscriptionRole",
            "logs.amazonaws.com",
            roles.allow(
                ["firehose:PutRecord", "firehose:PutRecordBatch"],
                [names.arn(self, "firehose", "deliverystream", names.LOGS_STREAM)],
            ),
            source=names.arn(self, "logs", "", "*"),
        )
        subscription = logs.CfnSubscriptionFilter(
            self,
            "LogsSubscription",
            filter_name=names.LOGS_STREAM,
            log_group_name=API_LOGS,
            filter_pattern=REQUEST_LOGS,
            destination_arn=names.arn(self, "firehose", "deliverystream", names.LOGS_STREAM),
            role_arn=role.role_arn,
        )
        # CloudWatch Logs sends a test message, as the role, before it takes the filter
        subscription.node.add_dependency(stream, role)


def _stream_arn(table: dynamodb.ITable) -> str:
    if table.table_stream_arn is None:
        raise ValueError("the table has no change stream")
    return table.table_stream_arn
