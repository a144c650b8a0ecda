"""What follows the table's stream: change capture into bronze, webhooks. And request logs, from the api's log group."""

from aws_cdk import Duration, Stack
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from aws_cdk import aws_sqs as sqs
from aws_cdk.aws_lambda_event_sources import DynamoEventSource
from constructs import Construct

from api import contract
from infra.environments import Environment
from infra.stacks import discarded, functions, names, roles
from infra.stacks.bronze import delivery_stream
from infra.stacks.queues import failure_queue
from infra.stacks.webhooks import webhooks
from ingestion.contract import CHANGES, REQUESTS

READ_STREAM = ("dynamodb:DescribeStream", "dynamodb:GetRecords", "dynamodb:GetShardIterator")
API_LOGS = f"/aws/lambda/{names.API_FUNCTION}"
REQUEST_LOGS = f'{{ $.log_type = "{contract.REQUEST_LOG_TYPE}" }}'


class IngestionStack(Stack):
    """Everything between what happens and bronze, and between what happens and receivers of webhooks."""

    def __init__(
        self, scope: Construct, construct_id: str, *, table: dynamodb.ITable, environment: Environment
    ) -> None:
        super().__init__(
            scope, construct_id, description="Todo API with Insights: change capture and request logs into bronze"
        )
        self._capture_changes(table, environment)
        self._collect_logs(environment)
        webhooks(self, table, list(READ_STREAM), environment)

    def _capture_changes(self, table: dynamodb.ITable, environment: Environment) -> None:
        quarantine = failure_queue(self, "Quarantine", names.CDC_QUARANTINE)
        stream = delivery_stream(self, "Delivery", name=names.CDC_STREAM, prefix=CHANGES, environment=environment)
        function = self._cdc_function(table, quarantine, environment)
        function.node.add_dependency(stream)
        function.add_event_source(self._changes(table))

    def _cdc_function(
        self, table: dynamodb.ITable, quarantine: sqs.IQueue, environment: Environment
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
                roles.allow(["sqs:SendMessage"], [quarantine.queue_arn]),
                *discarded.statements(),
            ],
        )

    def _changes(self, table: dynamodb.ITable) -> DynamoEventSource:
        keys = {"PK": {"S": [{"prefix": contract.prefix(captured)} for captured in contract.CAPTURED_ENTITY_TYPES]}}
        return DynamoEventSource(
            table,
            starting_position=lambda_.StartingPosition.TRIM_HORIZON,
            batch_size=100,
            max_batching_window=Duration.seconds(1),
            # what makes the function fail altogether is isolated by halving its batch; it is tried as long as it is
            # young, since what can never be captured is in quarantine before
            bisect_batch_on_error=True,
            report_batch_item_failures=True,
            retry_attempts=-1,
            max_record_age=Duration.hours(12),
            on_failure=discarded.on_failure(self, "DiscardedChanges"),
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
