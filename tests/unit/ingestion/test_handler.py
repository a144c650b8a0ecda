import functools
import importlib
import json
import random
from collections.abc import Sequence
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from ingestion.cdc.batch import Outcome, process
from tests.unit.ingestion.stream import record, task_image
from tests.unit.ingestion.test_delivery import STREAM, Firehose

NOW = "2026-11-23T10:00:01.000000Z"
CONTEXT = SimpleNamespace(
    function_name="todo-cdc",
    memory_limit_in_mb=256,
    invoked_function_arn="arn:aws:lambda:us-east-1:000000000000:function:todo-cdc",
    aws_request_id="invocation-1",
)


def poison(sequence: int) -> dict[str, Any]:
    return record(task_image(title={"N": "not a number: Ada's diary"}), sequence=sequence)


def changes(*sequences: int) -> list[dict[str, Any]]:
    return [record(task_image(version={"N": str(n)}), sequence=n) for n in sequences]


@pytest.fixture
def function(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The handler's module, imported as Lambda imports it: with its environment set."""
    for name, value in {
        "DELIVERY_STREAM_NAME": STREAM,
        "POWERTOOLS_SERVICE_NAME": "todo-cdc",
        "AWS_DEFAULT_REGION": "us-east-1",
    }.items():
        monkeypatch.setenv(name, value)
    return importlib.reload(importlib.import_module("ingestion.cdc.handler"))


def invoke(
    function: ModuleType, monkeypatch: pytest.MonkeyPatch, firehose: Firehose, records: Sequence[dict[str, Any]]
) -> list[str]:
    """The sequence numbers that the function reports as failed."""
    monkeypatch.setattr(function.firehose, "put_record_batch", firehose.put_record_batch)
    monkeypatch.setattr(function, "to_bronze", functools.partial(function.to_bronze, sleep=lambda _seconds: None))
    answer = function.handler({"Records": list(records)}, CONTEXT)
    return [failure["itemIdentifier"] for failure in answer["batchItemFailures"]]


def versions(firehose: Firehose) -> list[int]:
    return [json.loads(line)["new_image"]["version"] for line in firehose.accepted]


def test_a_batch_is_delivered_whole_and_in_order(function: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    firehose = Firehose()
    assert invoke(function, monkeypatch, firehose, changes(*range(1, 801))) == []
    assert versions(firehose) == list(range(1, 801))


def test_a_batch_stops_at_a_poison_record_and_names_it(function: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    firehose = Firehose()
    records = [*changes(1, 2), poison(3), *changes(4)]
    assert invoke(function, monkeypatch, firehose, records) == ["000000000000000000003"]
    assert versions(firehose) == [1, 2]


def test_a_batch_that_begins_with_poison_delivers_nothing_and_names_it(
    function: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    firehose = Firehose()
    assert invoke(function, monkeypatch, firehose, [poison(1), *changes(2)]) == ["000000000000000000001"]
    assert firehose.calls == []


def test_a_refused_record_ahead_of_a_poison_one_is_the_one_to_name(
    function: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    firehose = Firehose(lambda line, _attempt: json.loads(line)["new_image"]["version"] != 2)
    records = [*changes(1, 2, 3), poison(4)]
    assert invoke(function, monkeypatch, firehose, records) == ["000000000000000000002"]


def test_repeating_from_the_named_record_on_and_bisecting_loses_only_the_poison_record() -> None:
    """What an event source mapping does: resume at the named record; give a record up when it fails alone."""
    delivered: list[bytes] = []
    chance = random.Random(1)

    def deliver(lines: Sequence[bytes]) -> int:
        accepted = chance.randint(0, len(lines))
        delivered.extend(lines[:accepted])
        return accepted

    waiting, given_up = [*changes(1, 2), poison(3), *changes(4, 5), poison(6), *changes(7)], []
    tries = 0
    while waiting:
        size = chance.randint(1, len(waiting))
        outcome = process(waiting[:size], deliver, NOW)
        tries = 0 if outcome.delivered else tries + 1
        waiting = waiting[outcome.delivered :]
        if tries > 20:
            given_up.append(waiting.pop(0)["dynamodb"]["SequenceNumber"])
            tries = 0
    assert [json.loads(line)["new_image"]["version"] for line in delivered] == [1, 2, 4, 5, 7]
    assert given_up == ["000000000000000000003", "000000000000000000006"]


def test_the_order_of_one_items_changes_is_kept_within_a_batch() -> None:
    lines: list[bytes] = []

    def deliver(given: Sequence[bytes]) -> int:
        lines.extend(given)
        return len(given)

    records = [
        record(task_image(id={"S": f"task-{n % 7}"}, version={"N": str(n // 7)}), sequence=n) for n in range(350)
    ]
    assert process(records, deliver, NOW) == Outcome(350)
    for task in range(7):
        images = [json.loads(line)["new_image"] for line in lines]
        assert [i["version"] for i in images if i["id"] == f"task-{task}"] == list(range(50))


def test_an_empty_batch_delivers_nothing() -> None:
    def deliver(_lines: Sequence[bytes]) -> int:
        raise AssertionError("nothing to deliver")

    assert process([], deliver, NOW) == Outcome(0)


def test_logs_name_the_record_and_the_reason_but_none_of_its_data(
    function: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    logged: list[str] = []
    (sink,) = function.logger.handlers
    monkeypatch.setattr(sink, "emit", lambda entry: logged.append(sink.format(entry)))
    invoke(function, monkeypatch, Firehose(), [*changes(1), poison(2)])
    (entry,) = [json.loads(text) for text in logged]
    assert entry["level"] == "ERROR"
    assert entry["service"] == "todo-cdc"
    assert entry["event_id"] == "event-2"
    assert entry["sequence_number"] == "000000000000000000002"
    assert entry["delivered"] == 1
    assert "InvalidOperation" in entry["reason"]
    output = "".join(logged) + capsys.readouterr().out
    assert "Ada" not in output
    assert "Water the plants" not in output
