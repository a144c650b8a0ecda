"""Runs the bench and prints its last line, `bench-gold: {json}`.

Silver holds 100,000 task events and as many API requests. The project is built four times: by the pipeline's runner, by
the runner again with nothing new, by a developer's `dbt build --full-refresh`, and by a plain `dbt build` with nothing
new, which tests every row. Bytes are those that Athena says its statements scanned.
"""

import argparse
import datetime as dt
import pathlib
import sys
from typing import Any

from tests.bench.account import report, start_account
from tests.bench.gold.athena import Statements
from tests.bench.gold.builds import Build, Builds
from tests.bench.gold.queries import scans
from tests.conftest import Account
from tests.integration.transforms.dbt.population import Population, Shape
from tests.integration.transforms.dbt.silver_tables import SilverTables

EVENTS_PER_TASK = 3.0
DAYS = 90
BOUNDS = {"second_scan_ratio": 0.10}


def measured(account: Account, folder: pathlib.Path, events: int, quick: bool) -> dict[str, Any]:
    """All figures.

    Args:
        account: to run in.
        folder: for a copy of the project.
        events: about how many task events silver is to hold.
        quick: leave out the developer's builds and the saved queries.
    """
    statements = Statements(account, "bench-gold")
    builds = Builds(account, statements.name, folder)
    today = dt.datetime.now(dt.UTC).date()
    shape = Shape(events // 100, round(events / EVENTS_PER_TASK), DAYS, skew=0.6, requests=events, end=today)
    silver = Population(shape).rows
    tables = SilverTables(account, f"{statements.name}_silver", f"s3://{statements.name}/silver")
    tables.create()
    tables.fill(silver)
    print("silver: " + ", ".join(f"{len(rows):,} {name}" for name, rows in silver.items()), flush=True)

    first = report_build("first build", builds.pipeline(), statements)
    second = report_build("second build, nothing new", builds.pipeline(), statements)
    figures: dict[str, Any] = {
        "events": len(silver["task_events"]),
        "models": first.models,
        "tests": first.tests,
        "build_s": round(first.seconds, 1),
        "first_scan_mb": round(first.bytes / 1e6, 2),
        "second_build_s": round(second.seconds, 1),
        "second_scan_ratio": round(second.bytes / first.bytes, 4),
        "second_build_ratio": round(second.seconds / first.seconds, 3),
    }
    return figures if quick else {**figures, **_plain_builds(builds, statements, first)}


def _plain_builds(builds: Builds, statements: Statements, first: Build) -> dict[str, Any]:
    """Figures of a developer's builds, and of the saved queries.

    Args:
        builds: of the project.
        statements: that Athena ran.
        first: the pipeline's first build.
    """
    fresh = report_build("dbt build --full-refresh", builds.plain("--full-refresh"), statements)
    plain = report_build("plain dbt build, nothing new", builds.plain(), statements)
    share = scans(statements)
    return {
        "pipeline_plain_ratio": round(first.seconds / fresh.seconds, 3),
        "plain_build_s": round(fresh.seconds, 1),
        "plain_scan_mb": round(fresh.bytes / 1e6, 2),
        "second_plain_build_s": round(plain.seconds, 1),
        "second_plain_scan_ratio": round(plain.bytes / fresh.bytes, 4),
        "saved_queries": len(share),
        "saved_query_scan_ratio_median": sorted(share)[len(share) // 2] if share else None,
        "saved_query_scan_ratio_most": max(share, default=None),
    }


def report_build(what: str, build: Build, statements: Statements) -> Build:
    """Print what a build cost, and take note of what its statements scanned."""
    scanned = statements.since_last()
    for node, count in scanned.items():
        build.scanned[build.kinds.get(node, "no node")] += count
    print(f"{what}: {build.seconds:.1f} s, {build.models} models, {build.tests} tests, {build.bytes / 1e6:.2f} MB")
    for node, seconds in sorted(build.nodes.items(), key=lambda item: -item[1]):
        # of tests only the dear ones, so that the list stays short
        if node.startswith("model.") or scanned[node] > build.bytes / 50:
            print(f"  {node.split('.')[2][:48]:48} {seconds:6.1f} s {scanned[node] / 1e6:8.3f} MB")
    for kind in sorted(set(build.kinds.values())):
        nodes = [node for node in build.nodes if build.kinds.get(node) == kind]
        spent = sum(build.nodes[node] for node in nodes)
        print(f"  {kind:32} {spent:6.1f} s {build.scanned[kind] / 1e6:8.3f} MB, {len(nodes)} nodes", flush=True)
    return build


def main() -> int:
    """Measure everything; 1 when a bound is missed."""
    parser = argparse.ArgumentParser(description="Measure what gold costs.")
    parser.add_argument("--events", type=int, default=100_000, help="about how many task events (100,000)")
    parser.add_argument("--quick", action="store_true", help="the pipeline's builds only")
    options = parser.parse_args()
    with start_account() as (account, folder):
        figures = measured(account, folder, options.events, options.quick)
    missed = [f"{name} is {figures[name]}, at most {most}" for name, most in BOUNDS.items() if figures[name] > most]
    return report("bench-gold", figures, missed)


if __name__ == "__main__":
    sys.exit(main())
