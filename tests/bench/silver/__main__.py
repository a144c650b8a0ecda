"""Runs the bench and prints its last line, `bench-silver: {json}`.

`--quick` builds 100,000 events only; without it, a million, an increment of 1 %, an empty window, and five million.
"""

import argparse
import json
import os
import pathlib
import re
import sys
import tempfile
from typing import Any

from infra.local.account.settings import Settings
from infra.toolchain import spark
from tests.bench.silver import events
from tests.bench.silver.lake import BUCKET, KEY, SECRET, Lake
from tests.bench.silver.measure import Cost
from tests.conftest import Account, free_port

BOUNDS = {
    "cpu_ratio_duckdb_1m": 6.0,
    "increment_ratio": 0.25,
    "growth_5m_1m": 5.5,
    "peak_mib": 2560.0,
    "empty_seconds_after_start": 3.0,
}
MILLION = 1_000_000


def measured(account: Account, folder: pathlib.Path, quick: bool) -> dict[str, Any]:
    """All figures; None for what is not measured in a quick run."""
    count = MILLION // 10 if quick else MILLION
    stream, lake = events.Stream(), Lake(account, "history", folder)
    events.write(stream, count, lake.bronze)
    lake.upload()
    full, reference = report_cost("full build", lake.spark()), report_cost("DuckDB", lake.duckdb())
    equal = lake.rows_equal()

    events.write(stream, count // 100, lake.bronze)
    lake.upload()
    increment = report_cost("increment of 1 %", lake.spark())
    lake.duckdb()
    equal = lake.rows_equal() and equal

    files = lake.data_files()
    lake.upload()
    empty = report_cost("empty window", lake.spark())
    assert lake.data_files() == files, "an empty window wrote data files"
    figures: dict[str, Any] = {
        "rows_equal": equal,
        "cpu_ratio_duckdb_1m": None if quick else round(full.cpu / reference.cpu, 2),
        "increment_ratio": None if quick else round(increment.wall / full.wall, 3),
        "growth_5m_1m": None,
        "full_build_s": round(full.wall, 1),
        "full_build_cpu_s": round(full.cpu, 1),
        "increment_s": round(increment.wall, 1),
        "increment_cpu_s": round(increment.cpu, 1),
        "empty_window_s": round(empty.wall, 1),
        "full_build_events": count,
        "increment_events": count // 100,
        "peak_mib": round(max(full.peak_mib, increment.peak_mib)),
        "empty_seconds_after_start": round(seconds(empty, "all") - seconds(empty, "start Spark"), 2),
    }
    if quick:
        figures["cpu_ratio_duckdb_100k"] = round(full.cpu / reference.cpu, 2)
        return figures
    growth = Lake(account, "growth", folder / "growth")
    events.write(events.Stream(), 5 * MILLION, growth.bronze)
    growth.upload()
    large = report_cost("full build of 5 M", growth.spark())
    figures["growth_5m_1m"] = round(large.wall / full.wall, 2)
    figures |= {"large_build_s": round(large.wall, 1), "large_build_cpu_s": round(large.cpu, 1)}
    figures["peak_mib"] = round(max(figures["peak_mib"], large.peak_mib))
    return figures


def report_cost(what: str, cost: Cost) -> Cost:
    """Print what something cost."""
    print(f"{what}: {cost.wall:.1f} s wall, {cost.cpu:.1f} s CPU, {cost.peak_mib:,.0f} MiB at most", flush=True)
    for line in cost.output.splitlines():
        print(f"  {line}")
    return cost


def seconds(cost: Cost, step: str) -> float:
    """How long the job says that a step of it took."""
    found = re.search(rf"^{step}: ([\d.]+) s", cost.output, re.MULTILINE)
    assert found, f"the job said nothing of the step {step}"
    return float(found[1])


def main() -> int:
    """Measure everything; 1 when a bound is missed."""
    parser = argparse.ArgumentParser(description="Measure what silver costs.")
    parser.add_argument("--quick", action="store_true", help="100,000 events only")
    quick = parser.parse_args().quick
    with tempfile.TemporaryDirectory() as home:
        folder = pathlib.Path(home)
        settings = Settings(home=folder / "account", port=free_port())
        os.environ.update(settings.client_environment())
        spark.install(settings.toolchain)
        account = Account.at(settings)
        account.start()
        try:
            account.session.client("s3").create_bucket(Bucket=BUCKET)
            account.session.client("secretsmanager").create_secret(Name=SECRET, SecretString=KEY.decode())
            figures = measured(account, folder / "bench", quick)
        finally:
            account.stop()
    missed = [f"{name} is {figures[name]}, at most {most}" for name, most in BOUNDS.items() if _misses(figures, name)]
    missed += [] if figures["rows_equal"] else ["the rows are not equal"]
    for line in missed:
        print(f"missed: {line}", file=sys.stderr)
    print("bench-silver: " + json.dumps(figures), flush=True)
    return 1 if missed else 0


def _misses(figures: dict[str, Any], name: str) -> bool:
    return figures[name] is not None and figures[name] > BOUNDS[name]


if __name__ == "__main__":
    sys.exit(main())
