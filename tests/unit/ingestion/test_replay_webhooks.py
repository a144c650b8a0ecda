"""What failures of webhooks come to: looked up or queued again; the rest stays with a reason."""

import dataclasses
from collections.abc import Iterator, Sequence
from typing import Any

import pytest

from ingestion.replay import run, webhooks
from ingestion.replay.source import Message
from tests.unit.ingestion.stream import record, task_image
from tests.unit.ingestion.test_replay import discarded
from tests.unit.ingestion.test_webhook_deliveries import message


@dataclasses.dataclass
class Failed:
    """A failure queue of these bodies."""

    bodies: list[str]
    name: str = "failed"

    def __post_init__(self) -> None:
        self.left = {str(place): body for place, body in enumerate(self.bodies)}
        self.released = False

    def count_messages(self) -> int:
        return len(self.left)

    def read_batches(self) -> Iterator[list[Message]]:
        yield [Message(name, body, name) for name, body in self.left.items()]

    def delete(self, messages: Sequence[Message]) -> dict[str, str]:
        for one in messages:
            del self.left[one.id]
        return {}

    def release(self) -> None:
        self.released = True


def batch(*numbers: int) -> str:
    return discarded(*(record(task_image(), sequence=number) for number in numbers), function="todo-webhooks-fan-out")


def replay(queue: Failed, fan_out: Any, *, dry_run: bool = False) -> Any:
    return run.replay(queue, webhooks.FanOut(fan_out), lambda _: None, dry_run=dry_run)


@pytest.mark.parametrize("dry_run", [True, False])
def test_what_lambda_discarded_is_looked_up_again(dry_run: bool) -> None:
    queue, seen = Failed([batch(2, 3, 4), batch(7)]), []

    def fan_out(records: Any) -> None:
        seen.append([int(one["dynamodb"]["SequenceNumber"]) for one in records])

    done = replay(queue, fan_out, dry_run=dry_run)
    assert (done.messages, done.replayed, done.records, done.unresolved) == (2, 2, 4, {})
    assert seen == ([] if dry_run else [[2, 3, 4], [7]])
    assert len(queue.left) == (2 if dry_run else 0)
    assert queue.released


def test_what_cannot_be_replayed_stays_with_the_reason() -> None:
    queue = Failed([batch(6), batch(7), batch(8), "nonsense"])

    def fan_out(records: Any) -> int | None:
        number = int(records[0]["dynamodb"]["SequenceNumber"])
        if number == 7:
            raise KeyError("entity_type")
        return 0 if number == 6 else None

    done = replay(queue, fan_out)
    assert (done.messages, done.replayed) == (4, 1)
    assert done.unresolved == {
        "0": "the queue of webhooks did not take all of its events; try again",
        "1": "holds an item that the API has not written: KeyError",
        "3": "no invocation record of a batch that Lambda discarded",
    }
    assert sorted(queue.left) == ["0", "1", "3"]


def test_deliveries_go_back_into_their_queue() -> None:
    queue, sent = Failed([message(1).body(), "nonsense"]), []

    class To:
        def send(self, delivery: Any) -> None:
            sent.append(delivery)

    to: Any = To()
    done = run.replay(queue, webhooks.Deliveries(to), lambda _: None, dry_run=False)
    assert (done.messages, done.replayed, list(queue.left)) == (2, 1, ["1"])
    assert sent == [message(1)]
    assert done.unresolved == {"1": "no delivery of a form that this release knows"}
