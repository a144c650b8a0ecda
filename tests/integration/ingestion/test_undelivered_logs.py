"""Request logs below the error prefix go back to bronze, from a bucket of the local account."""

import base64
import gzip
import json
from typing import Any

import pytest

from ingestion.bronze import Bronze
from ingestion.replay import undelivered_logs
from ingestion.replay.run import Summary
from tests.conftest import Account

pytestmark = pytest.mark.account

KEY = "errors/logs/processing-failed/dt=2026-11-24/todo-logs-1"


@pytest.fixture
def bronze(account: Account, unique: str) -> Bronze:
    client = account.session.client("s3")
    client.create_bucket(Bucket=f"bronze-{unique}")
    return Bronze(client, f"bronze-{unique}")


def failed_record(data: bytes) -> bytes:
    """A record as Firehose keeps it when the transformation fails."""
    kept = {"attemptsMade": 4, "errorCode": "Lambda.FunctionError", "rawData": base64.b64encode(data).decode()}
    return json.dumps(kept).encode()


def logged(*request_ids: str) -> bytes:
    """A document of CloudWatch Logs with one request for each id."""
    requests = [
        {
            "log_type": "request",
            "timestamp": "2026-11-24T10:00:00Z",
            "request_id": request_id,
            "method": "GET",
            "route": "/api/v1/tasks",
            "status_code": 200,
            "duration_ms": 1.5,
            "user_hash": None,
            "cold_start": False,
            "idempotent_replay": False,
        }
        for request_id in request_ids
    ]
    events = [{"id": "1", "timestamp": 0, "message": json.dumps(request)} for request in requests]
    return gzip.compress(json.dumps({"messageType": "DATA_MESSAGE", "logEvents": events}).encode())


def put(bronze: Bronze, key: str, body: bytes) -> None:
    bronze.client.put_object(Bucket=bronze.bucket, Key=key, Body=body)


def keys(bronze: Bronze, prefix: str) -> list[str]:
    found = bronze.client.list_objects_v2(Bucket=bronze.bucket, Prefix=prefix).get("Contents", [])
    return [one["Key"] for one in found]


def requests_in_bronze(bronze: Bronze) -> list[dict[str, Any]]:
    bodies = [
        bronze.client.get_object(Bucket=bronze.bucket, Key=key)["Body"].read() for key in keys(bronze, "logs/dt=")
    ]
    return [json.loads(line) for body in bodies for line in gzip.decompress(body).splitlines()]


def replay(bronze: Bronze, *, dry_run: bool = False) -> Summary:
    return undelivered_logs.replay_logs(bronze, lambda _more: None, dry_run=dry_run)


@pytest.mark.parametrize("compressed", [True, False])
def test_what_could_not_be_transformed_is_in_bronze_once_it_can(bronze: Bronze, compressed: bool) -> None:
    body = b"\n".join([failed_record(logged("r-1", "r-2")), failed_record(logged("r-3"))])
    put(bronze, KEY, gzip.compress(body) if compressed else body)

    planned = replay(bronze, dry_run=True)
    assert (planned.messages, planned.replayed, planned.records) == (1, 1, 3)
    assert (requests_in_bronze(bronze), keys(bronze, "errors/")) == ([], [KEY])

    done = replay(bronze)
    assert (done.messages, done.replayed, done.records, done.unresolved) == (1, 1, 3, {})
    assert sorted(one["request_id"] for one in requests_in_bronze(bronze)) == ["r-1", "r-2", "r-3"]
    assert keys(bronze, "errors/") == []
    assert replay(bronze).messages == 0


def test_an_object_that_is_cut_off_stays_as_it_is_and_the_others_go(bronze: Bronze) -> None:
    cut_off = gzip.compress(failed_record(logged("r-1")))[:-20]
    put(bronze, KEY, cut_off)
    put(bronze, f"{KEY}-2", failed_record(logged("r-2")))

    done = replay(bronze)
    assert (done.messages, done.replayed, done.unresolved) == (2, 1, {KEY: "not a whole gzip file"})
    assert [one["request_id"] for one in requests_in_bronze(bronze)] == ["r-2"]
    assert bronze.client.get_object(Bucket=bronze.bucket, Key=KEY)["Body"].read() == cut_off


def test_one_bad_record_stays_and_the_others_go(bronze: Bronze) -> None:
    bad = failed_record(b"no document")
    put(bronze, KEY, b"\n".join([failed_record(logged("r-1")), bad, b"no JSON"]))
    put(bronze, f"{KEY}-2", failed_record(logged("r-2")))

    done = replay(bronze)
    assert (done.messages, done.replayed, done.records) == (2, 1, 2)
    assert list(done.unresolved) == [KEY]
    assert sorted(one["request_id"] for one in requests_in_bronze(bronze)) == ["r-1", "r-2"]

    again = replay(bronze)
    assert (again.messages, again.replayed, again.records) == (1, 0, 0)
    left = gzip.decompress(bronze.client.get_object(Bucket=bronze.bucket, Key=KEY)["Body"].read())
    assert left.splitlines() == [bad, b"no JSON"]
