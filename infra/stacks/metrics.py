"""The metrics that alarms and the dashboard are about, by the minute."""

from aws_cdk import Duration
from aws_cdk import aws_cloudwatch as cloudwatch
from constructs import Construct

from infra.stacks import names

MINUTE = Duration.minutes(1)


def of_api(name: str) -> cloudwatch.Metric:
    """What the API counts in its log, in the embedded metric format."""
    return _metric(names.NAMESPACE, name, {"service": names.API_FUNCTION}, "Sum")


def of_lake(name: str) -> cloudwatch.Metric:
    """What a job or a build tells of the lake."""
    return _metric(names.NAMESPACE, name, {}, "Maximum")


def of_state(name: str, state: str, statistic: str) -> cloudwatch.Metric:
    """What the pipeline measures of one of its states."""
    return _metric(names.NAMESPACE, name, {"StateMachine": names.STATE_MACHINE, "State": state}, statistic)


def failures(state: str) -> cloudwatch.Metric:
    """How often a state failed."""
    return of_state(names.STATE_FAILED, state, "Sum")


def of_executions(scope: Construct, name: str) -> cloudwatch.Metric:
    """What Step Functions measures of the pipeline's executions."""
    machine = names.arn(scope, "states", "stateMachine", names.STATE_MACHINE, ":")
    return _metric("AWS/States", name, {"StateMachineArn": machine}, "Sum")


def of_function(function: str, name: str, statistic: str) -> cloudwatch.Metric:
    """What Lambda measures of a function."""
    return _metric("AWS/Lambda", name, {"FunctionName": function}, statistic)


def of_table(name: str) -> cloudwatch.Metric:
    """What DynamoDB measures of the application's table."""
    return _metric("AWS/DynamoDB", name, {"TableName": names.TABLE}, "Sum")


def of_changes(name: str, statistic: str) -> cloudwatch.Metric:
    """What Firehose measures of the delivery of changes to bronze."""
    return _metric("AWS/Firehose", name, {"DeliveryStreamName": names.CDC_STREAM}, statistic)


def waiting(queue: str) -> cloudwatch.Metric:
    """How many messages wait in a queue."""
    return _metric("AWS/SQS", "ApproximateNumberOfMessagesVisible", {"QueueName": queue}, "Maximum")


def _metric(namespace: str, name: str, dimensions: dict[str, str], statistic: str) -> cloudwatch.Metric:
    return cloudwatch.Metric(
        namespace=namespace, metric_name=name, dimensions_map=dimensions, statistic=statistic, period=MINUTE
    )
