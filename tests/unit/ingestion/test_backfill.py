"""Synthetic envelopes, and how fast a table may be read."""

import json
import pathlib
from typing import Any

import jsonschema
import pytest

import ingestion.cdc
from ingestion.backfill.envelope import is_captured, make_backfill_envelope
from ingestion.backfill.export import Pace
from ingestion.backfill.wire_format import to_wire_format
from ingestion.cdc.transform import BadRecordError, encode_line_of_any_length
from tests.unit.ingestion.stream import task_image

NOW = "2026-11-24T10:00:00.000000Z"
SCHEMA = json.loads((pathlib.Path(ingestion.cdc.__path__[0]) / "envelope.schema.json").read_text())


def made(**attributes: Any) -> Any:
    return json.loads(encode_line_of_any_length(make_backfill_envelope(task_image(**attributes), "todo-app-data", NOW)))


def test_an_item_becomes_an_insert_that_says_it_is_synthetic() -> None:
    envelope = made(updated_at={"S": "2026-11-23T11:00:00+01:00"}, version={"N": "7"})
    jsonschema.Draft202012Validator(SCHEMA).validate(envelope)
    assert envelope["event_id"].startswith("backfill-")
    assert (envelope["event_name"], envelope["sequence_number"], envelope["actor"]) == ("INSERT", "0", "user")
    assert (envelope["event_time"], envelope["ingested_at"]) == ("2026-11-23T10:00:00.000000Z", NOW)
    assert (envelope["old_image"], envelope["new_image"]["version"]) == (None, 7)
    assert envelope["request_id"] == "r-1"


def test_the_event_id_is_that_of_the_version_and_of_nothing_else() -> None:
    assert made()["event_id"] == made(title={"S": "Another"})["event_id"]
    different = [made(), made(version={"N": "2"}), made(SK={"S": "TASK#2"}), made(PK={"S": "TASK#u-2"})]
    assert len({envelope["event_id"] for envelope in different}) == 4


@pytest.mark.parametrize("missing", ["version", "updated_at", "SK"])
def test_an_item_without_what_an_envelope_needs_is_refused(missing: str) -> None:
    item = task_image()
    del item[missing]
    with pytest.raises(BadRecordError):
        make_backfill_envelope(item, "todo-app-data", NOW)


def test_only_what_change_capture_wants_is_exported() -> None:
    keys = ["TASK#u-1", "USER#u-1", "IDEMPOTENCY#u-1", "INSIGHTS#u-1", "ERASURE"]
    assert [is_captured({"PK": {"S": key}}) for key in keys] == [True, True, False, False, False]


def test_what_boto3_gives_becomes_what_lambda_gives() -> None:
    assert to_wire_format({"a": {"B": b"\x00\xff"}, "m": {"M": {"l": {"L": [{"BS": [b"x"]}, {"N": "1"}]}}}}) == {
        "a": {"B": "AP8="},
        "m": {"M": {"l": {"L": [{"BS": ["eA=="]}, {"N": "1"}]}}},
    }


def test_a_pace_is_kept_on_average_and_nothing_is_owed_for_idle_time() -> None:
    now = [0.0]
    pauses: list[float] = []

    def sleep(seconds: float) -> None:
        pauses.append(seconds)
        now[0] += seconds

    pace = Pace(100, clock=lambda: now[0], sleep=sleep)
    for _ in range(4):
        pace.spend(50)
    assert (now[0], pauses) == (2.0, [0.5] * 4)
    now[0] = 10.0
    pace.spend(10)
    assert now[0] == pytest.approx(10.1)
