"""Removes what `insights deploy` made: the stacks and, when asked, the data that outlives them.

Stacks are deleted in the reverse of their order of deployment. Table, buckets, databases, secrets and user pool are
retained by their deletion policy; `delete_data` removes them afterwards. A stack that a failed deployment has left
behind is deleted the same way, so that the next deployment can begin.
"""

from collections.abc import Callable, Iterator
from typing import Any

import boto3
from botocore.exceptions import ClientError, WaiterError

from api.contract import TABLE_NAME
from api.webhook_contract import KEY_SECRET
from infra.resource_names import CURSOR_SECRET, EMAIL_HASH_SECRET, LAYERS, STACKS, USER_POOL, bucket_name
from transforms.contract import BRONZE_DATABASE, GOLD_DATABASE, SILVER_DATABASE

DATABASES = (BRONZE_DATABASE, SILVER_DATABASE, GOLD_DATABASE)
SECRETS = (EMAIL_HASH_SECRET, CURSOR_SECRET, KEY_SECRET)
NOT_FOUND_CODES = frozenset(
    {
        "EntityNotFoundException",
        "NoSuchBucket",
        "ResourceNotFoundException",
        "ValidationError",  # DescribeStacks of a stack that does not exist
    }
)


class DestroyError(RuntimeError):
    """Something could not be removed; what was removed before it is gone."""


def destroy(session: boto3.Session, *, delete_data: bool, report: Callable[[str], None]) -> None:
    """Delete every stack of this project in the session's account and Region.

    Args:
        session: credentials and Region.
        delete_data: also delete table, buckets with all versions, databases, secrets and the user pool, for good.
        report: gets one line for each thing that was deleted.

    Raises:
        DestroyError: data is to be deleted while table or user pool refuse deletion, as prod's do, or a stack could
            not be deleted.
    """
    if delete_data:
        _refuse_protected(session)
    cloudformation = session.client("cloudformation")
    for stack in reversed(STACKS):
        if _absent(lambda name=stack: cloudformation.describe_stacks(StackName=name)):  # type: ignore[misc]
            continue
        cloudformation.delete_stack(StackName=stack)
        try:
            cloudformation.get_waiter("stack_delete_complete").wait(
                StackName=stack, WaiterConfig={"Delay": 2, "MaxAttempts": 900}
            )
        except WaiterError as error:
            raise DestroyError(f"{stack} could not be deleted: {_reason(cloudformation, stack) or error}") from error
        report(f"deleted stack {stack}")
    if delete_data:
        for deleted in _delete_data(session):
            report(f"deleted {deleted}")


def _refuse_protected(session: boto3.Session) -> None:
    table = _found(lambda: session.client("dynamodb").describe_table(TableName=TABLE_NAME)["Table"])
    if table and table.get("DeletionProtectionEnabled"):
        raise DestroyError(
            f"table {TABLE_NAME} is protected against deletion, as every prod table is: turn the protection off in "
            "the console first if its data is really to go"
        )
    cognito = session.client("cognito-idp")
    for pool in _user_pools(session):
        described = cognito.describe_user_pool(UserPoolId=pool)["UserPool"]
        if described.get("DeletionProtection") == "ACTIVE":
            raise DestroyError(
                f"user pool {pool} is protected against deletion, as every prod pool is: turn the protection off in "
                "the console first if its users are really to go"
            )


def _delete_data(session: boto3.Session) -> Iterator[str]:
    account, region = session.client("sts").get_caller_identity()["Account"], session.region_name
    dynamodb, glue = session.client("dynamodb"), session.client("glue")
    secrets = session.client("secretsmanager")
    if not _absent(lambda: dynamodb.delete_table(TableName=TABLE_NAME)):
        yield f"table {TABLE_NAME}"
    for layer in LAYERS:
        bucket = bucket_name(layer, account, region)
        if not _absent(lambda name=bucket: _delete_bucket(session, name)):  # type: ignore[misc]
            yield f"bucket {bucket}"
    for database in DATABASES:
        if not _absent(lambda name=database: glue.delete_database(Name=name)):  # type: ignore[misc]
            yield f"database {database}"
    for secret in SECRETS:
        # without it the name would stay taken for at least seven days
        if not _absent(
            lambda name=secret: secrets.delete_secret(SecretId=name, ForceDeleteWithoutRecovery=True)  # type: ignore[misc]
        ):
            yield f"secret {secret}"
    yield from _delete_user_pools(session)


def _delete_user_pools(session: boto3.Session) -> Iterator[str]:
    cognito = session.client("cognito-idp")
    for pool in _user_pools(session):
        cognito.delete_user_pool(UserPoolId=pool)
        yield f"user pool {pool}"


def _user_pools(session: boto3.Session) -> list[str]:
    """Ids of the product's user pools; a pool that outlived its stack is beside its successor."""
    pages = session.client("cognito-idp").get_paginator("list_user_pools").paginate(PaginationConfig={"PageSize": 60})
    return [pool["Id"] for page in pages for pool in page["UserPools"] if pool.get("Name") == USER_POOL]


def _delete_bucket(session: boto3.Session, name: str) -> None:
    s3 = session.client("s3")
    for page in s3.get_paginator("list_object_versions").paginate(Bucket=name):
        found = [*page.get("Versions", []), *page.get("DeleteMarkers", [])]
        objects: Any = [{"Key": item["Key"], "VersionId": item["VersionId"]} for item in found]
        if objects:
            s3.delete_objects(Bucket=name, Delete={"Objects": objects, "Quiet": True})
    s3.delete_bucket(Bucket=name)


def _reason(cloudformation: Any, stack: str) -> str:
    try:
        events = cloudformation.describe_stack_events(StackName=stack)["StackEvents"]
    except ClientError:
        return ""
    return next((str(event["ResourceStatusReason"]) for event in events if event.get("ResourceStatusReason")), "")


def _found(call: Callable[[], Any]) -> Any:
    try:
        return call()
    except ClientError as error:
        if error.response["Error"]["Code"] in NOT_FOUND_CODES:
            return None
        raise


def _absent(call: Callable[[], Any]) -> bool:
    """Call; whether AWS answered that the thing does not exist."""
    try:
        call()
    except ClientError as error:
        if error.response["Error"]["Code"] in NOT_FOUND_CODES:
            return True
        raise
    return False
