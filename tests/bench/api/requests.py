"""The handler on an emulated table: how often it calls DynamoDB, what a create writes, and what it costs in CPU."""

import statistics
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from api.settings import Settings
from tests.bench.api import units
from tests.bench.api.observed import handler_of
from tests.integration.api.client import Client, Reply

TASKS = "/api/v1/tasks"
WARM_UP, MEASURED = 50, 400
# of every size: one KB is the step at which units go up
BODIES: list[dict[str, Any]] = [
    {"title": "Water the plants"},
    {"title": "Water the plants", "description": "The fern too.", "category": "home", "due_date": "2026-12-01"},
    {"title": "ü" * 200, "description": "ü" * 1000, "category": "ü" * 50, "due_date": "2026-12-01"},
]


class Requests:
    """One user's requests, counted.

    Args:
        settings: of a table that exists.
    """

    def __init__(self, settings: Settings) -> None:
        handler, self._dynamodb = handler_of(settings)
        self._user = Client(
            handler, {"sub": str(uuid.uuid4()), "token_use": "id", "email": "a@example.com", "name": "A"}
        )
        # a user's first request in a process makes sure of the profile
        assert self._user.send("GET", f"{TASKS}/{'0' * 26}").status == 404

    def calls(self) -> dict[str, int]:
        """DynamoDB calls per operation, retries included; the most that any form of it takes."""
        first, second = self._user.created(), self._user.created()
        path, other = f"{TASKS}/{first['id']}", f"{TASKS}/{second['id']}"

        def rename() -> Reply:
            return self._user.send("PUT", path, {"title": "x"}, idempotency_key="update")

        return {
            "create": self._most(201, lambda: self._user.create(key="create")),
            "get": self._most(200, lambda: self._user.send("GET", path)),
            "list": self._most(200, lambda: self._user.send("GET", TASKS)),
            "update": self._most(
                200,
                rename,
                lambda: self._user.send("PUT", path, {"title": "y"}),
                lambda: self._user.send("PUT", path, {"title": "z"}, if_match='"3"'),
            ),
            "delete": self._most(
                204,
                lambda: self._user.send("DELETE", path),
                lambda: self._user.send("DELETE", other, idempotency_key="delete"),
            ),
            "replay": max(
                self._most(201, lambda: self._replayed(self._user.create(key="create"))),
                self._most(200, lambda: self._replayed(rename())),
                self._most(204, lambda: self._replayed(self._user.send("DELETE", other, idempotency_key="delete"))),
            ),
        }

    def write_units_ratio(self) -> float:
        """Units of a create, divided by those of four global indexes and a separate record; the worst of `BODIES`."""
        ratios = []
        for body in BODIES:
            with self._heard("before-parameter-build.dynamodb.TransactWriteItems", "params") as requests:
                self._user.created(**body)
            (request,) = requests
            spent, compared = units.of_transaction(request), units.of_four_indexes(request)
            size = units.size(request["TransactItems"][0]["Put"]["Item"])
            print(f"a create of {size} bytes: {spent} units of {compared}", file=sys.stderr)
            ratios.append(spent / compared)
        return max(ratios)

    def create_cpu_ms(self) -> float:
        """CPU of this process for one create, p50, milliseconds."""
        spent = []
        for number in range(WARM_UP + MEASURED):
            began = time.process_time()
            self._user.created(f"task {number}", category="home", due_date="2026-12-01")
            spent.append(time.process_time() - began)
        return statistics.median(spent[WARM_UP:]) * 1000

    def _most(self, status: int, *operations: Callable[[], Reply]) -> int:
        counted = []
        for operation in operations:
            with self._heard("before-send.dynamodb", "event_name") as sent:
                reply = operation()
            assert reply.status == status, reply.text
            counted.append(len(sent))
        return max(counted)

    @staticmethod
    def _replayed(reply: Reply) -> Reply:
        assert reply.headers["idempotency-replayed"] == "true"
        return reply

    @contextmanager
    def _heard(self, event: str, argument: str) -> Iterator[list[Any]]:
        """What the SDK says under `event` while the block runs."""
        heard: list[Any] = []

        def note(**arguments: Any) -> None:
            heard.append(arguments[argument])

        self._dynamodb.meta.events.register(event, note)
        yield heard
        self._dynamodb.meta.events.unregister(event, note)
