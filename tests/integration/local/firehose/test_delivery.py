"""Conformance of Firehose: what ends in S3, when, as whom, and what is refused."""

import base64
import gzip
import json
import math
import time
from collections import Counter
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.conftest import Account, until
from tests.integration.conftest import RoleFactory, document
from tests.integration.local.conftest import FunctionFactory, measured

pytestmark = pytest.mark.account

DELIMITER = {"Type": "AppendDelimiterToRecord"}


def writes(bucket: str) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": "s3:PutObject", "Resource": f"arn:aws:s3:::{bucket}/*"}


class Stream:
    """A delivery stream into a bucket of its own."""

    def __init__(self, account: Account, unique: str, role_arn: str, **settings: Any) -> None:
        self.account, self.name, self.bucket = account, f"stream-{unique}", f"bronze-{unique}"
        self.firehose, self.s3 = account.session.client("firehose"), account.session.client("s3")
        self.s3.create_bucket(Bucket=self.bucket)
        destination: Any = {
            "BucketARN": f"arn:aws:s3:::{self.bucket}",
            "RoleARN": role_arn,
            "Prefix": "cdc/dt=!{timestamp:yyyy-MM-dd}/",
            "ErrorOutputPrefix": "errors/!{firehose:error-output-type}/",
            "CompressionFormat": "GZIP",
            "BufferingHints": {"SizeInMBs": 1, "IntervalInSeconds": 60},
            "ProcessingConfiguration": {"Enabled": True, "Processors": [DELIMITER]},
            **settings,
        }
        self.firehose.create_delivery_stream(
            DeliveryStreamName=self.name, ExtendedS3DestinationConfiguration=destination
        )

    def put(self, *records: Any) -> None:
        reply = self.firehose.put_record_batch(
            DeliveryStreamName=self.name, Records=[{"Data": json.dumps(record).encode()} for record in records]
        )
        assert reply["FailedPutCount"] == 0

    def objects(self, prefix: str = "") -> list[str]:
        return [
            found["Key"] for found in self.s3.list_objects_v2(Bucket=self.bucket, Prefix=prefix).get("Contents", [])
        ]

    def body(self, key: str) -> bytes:
        return self.s3.get_object(Bucket=self.bucket, Key=key)["Body"].read()

    def lines(self, prefix: str = "cdc/") -> list[Any]:
        """Every line of every object below `prefix`, parsed."""
        bodies = [
            gzip.decompress(self.body(key)) if key.endswith(".gz") else self.body(key) for key in self.objects(prefix)
        ]
        return [json.loads(line) for body in bodies for line in body.decode().splitlines()]


def test_records_are_collected_into_one_compressed_object_of_lines(
    account: Account, role: RoleFactory, unique: str
) -> None:
    stream = Stream(account, unique, role("firehose", writes(f"bronze-{unique}")))

    for number in range(5):
        stream.put({"number": number}, {"number": number + 100})
    until("the object", stream.objects)

    (key,) = stream.objects()
    assert key.startswith(f"cdc/dt={time.strftime('%Y-%m-%d', time.gmtime())}/{stream.name}-1-")
    assert key.endswith(".gz")
    assert [line["number"] for line in stream.lines()] == [0, 100, 1, 101, 2, 102, 3, 103, 4, 104]
    assert measured(account, "AWS/Firehose", stream.name, "IncomingRecords") == 10
    until("the count", lambda: measured(account, "AWS/Firehose", stream.name, "DeliveryToS3.Records") == 10)


def test_a_full_buffer_is_delivered_before_its_time(account: Account, role: RoleFactory, unique: str) -> None:
    stream = Stream(account, unique, role("firehose", writes(f"bronze-{unique}")), CompressionFormat="UNCOMPRESSED")

    for _ in range(3):
        stream.put("x" * 600_000)
    until("two objects", lambda: len(stream.objects()) >= 2)

    sizes = sorted(len(stream.body(key)) for key in stream.objects())
    assert sizes == [600_003, 1_200_006]


def test_delivery_needs_the_permission_of_the_streams_role_and_waits_for_it(
    account: Account, role: RoleFactory, unique: str
) -> None:
    role_arn = role("firehose")
    stream = Stream(account, unique, role_arn)
    began = time.monotonic()

    def failures() -> int:
        return account.log().count(f"{stream.name}: delivery failed")

    stream.put({"patient": True})
    until("a second failure", lambda: failures() >= 2)
    assert stream.objects() == []

    account.session.client("iam").put_role_policy(
        RoleName=role_arn.rsplit("/", 1)[-1], PolicyName="allowed", PolicyDocument=document(writes(stream.bucket))
    )
    until("the delivery", stream.objects)
    assert stream.lines() == [{"patient": True}]
    seconds = time.monotonic() - began
    assert failures() <= 2 + math.log2(1 + seconds / 0.5)


PROCESSOR = """
import base64, json

def handler(event, context):
    def answer(record):
        number = json.loads(base64.b64decode(record["data"]))["number"]
        result = {0: "Ok", 1: "Dropped", 2: "ProcessingFailed"}[number % 3]
        data = base64.b64encode(json.dumps({"doubled": number * 2}).encode()).decode()
        return {"recordId": record["recordId"], "result": result, "data": data}
    return {"records": [answer(record) for record in event["records"]]}
"""


def processed_by(arn: str) -> dict[str, Any]:
    parameters = [{"ParameterName": "LambdaArn", "ParameterValue": arn}]
    return {"Enabled": True, "Processors": [{"Type": "Lambda", "Parameters": parameters}, DELIMITER]}


def invokes(arn: str) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": "lambda:InvokeFunction", "Resource": arn}


def test_what_a_processor_rejects_goes_to_the_error_prefix_as_it_came(
    account: Account, role: RoleFactory, function: FunctionFactory, unique: str
) -> None:
    arn = function(f"double-{unique}", PROCESSOR)
    role_arn = role("firehose", writes(f"bronze-{unique}"), invokes(arn))
    stream = Stream(account, unique, role_arn, ProcessingConfiguration=processed_by(arn))

    stream.put(*({"number": number} for number in range(6)))
    until("both objects", lambda: len(stream.objects()) >= 2)

    assert stream.lines() == [{"doubled": 0}, {"doubled": 6}]
    errors = stream.lines("errors/processing-failed/")
    assert [json.loads(base64.b64decode(error["rawData"])) for error in errors] == [{"number": 2}, {"number": 5}]
    assert {error["errorCode"] for error in errors} == {"Lambda.ProcessingFailedStatus"}
    assert {error["lambdaArn"] for error in errors} == {arn}


def test_records_whose_processor_fails_every_time_are_not_lost_but_reported(
    account: Account, role: RoleFactory, function: FunctionFactory, unique: str
) -> None:
    arn = function(f"broken-{unique}", "def handler(event, context):\n    raise KeyError('no')\n")
    role_arn = role("firehose", writes(f"bronze-{unique}"), invokes(arn))
    stream = Stream(account, unique, role_arn, ProcessingConfiguration=processed_by(arn))

    stream.put({"number": 1})
    until("the error object", lambda: stream.objects("errors/processing-failed/"))

    (error,) = stream.lines("errors/")
    assert (error["attemptsMade"], error["errorCode"]) == (4, "Lambda.FunctionError")
    assert "KeyError" in error["errorMessage"]
    assert json.loads(base64.b64decode(error["rawData"])) == {"number": 1}
    assert stream.objects("cdc/") == []


@pytest.mark.parametrize(
    ("sizes", "code", "message"),
    [
        ([1] * 501, "ValidationException", "'records' failed to satisfy constraint"),
        ([1, 1_024_001], "ValidationException", "'records.2.member.data' failed to satisfy constraint"),
        ([1_024_000] * 5, "InvalidArgumentException", "4 MB limit"),
    ],
)
def test_batches_beyond_the_limits_are_refused_whole(
    account: Account, role: RoleFactory, unique: str, sizes: list[int], code: str, message: str
) -> None:
    stream = Stream(account, unique, role("firehose", writes(f"bronze-{unique}")))

    with pytest.raises(ClientError, match=message) as refused:
        stream.firehose.put_record_batch(
            DeliveryStreamName=stream.name, Records=[{"Data": b"x" * size} for size in sizes]
        )

    assert refused.value.response["Error"]["Code"] == code
    time.sleep(1.5)
    assert stream.objects() == []


def test_a_record_beyond_the_limit_is_refused_and_one_at_the_limit_is_taken(
    account: Account, role: RoleFactory, unique: str
) -> None:
    stream = Stream(account, unique, role("firehose", writes(f"bronze-{unique}")), CompressionFormat="UNCOMPRESSED")

    with pytest.raises(ClientError, match=r"'record\.data' failed to satisfy constraint"):
        stream.firehose.put_record(DeliveryStreamName=stream.name, Record={"Data": b"x" * 1_024_001})
    stream.firehose.put_record(DeliveryStreamName=stream.name, Record={"Data": b"x" * 1_024_000})

    until("the object", stream.objects)
    assert [len(stream.body(key)) for key in stream.objects()] == [1_024_001]


def test_a_compression_that_would_not_be_done_is_refused(account: Account, role: RoleFactory, unique: str) -> None:
    with pytest.raises(ClientError, match="GZIP only"):
        Stream(account, unique, role("firehose"), CompressionFormat="Snappy")


def test_a_stop_loses_nothing_that_was_taken_and_repeats_no_object(own_account: Account, unique: str) -> None:
    iam = own_account.session.client("iam")
    trust = {"Effect": "Allow", "Principal": {"Service": "firehose.amazonaws.com"}, "Action": "sts:AssumeRole"}
    role_arn = iam.create_role(RoleName="delivery", AssumeRolePolicyDocument=document(trust))["Role"]["Arn"]
    iam.put_role_policy(RoleName="delivery", PolicyName="p", PolicyDocument=document(writes(f"bronze-{unique}")))
    stream = Stream(own_account, unique, role_arn)
    numbers = iter(range(1_000_000))
    taken: list[int] = []

    for _ in range(2):
        # deliveries come due all the while, so the stop falls in or beside one
        end = time.monotonic() + 2
        while time.monotonic() < end:
            batch = [next(numbers) for _ in range(20)]
            stream.put(*({"number": number, "filler": "x" * 2000} for number in batch))
            taken += batch
        own_account.stop()
        own_account.start()

    until("the last record", lambda: taken[-1] in [line["number"] for line in stream.lines()])
    arrived = Counter(line["number"] for line in stream.lines())
    assert set(arrived) == set(taken)
    assert set(arrived.values()) == {1}
