"""What becomes of batches of the table's stream that a function does not take: Lambda keeps them in bronze (ADR 0104).

Lambda needs `s3:PutObject` and `s3:ListBucket` as the function's role, and names the objects itself
(https://docs.aws.amazon.com/lambda/latest/dg/services-dynamodb-errors.html).
"""

from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_s3 as s3
from aws_cdk.aws_lambda_event_sources import S3OnFailureDestination
from constructs import Construct

from infra.stacks import names, roles


def on_failure(scope: Construct, construct_id: str) -> lambda_.IEventSourceDlq:
    """The on-failure destination of a mapping.

    Args:
        scope: the stack.
        construct_id: of the bucket's reference.
    """
    return S3OnFailureDestination(s3.Bucket.from_bucket_name(scope, construct_id, names.bucket("bronze")))


def statements() -> list[iam.PolicyStatement]:
    """What the role of a function behind such a mapping needs for it."""
    return [
        roles.allow(["s3:ListBucket"], [names.bucket_arn("bronze")]),
        roles.allow(["s3:PutObject"], [names.bucket_arn("bronze", f"{names.DISCARDED}*")]),
    ]
