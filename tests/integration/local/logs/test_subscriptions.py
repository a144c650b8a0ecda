"""Conformance of CloudWatch Logs: filter patterns, and subscriptions that end in a delivery stream."""

import gzip
import json
import time
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.conftest import Account, until
from tests.integration.conftest import RoleFactory, document
from tests.integration.local.conftest import FunctionFactory
from tests.integration.local.firehose.test_delivery import Stream, writes

pytestmark = pytest.mark.account

REQUESTS = '{ $.log_type = "request" }'


@pytest.fixture
def group(account: Account, unique: str) -> Iterator[str]:
    name = f"/test/{unique}"
    logs = account.session.client("logs")
    logs.create_log_group(logGroupName=name)
    logs.create_log_stream(logGroupName=name, logStreamName="s")
    yield name
    logs.delete_log_group(logGroupName=name)


def log(account: Account, group: str, *messages: Any) -> None:
    now = int(time.time() * 1000)
    texts = [message if isinstance(message, str) else json.dumps(message) for message in messages]
    account.session.client("logs").put_log_events(
        logGroupName=group, logStreamName="s", logEvents=[{"timestamp": now, "message": text} for text in texts]
    )


def to_stream(name: str) -> dict[str, Any]:
    arn = f"arn:aws:firehose:us-east-1:000000000000:deliverystream/{name}"
    return {"Effect": "Allow", "Action": "firehose:PutRecord", "Resource": arn}


def subscribe(account: Account, group: str, stream: str, role_arn: str, pattern: str = REQUESTS) -> None:
    account.session.client("logs").put_subscription_filter(
        logGroupName=group,
        filterName="to-bronze",
        filterPattern=pattern,
        destinationArn=to_stream(stream)["Resource"],
        roleArn=role_arn,
    )


def documents(stream: Stream) -> list[Any]:
    """What arrived in S3: gzip-compressed documents, one after the other, which gzip reads as one text."""
    texts = [gzip.decompress(stream.body(key)).decode() for key in stream.objects("cdc/")]
    return [json.loads(part) for text in texts for part in text.replace("}{", "}\n{").splitlines()]


def test_matching_events_reach_the_stream_as_one_compressed_document_per_call(
    account: Account, role: RoleFactory, group: str, unique: str
) -> None:
    plain = {"CompressionFormat": "UNCOMPRESSED", "ProcessingConfiguration": {"Enabled": False}}
    stream = Stream(account, unique, role("firehose", writes(f"bronze-{unique}")), **plain)
    subscribe(account, group, stream.name, role("logs", to_stream(stream.name)))

    log(account, group, {"log_type": "request", "n": 1}, {"log_type": "audit"}, "request", {"log_type": "request"})
    log(account, group, "START")
    until("the object", lambda: stream.objects("cdc/"))

    (delivered,) = documents(stream)
    assert [json.loads(event["message"]) for event in delivered.pop("logEvents")] == [
        {"log_type": "request", "n": 1},
        {"log_type": "request"},
    ]
    assert delivered == {
        "messageType": "DATA_MESSAGE",
        "owner": "000000000000",
        "logGroup": group,
        "logStream": "s",
        "subscriptionFilters": ["to-bronze"],
    }


def test_what_a_function_prints_reaches_the_stream_too(
    account: Account, role: RoleFactory, function: FunctionFactory, unique: str
) -> None:
    plain = {"CompressionFormat": "UNCOMPRESSED", "ProcessingConfiguration": {"Enabled": False}}
    stream = Stream(account, unique, role("firehose", writes(f"bronze-{unique}")), **plain)
    source = 'import json\ndef handler(event, context):\n    print(json.dumps({"log_type": "request"}))\n'
    function(f"talker-{unique}", source, {"Effect": "Allow", "Action": "logs:*", "Resource": "*"})
    account.session.client("logs").create_log_group(logGroupName=f"/aws/lambda/talker-{unique}")
    subscribe(account, f"/aws/lambda/talker-{unique}", stream.name, role("logs", to_stream(stream.name)))

    account.session.client("lambda").invoke(FunctionName=f"talker-{unique}", Payload=b"{}")

    until("the object", lambda: stream.objects("cdc/"))
    assert [len(delivered["logEvents"]) for delivered in documents(stream)] == [1]


def test_a_subscription_needs_the_permission_of_its_role(
    account: Account, role: RoleFactory, group: str, unique: str
) -> None:
    plain = {"CompressionFormat": "UNCOMPRESSED", "ProcessingConfiguration": {"Enabled": False}}
    stream = Stream(account, unique, role("firehose", writes(f"bronze-{unique}")), **plain)
    role_arn = role("logs")
    subscribe(account, group, stream.name, role_arn)

    log(account, group, {"log_type": "request", "n": 1})
    account.session.client("iam").put_role_policy(
        RoleName=role_arn.rsplit("/", 1)[-1], PolicyName="allowed", PolicyDocument=document(to_stream(stream.name))
    )
    log(account, group, {"log_type": "request", "n": 2})

    until("the object", lambda: stream.objects("cdc/"))
    (delivered,) = documents(stream)
    assert [json.loads(event["message"])["n"] for event in delivered["logEvents"]] == [2]


def test_a_filter_without_a_stream_or_with_a_broken_pattern_is_refused(
    account: Account, role: RoleFactory, group: str, unique: str
) -> None:
    with pytest.raises(ClientError, match="ACTIVE state"):
        subscribe(account, group, f"nowhere-{unique}", role("logs"))
    with pytest.raises(ClientError, match="Invalid filter pattern"):
        subscribe(account, group, f"nowhere-{unique}", role("logs"), pattern="{ $.a = }")
    assert account.session.client("logs").describe_subscription_filters(logGroupName=group)["subscriptionFilters"] == []


def test_events_are_found_by_their_fields(account: Account, group: str) -> None:
    log(account, group, {"level": "ERROR", "ms": 5}, {"level": "ERROR", "ms": 50}, "level ERROR ms 50")
    found = account.session.client("logs").filter_log_events(
        logGroupName=group, filterPattern='{ $.level = "ERROR" && $.ms > 10 }'
    )["events"]
    assert [json.loads(event["message"]) for event in found] == [{"level": "ERROR", "ms": 50}]
