"""Lines that break their contract, and objects that cannot be read."""

import json
from typing import Any

import pytest

from ingestion.bronze import Bronze
from ingestion.replay import unreadable
from tests.integration.transforms.conftest import BUCKET, HOURS, Lake, assert_equals_oracle
from tests.integration.transforms.history import History, random_history, request_log
from transforms.silver import job

pytestmark = [
    pytest.mark.account,
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore:unclosed <socket:ResourceWarning"),
]


def test_what_breaks_the_contract_is_rejected_with_its_reason_and_without_its_words(lake: Lake) -> None:
    history = History()
    history.create_task("t-1", description="Call Eve about the surprise")
    history.create_task("t-2")
    whole = json.loads(history.lines[0])

    def broken(event: dict[str, Any] | None = None, **image: object) -> bytes:
        return json.dumps({**whole, **(event or {}), "new_image": {**whole["new_image"], **image}}).encode() + b"\n"

    bad = {
        b'{"schema_version": 1, "new_image": {"title": "Surp\n': "not JSON, or a value of another type",
        broken(version="one"): "not JSON, or a value of another type",
        broken(status=None): "the image lacks an attribute",
        broken(status="done"): "status of the image is unknown",
        broken(due_date="someday"): "due_date of the image is no date",
        broken({"schema_version": 2}): "schema_version is not 1",
        broken({"entity_type": "PROJECT"}): "entity_type is unknown",
        broken({"event_name": "REMOVE"}): "new_image does not go with event_name",
        broken({"event_time": "now"}): "event_time is no time",
    }
    bad_request = request_log(1, status_code=None)
    key = lake.arrive(HOURS[0], [*bad, *history.lines])
    logs = lake.arrive(HOURS[1], [request_log(0), bad_request], "logs")
    report = lake.run()
    # a handful of lines stops nothing, whatever its share
    assert (report["envelopes"], report["requests"], report["rejects"]) == (11, 2, 10)
    assert_equals_oracle(lake, history.lines, [request_log(0)])

    rows = lake.rows("rejects")
    assert {row["bronze_file"] for row in rows} == {f"s3://{BUCKET}/{key}", f"s3://{BUCKET}/{logs}"}
    assert [(row["source"], row["reason"]) for row in rows if row["source"] == "logs"] == [
        ("logs", "status_code is missing")
    ]
    reasons = sorted(row["reason"] for row in rows if row["source"] == "cdc")
    assert len(reasons) == len(bad)
    for found, expected in zip(reasons, sorted(bad.values()), strict=True):
        assert found.startswith(expected)
    payloads = json.dumps([row["payload"] for row in rows])
    assert "t-1" in payloads
    for words in ("Surp", "Title of", "surprise"):
        assert words not in payloads

    # each line is counted by one run: neither by one that reads it again nor by a full refresh
    assert lake.run("--from", HOURS[0])["rejects"] == 0
    assert lake.run("--full-refresh", "true")["rejects"] == 0
    assert [row["digest"] for row in lake.rows("rejects")] == [row["digest"] for row in rows]


def test_many_rejects_stop_every_run_until_one_tolerates_them(lake: Lake) -> None:
    history = History()
    history.create_task("t-1")
    lake.arrive(HOURS[0], history.lines)
    lake.run()
    history.create_task("t-2")
    broken = [b'{"schema_version": %d}\n' % number for number in range(2, 32)]
    lake.arrive(HOURS[1], [*broken, *broken[:5], *history.lines[1:]])
    for _ in range(2):
        with pytest.raises(job.RejectsOverThreshold, match=r"30 of 36 lines .* start --reject-threshold 1 --reason"):
            lake.run()
    # some other run that goes on accepts nothing of it
    lake.run("--from", HOURS[0], "--to", HOURS[1])
    assert_equals_oracle(lake, history.lines)
    with pytest.raises(job.RejectsOverThreshold):
        lake.run()
    assert lake.run("--reject-threshold", "1")["rejects"] == 30
    assert lake.run("--from", HOURS[0])["rejects"] == 0


def test_an_object_that_cannot_be_read_is_moved_away_by_name_and_comes_back_when_it_is_mended(lake: Lake) -> None:
    history = random_history(16, 30)
    lines, requests = history.lines, [request_log(0)]
    lake.arrive(HOURS[0], lines[:10])
    truncated = lake.arrive(HOURS[0], lines[10:20])
    whole = lake.s3.get_object(Bucket=BUCKET, Key=truncated)["Body"].read()
    lake.s3.put_object(Bucket=BUCKET, Key=truncated, Body=whole[:-40])
    lake.arrive(HOURS[1], lines[20:])
    lake.arrive(HOURS[1], requests, "logs")
    garbage = lake.arrive(HOURS[1], [request_log(1)], "logs")
    lake.s3.put_object(Bucket=BUCKET, Key=garbage, Body=b"no gzip at all")
    found = lake.run()["unreadable"]
    assert set(found) == {f"s3://{BUCKET}/{truncated}", f"s3://{BUCKET}/{garbage}"}
    assert found[f"s3://{BUCKET}/{truncated}"] == "it is truncated"
    assert found[f"s3://{BUCKET}/{garbage}"].startswith("it is no whole gzip file")
    assert_equals_oracle(lake, [*lines[:10], *lines[20:]], requests)

    bronze = Bronze(lake.s3, BUCKET)
    seen: list[int] = []
    left = {f"errors/unreadable/{truncated}", f"errors/unreadable/{garbage}"}
    assert left <= set(unreadable.replay_unreadable(bronze, seen.append, dry_run=False).unresolved)
    lake.s3.put_object(Bucket=BUCKET, Key=f"errors/unreadable/{truncated}", Body=whole)
    replayed = unreadable.replay_unreadable(bronze, seen.append, dry_run=False)
    assert (replayed.replayed, replayed.records) == (1, 10)
    pages = lake.s3.list_objects_v2(Bucket=BUCKET, Prefix="cdc/")["Contents"]
    lake.unread = [("cdc", f"s3://{BUCKET}/{found['Key']}") for found in pages]
    lake.run()
    assert_equals_oracle(lake, lines, requests)
