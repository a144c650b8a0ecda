"""Faults of change capture and of request logs, in the deployed functions, while people work."""

import functools
import json
import pathlib
from collections.abc import Iterator
from contextlib import contextmanager

import boto3

from infra.local.demo.store import Bronze
from ingestion.contract import LOGS_FUNCTION
from ingestion.discarded import DiscardedBatch, list_discarded
from tests.conftest import until
from tests.e2e.story.capture import FUNCTION, MAX_AGE_SECONDS, QUARANTINE, FaultyFunction
from tests.year.people import Person
from tests.year.world import World

FAULTY_LOGS = pathlib.Path(__file__).with_name("faulty_logs.py")
SECONDS = 180


@contextmanager
def capture_fails(fault: str, world: World) -> Iterator[None]:
    """Change capture has a fault of `faulty_capture.py`."""
    function = FaultyFunction(_folder(world, fault))
    function.install(fault)
    try:
        yield
        until(
            "every change to be in bronze or in quarantine", functools.partial(_is_settled, world), SECONDS, every=0.5
        )
    finally:
        function.install(None)


def _is_settled(world: World) -> bool:
    sqs = boto3.client("sqs")
    url = sqs.get_queue_url(QueueName=QUARANTINE)["QueueUrl"]
    found = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["ApproximateNumberOfMessages"])
    if found["Attributes"]["ApproximateNumberOfMessages"] != "0":
        return True
    return Bronze(world.platform.outputs["BronzeBucket"]).missing(world.platform.table()) == 0


@contextmanager
def capture_is_refused(world: World) -> Iterator[None]:
    """Change capture is refused until Lambda gives its records up; then a run counts what lies in bronze instead."""
    function = FaultyFunction(_folder(world, "refused"))
    function.install("throttle_all")
    function.discard_after(2)
    try:
        yield
        until("every change to be kept", functools.partial(_is_kept, world), SECONDS, every=0.5)
    finally:
        function.install(None)
        function.discard_after(MAX_AGE_SECONDS)
    world.run()


def _is_kept(world: World) -> bool:
    """Whether bronze, or batches that Lambda has discarded, have the newest version of every item."""
    s3, bucket, table = boto3.client("s3"), world.platform.outputs["BronzeBucket"], world.platform.table()
    bronze = Bronze(bucket)
    bronze.refresh()
    found = dict(bronze.versions)
    for key in list_discarded(s3, bucket).get(FUNCTION, []):
        body = s3.get_object(Bucket=bucket, Key=key)["Body"].read()
        for change in (record["dynamodb"] for record in DiscardedBatch.parse(body).records):
            item = change["Keys"]["PK"]["S"], change["Keys"]["SK"]["S"]
            if "NewImage" in change:
                found[item] = max(found.get(item, 0), int(change["NewImage"]["version"]["N"]))
    return all(found.get(item, 0) >= version for item, version in table.versions.items())


@contextmanager
def changes_lost(world: World) -> Iterator[None]:
    """Change capture confirms changes that it does not deliver, and the nightly comparison finds them."""
    yield
    world.platform.wait_for_bronze()
    state = _folder(world, "lost")
    function = FaultyFunction(state)
    function.install("lose")
    try:
        lost = {f"TASK#{task_id}" for person in world.people for task_id in _change_each_once(world, person)}
        until("all of them to be lost", lambda: lost <= {path.name for path in state.iterdir()}, SECONDS, every=0.5)
    finally:
        function.install(None)
    # silver has all that bronze has: what differs is what was lost
    world.run()
    world.build("todo-reconcile", SETTLED_MINUTES="0", CHANGED_DAYS="0")


def _change_each_once(world: World, person: Person) -> list[str]:
    """A task is made, one changed and one deleted; their ids, each of which has one change more."""
    today = world.clock.now().date()
    live = [id_ for id_, task in person.tasks.items() if "deleted_at" not in task and not task.get("recurrence")]
    while len(live) < 3:
        live.append(person.create(title="To be changed")["id"])
    made = person.create(title=f"Made on {today}")["id"]
    done, removed = live[0], live[1]
    person.tasks[done] = person.ask("PATCH", f"/tasks/{done}", 200, {"category": "lost and found"})
    person.send("DELETE", f"/tasks/{removed}", 204)
    person.look_at_the_trash()
    return [made, done, removed]


@contextmanager
def logs_not_transformed(world: World) -> Iterator[None]:
    """No request log can be transformed; all of them are kept below `errors/logs/`."""
    seen = {person.id: len(person.answered) for person in world.people}
    function = FaultyFunction(_folder(world, "logs"), LOGS_FUNCTION, FAULTY_LOGS)
    function.install("refuse")
    try:
        yield
        world.requests_kept = [id_ for person in world.people for id_ in person.answered[seen[person.id] :]]

        def are_kept() -> bool:
            planned = json.loads(world.type("replay", "--queue", "logs", "--dry-run", "--json", expected=None))
            return bool(sum(queue["records"] for queue in planned["queues"].values()) >= len(world.requests_kept))

        until("every request log to be kept", are_kept, SECONDS, every=3)
    finally:
        function.install(None)


def _folder(world: World, name: str) -> pathlib.Path:
    made = world.folder / f"{name}-{world.runs}"
    made.mkdir()
    return made
