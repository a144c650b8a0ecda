"""IAM on the local account: policies that insist on TLS do not shut the laptop out, and conditions are evaluated."""

import json

import pytest
from botocore.exceptions import ClientError

from infra.local.account.credentials import role_session
from tests.conftest import Account
from tests.integration.conftest import RoleFactory

pytestmark = pytest.mark.account


def enforce_ssl(bucket: str) -> str:
    """The statement that CDK's `enforce_ssl` adds to a bucket's policy."""
    statement = {
        "Effect": "Deny",
        "Principal": {"AWS": "*"},
        "Action": "s3:*",
        "Resource": [f"arn:aws:s3:::{bucket}", f"arn:aws:s3:::{bucket}/*"],
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def test_a_bucket_that_insists_on_tls_serves_a_role_that_may_read_it(
    account: Account, role: RoleFactory, unique: str
) -> None:
    s3 = account.session.client("s3")
    bucket = f"tls-{unique}"
    s3.create_bucket(Bucket=bucket)
    s3.put_bucket_policy(Bucket=bucket, Policy=enforce_ssl(bucket))
    s3.put_object(Bucket=bucket, Key="open", Body=b"content")
    s3.put_object(Bucket=bucket, Key="closed", Body=b"content")
    reader = role("lambda", {"Effect": "Allow", "Action": "s3:GetObject", "Resource": f"arn:aws:s3:::{bucket}/open"})
    client = role_session(reader, "reader").client("s3")
    assert client.get_object(Bucket=bucket, Key="open")["Body"].read() == b"content"
    with pytest.raises(ClientError, match="AccessDenied"):
        client.get_object(Bucket=bucket, Key="closed")


def test_a_queue_that_insists_on_tls_receives_what_its_topic_publishes(account: Account, unique: str) -> None:
    sns, sqs = account.session.client("sns"), account.session.client("sqs")
    topic = sns.create_topic(Name=f"tls-{unique}")["TopicArn"]
    url = sqs.create_queue(QueueName=f"tls-{unique}")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    deny = {
        "Effect": "Deny",
        "Principal": "*",
        "Action": "sqs:*",
        "Resource": arn,
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }
    allow = {
        "Effect": "Allow",
        "Principal": {"Service": "sns.amazonaws.com"},
        "Action": "sqs:SendMessage",
        "Resource": arn,
        "Condition": {"ArnEquals": {"aws:SourceArn": topic}},
    }
    policy = json.dumps({"Version": "2012-10-17", "Statement": [deny, allow]})
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": policy})
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn, Attributes={"RawMessageDelivery": "true"})
    sns.publish(TopicArn=topic, Message="heard")
    messages = sqs.receive_message(QueueUrl=url, WaitTimeSeconds=10)["Messages"]
    assert [message["Body"] for message in messages] == ["heard"]


def test_a_role_puts_metrics_into_the_namespace_that_its_condition_names_and_no_other(
    account: Account, role: RoleFactory, unique: str
) -> None:
    arn = role(
        "lambda",
        {
            "Effect": "Allow",
            "Action": "cloudwatch:PutMetricData",
            "Resource": "*",
            "Condition": {"StringEquals": {"cloudwatch:namespace": f"Ours-{unique}"}},
        },
    )
    cloudwatch = role_session(arn, "putter").client("cloudwatch")
    cloudwatch.put_metric_data(Namespace=f"Ours-{unique}", MetricData=[{"MetricName": "Allowed", "Value": 1}])
    with pytest.raises(ClientError, match="AccessDenied"):
        cloudwatch.put_metric_data(Namespace=f"Theirs-{unique}", MetricData=[{"MetricName": "Denied", "Value": 1}])
    metrics = account.session.client("cloudwatch").list_metrics()["Metrics"]
    assert [metric["MetricName"] for metric in metrics if metric["Namespace"].endswith(unique)] == ["Allowed"]


def test_a_role_lists_the_prefix_that_its_condition_names_and_no_other(
    account: Account, role: RoleFactory, unique: str
) -> None:
    s3 = account.session.client("s3")
    s3.create_bucket(Bucket=f"listed-{unique}")
    for key in ("open/a", "closed/b"):
        s3.put_object(Bucket=f"listed-{unique}", Key=key, Body=b"")
    arn = role(
        "lambda",
        {
            "Effect": "Allow",
            "Action": "s3:ListBucket",
            "Resource": f"arn:aws:s3:::listed-{unique}",
            "Condition": {"StringLike": {"s3:prefix": ["open/*"]}},
        },
    )
    mine = role_session(arn, "lister").client("s3")
    found = mine.list_objects_v2(Bucket=f"listed-{unique}", Prefix="open/")["Contents"]
    assert [item["Key"] for item in found] == ["open/a"]
    for prefix in ("", "closed/", "op"):
        with pytest.raises(ClientError, match="AccessDenied"):
            mine.list_objects_v2(Bucket=f"listed-{unique}", Prefix=prefix)


@pytest.mark.parametrize(("action", "allowed"), [("sqs:SendMessage", True), ("sqs:SendMessageBatch", False)])
def test_a_batch_of_messages_needs_the_permission_to_send_one(
    account: Account, role: RoleFactory, unique: str, action: str, allowed: bool
) -> None:
    sqs = account.session.client("sqs")
    url = sqs.create_queue(QueueName=f"batch-{unique}")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    sender = role_session(role("lambda", {"Effect": "Allow", "Action": action, "Resource": arn}), "sender").client(
        "sqs"
    )
    entries = [{"Id": str(number), "MessageBody": f"{number}"} for number in range(2)]
    if not allowed:
        with pytest.raises(ClientError, match="AccessDenied"):
            sender.send_message_batch(QueueUrl=url, Entries=entries)  # type: ignore[arg-type]
        return
    sender.send_message_batch(QueueUrl=url, Entries=entries)  # type: ignore[arg-type]
    received = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10)["Messages"]
    assert {one["Body"] for one in received} == {"0", "1"}
