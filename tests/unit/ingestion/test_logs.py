"""Request logs: what becomes a line of bronze, and what never does."""

import base64
import gzip
import importlib
import json
import pathlib
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

import ingestion.logs
from ingestion.logs.transform import FIELDS, BadDocumentError, extract, request_line

SCHEMA = json.loads((pathlib.Path(ingestion.logs.__file__).parent / "request.schema.json").read_text())
CONTEXT = SimpleNamespace(
    function_name="todo-logs", memory_limit_in_mb=512, invoked_function_arn="arn:aws:lambda:…", aws_request_id="i-1"
)
STORED_AT = 1_790_000_000_123
LOGGED: dict[str, Any] = {
    "level": "INFO",
    "message": "request",
    "timestamp": "2026-11-24T10:00:00.123+00:00",
    "log_type": "request",
    "request_id": "0b0d9a5e-1f1c-4c7e-9d0e-7b7a3c1d2e3f",
    "user_hash": "0123456789abcdef",
    "method": "POST",
    "route": "/api/v1/tasks/{task_id}",
    "status_code": 201,
    "duration_ms": 12.345,
    "cold_start": True,
    "idempotent_replay": False,
}


def document(*messages: Any, kind: str = "DATA_MESSAGE") -> bytes:
    """What a subscription sends for events with these messages; what is not text is logged as JSON."""
    texts = [message if isinstance(message, str) else json.dumps(message) for message in messages]
    events = [{"id": str(n), "timestamp": STORED_AT, "message": text} for n, text in enumerate(texts)]
    return gzip.compress(json.dumps({"messageType": kind, "logGroup": "g", "logEvents": events}).encode(), mtime=0)


def lines(data: bytes) -> list[dict[str, Any]]:
    return [json.loads(line) for line in extract(data).lines.splitlines()]


def test_a_request_log_becomes_a_line_of_exactly_the_schemas_fields() -> None:
    (line,) = lines(document(LOGGED))
    assert line == {
        "schema_version": 1,
        "request_id": "0b0d9a5e-1f1c-4c7e-9d0e-7b7a3c1d2e3f",
        "occurred_at": "2026-11-24T10:00:00.123000Z",
        "method": "POST",
        "route": "/api/v1/tasks/{task_id}",
        "status_code": 201,
        "duration_ms": 12.345,
        "user_hash": "0123456789abcdef",
        "cold_start": True,
        "idempotent_replay": False,
    }
    Draft202012Validator(SCHEMA).validate(line)
    assert set(SCHEMA["required"]) == set(SCHEMA["properties"]) == {*FIELDS, "schema_version", "occurred_at"}


def test_what_is_not_a_request_log_is_left_out_and_the_order_is_kept() -> None:
    messages = [
        "START RequestId: 1 Version: $LATEST",
        {**LOGGED, "status_code": 200},
        {**LOGGED, "log_type": "audit"},
        {"level": "ERROR", "message": "unhandled exception", "exception": "KeyError: 'ada@example.com'"},
        {"_aws": {"CloudWatchMetrics": []}, "TasksCreated": 1},
        "{not json",
        "[1]",
        {**LOGGED, "status_code": 404},
    ]
    assert [line["status_code"] for line in lines(document(*messages))] == [200, 404]
    assert extract(document(*messages)).malformed == 0


def test_fields_that_the_schema_does_not_know_stay_behind() -> None:
    secret = {"email": "ada@example.com", "authorization": "Bearer token", "body": {"title": "Ada's diary"}}
    assert lines(document({**LOGGED, **secret})) == lines(document(LOGGED))


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("route", "/api/v1/tasks/01J ada@example.com"),
        ("route", None),
        ("route", "/" + "x" * 200),
        ("method", "post"),
        ("status_code", "201"),
        ("status_code", True),
        ("status_code", 201.5),
        ("duration_ms", -1),
        ("user_hash", "ada@example.com"),
        ("request_id", "a b"),
        ("cold_start", None),
        ("timestamp", "yesterday"),
    ],
)
def test_a_field_that_is_not_what_the_schema_says_keeps_the_line_out_and_is_counted(field: str, value: Any) -> None:
    found = extract(document({**LOGGED, field: value}, LOGGED))
    assert (found.lines.count(b"\n"), found.malformed) == (1, 1)


def test_a_log_without_a_time_of_its_own_happened_when_it_was_stored() -> None:
    without = {name: value for name, value in LOGGED.items() if name != "timestamp"}
    (line,) = lines(document(without))
    assert line["occurred_at"] == "2026-09-21T14:13:20.123000Z"


values = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(allow_nan=False),
    st.text(),
    st.sampled_from(list(LOGGED.values())),
)


@example({"duration_ms": float("inf")}, None)
@example({"duration_ms": 2**64}, None)
@given(st.fixed_dictionaries({}, optional=dict.fromkeys([*FIELDS, "timestamp"], values)), values)
def test_whatever_is_let_through_is_as_the_schema_says(changed: dict[str, Any], stored_at: Any) -> None:
    logged = json.loads(json.dumps({**LOGGED, **changed}))
    line = request_line(logged, stored_at)
    if line is not None:
        Draft202012Validator(SCHEMA).validate(json.loads(line))
        assert line.endswith(b"\n")
        assert line.count(b"\n") == 1


def test_a_control_message_and_an_empty_document_have_no_lines() -> None:
    assert extract(document("CWL CONTROL MESSAGE: Checking health", kind="CONTROL_MESSAGE")).lines == b""
    assert extract(document()).lines == b""


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"plain text",
        document(LOGGED)[:-10],
        gzip.compress(b"[]", mtime=0),
        gzip.compress(b"nonsense", mtime=0),
    ],
)
def test_what_is_no_document_is_refused_without_saying_what_it_holds(data: bytes) -> None:
    with pytest.raises(BadDocumentError) as refused:
        extract(data)
    assert "nonsense" not in str(refused.value)


@pytest.fixture
def function(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The handler's module, imported as Lambda imports it."""
    monkeypatch.setenv("POWERTOOLS_SERVICE_NAME", "todo-logs")
    return importlib.reload(importlib.import_module("ingestion.logs.handler"))


def invoke(function: ModuleType, *records: bytes) -> list[tuple[str, bytes]]:
    event = {
        "records": [
            {"recordId": f"record-{number}", "data": base64.b64encode(data).decode()}
            for number, data in enumerate(records)
        ]
    }
    answers = function.handler(event, CONTEXT)["records"]
    assert [answer["recordId"] for answer in answers] == [f"record-{number}" for number in range(len(records))]
    return [(answer["result"], base64.b64decode(answer["data"])) for answer in answers]


def test_every_record_is_answered_with_its_lines_dropped_or_failed(
    function: ModuleType, capsys: pytest.CaptureFixture[str]
) -> None:
    answers = invoke(function, document(LOGGED, LOGGED), document("START"), b"not gzip", document(LOGGED))
    assert [result for result, _ in answers] == ["Ok", "Dropped", "ProcessingFailed", "Ok"]
    assert [data.count(b"\n") for _, data in answers] == [2, 0, 0, 1]
    # Firehose counts such a call as a success, so what failed is counted here
    emitted = [json.loads(line) for line in capsys.readouterr().out.splitlines() if '"_aws"' in line]
    assert [(one["service"], one["RecordsNotTransformed"]) for one in emitted] == [("todo-logs", [1.0])]


def test_records_whose_lines_do_not_fit_in_an_answer_fail_and_the_others_pass(
    function: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = len(base64.b64encode(extract(document(LOGGED)).lines))
    monkeypatch.setattr(function, "ANSWER_BYTES", 2 * one)
    answers = invoke(function, document(LOGGED), document(LOGGED, LOGGED), document(LOGGED), document(LOGGED))
    assert [result for result, _ in answers] == ["Ok", "ProcessingFailed", "Ok", "ProcessingFailed"]
