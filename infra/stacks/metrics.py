"""The metrics that alarms and the dashboard are about, by the minute unless a period is given."""

from aws_cdk import Duration
from aws_cdk import aws_cloudwatch as cloudwatch
from constructs import Construct

from infra.stacks import names

MINUTE = Duration.minutes(1)
AUTHORIZER_ERRORS = "AuthorizerErrors"


def of_api(name: str, statistic: str = "Sum") -> cloudwatch.Metric:
    """A counter or a size that the API's code writes, in the embedded metric format."""
    return _metric(names.NAMESPACE, name, {"service": names.API_FUNCTION}, statistic)


def of_logs(name: str) -> cloudwatch.Metric:
    """A counter of the code that transforms request logs, in the embedded metric format."""
    return _metric(names.NAMESPACE, name, {"service": names.LOGS_FUNCTION}, "Sum")


def of_webhooks(name: str, period: Duration = MINUTE) -> cloudwatch.Metric:
    """A counter of the code that delivers to webhooks, in the embedded metric format."""
    return _metric(names.NAMESPACE, name, {"service": names.DELIVER_FUNCTION}, "Sum", period)


def of_http_api(api_id: str, name: str, statistic: str, period: Duration = MINUTE) -> cloudwatch.Metric:
    """A metric that API Gateway has of an HTTP API, such as `4xx`, `Count` or `Latency`."""
    return _metric("AWS/ApiGateway", name, {"ApiId": api_id}, statistic, period)


def of_authorizer(period: Duration) -> cloudwatch.Metric:
    """How many requests the authorizer refused, counted in the API's access log."""
    return _metric(names.NAMESPACE, AUTHORIZER_ERRORS, {}, "Sum", period)


def of_user_pool(
    pool_id: str, client_id: str, name: str, statistic: str, period: Duration = MINUTE
) -> cloudwatch.Metric:
    """A metric that Cognito has of a client of a user pool."""
    return _metric("AWS/Cognito", name, {"UserPool": pool_id, "UserPoolClient": client_id}, statistic, period)


def of_lake(name: str, statistic: str = "Maximum") -> cloudwatch.Metric:
    """A figure that a job, a build or the publishing of gold reports."""
    return _metric(names.NAMESPACE, name, {}, statistic)


def of_state(name: str, state: str, statistic: str) -> cloudwatch.Metric:
    """What the pipeline measures of one of its states."""
    return _metric(names.NAMESPACE, name, {"StateMachine": names.STATE_MACHINE, "State": state}, statistic)


def failures(state: str) -> cloudwatch.Metric:
    """How often a state failed."""
    return of_state(names.STATE_FAILED, state, "Sum")


def of_executions(scope: Construct, name: str) -> cloudwatch.Metric:
    """A metric that Step Functions has of the pipeline's executions."""
    machine = names.arn(scope, "states", "stateMachine", names.STATE_MACHINE, ":")
    return _metric("AWS/States", name, {"StateMachineArn": machine}, "Sum")


def of_function(function: str, name: str, statistic: str, period: Duration = MINUTE) -> cloudwatch.Metric:
    """A metric that Lambda has of a function."""
    return _metric("AWS/Lambda", name, {"FunctionName": function}, statistic, period)


def of_table(name: str, operation: str | None = None) -> cloudwatch.Metric:
    """A metric that DynamoDB has of the application's table, or of one operation on it."""
    dimensions = {"TableName": names.TABLE} | ({"Operation": operation} if operation else {})
    return _metric("AWS/DynamoDB", name, dimensions, "Sum")


def of_stream(stream: str, name: str, statistic: str, period: Duration = MINUTE) -> cloudwatch.Metric:
    """A metric that Firehose has of a delivery stream."""
    return _metric("AWS/Firehose", name, {"DeliveryStreamName": stream}, statistic, period)


def of_build(project: str, name: str) -> cloudwatch.Metric:
    """A metric that CodeBuild has of a project."""
    return _metric("AWS/CodeBuild", name, {"ProjectName": project}, "Sum")


def of_cancelled_queries(workgroup: str) -> cloudwatch.Metric:
    """The most bytes that a cancelled query of an Athena workgroup had read.

    https://docs.aws.amazon.com/athena/latest/ug/query-metrics-viewing.html
    """
    dimensions = {"WorkGroup": workgroup, "QueryState": "CANCELLED", "QueryType": "DML"}
    return _metric("AWS/Athena", "ProcessedBytes", dimensions, "Maximum")


def discarded_batches(function: str) -> cloudwatch.Metric:
    """How many batches of the table's stream wait in bronze because a function did not take them."""
    return _metric(names.NAMESPACE, names.DISCARDED_BATCHES, {"service": function}, "Maximum")


def visible_messages(queue: str) -> cloudwatch.Metric:
    """How many messages wait in a queue."""
    return _metric("AWS/SQS", "ApproximateNumberOfMessagesVisible", {"QueueName": queue}, "Maximum")


def oldest_message(queue: str) -> cloudwatch.Metric:
    """How many seconds the oldest message of a queue has been in it."""
    return _metric("AWS/SQS", "ApproximateAgeOfOldestMessage", {"QueueName": queue}, "Maximum")


def _metric(
    namespace: str, name: str, dimensions: dict[str, str], statistic: str, period: Duration = MINUTE
) -> cloudwatch.Metric:
    return cloudwatch.Metric(
        namespace=namespace, metric_name=name, dimensions_map=dimensions, statistic=statistic, period=period
    )
