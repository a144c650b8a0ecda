"""Runs the bench and prints its last line, `bench-growth: {json}`; exits 1 when a bound is missed.

Two lakes, one ten times as large, get the same increments: 1,000 events on 300 tasks of all ages and 20 new users. Each
figure is the median of its runs, which alternate between the lakes; its ratio is large over small. Bronze has objects
of ten times as many days. Silver's rows are merged by key in Athena, not by the Spark job: seconds are those of gold's
build, and what the job costs is `make bench-silver`.
"""

import argparse
import dataclasses
import pathlib
import statistics
import sys
from collections import Counter

from tests.bench.account import report, start_account
from tests.bench.growth.lakes import Lake, Run
from tests.conftest import Account

GROWTH = 10
LEAST_EVENTS = 10_000
# of the growth in bytes, from which a dbt node is printed
NOTABLE_SHARE = 0.01
# of the small lake
BRONZE_DAYS = 9
BOUNDS = {
    "build_seconds": 1.5,
    "build_bytes": 1.5,
    "listed_objects": 1.1,
    "silver_rows": 1.5,
    "silver_bytes": 1.5,
    "silver_files_rewritten": 1.5,
    "gold_rows": 1.5,
    "gold_bytes": 1.5,
    "published_rows": 1.1,
    "dynamodb_calls": 1.1,
}


def measure(account: Account, folder: pathlib.Path, events: int, times: int) -> dict[str, dict[str, float]]:
    """Each figure for the small and the large lake, and their ratio.

    Args:
        account: to work in.
        folder: for copies of the dbt project.
        events: of the small lake.
        times: how many increments each lake gets.
    """
    lakes = []
    for size, bronze_days in ((events, BRONZE_DAYS), (events * GROWTH, BRONZE_DAYS * GROWTH)):
        (folder / str(size)).mkdir()
        lake = Lake(account, size, bronze_days, folder / str(size))
        print(f"{size:,} events: " + ", ".join(f"{count:,} {name}" for name, count in lake.rows.items()), flush=True)
        lake.build_first()
        lakes.append(lake)
    runs: dict[int, list[Run]] = {lake.events: [] for lake in lakes}
    for number in range(times):
        for lake in lakes:
            runs[lake.events].append(lake.run())
            print(f"run {number + 1} on {lake.events:,} events: {runs[lake.events][-1]}", flush=True)
    report_nodes(*(lake.scanned for lake in lakes))
    figures = {}
    for field in dataclasses.fields(Run):
        small, large = (statistics.median(getattr(run, field.name) for run in found) for found in runs.values())
        ratio = round(max(large, 1) / max(small, 1), 3)
        figures[field.name] = {"small": small, "large": large, "ratio": ratio}
    return figures


def report_nodes(small: Counter[str], large: Counter[str]) -> None:
    """Print what the dbt nodes scanned that make up most of the difference between the lakes."""
    growth = large.total() - small.total()
    for node, scanned in large.most_common():
        if scanned - small[node] > growth * NOTABLE_SHARE:
            print(
                f"  {small[node] / 1e3:10.1f} -> {scanned / 1e3:10.1f} kB {node.split('.')[2] if node else 'no node'}"
            )


def main() -> int:
    """Measure; 1 when a bound is missed."""
    parser = argparse.ArgumentParser(description="Measure how the cost of a run grows with the history.")
    parser.add_argument("--events", type=int, default=100_000, help="task events of the small lake (100,000)")
    parser.add_argument("--runs", type=int, default=3, help="increments of each lake, whose median counts (3)")
    arguments = parser.parse_args()
    if arguments.events < LEAST_EVENTS:
        parser.error(f"an increment needs more tasks than a lake of less than {LEAST_EVENTS:,} events has")
    with start_account() as (account, folder):
        figures = measure(account, folder, arguments.events, arguments.runs)
    missed = [
        f"{name} grows {figures[name]['ratio']}-fold, at most {bound}"
        for name, bound in BOUNDS.items()
        if figures[name]["ratio"] > bound
    ]
    return report("bench-growth", {"events": arguments.events, "growth": GROWTH, **figures}, missed)


if __name__ == "__main__":
    sys.exit(main())
