"""Requests to the API and runs of the pipeline with silent days, and the gold rows that follow from them."""

import dataclasses
import datetime as dt
import math
import random
from collections import defaultdict
from typing import Any

from tests.integration.transforms.bi.tables import Rows

ROUTES = (("GET", "/api/v1/tasks"), ("POST", "/api/v1/tasks"), ("GET", "/api/v1/insights"), ("DELETE", "/api/v1/users"))


@dataclasses.dataclass(frozen=True)
class Request:
    """One line of the API's log."""

    day: dt.date
    method: str
    path: str
    status: int
    ms: float
    cold: bool
    replayed: bool

    @property
    def route(self) -> str:
        return f"{self.method} {self.path}"


@dataclasses.dataclass(frozen=True)
class Run:
    """One run of the pipeline."""

    name: str
    start: dt.datetime
    seconds: float
    events: int
    rejects: int
    scanned: int
    cost: float


def make_requests(seed: int, days: int, last: dt.date) -> list[Request]:
    """The requests of the days up to `last`; every fifth day nobody called, and one route never fails."""
    chance, found = random.Random(seed), list[Request]()
    for ago in (ago for ago in range(days) if ago % 5 != 4):
        for _ in range(chance.randint(1, 30)):
            method, path = chance.choice(ROUTES)
            failed = chance.choice((200, 200, 200, 404, 500)) if path != "/api/v1/insights" else 200
            written = method != "GET" and failed == 200
            found.append(
                Request(
                    last - dt.timedelta(days=ago),
                    method,
                    path,
                    failed,
                    chance.randrange(3, 900) + 0.25,
                    chance.random() < 0.1,
                    written and chance.random() < 0.3,
                )
            )
    return found


def make_runs(seed: int, days: int, last: dt.date) -> list[Run]:
    """The runs of the days up to `last`, more than the hundred that are shown when the days are many."""
    chance, found = random.Random(seed), list[Run]()
    for ago in (ago for ago in range(days) if ago % 9 != 3):
        for hour in sorted(chance.sample(range(24), chance.randint(1, 3))):
            start = dt.datetime.combine(last - dt.timedelta(days=ago), dt.time(hour, 7))
            figures = chance.randrange(900), chance.randrange(4), chance.randrange(10**9), chance.randrange(4000) / 1e4
            found.append(Run(f"run-{ago}-{hour}", start, chance.randrange(40, 900) + 0.5, *figures))
    return found


def gold(requests: list[Request], runs: list[Run]) -> dict[str, Rows]:
    """The gold tables that the saved queries about the platform itself read."""
    routes: dict[tuple[dt.date, str, str], list[Request]] = defaultdict(list)
    for request in requests:
        routes[request.day, request.method, request.path].append(request)
    return {
        "agg_api_usage_daily": [
            {"usage_date": day, "method": method, "route": path, "requests": len(own)}
            | {"client_errors": sum(400 <= one.status < 500 for one in own)}
            | {"server_errors": sum(one.status >= 500 for one in own)}
            | {"cold_starts": sum(one.cold for one in own), "replays": sum(one.replayed for one in own)}
            | {"p95_ms": sorted(one.ms for one in own)[math.ceil(0.95 * len(own)) - 1]}
            for (day, method, path), own in routes.items()
        ],
        "pipeline_runs": [_run(run) for run in runs],
    }


def _run(run: Run) -> dict[str, Any]:
    counts = {"events_read": run.events, "rejects": run.rejects, "models_built": 20, "tests_passed": 100}
    times = {"started_at": run.start, "ended_at": run.start + dt.timedelta(seconds=run.seconds)}
    costs = {"bytes_scanned": run.scanned, "cost_estimate_usd": run.cost, "duration_seconds": run.seconds}
    return {"run_id": run.name, "full_refresh": False, "dt": str(run.start.date())} | times | counts | costs
