"""What a user does, what a run costs by the fitted slopes, and dollars a month."""

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

from infra.cost_model import DAYS, GB, PRICES, Usage, monthly
from tests.bench.report.results import Result

DAY_SECONDS = 86_400
PROCESSORS = 2


@dataclasses.dataclass(frozen=True, kw_only=True)
class Load:
    """What a user does, stated rather than measured.

    Args:
        requests: of a user a day.
        peak: load of the busiest second over the day's mean.
        tasks: of a user after a year.
        active: share of users with a change in an hour of the day.
    """

    requests: float = 20
    peak: float = 5
    tasks: float = 400
    active: float = 0.1

    def events_a_second(self, users: float, usage: Usage) -> float:
        """Changes a second in the busiest hour."""
        return users * self.requests * usage.write_share * self.peak / DAY_SECONDS

    def events_a_run(self, users: float, usage: Usage) -> float:
        """Changes that the hourly run of the busiest hour finds."""
        return self.events_a_second(users, usage) * 3600

    def events_a_year(self, users: float, usage: Usage) -> float:
        """Rows of `task_events` after a year."""
        return users * self.requests * usage.write_share * 365


@dataclasses.dataclass(frozen=True, kw_only=True)
class Slopes:
    """Fixed and variable costs of a run, fitted to two points each.

    Args:
        silver_fixed: seconds of silver's job that finds few events.
        silver_event: seconds for each event of the window.
        gold_fixed: seconds of gold's build with no history.
        gold_event: seconds for each event of the window.
        gold_history: seconds for each event of history.
        scan_fixed: bytes that a build scans with no history.
        scan_event: bytes for each event of the window.
        scan_history: bytes for each event of history.
        dynamodb_calls: calls of publishing for each row.
        records: change events that a core transforms in a second.
    """

    silver_fixed: float
    silver_event: float
    gold_fixed: float
    gold_event: float
    gold_history: float
    scan_fixed: float
    scan_event: float
    scan_history: float
    dynamodb_calls: float
    records: float

    def silver_seconds(self, events: float) -> float:
        """Seconds of silver's job.

        Args:
            events: of the window.
        """
        return self.silver_fixed + self.silver_event * events

    def gold_seconds(self, events: float, history: float) -> float:
        """Seconds of gold's build.

        Args:
            events: of the window.
            history: events before it.
        """
        return self.gold_fixed + self.gold_event * events + self.gold_history * history

    def scanned_bytes(self, events: float, history: float) -> float:
        """Bytes that gold's build scans in Athena.

        Args:
            events: of the window.
            history: events before it.
        """
        return self.scan_fixed + self.scan_event * events + self.scan_history * history


def fit(points: Sequence[tuple[float, float]]) -> tuple[float, float]:
    """Fixed part and slope of a line through the first and last point; neither is negative.

    Args:
        points: size and cost, by size.

    Raises:
        ValueError: there are not two sizes.
    """
    (x0, y0), (x1, y1) = points[0], points[-1]
    if x0 == x1:
        raise ValueError("a slope needs two sizes")
    slope = max((y1 - y0) / (x1 - x0), 0.0)
    return max(y0 - slope * x0, 0.0), slope


def slopes(results: Mapping[str, Sequence[Result]]) -> Slopes:
    """The fitted costs.

    Args:
        results: of the benches `silver`, `gold`, `growth` and `ingestion`; of several runs, the last one. Without
            `gold`, an event of the run costs nothing there.

    Raises:
        LookupError: a bench is missing.
    """
    silver, growth = (results[bench][-1].figures for bench in ("silver", "growth"))
    gold_event, scan_event = _of_an_event(results["gold"][-1].figures) if results.get("gold") else (0.0, 0.0)
    # processor time does not depend on what else the machine does; the job uses two processors, a Glue worker has four
    silver_points = [
        (silver["increment_events"], silver["increment_cpu_s"] / PROCESSORS),
        (silver["full_build_events"], silver["full_build_cpu_s"] / PROCESSORS),
    ]
    if silver.get("large_build_cpu_s"):
        silver_points.append((5 * silver["full_build_events"], silver["large_build_cpu_s"] / PROCESSORS))
    sizes = (growth["events"], growth["events"] * growth["growth"])
    build = fit([(size, growth["build_seconds"][name]) for size, name in zip(sizes, ("small", "large"), strict=True)])
    scan = fit([(size, growth["build_bytes"][name]) for size, name in zip(sizes, ("small", "large"), strict=True)])
    silver_fixed, silver_event = fit(silver_points)
    # most of a small build is Spark's start; a million events have shown more for each
    silver_event = max(silver_event, 60 / Usage().events_a_minute)
    return Slopes(
        silver_fixed=silver_fixed,
        silver_event=silver_event,
        gold_fixed=build[0],
        gold_event=gold_event,
        gold_history=build[1],
        scan_fixed=scan[0],
        scan_event=scan_event,
        scan_history=scan[1],
        dynamodb_calls=growth["dynamodb_calls"]["large"] / max(growth["published_rows"]["large"], 1),
        records=results["ingestion"][-1].figures["records_per_s"],
    )


def _of_an_event(gold: Mapping[str, Any]) -> tuple[float, float]:
    """Seconds and bytes of an event: a build of all of them less one of nothing new."""
    seconds = max(gold["build_s"] - gold["second_build_s"], 0.0) / gold["events"]
    return seconds, 1e6 * gold["first_scan_mb"] * (1 - gold["second_scan_ratio"]) / gold["events"]


def dollars(users: int, found: Slopes, load: Load, usage: Usage) -> dict[str, float]:
    """Dollars a month by service, with the jobs as long as the fitted slopes make them.

    Args:
        users: how many.
        found: fitted costs.
        load: what a user does.
        usage: what a request uses.
    """
    mean_run = load.events_a_run(users, usage) / load.peak
    history = load.events_a_year(users, usage)
    silver, gold = found.silver_seconds(mean_run) / 60, found.gold_seconds(mean_run, history) / 60
    of_run = dataclasses.replace(usage, silver_minutes=max(silver, 1), gold_minutes=max(gold, 1), events_a_minute=1e18)
    costs = monthly(round(users * load.requests), of_run)
    scanned = found.scanned_bytes(mean_run, history)
    costs["Athena"] = usage.runs * PRICES["athena"].dollars * max(scanned, usage.statements * 10e6)
    # what was written in earlier months is still there
    older = max(users * (load.tasks - load.requests * usage.write_share * DAYS), 0.0)
    costs["DynamoDB"] += PRICES["table_storage"].dollars * older * usage.item_bytes / GB
    return costs
