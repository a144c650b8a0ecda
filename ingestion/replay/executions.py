"""Executions of the pipeline that the schedule could not start; a message is the input of one."""

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING

from ingestion.replay.run import Destination, Summary, UnresolvedError
from ingestion.replay.source import Message

if TYPE_CHECKING:
    from mypy_boto3_stepfunctions import SFNClient


class Executions(Destination[str]):
    """Starts executions, each named after its message, so that a message that is replayed twice runs once.

    Args:
        client: a Step Functions client.
        state_machine_arn: what to start.
    """

    def __init__(self, client: "SFNClient", state_machine_arn: str) -> None:
        self._client, self._machine = client, state_machine_arn

    def read(self, body: str) -> str:
        """The input."""
        try:
            is_object = isinstance(json.loads(body), dict)
        except ValueError:
            is_object = False
        if not is_object:
            raise UnresolvedError("not the input of an execution: no JSON object")
        return body

    def deliver(self, batch: Sequence[tuple[Message, str]], summary: Summary, *, dry_run: bool) -> list[Message]:
        """Start one execution after the other."""
        for message, given in () if dry_run else batch:
            try:
                self._client.start_execution(stateMachineArn=self._machine, name=f"replay-{message.id}", input=given)
                summary.records += 1
            except self._client.exceptions.ExecutionAlreadyExists:
                pass
        return [message for message, _ in batch]
