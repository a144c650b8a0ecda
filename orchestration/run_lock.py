"""One writer of the lake at a time: the run lock belongs to one execution, or to maintenance for a while.

A conditional write decides between two that want it at once. An execution never releases the lock: whoever finds it
held by an execution that has ended, however it ended, takes it over. Maintenance holds it on a lease that it renews, so
that a job that was killed holds it for minutes only, and releases it between its slices. While maintenance waits it
says so in an item of its own, and an execution that would take the lock lets it go first; otherwise executions that
follow each other would never leave a gap.
"""

import contextlib
import dataclasses
import threading
import time
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from api import contract

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.client import DynamoDBClient
    from mypy_boto3_stepfunctions import SFNClient

KEY = contract.Key(contract.PIPELINE_PARTITION, "LOCK").typed()
REQUEST_KEY = contract.Key(contract.PIPELINE_PARTITION, "LOCK_REQUEST").typed()
RUNNING = ("RUNNING", "PENDING_REDRIVE")
# an execution that Step Functions does not know has begun this moment, or is older than the history that it keeps
NEW = timedelta(minutes=5)
LEASE = timedelta(minutes=3)
REQUEST = timedelta(minutes=1)
RENEW_SECONDS = 30.0
POLL_SECONDS = 5.0
# an execution that waits looks at the lock at least that often
GIVE_WAY_SECONDS = 40.0


def acquire(table: "DynamoDBClient", name: str, machines: "SFNClient", execution: str, now: datetime) -> str:
    """Acquire the run lock for an execution, if it is free and maintenance does not wait for it.

    Args:
        table: client of the table that holds the lock.
        name: of that table.
        machines: says whether an execution is still under way.
        execution: its ARN; that it holds the lock already is no obstacle.
        now: this instant.

    Returns:
        whoever holds the lock, or comes first: an execution's ARN, or the name of a run of maintenance.
    """
    held = _read(table, name, KEY)
    if held and held["holder"]["S"] != execution and _is_held(machines, held, now):
        return str(held["holder"]["S"])
    request = _read(table, name, REQUEST_KEY)
    if request and not (held and held["holder"]["S"] == execution) and _expires_at(request) > now:
        return str(request["holder"]["S"])
    if _put(table, name, held, {"holder": {"S": execution}, "acquired_at": {"S": now.isoformat()}}):
        return execution
    return table.get_item(TableName=name, Key=KEY, ConsistentRead=True)["Item"]["holder"]["S"]


@dataclasses.dataclass(frozen=True)
class Lease:
    """The run lock as maintenance takes it, slice by slice.

    Args:
        table: client of the table that holds the lock.
        name: of that table.
        machines: says whether an execution is still under way.
        holder: who shall hold it, for whoever waits.
        deadline: on `time.monotonic`'s clock; nothing is waited for beyond it.
        pipeline: ARN of the state machine whose executions are let through between slices; empty: there is none.
    """

    table: "DynamoDBClient"
    name: str
    machines: "SFNClient"
    holder: str
    deadline: float
    pipeline: str = ""

    @contextlib.contextmanager
    def held(self) -> Iterator[None]:
        """Hold the lock during the block, and let an execution that waits for it have it afterwards.

        Raises:
            TimeoutError: somebody else held it until the deadline; says who.
        """
        self._acquire()
        ended = threading.Event()
        renewing = threading.Thread(target=self._renew, args=(ended,), daemon=True)
        renewing.start()
        try:
            yield
        finally:
            ended.set()
            renewing.join()
            with contextlib.suppress(self.table.exceptions.ConditionalCheckFailedException):
                self.table.delete_item(TableName=self.name, Key=KEY, **self._is_mine())
            self._give_way()

    def _acquire(self) -> None:
        while True:
            now = datetime.now(UTC)
            held = _read(self.table, self.name, KEY)
            is_free = not held or held["holder"]["S"] == self.holder or not _is_held(self.machines, held, now)
            if is_free and _put(self.table, self.name, held, self._lease(now)):
                self.table.delete_item(TableName=self.name, Key=REQUEST_KEY)
                return
            if time.monotonic() > self.deadline:
                self.table.delete_item(TableName=self.name, Key=REQUEST_KEY)
                by = held["holder"]["S"] if held else "others"
                raise TimeoutError(f"the run lock was held by {by} for as long as maintenance can wait")
            request = {"holder": {"S": self.holder}, "expires_at": {"S": (now + REQUEST).isoformat()}}
            self.table.put_item(TableName=self.name, Item={**REQUEST_KEY, "entity_type": {"S": "LOCK"}, **request})
            time.sleep(POLL_SECONDS)

    def _renew(self, ended: threading.Event) -> None:
        while not ended.wait(RENEW_SECONDS):
            item = {**KEY, "entity_type": {"S": "LOCK"}, **self._lease(datetime.now(UTC))}
            self.table.put_item(TableName=self.name, Item=item, **self._is_mine())

    def _give_way(self) -> None:
        """Wait until an execution that runs has taken the lock; at most as long as it needs to look."""
        end = min(self.deadline, time.monotonic() + GIVE_WAY_SECONDS)
        while self.pipeline and time.monotonic() < end:
            if _read(self.table, self.name, KEY) or not self._has_executions():
                return
            time.sleep(1)

    def _has_executions(self) -> bool:
        found = self.machines.list_executions(stateMachineArn=self.pipeline, statusFilter="RUNNING", maxResults=1)
        return bool(found["executions"])

    def _lease(self, now: datetime) -> dict[str, Any]:
        times = {"acquired_at": {"S": now.isoformat()}, "expires_at": {"S": (now + LEASE).isoformat()}}
        return {"holder": {"S": self.holder}, **times}

    def _is_mine(self) -> dict[str, Any]:
        return {
            "ConditionExpression": "holder = :holder",
            "ExpressionAttributeValues": {":holder": {"S": self.holder}},
        }


def _read(table: "DynamoDBClient", name: str, key: Any) -> Mapping[str, Any] | None:
    return table.get_item(TableName=name, Key=key, ConsistentRead=True).get("Item")


def _put(table: "DynamoDBClient", name: str, held: Mapping[str, Any] | None, item: Mapping[str, Any]) -> bool:
    """Write the lock, unless somebody else has since `held` was read; whether it was written."""
    condition: dict[str, Any] = {"ConditionExpression": "attribute_not_exists(PK)"}
    if held:
        # taken over by another meanwhile, it has another time of acquisition
        condition = {
            "ConditionExpression": "holder = :holder and acquired_at = :acquired_at",
            "ExpressionAttributeValues": {":holder": held["holder"], ":acquired_at": held["acquired_at"]},
        }
    try:
        table.put_item(TableName=name, Item={**KEY, "entity_type": {"S": "LOCK"}, **item}, **condition)
    except table.exceptions.ConditionalCheckFailedException:
        return False
    return True


def _is_held(machines: "SFNClient", held: Mapping[str, Any], now: datetime) -> bool:
    if "expires_at" in held:
        return _expires_at(held) > now
    try:
        return machines.describe_execution(executionArn=held["holder"]["S"])["status"] in RUNNING
    except machines.exceptions.ExecutionDoesNotExist:
        return now - datetime.fromisoformat(held["acquired_at"]["S"]) < NEW


def _expires_at(item: Mapping[str, Any]) -> datetime:
    return datetime.fromisoformat(item["expires_at"]["S"])
