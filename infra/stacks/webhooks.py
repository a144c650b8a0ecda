"""Webhooks: from the table's stream to a queue, from the queue to receivers (ADR 0128)."""

from aws_cdk import Duration, Stack
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_sqs as sqs
from aws_cdk.aws_lambda_event_sources import DynamoEventSource, SqsEventSource

from api import contract, webhook_contract
from api.contract import EntityType
from infra.environments import Environment
from infra.stacks import discarded, functions, names, roles
from infra.stacks.queues import failure_queue
from ingestion.contract import INSERT, MODIFY

DELIVER_TIMEOUT = Duration.seconds(30)
# "at least six times the timeout that you configure on your function"
# https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html
HIDDEN = Duration.seconds(6 * int(DELIVER_TIMEOUT.to_seconds()))
# a message waits for 15 minutes at most before it is sent anew
KEPT = Duration.days(14)
# of the account's 1,000; each invocation sends ten messages side by side
MAX_CONCURRENCY = 20
RECEIVES = 5
CONSUME = ("sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes")


def webhooks(stack: Stack, table: dynamodb.ITable, stream_statements: list[str], environment: Environment) -> None:
    """Put queue, failure queues and both functions into the ingestion stack.

    Args:
        stack: it.
        table: the application's, with its stream.
        stream_statements: actions that read the stream.
        environment: says how long logs are kept, and whether receivers may be private.
    """
    failures = failure_queue(stack, "WebhookFailures", names.WEBHOOK_FAILURES)
    queue = sqs.Queue(
        stack,
        "Webhooks",
        queue_name=names.WEBHOOK_QUEUE,
        encryption=sqs.QueueEncryption.SQS_MANAGED,
        enforce_ssl=True,
        retention_period=KEPT,
        visibility_timeout=HIDDEN,
        dead_letter_queue=sqs.DeadLetterQueue(max_receive_count=RECEIVES, queue=failures),
    )
    _fan_out(stack, table, stream_statements, queue, environment)
    _deliver(stack, queue, environment)


def _fan_out(
    stack: Stack,
    table: dynamodb.ITable,
    read_stream: list[str],
    queue: sqs.IQueue,
    environment: Environment,
) -> None:
    function = functions.function(
        stack,
        "WebhooksFanOut",
        name=names.FAN_OUT_FUNCTION,
        handler="ingestion.webhooks.fan_out.handler",
        environment=environment,
        description="Queues a message for each webhook that wants to hear of a change",
        timeout=Duration.seconds(60),
        memory=512,
        variables={"TABLE_NAME": names.TABLE, "QUEUE_URL": queue.queue_url},
        statements=[
            roles.allow(read_stream, [str(table.table_stream_arn)]),
            # lists every table's streams, so it takes no resource
            roles.allow(["dynamodb:ListStreams"], ["*"]),
            roles.allow_items(stack, ["dynamodb:Query"], *roles.partitions_of(EntityType.WEBHOOK)),
            roles.allow(["sqs:SendMessage"], [queue.queue_arn]),
            *discarded.statements(),
        ],
    )
    changed = {
        "eventName": lambda_.FilterRule.or_(INSERT, MODIFY),
        "dynamodb": {"Keys": {"PK": {"S": lambda_.FilterRule.begins_with(contract.TASK_SORT_PREFIX)}}},
    }
    tested = {
        "eventName": lambda_.FilterRule.is_equal(INSERT),
        "dynamodb": {"NewImage": {"event_type": {"S": lambda_.FilterRule.is_equal(webhook_contract.TEST_EVENT)}}},
    }
    function.add_event_source(
        DynamoEventSource(
            table,
            starting_position=lambda_.StartingPosition.LATEST,
            batch_size=100,
            max_batching_window=Duration.seconds(1),
            bisect_batch_on_error=True,
            report_batch_item_failures=True,
            retry_attempts=-1,
            # a record that the function can never read holds up the others that long
            max_record_age=Duration.hours(1),
            on_failure=discarded.on_failure(stack, "DiscardedWebhookChanges"),
            filters=[lambda_.FilterCriteria.filter(one) for one in (changed, tested)],
        )
    )


def _deliver(stack: Stack, queue: sqs.IQueue, environment: Environment) -> None:
    function = functions.function(
        stack,
        "WebhooksDeliver",
        name=names.DELIVER_FUNCTION,
        handler="ingestion.webhooks.deliver.handler",
        environment=environment,
        description="Sends events to the receivers of webhooks",
        timeout=DELIVER_TIMEOUT,
        memory=512,
        variables={
            "TABLE_NAME": names.TABLE,
            "QUEUE_URL": queue.queue_url,
            "WEBHOOK_KEY_SECRET_ID": names.WEBHOOK_SECRET,
            "PRIVATE_WEBHOOK_TARGETS": str(environment.private_webhook_targets).lower(),
            # a name server that does not answer must not take longer than a receiver may
            "RES_OPTIONS": "timeout:1 attempts:2",
        },
        statements=[
            roles.allow_items(
                stack,
                ["dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:UpdateItem", "dynamodb:ConditionCheckItem"],
                *roles.partitions_of(EntityType.WEBHOOK),
            ),
            roles.allow([*CONSUME, "sqs:SendMessage"], [queue.queue_arn]),
            roles.allow(roles.READ_SECRET, [names.secret_arn(stack, names.WEBHOOK_SECRET)]),
        ],
    )
    function.add_event_source(
        SqsEventSource(queue, batch_size=10, report_batch_item_failures=True, max_concurrency=MAX_CONCURRENCY)
    )
