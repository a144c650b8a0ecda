"""Runs the bench and prints its last line, `bench-growth: {json}`; exits 1 when a bound is missed.

Two lakes, one ten times as large, get the same increments: 1,000 events on 300 tasks of all ages and 20 new users. Each
figure is the median of its runs, which alternate between the lakes; its ratio is large over small. Silver is written
without Spark: what a run of silver costs is `make bench-silver`.
"""

import argparse
import dataclasses
import json
import os
import pathlib
import statistics
import sys
import tempfile

from infra.local.account.settings import Settings
from tests.bench.growth.lakes import Lake, Run
from tests.conftest import Account, free_port

GROWTH = 10
RUNS = 3
BOUNDS = {
    "build_seconds": 1.5,
    "build_bytes": 1.5,
    "gold_rows": 1.5,
    "gold_bytes": 1.5,
    "published_rows": 1.1,
    "dynamodb_calls": 1.1,
}


def measure(account: Account, folder: pathlib.Path, events: int) -> dict[str, dict[str, float]]:
    """Each figure for the small and the large lake, and their ratio.

    Args:
        account: to work in.
        folder: for copies of the dbt project.
        events: of the small lake.
    """
    lakes = []
    for size in (events, events * GROWTH):
        (folder / str(size)).mkdir()
        lake = Lake(account, size, folder / str(size))
        print(f"{size:,} events: " + ", ".join(f"{count:,} {name}" for name, count in lake.rows.items()), flush=True)
        lake.build_first()
        lakes.append(lake)
    runs: dict[int, list[Run]] = {lake.events: [] for lake in lakes}
    for number in range(RUNS):
        for lake in lakes:
            runs[lake.events].append(lake.run())
            print(f"run {number + 1} on {lake.events:,} events: {runs[lake.events][-1]}", flush=True)
    figures = {}
    for field in dataclasses.fields(Run):
        small, large = (statistics.median(getattr(run, field.name) for run in found) for found in runs.values())
        figures[field.name] = {"small": small, "large": large, "ratio": round(large / small, 3) if small else 0.0}
    return figures


def main() -> int:
    """Measure; 1 when a bound is missed."""
    parser = argparse.ArgumentParser(description="Measure how the cost of a run grows with the history.")
    parser.add_argument("--events", type=int, default=100_000, help="task events of the small lake (100,000)")
    events = parser.parse_args().events
    with tempfile.TemporaryDirectory() as home:
        folder = pathlib.Path(home)
        settings = Settings(home=folder / "account", port=free_port())
        os.environ.update(settings.client_environment())
        account = Account.at(settings)
        account.start()
        try:
            figures = measure(account, folder, events)
        finally:
            account.stop()
    missed = [
        f"{name} grows {figures[name]['ratio']}-fold, at most {bound}"
        for name, bound in BOUNDS.items()
        if figures[name]["ratio"] > bound
    ]
    for line in missed:
        print(f"missed: {line}", file=sys.stderr)
    print("bench-growth: " + json.dumps({"events": events, "growth": GROWTH, **figures}), flush=True)
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
