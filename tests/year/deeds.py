"""What people, engineers and operators do on purpose on some days, and what happens to the account itself."""

import datetime as dt
import json
import time
from collections.abc import Iterator
from contextlib import contextmanager

from infra.local.account import persistence
from tests.conftest import until
from tests.year.world import World


@contextmanager
def killed(world: World) -> Iterator[None]:
    """The account is killed when people have worked, and started again."""
    yield
    written = time.time()
    state = world.platform.account.settings.state
    until("all that was written to be saved", lambda: (persistence.saved_at(state) or 0) > written, 180, every=0.5)
    process = world.platform.account.process
    if process is None:
        raise RuntimeError("the account is not running")
    process.kill()
    process.wait()
    world.platform.account.start()


@contextmanager
def restarted(world: World) -> Iterator[None]:
    """The account is stopped when people have worked, and started again."""
    yield
    world.platform.account.stop()
    world.platform.account.start()


def leave(world: World) -> None:
    """Somebody deletes their account, and an operator has it erased everywhere."""
    person = world.people.pop(world.chance.randrange(len(world.people)))
    person.send("DELETE", "/users", 204)
    world.erased.append(person.id)
    world.changes_of_erased += person.changes
    world.type("erase-user", person.id, "--yes", "--wait", "180")


def export(world: World) -> None:
    """Somebody takes everything with them, and it is everything."""
    person = world.chance.choice(world.people)
    lines = [json.loads(line) for line in person.send("GET", "/export", 200).text.splitlines()]
    exported = {line["task"]["id"]: line["task"]["version"] for line in lines if line["type"] == "task"}
    listed = {task_id: task["version"] for task_id, task in person.read_everything().items()}
    if exported != listed:
        raise AssertionError(f"the export of {person.id} has {exported}, and the API lists {listed}")


def backfill_window(world: World) -> None:
    """An engineer runs the last three days again."""
    now = world.clock.now()
    first = (now - dt.timedelta(days=3)).strftime("%Y-%m-%d")
    world.runs += 1
    world.type("pipeline", "backfill", "--from", first, "--to", (now + dt.timedelta(days=1)).strftime("%Y-%m-%d"))


def build_anew(world: World) -> None:
    """An engineer has silver and gold built anew, from all of bronze."""
    world.runs += 1
    world.type("pipeline", "start", "--full-refresh", "--wait")


def write_table_to_bronze(world: World) -> None:
    """An operator writes the table's items to bronze, and runs the pipeline over them."""
    world.type("backfill", "--full")
    world.run()


def maintain(world: World) -> None:
    """Maintenance of silver, and a comparison of table and silver."""
    world.run_maintenance()
    world.type("reconcile")


def compare_request_logs(world: World) -> list[str]:
    """What is wrong with the requests that silver has: each that was answered has to be there, once."""
    rows = world.platform.silver("select request_id, count(*) as n from api_requests group by request_id")
    found = {str(row["request_id"]): int(row["n"] or 0) for row in rows}
    missing = [id_ for id_ in world.requests_kept if id_ not in found]
    wrong = [f"silver lacks {len(missing)} of {len(world.requests_kept)} requests, as {missing[0]}"] if missing else []
    return [*wrong, *(f"silver has the request {id_} {n} times" for id_, n in found.items() if n > 1)]
