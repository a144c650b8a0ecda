"""Runs the bench and prints its last line, `bench-ingestion: {json}`; exits with 1 when a bound is missed."""

import json
import sys

from tests.bench.ingestion import latency, transform

RECORDS_PER_S = 40_000
EXTRA_S = 2.0


def main() -> int:
    """Measure, tell, and say which bounds are missed."""
    figures = {**transform.measure(), **latency.measure()}
    missed = []
    if figures["records_per_s"] < RECORDS_PER_S:
        missed.append(f"records_per_s is {figures['records_per_s']}, at least {RECORDS_PER_S}")
    if figures["write_to_bronze_extra_s"] > EXTRA_S:
        missed.append(f"write_to_bronze_extra_s is {figures['write_to_bronze_extra_s']}, at most {EXTRA_S}")
    for one in missed:
        sys.stderr.write(f"missed: {one}\n")
    sys.stdout.write(f"bench-ingestion: {json.dumps(figures)}\n")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
