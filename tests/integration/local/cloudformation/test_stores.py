"""Tables, buckets and secrets of a template."""

import string
from typing import Any

import pytest

from tests.conftest import Account
from tests.integration.local.cloudformation.conftest import Stack, resource, table

pytestmark = pytest.mark.account


def test_a_table_keeps_its_time_to_live_and_its_recovery(account: Account, stack: Stack, unique: str) -> None:
    dynamodb = account.session.client("dynamodb")
    name = f"table-{unique}"
    ttl = {"AttributeName": "expiration_timestamp", "Enabled": True}
    recovery = {"PointInTimeRecoveryEnabled": True}
    stack.deploy({"Table": table(name, TimeToLiveSpecification=ttl, PointInTimeRecoverySpecification=recovery)})
    described = dynamodb.describe_time_to_live(TableName=name)["TimeToLiveDescription"]
    assert described == {"TimeToLiveStatus": "ENABLED", "AttributeName": "expiration_timestamp"}
    assert recovery_status(dynamodb, name) == "ENABLED"

    stack.deploy({"Table": table(name)})
    described = dynamodb.describe_time_to_live(TableName=name)["TimeToLiveDescription"]
    assert described["TimeToLiveStatus"] == "DISABLED"
    assert recovery_status(dynamodb, name) == "DISABLED"


def recovery_status(dynamodb: Any, name: str) -> str:
    backups = dynamodb.describe_continuous_backups(TableName=name)["ContinuousBackupsDescription"]
    status: str = backups["PointInTimeRecoveryDescription"]["PointInTimeRecoveryStatus"]
    return status


def test_a_local_index_is_sparse_sorted_and_read_consistently(account: Account, stack: Stack, unique: str) -> None:
    dynamodb = account.session.client("dynamodb")
    name = f"table-{unique}"
    stack.deploy({"Table": table(name)})
    for number, due in enumerate(["2026-03-01#c", None, "2026-01-01#a"]):
        item = {"PK": {"S": "TASK#u"}, "SK": {"S": f"TASK#{number}"}}
        dynamodb.put_item(TableName=name, Item={**item, **({"due_sort": {"S": due}} if due else {})})
    found = dynamodb.query(
        TableName=name,
        IndexName="by_due_date",
        KeyConditionExpression="PK = :pk",
        ExpressionAttributeValues={":pk": {"S": "TASK#u"}},
        ConsistentRead=True,
    )["Items"]
    assert [item["due_sort"]["S"] for item in found] == ["2026-01-01#a", "2026-03-01#c"]


def test_a_bucket_keeps_its_lifecycle_encryption_and_tags(account: Account, stack: Stack, unique: str) -> None:
    s3 = account.session.client("s3")
    name = f"bucket-{unique}"
    rules = [
        {
            "Id": "raw",
            "Status": "Enabled",
            "Prefix": "cdc/",
            "ExpirationInDays": 365,
            "Transitions": [{"StorageClass": "STANDARD_IA", "TransitionInDays": 30}],
            "NoncurrentVersionExpiration": {"NoncurrentDays": 7},
        },
        {"Id": "parts", "Status": "Enabled", "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 2}},
        {
            "Id": "big",
            "Status": "Disabled",
            "Prefix": "logs/",
            "ObjectSizeGreaterThan": "1024",
            "ExpirationInDays": 1,
        },
    ]
    encryption = [{"ServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": "alias/todo"}}]
    stack.deploy(
        {
            "Bucket": resource(
                "AWS::S3::Bucket",
                BucketName=name,
                LifecycleConfiguration={"Rules": rules},
                BucketEncryption={"ServerSideEncryptionConfiguration": encryption},
                OwnershipControls={"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]},
                Tags=[{"Key": "Project", "Value": "todo"}],
            )
        }
    )
    assert s3.get_bucket_lifecycle_configuration(Bucket=name)["Rules"] == [
        {
            "ID": "raw",
            "Filter": {"Prefix": "cdc/"},
            "Status": "Enabled",
            "Expiration": {"Days": 365},
            "Transitions": [{"Days": 30, "StorageClass": "STANDARD_IA"}],
            "NoncurrentVersionExpiration": {"NoncurrentDays": 7},
        },
        {
            "ID": "parts",
            "Filter": {},
            "Status": "Enabled",
            "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 2},
        },
        {
            "ID": "big",
            "Filter": {"And": {"Prefix": "logs/", "ObjectSizeGreaterThan": 1024}},
            "Status": "Disabled",
            "Expiration": {"Days": 1},
        },
    ]
    kept = s3.get_bucket_encryption(Bucket=name)["ServerSideEncryptionConfiguration"]["Rules"][0]
    assert kept["ApplyServerSideEncryptionByDefault"] == {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": "alias/todo"}
    owner = s3.get_bucket_ownership_controls(Bucket=name)["OwnershipControls"]["Rules"]
    assert owner == [{"ObjectOwnership": "BucketOwnerEnforced"}]
    assert s3.get_bucket_tagging(Bucket=name)["TagSet"] == [{"Key": "Project", "Value": "todo"}]


def test_a_property_that_the_service_refuses_fails_the_stack_and_leaves_nothing(
    account: Account, stack: Stack, unique: str
) -> None:
    name = f"bucket-{unique}"
    rules = [{"Id": "never", "Status": "Enabled", "ExpirationInDays": 0}]
    with pytest.raises(AssertionError, match="positive integer"):
        stack.deploy({"Bucket": resource("AWS::S3::Bucket", BucketName=name, LifecycleConfiguration={"Rules": rules})})
    buckets = account.session.client("s3").list_buckets()["Buckets"]
    assert name not in [bucket["Name"] for bucket in buckets]


def test_a_generated_secret_leaves_out_excluded_characters(account: Account, stack: Stack, unique: str) -> None:
    generate = {"PasswordLength": 200, "ExcludePunctuation": True, "ExcludeUppercase": True}
    name = f"secret-{unique}"
    stack.deploy({"Secret": resource("AWS::SecretsManager::Secret", Name=name, GenerateSecretString=generate)})
    value = account.session.client("secretsmanager").get_secret_value(SecretId=name)["SecretString"]
    assert len(value) == 200
    assert set(value) <= set(string.ascii_lowercase + string.digits)
