"""Clients that send a mix of requests for a while, and the latency of each route.

Threads with httpx rather than Locust: it is in the lock already, and gevent's patches would reach the code beside it.
"""

import collections
import dataclasses
import random
import threading
import time
import uuid
from typing import Any

import httpx

SECONDS = 30.0
BARE = "bare GET"
# route -> its share of the requests; the bare one is the emulator's own time
MIX = {
    "GET /tasks": 24,
    "GET /tasks/{id}": 16,
    "POST /tasks": 20,
    "PATCH /tasks/{id}": 14,
    "DELETE /tasks/{id}": 6,
    "GET /insights": 4,
    "GET /tasks/changes": 4,
    BARE: 12,
}
# how many tasks of its own a client remembers to read and change
KNOWN = 200
PRIORITIES = ("low", "medium", "high", "urgent")


@dataclasses.dataclass
class Route:
    """What was sent to a route.

    Args:
        seconds: of each request.
        errors: status or failure, with how often it came.
    """

    seconds: list[float] = dataclasses.field(default_factory=list)
    errors: collections.Counter[str] = dataclasses.field(default_factory=collections.Counter)


class Client(threading.Thread):
    """One user who sends the mix until a moment.

    Args:
        api: address of the API, without `/api/v1`.
        bare: address of the bare function.
        token: of the user.
        until: `time.monotonic()` at which to stop.
        seed: of what is chosen.
    """

    def __init__(self, api: str, bare: str, token: str, until: float, seed: int) -> None:
        super().__init__(daemon=True)
        self._base, self._bare, self._until = f"{api}/api/v1", bare, until
        self._headers = {"Authorization": f"Bearer {token}"}
        self._random = random.Random(seed)
        self._tasks: list[str] = []
        self.routes: dict[str, Route] = {name: Route() for name in MIX}

    def run(self) -> None:
        """Send one request after another."""
        with httpx.Client(timeout=SECONDS) as http:
            while time.monotonic() < self._until:
                (name,) = self._random.choices(list(MIX), list(MIX.values()))
                self._send(http, name)

    def _send(self, http: httpx.Client, name: str) -> None:
        if "{id}" in name and not self._tasks:
            name = "POST /tasks"
        method, _, path = name.partition(" ")
        task = self._random.choice(self._tasks) if "{id}" in name else ""
        url = self._bare if name == BARE else self._base + path.replace("{id}", task)
        request: dict[str, Any] = {} if name == BARE else {"headers": dict(self._headers)}
        if method in ("POST", "PATCH", "DELETE"):
            request["headers"]["Idempotency-Key"] = str(uuid.uuid4())
        if method in ("POST", "PATCH"):
            request["json"] = self._body(method)
        began = time.perf_counter()
        try:
            answer = http.request("GET" if name == BARE else method, url, **request)
        except httpx.HTTPError as error:
            self.routes[name].errors[type(error).__name__] += 1
            return
        self.routes[name].seconds.append(time.perf_counter() - began)
        # who has no figures in gold yet gets 404 from the insights
        if answer.status_code >= 400 and not (path == "/insights" and answer.status_code == 404):
            self.routes[name].errors[str(answer.status_code)] += 1
        elif method == "POST":
            self._tasks = [*self._tasks[-KNOWN:], answer.json()["id"]]
        elif method == "DELETE":
            self._tasks.remove(task)

    def _body(self, method: str) -> dict[str, Any]:
        if method == "PATCH":
            return {"status": self._random.choice(("pending", "in_progress"))}
        return {"title": f"soak {self._random.random():.6f}", "priority": self._random.choice(PRIORITIES)}


def summary(clients: list[Client]) -> dict[str, dict[str, Any]]:
    """Requests, errors, p50 and p99 in ms of each route, and its median over that of the bare function.

    Args:
        clients: when they have ended.
    """
    found: dict[str, dict[str, Any]] = {}
    for name in MIX:
        seconds = sorted(one for client in clients for one in client.routes[name].seconds)
        errors = sum((client.routes[name].errors for client in clients), collections.Counter[str]())
        p50, p99 = percentile(seconds, 0.5), percentile(seconds, 0.99)
        found[name] = {"requests": len(seconds), "errors": errors.total(), "p50_ms": p50, "p99_ms": p99}
    bare = found[BARE]["p50_ms"]
    for route in found.values():
        route["p50_ratio"] = round(route["p50_ms"] / bare, 2) if bare and route["requests"] else None
    return found


def percentile(ordered: list[float], share: float) -> float:
    """A percentile in ms, by the nearest rank; 0 of nothing.

    Args:
        ordered: seconds, ascending.
        share: 0 to 1.
    """
    if not ordered:
        return 0.0
    return round(1000 * ordered[min(int(share * len(ordered)), len(ordered) - 1)], 1)
