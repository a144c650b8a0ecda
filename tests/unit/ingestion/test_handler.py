import functools
import importlib
import json
import random
from collections.abc import Mapping, Sequence
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest
from botocore.exceptions import EndpointConnectionError

from ingestion.cdc.batch import Outcome, process
from ingestion.cdc.quarantine import unpack_record
from tests.unit.ingestion.stream import record, task_image
from tests.unit.ingestion.test_delivery import STREAM, Firehose

QUEUE = "https://sqs.us-east-1.amazonaws.com/000000000000/todo-cdc-quarantine"
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
        "QUARANTINE_QUEUE_URL": QUEUE,
        "POWERTOOLS_SERVICE_NAME": "todo-cdc",
        "AWS_DEFAULT_REGION": "us-east-1",
    }.items():
        monkeypatch.setenv(name, value)
    return importlib.reload(importlib.import_module("ingestion.cdc.handler"))


class Queue:
    """Keeps the messages it gets, unless they are about a sequence number it refuses."""

    def __init__(self, refuses: Sequence[str] = ()) -> None:
        self.refuses = refuses
        self.messages: list[dict[str, Any]] = []

    def send_message(self, *, QueueUrl: str, MessageBody: str) -> None:  # noqa: N803
        assert QueueUrl == QUEUE
        message = json.loads(MessageBody)
        if message["sequence_number"] in self.refuses:
            raise EndpointConnectionError(endpoint_url=QUEUE)
        self.messages.append(message)

    @property
    def sequence_numbers(self) -> list[int]:
        return [int(message["sequence_number"]) for message in self.messages]


def invoke(
    function: ModuleType,
    monkeypatch: pytest.MonkeyPatch,
    firehose: Firehose,
    queue: Queue,
    records: Sequence[dict[str, Any]],
) -> list[str]:
    """The sequence numbers that the function reports as failed."""
    monkeypatch.setattr(function.firehose, "put_record_batch", firehose.put_record_batch)
    monkeypatch.setattr(function.sqs, "send_message", queue.send_message)
    monkeypatch.setattr(function, "to_bronze", functools.partial(function.to_bronze, sleep=lambda _seconds: None))
    answer = function.handler({"Records": list(records)}, CONTEXT)
    return [failure["itemIdentifier"] for failure in answer["batchItemFailures"]]


def versions(firehose: Firehose) -> list[int]:
    return [json.loads(line)["new_image"]["version"] for line in firehose.accepted]


def test_a_batch_is_delivered_whole_and_in_order(function: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    firehose, queue = Firehose(), Queue()
    assert invoke(function, monkeypatch, firehose, queue, changes(*range(1, 801))) == []
    assert versions(firehose) == list(range(1, 801))
    assert queue.messages == []


def test_a_poison_record_goes_to_quarantine_and_holds_up_nobody(
    function: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    firehose, queue = Firehose(), Queue()
    records = [poison(1), *changes(2, 3), poison(4), *changes(5)]
    assert invoke(function, monkeypatch, firehose, queue, records) == []
    assert versions(firehose) == [2, 3, 5]
    assert queue.sequence_numbers == [1, 4]


def test_a_quarantined_record_can_be_found_again_and_says_why_it_is_there(
    function: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    queue = Queue()
    invoke(function, monkeypatch, Firehose(), queue, [poison(3)])
    (message,) = queue.messages
    assert unpack_record(message.pop("record")) == poison(3)
    assert message == {
        "quarantine_version": 1,
        "reason": "not a stream record as expected: InvalidOperation",
        "event_id": "event-3",
        "event_name": "INSERT",
        "stream_arn": poison(3)["eventSourceARN"],
        "sequence_number": "000000000000000000003",
        "keys": {"PK": "TASK#u-1", "SK": "TASK#01JDX"},
    }


@pytest.mark.parametrize("text", ["x" * 1_200_000, random.Random(1).randbytes(900_000).hex()])
def test_an_image_beyond_the_streams_limit_goes_to_quarantine_with_the_record_if_that_fits(
    function: ModuleType, monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    firehose, queue = Firehose(), Queue()
    huge = record(task_image(description={"S": text}), sequence=2)
    assert invoke(function, monkeypatch, firehose, queue, [*changes(1), huge, *changes(3)]) == []
    assert versions(firehose) == [1, 3]
    (message,) = queue.messages
    assert "bytes are more than the 1024000" in message["reason"]
    assert message["keys"] == {"PK": "TASK#u-1", "SK": "TASK#01JDX"}
    if text.startswith("xx"):
        assert unpack_record(message["record"]) == huge
    else:
        assert message["record"] is None


def test_a_refused_record_ahead_of_a_poison_one_is_the_one_to_name(
    function: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    firehose, queue = Firehose(lambda line, _attempt: json.loads(line)["new_image"]["version"] != 3), Queue()
    records = [poison(1), *changes(2, 3, 4), poison(5)]
    assert invoke(function, monkeypatch, firehose, queue, records) == ["000000000000000000003"]
    assert queue.sequence_numbers == [1]


def test_a_record_that_not_even_the_quarantine_takes_is_not_done(
    function: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    firehose, queue = Firehose(), Queue(refuses=["000000000000000000003"])
    records = [poison(1), *changes(2), poison(3), *changes(4)]
    assert invoke(function, monkeypatch, firehose, queue, records) == ["000000000000000000003"]
    assert queue.sequence_numbers == [1]


def test_repeating_from_the_named_record_on_loses_nothing_whatever_is_refused() -> None:
    """What an event source mapping does: resume at the named record."""
    delivered: list[bytes] = []
    quarantined: list[str] = []
    chance = random.Random(1)

    def deliver(lines: Sequence[bytes]) -> int:
        accepted = chance.randint(0, len(lines))
        delivered.extend(lines[:accepted])
        return accepted

    def quarantine(bad: Mapping[str, Any], _reason: str) -> bool:
        accepted = chance.random() < 0.5
        if accepted:
            quarantined.append(bad["dynamodb"]["SequenceNumber"])
        return accepted

    records = [*changes(1, 2), poison(3), *changes(4, 5), poison(6), *changes(7)]
    while records:
        size = chance.randint(1, len(records))
        records = records[process(records[:size], deliver, quarantine, NOW).done :]
    versions = [json.loads(line)["new_image"]["version"] for line in delivered]
    assert list(dict.fromkeys(versions)) == [1, 2, 4, 5, 7]
    assert list(dict.fromkeys(quarantined)) == ["000000000000000000003", "000000000000000000006"]


def refuse(_record: Mapping[str, Any], reason: str) -> bool:
    raise AssertionError(f"nothing to set aside: {reason}")


def test_the_order_of_one_items_changes_is_kept_within_a_batch() -> None:
    lines: list[bytes] = []

    def deliver(given: Sequence[bytes]) -> int:
        lines.extend(given)
        return len(given)

    records = [
        record(task_image(id={"S": f"task-{n % 7}"}, version={"N": str(n // 7)}), sequence=n) for n in range(350)
    ]
    assert process(records, deliver, refuse, NOW) == Outcome(350)
    for task in range(7):
        images = [json.loads(line)["new_image"] for line in lines]
        assert [i["version"] for i in images if i["id"] == f"task-{task}"] == list(range(50))


def test_an_empty_batch_delivers_nothing() -> None:
    def deliver(_lines: Sequence[bytes]) -> int:
        raise AssertionError("nothing to deliver")

    assert process([], deliver, refuse, NOW) == Outcome(0)


def test_logs_name_the_record_and_the_reason_but_none_of_its_data(
    function: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    logged: list[str] = []
    (sink,) = function.logger.handlers
    monkeypatch.setattr(sink, "emit", lambda entry: logged.append(sink.format(entry)))
    invoke(function, monkeypatch, Firehose(), Queue(), [*changes(1), poison(2)])
    invoke(function, monkeypatch, Firehose(lambda _line, _attempt: False), Queue(), changes(3))
    done, refused = [json.loads(text) for text in logged]
    assert (done["level"], done["records"], done["quarantined"]) == ("ERROR", 2, 1)
    assert (refused["level"], refused["service"]) == ("ERROR", "todo-cdc")
    assert (refused["event_id"], refused["sequence_number"]) == ("event-3", "000000000000000000003")
    assert (refused["done"], refused["reason"]) == (0, "refused by the delivery stream")
    output = "".join(logged) + capsys.readouterr().out
    assert "Ada" not in output
    assert "Water the plants" not in output
