"""A replay: queue by queue, batch by batch; nothing leaves a queue before it is where it was meant to go."""

import dataclasses
import json
from collections.abc import Callable
from typing import TYPE_CHECKING

from ingestion.bronze import Bronze
from ingestion.replay.changes import Resolver
from ingestion.replay.erased import Erased
from ingestion.replay.queues import Message, Queue

if TYPE_CHECKING:
    from mypy_boto3_stepfunctions import SFNClient

SOURCE = "replay"


@dataclasses.dataclass
class Summary:
    """What a replay came to.

    Args:
        messages: how many were received.
        replayed: how many were delivered and deleted from their queue (or would have been, in a dry run).
        records: lines written to bronze, or executions started.
        erased: changes left out because their user has been erased since.
        exported: items that were written because changes had aged out of the stream.
        unresolved: message id to the reason why it is still in its queue.
    """

    messages: int = 0
    replayed: int = 0
    records: int = 0
    erased: int = 0
    exported: int = 0
    unresolved: dict[str, str] = dataclasses.field(default_factory=dict)

    def count_deleted(self, queue: Queue, delivered: list[Message]) -> None:
        """Delete what was delivered; what SQS does not delete is unresolved, and a later replay delivers it again."""
        failed = queue.delete(delivered)
        self.replayed += len(delivered) - len(failed)
        for message_id, reason in failed.items():
            self.unresolved[message_id] = f"it was delivered, but could not be deleted from the queue: {reason}"


def replay_changes(
    queue: Queue,
    resolver: Resolver,
    erased: Erased,
    bronze: Bronze,
    export: Callable[[], int],
    seen: Callable[[int], None],
    *,
    dry_run: bool,
) -> Summary:
    """Bring the changes that a queue of change capture is about to bronze.

    Args:
        queue: what to empty.
        resolver: finds the changes.
        erased: finds the changes of users who have been erased, which are left out.
        bronze: where they go.
        export: exports the table and returns how many items that were; called once at most, for all that has aged out.
        seen: called with how many messages more have been looked at.
        dry_run: write nothing and leave every message where it is.

    Raises:
        botocore.exceptions.ClientError: a call failed; what is not in bronze is still in the queue.
    """
    summary = Summary()
    aged_out: list[Message] = []
    try:
        for batch in queue.read_batches():
            lines: list[bytes] = []
            done: list[Message] = []
            for message in batch:
                resolved = resolver.resolve(message.body)
                lines += resolved.lines
                if resolved.unresolved:
                    summary.unresolved[message.id] = resolved.unresolved
                elif resolved.export:
                    aged_out.append(message)
                else:
                    done.append(message)
                summary.messages += 1
                seen(1)
            kept = erased.drop_erased(lines)
            summary.erased += len(lines) - len(kept)
            summary.records += len(kept)
            if dry_run:
                summary.replayed += len(done)
                continue
            if kept:
                bronze.write(SOURCE, kept)
            summary.count_deleted(queue, done)
        if dry_run:
            summary.replayed += len(aged_out)
        elif aged_out:
            summary.exported = export()
            summary.count_deleted(queue, aged_out)
    finally:
        queue.release()
    return summary


def replay_executions(
    queue: Queue, client: "SFNClient", state_machine_arn: str, seen: Callable[[int], None], *, dry_run: bool
) -> Summary:
    """Start the executions whose inputs a queue holds.

    An execution is named after its message, so that a message that is replayed twice runs once.

    Args:
        queue: what to empty.
        client: a Step Functions client.
        state_machine_arn: what to start.
        seen: called with how many messages more have been looked at.
        dry_run: start nothing and leave every message where it is.

    Raises:
        botocore.exceptions.ClientError: a call failed; the message is still in the queue.
    """
    summary = Summary()
    try:
        for batch in queue.read_batches():
            for message in batch:
                summary.messages += 1
                seen(1)
                if not _is_object(message.body):
                    summary.unresolved[message.id] = "not the input of an execution: no JSON object"
                    continue
                if dry_run:
                    summary.replayed += 1
                    continue
                try:
                    client.start_execution(
                        stateMachineArn=state_machine_arn, name=f"replay-{message.id}", input=message.body
                    )
                    summary.records += 1
                except client.exceptions.ExecutionAlreadyExists:
                    pass
                summary.count_deleted(queue, [message])
    finally:
        queue.release()
    return summary


def _is_object(body: str) -> bool:
    try:
        return isinstance(json.loads(body), dict)
    except ValueError:
        return False
