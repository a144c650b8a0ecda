"""A delivery stream into bronze the way the ingestion stack makes each: compressed, by hour of arrival, a role each."""

from aws_cdk import RemovalPolicy
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kinesisfirehose as firehose
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from constructs import Construct

from infra.environments import Environment
from infra.stacks import names, roles
from infra.stacks.log_groups import log_group

# as AWS asks for an S3 destination:
# https://docs.aws.amazon.com/firehose/latest/dev/controlling-access.html#using-iam-s3
BUCKET = ("s3:GetBucketLocation", "s3:ListBucket", "s3:ListBucketMultipartUploads")
OBJECTS = ("s3:AbortMultipartUpload", "s3:GetObject", "s3:PutObject")
# https://docs.aws.amazon.com/firehose/latest/dev/controlling-access.html#using-iam-lambda
TRANSFORM = ("lambda:GetFunctionConfiguration", "lambda:InvokeFunction")

_Parameter = firehose.CfnDeliveryStream.ProcessorParameterProperty


def delivery_stream(
    scope: Construct,
    construct_id: str,
    *,
    name: str,
    prefix: str,
    environment: Environment,
    transform: lambda_.IFunction | None = None,
) -> firehose.CfnDeliveryStream:
    """A delivery stream to `{prefix}/dt=…/hour=…/` of the bronze bucket.

    Args:
        scope: the stack.
        construct_id: the construct's id; role and logs derive theirs from it.
        name: the stream's name.
        prefix: the first part of the objects' keys; what cannot be delivered goes below `errors/{prefix}/`.
        environment: decides how long records are buffered and logs kept.
        transform: the function that its records go through, if any.
    """
    group = log_group(scope, f"{construct_id}Logs", f"/aws/kinesisfirehose/{name}", environment)
    log_stream = logs.LogStream(
        scope,
        f"{construct_id}LogStream",
        log_group=group,
        log_stream_name="S3Delivery",
        removal_policy=RemovalPolicy.DESTROY,
    )
    role = roles.role(
        scope, f"{construct_id}Role", "firehose.amazonaws.com", *_statements(scope, name, prefix, transform)
    )
    return firehose.CfnDeliveryStream(
        scope,
        construct_id,
        delivery_stream_name=name,
        delivery_stream_type="DirectPut",
        delivery_stream_encryption_configuration_input=firehose.CfnDeliveryStream.DeliveryStreamEncryptionConfigurationInputProperty(
            key_type="AWS_OWNED_CMK"
        ),
        extended_s3_destination_configuration=firehose.CfnDeliveryStream.ExtendedS3DestinationConfigurationProperty(
            bucket_arn=names.bucket_arn("bronze"),
            role_arn=role.role_arn,
            prefix=f"{prefix}/dt=!{{timestamp:yyyy-MM-dd}}/hour=!{{timestamp:HH}}/",
            error_output_prefix=f"errors/{prefix}/!{{firehose:error-output-type}}/dt=!{{timestamp:yyyy-MM-dd}}/",
            compression_format="GZIP",
            buffering_hints=firehose.CfnDeliveryStream.BufferingHintsProperty(
                interval_in_seconds=environment.firehose_seconds, size_in_m_bs=64
            ),
            cloud_watch_logging_options=firehose.CfnDeliveryStream.CloudWatchLoggingOptionsProperty(
                enabled=True, log_group_name=group.log_group_name, log_stream_name=log_stream.log_stream_name
            ),
            processing_configuration=_processing(transform) if transform else None,
        ),
    )


def _statements(
    scope: Construct, name: str, prefix: str, transform: lambda_.IFunction | None
) -> list[iam.PolicyStatement]:
    keys = [names.bucket_arn("bronze", f"{prefix}/*"), names.bucket_arn("bronze", f"errors/{prefix}/*")]
    statements = [
        roles.allow(BUCKET, [names.bucket_arn("bronze")]),
        roles.allow(OBJECTS, keys),
        roles.allow(["logs:PutLogEvents"], names.log_group_arns(scope, f"/aws/kinesisfirehose/{name}")),
    ]
    if transform:
        statements.append(roles.allow(TRANSFORM, [transform.function_arn, f"{transform.function_arn}:*"]))
    return statements


def _processing(
    transform: lambda_.IFunction,
) -> firehose.CfnDeliveryStream.ProcessingConfigurationProperty:
    parameters = {
        "LambdaArn": transform.function_arn,
        # the records are compressed: as little as can be at a time, since the answer is not, and has to fit in 6 MB
        "BufferSizeInMBs": "0.2",
        "BufferIntervalInSeconds": "60",
    }
    return firehose.CfnDeliveryStream.ProcessingConfigurationProperty(
        enabled=True,
        processors=[
            firehose.CfnDeliveryStream.ProcessorProperty(
                type="Lambda",
                parameters=[
                    _Parameter(parameter_name=name, parameter_value=value) for name, value in parameters.items()
                ],
            )
        ],
    )
