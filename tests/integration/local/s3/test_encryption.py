"""S3 as AWS has it, where the emulator alone falls short."""

import pytest

from tests.conftest import Account

pytestmark = pytest.mark.account


def test_kms_encryption_without_a_key_uses_the_accounts_own_key(account: Account, unique: str) -> None:
    s3 = account.session.client("s3")
    s3.create_bucket(Bucket=unique)

    s3.put_object(Bucket=unique, Key="asset", Body=b"zip", ServerSideEncryption="aws:kms")

    stored = s3.get_object(Bucket=unique, Key="asset")
    assert stored["Body"].read() == b"zip"
    assert stored["ServerSideEncryption"] == "aws:kms"
    assert stored["SSEKMSKeyId"].endswith(":alias/aws/s3")


def test_kms_encryption_keeps_the_key_that_is_named(account: Account, unique: str) -> None:
    s3 = account.session.client("s3")
    s3.create_bucket(Bucket=unique)
    key = account.session.client("kms").create_key()["KeyMetadata"]["Arn"]

    s3.put_object(Bucket=unique, Key="asset", Body=b"zip", ServerSideEncryption="aws:kms", SSEKMSKeyId=key)

    assert s3.head_object(Bucket=unique, Key="asset")["SSEKMSKeyId"] == key
