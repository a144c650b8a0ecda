"""Conformance of DynamoDB event source mappings: delivery, failure, and a restart in the middle."""

import json
import re
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.conftest import Account, until
from tests.integration.conftest import RoleFactory, document
from tests.integration.local.conftest import FunctionFactory, bundle, measured

pytestmark = pytest.mark.account
ACCOUNT_ARN = "us-east-1:000000000000"

# writes every key it was given to a queue, in one message per batch; `bad` keys make it fail
RECORDER = """
import json, os, time
import boto3

sqs = boto3.client("sqs")

def handler(event, context):
    time.sleep(float(os.environ.get("SECONDS", "0")))
    keys = [record["dynamodb"]["Keys"]["id"]["S"] for record in event["Records"]]
    bad = [key.startswith("bad") for key in keys]
    if True in bad and "PARTIAL" not in os.environ:
        raise ValueError("bad")
    good = keys[: bad.index(True)] if True in bad else keys
    if good:
        sqs.send_message(QueueUrl=os.environ["SEEN"], MessageBody=json.dumps(good))
    if True in bad:
        number = event["Records"][bad.index(True)]["dynamodb"]["SequenceNumber"]
        return {"batchItemFailures": [{"itemIdentifier": number}]}
"""


def stream_statement(table: str) -> dict[str, Any]:
    reads = ["dynamodb:DescribeStream", "dynamodb:GetRecords", "dynamodb:GetShardIterator"]
    arn = f"arn:aws:dynamodb:{ACCOUNT_ARN}:table/{table}"
    return {"Effect": "Allow", "Action": reads, "Resource": f"{arn}/stream/*"}


def queue_statement(*queues: str) -> dict[str, Any]:
    arns = [f"arn:aws:sqs:{ACCOUNT_ARN}:{queue}" for queue in queues]
    return {"Effect": "Allow", "Action": "sqs:SendMessage", "Resource": arns}


class Capture:
    """A table with a stream, and the queue where the function of a mapping says what it saw."""

    def __init__(self, account: Account, unique: str) -> None:
        self.account, self.name, self.seen, self.failed = account, f"t-{unique}", f"seen-{unique}", f"failed-{unique}"
        self.dynamodb, self.sqs = account.session.client("dynamodb"), account.session.client("sqs")
        self.urls = {name: self.sqs.create_queue(QueueName=name)["QueueUrl"] for name in (self.seen, self.failed)}
        self.stream = self.dynamodb.create_table(
            TableName=self.name,
            BillingMode="PAY_PER_REQUEST",
            KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
            StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"},
        )["TableDescription"]["LatestStreamArn"]
        self.statements = (stream_statement(self.name), queue_statement(self.seen, self.failed))

    def put(self, *keys: str) -> None:
        for key in keys:
            self.dynamodb.put_item(TableName=self.name, Item={"id": {"S": key}})

    def map(self, function_name: str, **settings: Any) -> str:
        mapping = self.account.session.client("lambda").create_event_source_mapping(
            EventSourceArn=self.stream,
            FunctionName=function_name,
            **{"StartingPosition": "TRIM_HORIZON", "BatchSize": 10, **settings},
        )
        return mapping["UUID"]

    def messages(self, queue: str) -> list[Any]:
        found = self.sqs.receive_message(QueueUrl=self.urls[queue], MaxNumberOfMessages=10).get("Messages", [])
        for message in found:
            self.sqs.delete_message(QueueUrl=self.urls[queue], ReceiptHandle=message["ReceiptHandle"])
        return [json.loads(message["Body"]) for message in found]

    def batches_until(self, *keys: str, seconds: float = 30) -> list[list[str]]:
        """The batches that the function saw, until every one of `keys` was in one of them."""
        batches: list[list[str]] = []

        def complete() -> bool:
            batches.extend(self.messages(self.seen))
            return set(keys) <= {key for batch in batches for key in batch}

        until(f"{', '.join(keys)} at the function", complete, seconds)
        return batches

    def failure(self) -> Any:
        return until("the failure queue", lambda: self.messages(self.failed))[0]

    def on_failure(self) -> dict[str, Any]:
        return {"OnFailure": {"Destination": f"arn:aws:sqs:{ACCOUNT_ARN}:{self.failed}"}}

    def environment(self, **variables: str) -> Any:
        return {"Variables": {"SEEN": self.urls[self.seen], **variables}}


@pytest.fixture
def capture(account: Account, unique: str) -> Iterator[Capture]:
    made = Capture(account, unique)
    yield made
    made.dynamodb.delete_table(TableName=made.name)


@pytest.fixture
def recorder(capture: Capture, function: FunctionFactory) -> Callable[..., str]:
    """`recorder(VARIABLE=…)` creates the function that records what it sees, and returns its name."""

    def create(**variables: str) -> str:
        name = f"recorder-{capture.name}"
        function(name, RECORDER, *capture.statements, Environment=capture.environment(**variables))
        return name

    return create


def test_a_failing_batch_is_bisected_until_the_record_at_fault_is_alone(
    capture: Capture, recorder: Callable[..., str]
) -> None:
    capture.put("a", "b", "c", "bad", "d", "e")
    capture.map(
        recorder(), BisectBatchOnFunctionError=True, MaximumRetryAttempts=1, DestinationConfig=capture.on_failure()
    )

    notified = capture.failure()
    batches = capture.batches_until("a", "b", "c", "d", "e")

    assert [key for batch in batches for key in batch] == ["a", "b", "c", "d", "e"]
    assert notified["requestContext"]["condition"] == "RetryAttemptsExhausted"
    assert notified["DDBStreamBatchInfo"]["batchSize"] == 1
    assert notified["DDBStreamBatchInfo"]["startSequenceNumber"] == notified["DDBStreamBatchInfo"]["endSequenceNumber"]
    assert notified["responseContext"]["functionError"] == "Unhandled"


def test_a_partial_failure_repeats_only_what_was_not_done(capture: Capture, recorder: Callable[..., str]) -> None:
    capture.put("a", "b", "bad", "c")
    capture.map(
        recorder(PARTIAL="1"),
        FunctionResponseTypes=["ReportBatchItemFailures"],
        BisectBatchOnFunctionError=True,
        MaximumRetryAttempts=2,
        DestinationConfig=capture.on_failure(),
    )

    notified = capture.failure()
    batches = capture.batches_until("c")

    assert batches == [["a", "b"], ["c"]]
    assert notified["DDBStreamBatchInfo"]["batchSize"] == 1


def test_without_a_limit_a_failing_batch_is_retried_until_it_succeeds(
    account: Account, capture: Capture, recorder: Callable[..., str]
) -> None:
    name = recorder()
    capture.put("bad", "b")
    capture.map(name)
    until("a second failure", lambda: measured(account, "AWS/Lambda", name, "Errors") >= 2)
    capture.put("c")
    assert capture.messages(capture.seen) == []

    account.session.client("lambda").update_function_code(
        FunctionName=name, ZipFile=bundle(RECORDER.replace('startswith("bad")', 'startswith("never")'))
    )

    assert capture.batches_until("bad", "b", "c") == [["bad", "b"], ["c"]]
    failures = until("the last count", lambda: measured(account, "AWS/Lambda", name, "Errors"))
    until("the last count", lambda: measured(account, "AWS/Lambda", name, "Invocations") == failures + 2)
    # the first batch had been waiting for more than a second when it was delivered
    assert measured(account, "AWS/Lambda", name, "IteratorAge") > 1000


# AWS: "If the function is invoked but returns an error, Lambda retries until the records expire, exceed the maximum age
# (MaximumRecordAgeInSeconds), or reach the configured retry quota (MaximumRetryAttempts)", of which -1 is none; "For
# Amazon S3 destinations, Lambda also sends the entire invocation record along with the metadata"
# https://docs.aws.amazon.com/lambda/latest/dg/services-dynamodb-errors.html
KEPT_KEY = r"aws/lambda/{uuid}/shardId-[-0-9]+/\d{{4}}/\d\d/\d\d/\d{{4}}-\d\d-\d\dT\d\d\.\d\d\.\d\d-[-0-9a-f]{{36}}"


def test_a_record_is_retried_until_it_is_too_old_and_kept_in_the_bucket_with_its_payload(
    account: Account, capture: Capture, role: RoleFactory, recorder: Callable[..., str]
) -> None:
    s3, functions = account.session.client("s3"), account.session.client("lambda")
    bucket, name = f"failed-{capture.name}", recorder(PARTIAL="1")
    s3.create_bucket(Bucket=bucket)
    allowed = {"Effect": "Allow", "Action": ["s3:PutObject", "s3:ListBucket"], "Resource": f"arn:aws:s3:::{bucket}*"}
    functions.update_function_configuration(FunctionName=name, Role=role("lambda", *capture.statements, allowed))
    capture.put("a", "bad", "c")
    uuid = capture.map(
        name,
        FunctionResponseTypes=["ReportBatchItemFailures"],
        BisectBatchOnFunctionError=True,
        MaximumRetryAttempts=-1,
        MaximumRecordAgeInSeconds=15,
        DestinationConfig={"OnFailure": {"Destination": f"arn:aws:s3:::{bucket}"}},
    )
    capture.batches_until("a")
    until("an object", lambda: s3.list_objects_v2(Bucket=bucket)["KeyCount"])

    capture.put("young")
    capture.batches_until("young")
    found = [one["Key"] for one in s3.list_objects_v2(Bucket=bucket)["Contents"]]
    kept = [json.loads(s3.get_object(Bucket=bucket, Key=key)["Body"].read()) for key in found]
    assert all(re.fullmatch(KEPT_KEY.format(uuid=uuid), key) for key in found)
    assert {one["requestContext"]["condition"] for one in kept} == {"RecordAgeExceeded"}
    records = {
        record["dynamodb"]["Keys"]["id"]["S"]: one["requestContext"]["approximateInvokeCount"]
        for one in kept
        for record in json.loads(one["payload"])["Records"]
    }
    assert records["bad"] > 1
    # behind the bad one, what has grown too old meanwhile is kept, too, and nothing else
    assert records.keys() <= {"bad", "c"}
    assert sum(one["DDBStreamBatchInfo"]["batchSize"] for one in kept) == len(records)


def test_a_role_that_may_not_list_the_bucket_keeps_nothing_and_that_is_counted(
    account: Account, capture: Capture, role: RoleFactory, recorder: Callable[..., str]
) -> None:
    s3, bucket, name = account.session.client("s3"), f"failed-{capture.name}", recorder()
    s3.create_bucket(Bucket=bucket)
    allowed = {"Effect": "Allow", "Action": "s3:PutObject", "Resource": f"arn:aws:s3:::{bucket}/*"}
    account.session.client("lambda").update_function_configuration(
        FunctionName=name, Role=role("lambda", *capture.statements, allowed)
    )
    capture.put("bad")
    capture.map(
        name, MaximumRetryAttempts=0, DestinationConfig={"OnFailure": {"Destination": f"arn:aws:s3:::{bucket}"}}
    )
    until("the count", lambda: measured(account, "AWS/Lambda", name, "DestinationDeliveryFailures"))
    assert s3.list_objects_v2(Bucket=bucket)["KeyCount"] == 0


def test_a_window_waits_for_a_fuller_batch_and_filters_keep_the_rest_away(
    capture: Capture, recorder: Callable[..., str]
) -> None:
    pattern = json.dumps({"dynamodb": {"Keys": {"id": {"S": [{"prefix": "TASK#"}]}}}})
    name = recorder()
    capture.map(name, MaximumBatchingWindowInSeconds=3, FilterCriteria={"Filters": [{"Pattern": pattern}]})

    capture.put("TASK#1", "IDEMPOTENCY#1")
    time.sleep(0.5)
    capture.put("TASK#2")

    assert capture.batches_until("TASK#2") == [["TASK#1", "TASK#2"]]


def test_a_slow_function_does_not_hold_up_another(
    account: Account, capture: Capture, function: FunctionFactory, recorder: Callable[..., str], unique: str
) -> None:
    slow = Capture(account, f"slow-{unique}")
    source = "import time\ndef handler(event, context):\n    time.sleep(25)\n"
    function(f"slow-{unique}", source, *slow.statements)
    slow.map(f"slow-{unique}")
    slow.put("a")
    capture.map(recorder())
    time.sleep(1)

    capture.put("quick")

    assert capture.batches_until("quick", seconds=15) == [["quick"]]


def test_a_role_that_may_not_read_the_stream_gets_nothing(
    account: Account, capture: Capture, function: FunctionFactory, unique: str
) -> None:
    name, client = f"blind-{unique}", account.session.client("lambda")
    function(name, RECORDER, queue_statement(capture.seen), Environment=capture.environment())
    uuid = capture.map(name)
    capture.put("a")

    until(
        "the mapping's problem",
        lambda: (
            "GetRecords" in client.get_event_source_mapping(UUID=uuid)["LastProcessingResult"]
            or "DescribeStream" in client.get_event_source_mapping(UUID=uuid)["LastProcessingResult"]
        ),
    )
    assert capture.messages(capture.seen) == []

    role = client.get_function_configuration(FunctionName=name)["Role"].rsplit("/", 1)[-1]
    account.session.client("iam").put_role_policy(
        RoleName=role, PolicyName="allowed", PolicyDocument=document(*capture.statements)
    )
    assert capture.batches_until("a") == [["a"]]


def test_a_stop_in_the_middle_of_traffic_loses_no_change(own_account: Account, unique: str) -> None:
    iam, functions = own_account.session.client("iam"), own_account.session.client("lambda")
    capture = Capture(own_account, unique)
    trust = {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
    role = iam.create_role(RoleName="recorder", AssumeRolePolicyDocument=document(trust))["Role"]["Arn"]
    iam.put_role_policy(RoleName="recorder", PolicyName="allowed", PolicyDocument=document(*capture.statements))
    functions.create_function(
        FunctionName="recorder",
        Runtime="python3.11",
        Handler="main.handler",
        Role=role,
        Timeout=30,
        Code={"ZipFile": bundle(RECORDER)},
        Environment=capture.environment(SECONDS="2"),
    )
    # no retries and nowhere to tell: what fails because of the stop must not count as a failure
    capture.map("recorder", BatchSize=2, MaximumRetryAttempts=0)
    capture.put("a")
    assert capture.batches_until("a") == [["a"]]
    capture.put("b", "c", "d")
    time.sleep(1)  # now b is with the function, c and d wait

    own_account.stop()
    own_account.start()

    capture.put("e")
    keys = [key for batch in capture.batches_until("b", "c", "d", "e") for key in batch]
    assert "a" not in keys
    assert list(dict.fromkeys(keys)) == ["b", "c", "d", "e"]
