import base64
import json
import pathlib
from decimal import Decimal
from typing import Any

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

import ingestion.cdc
from ingestion.cdc.transform import MAX_LINE_BYTES, BadRecordError, encode_line, make_envelope, rfc3339
from tests.unit.ingestion.stream import EXPIRY, record, task_image

NOW = "2026-11-23T10:00:01.000000Z"
SCHEMA = json.loads((pathlib.Path(ingestion.cdc.__path__[0]) / "envelope.schema.json").read_text())
VALIDATOR = jsonschema.Draft202012Validator(SCHEMA)

texts = st.text(st.characters(codec="utf-8"), max_size=30)
# DynamoDB: up to 38 significant digits, magnitudes from 1E-130 to 9.99…E+125
numbers = st.one_of(
    st.integers(-(10**38) + 1, 10**38 - 1).map(str),
    st.decimals(allow_nan=False, allow_infinity=False, places=6, min_value=-(10**31), max_value=10**31).map(str),
    st.builds(lambda digits, exponent: f"{digits}E{exponent}", st.integers(1, 10**38 - 1), st.integers(-130, 80)),
)
binaries = st.binary(max_size=20).map(lambda raw: base64.b64encode(raw).decode())
leaves = st.one_of(
    texts.map(lambda v: {"S": v}),
    numbers.map(lambda v: {"N": v}),
    binaries.map(lambda v: {"B": v}),
    st.booleans().map(lambda v: {"BOOL": v}),
    st.just({"NULL": True}),
    st.lists(texts, min_size=1, max_size=4, unique=True).map(lambda v: {"SS": v}),
    st.lists(numbers, min_size=1, max_size=4, unique_by=Decimal).map(lambda v: {"NS": v}),
    st.lists(binaries, min_size=1, max_size=4, unique=True).map(lambda v: {"BS": v}),
)
attributes = st.recursive(
    leaves,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3).map(lambda v: {"L": v}),
        st.dictionaries(texts, inner, max_size=3).map(lambda v: {"M": v}),
    ),
    max_leaves=8,
)
images = st.dictionaries(texts, attributes, max_size=6).map(lambda extra: {**extra, **task_image()})


def read_back(encoded: bytes) -> Any:
    """A line as a reader that loses no digit sees it."""
    return json.loads(encoded, parse_float=Decimal)


def same(attribute: dict[str, Any], value: Any) -> bool:
    """Whether `value`, read from JSON, says exactly what the attribute says: the reverse of the transform."""
    ((kind, encoded),) = attribute.items()
    match kind:
        case "N":
            if Decimal(encoded) == Decimal(encoded).to_integral_value():
                return type(value) is int and Decimal(value) == Decimal(encoded)
            return type(value) in (Decimal, str) and Decimal(value) == Decimal(encoded)
        case "NULL":
            return value is None
        case "BOOL":
            return value is encoded
        case "L":
            return len(encoded) == len(value) and all(map(same, encoded, value))
        case "M":
            return encoded.keys() == value.keys() and all(same(encoded[name], value[name]) for name in encoded)
        case "NS":
            return [Decimal(v) for v in value] == sorted(Decimal(v) for v in encoded)
        case "SS" | "BS":
            return bool(value == sorted(encoded))
    return bool(value == encoded)


@given(images, images)
def test_images_survive_the_transform_and_json_exactly(new: dict[str, Any], old: dict[str, Any]) -> None:
    event = read_back(encode_line(make_envelope(record(new, old), NOW)))
    assert same({"M": new}, event["new_image"])
    assert same({"M": old}, event["old_image"])


@given(st.one_of(st.none(), images), st.one_of(st.none(), images), st.sampled_from([None, EXPIRY]))
def test_every_envelope_validates_against_the_json_schema(
    new: dict[str, Any] | None, old: dict[str, Any] | None, identity: dict[str, str] | None
) -> None:
    if new is None and old is None:
        old = task_image()
    VALIDATOR.validate(json.loads(encode_line(make_envelope(record(new, old, userIdentity=identity), NOW))))


def test_the_schema_itself_is_valid_and_refuses_what_the_envelope_must_not_be() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    good = json.loads(encode_line(make_envelope(record(task_image()), NOW)))
    assert VALIDATOR.is_valid(good)
    changes: tuple[dict[str, object], ...] = (
        {"sequence_number": 12},
        {"event_time": 1795600000},
        {"entity_type": "IDEMPOTENCY"},
        {"new_image": None},
        {"old_image": {}},
        {"actor": "somebody"},
        {"schema_version": 2},
        {"extra": 1},
    )
    for change in changes:
        assert not VALIDATOR.is_valid({**good, **change}), change
    for field in good:
        assert not VALIDATOR.is_valid({name: value for name, value in good.items() if name != field}), field


def test_an_insert_becomes_exactly_this_envelope() -> None:
    assert make_envelope(record(task_image(size={"N": "12.50"}), sequence=7), NOW) == {
        "schema_version": 1,
        "event_id": "event-7",
        "event_name": "INSERT",
        "sequence_number": "000000000000000000007",
        "event_time": "2026-11-25T09:46:40.000000Z",
        "ingested_at": NOW,
        "table_name": "todo-app-data",
        "entity_type": "TASK",
        "keys": {"PK": "TASK#u-1", "SK": "TASK#01JDX"},
        "new_image": {
            "PK": "TASK#u-1",
            "SK": "TASK#01JDX",
            "entity_type": "TASK",
            "id": "01JDX",
            "user_id": "u-1",
            "title": "Water the plants",
            "status": "pending",
            "priority": "medium",
            "created_at": "2026-11-23T10:00:00.123456Z",
            "updated_at": "2026-11-23T10:00:00.123456Z",
            "version": 1,
            "last_request_id": "r-1",
            "size": 12.5,
        },
        "old_image": None,
        "actor": "user",
        "request_id": "r-1",
    }


def test_a_change_keeps_both_images_and_names_the_request_that_made_it() -> None:
    event = make_envelope(record(task_image(last_request_id={"S": "r-2"}), task_image()), NOW)
    assert event["event_name"] == "MODIFY"
    assert event["new_image"] is not None
    assert event["old_image"] is not None
    assert (event["old_image"]["last_request_id"], event["request_id"]) == ("r-1", "r-2")


def test_a_removal_by_a_user_is_distinguished_from_one_by_expiry_and_names_no_request() -> None:
    by_user = make_envelope(record(None, task_image()), NOW)
    by_expiry = make_envelope(record(None, task_image(), userIdentity=EXPIRY), NOW)
    by_replication = make_envelope(record(None, task_image(), userIdentity={"type": "AWSService"}), NOW)
    assert [event["actor"] for event in (by_user, by_expiry, by_replication)] == ["user", "ttl", "user"]
    assert by_user["new_image"] is None
    assert by_user["request_id"] is None
    assert by_user["old_image"] is not None
    assert by_user["old_image"]["id"] == "01JDX"


def test_a_user_item_is_a_user_event() -> None:
    image = task_image(PK={"S": "USER#u-1"}, SK={"S": "METADATA"})
    assert make_envelope(record(image), NOW)["entity_type"] == "USER"


@pytest.mark.parametrize(
    ("encoded", "plain"),
    [
        ("0", 0),
        ("-7", -7),
        ("99999999999999999999999999999999999999", 10**38 - 1),
        ("1E+2", 100),
        ("3.0", 3),
        ("0.1", 0.1),
        ("-2.5E-7", -2.5e-7),
        ("0.12345678901234567890123456789012345678", "0.12345678901234567890123456789012345678"),
        ("9007199254740993.5", "9007199254740993.5"),
    ],
)
def test_a_number_keeps_its_exact_value_and_the_plainest_type(encoded: str, plain: int | float | str) -> None:
    event = make_envelope(record(task_image(n={"N": encoded})), NOW)
    assert event["new_image"] is not None
    value = event["new_image"]["n"]
    assert (value, type(value)) == (plain, type(plain))


def test_a_line_is_one_line_also_with_integers_beyond_64_bits_and_line_breaks_in_text() -> None:
    for attribute in ({"N": str(2**64)}, {"N": str(-(2**63) - 1)}, {"S": "two\nlines"}):
        encoded = encode_line(make_envelope(record(task_image(extra=attribute)), NOW))
        assert encoded.endswith(b"}\n")
        assert encoded.count(b"\n") == 1
        assert same(attribute, read_back(encoded)["new_image"]["extra"])


def test_what_a_delivery_stream_would_refuse_for_its_size_is_a_bad_record() -> None:
    room = MAX_LINE_BYTES - len(encode_line(make_envelope(record(task_image(extra={"S": ""})), NOW)))
    assert len(encode_line(make_envelope(record(task_image(extra={"S": "x" * room})), NOW))) == MAX_LINE_BYTES
    with pytest.raises(BadRecordError, match="1024001 bytes"):
        encode_line(make_envelope(record(task_image(extra={"S": "x" * (room + 1)})), NOW))


def broken(**change: object) -> dict[str, Any]:
    good = record(task_image())
    return {**good, "dynamodb": {**good["dynamodb"], **change}}


@pytest.mark.parametrize(
    "bad",
    [
        broken(NewImage={"secret": {"N": "twelve"}}),
        broken(NewImage={"secret": {"X": "?"}}),
        broken(NewImage={"secret": {"SS": ["a"], "NS": ["1"]}}),
        broken(NewImage={"secret": {"B": 1}}),
        broken(NewImage=None),
        broken(Keys={"PK": {"S": "IDEMPOTENCY#u-1"}, "SK": {"S": "METADATA"}}),
        broken(ApproximateCreationDateTime="yesterday"),
        {**record(task_image()), "eventName": "UPSERT"},
        {**record(task_image()), "eventSourceARN": "arn"},
        {"dynamodb": {"SequenceNumber": "1"}},
    ],
)
def test_a_record_in_no_known_format_is_refused_without_logging_its_data(bad: dict[str, Any]) -> None:
    with pytest.raises(BadRecordError) as caught:
        make_envelope(bad, NOW)
    assert "twelve" not in str(caught.value)
    assert "secret" not in str(caught.value)


def test_a_time_has_microseconds_even_when_they_are_zero() -> None:
    assert rfc3339(0) == "1970-01-01T00:00:00.000000Z"
    assert rfc3339(1795600000.25) == "2026-11-25T09:46:40.250000Z"


def test_an_imported_change_has_the_time_at_which_it_happened() -> None:
    happened, imported = {"S": "2026-09-01T08:00:00.000000Z"}, {"S": "2026-11-22T10:00:00.000000Z"}
    image = task_image(updated_at=happened, imported_at=imported)
    captured = make_envelope(record(image), "2026-11-22T10:00:01.000000Z")
    assert captured["event_time"] == "2026-09-01T08:00:00.000000Z"
    assert captured["ingested_at"] == "2026-11-22T10:00:01.000000Z"

    changed_since = make_envelope(record(task_image(updated_at=imported), image), "2026-11-22T11:00:01.000000Z")
    assert (
        changed_since["event_time"] == make_envelope(record(task_image()), "2026-11-22T11:00:01.000000Z")["event_time"]
    )


def test_an_imported_item_without_a_time_is_a_bad_record() -> None:
    with pytest.raises(BadRecordError):
        make_envelope(record(task_image(updated_at={"S": "yesterday"}, imported_at={"S": "x"})), "2026-11-22T10:00:01Z")
