"""Says in one line which models and tests of a dbt run failed, and why.

A build's exit status names nothing. The buildspec exports this line as DBT_FAILURES, so that it reaches whoever reads
the build's description, its last log line or the failed execution.
"""

import json
import pathlib
import re
import sys
from typing import Any

FAILED = ("error", "fail", "runtime error", "partial success")
LONGEST_REASON = 400
# dbt's headline repeats the node's name, its trace names only its own macros
NOISE = re.compile(r"^(\w+ )+Error in \w+ .*\(.*\)$|^> ")
LONGEST_LINE = 1500


def failed_nodes(run_results: dict[str, Any]) -> str:
    """One line naming each failed node with its reason; empty when none failed.

    Args:
        run_results: dbt's run_results.json (schema v6).
    """
    failures = [_describe(result) for result in run_results["results"] if result["status"] in FAILED]
    line = "; ".join(failures)
    return line if len(line) <= LONGEST_LINE else f"{line[: LONGEST_LINE - 1]}…"


def _describe(result: dict[str, Any]) -> str:
    kind, _, name = str(result["unique_id"]).split(".", 2)
    if kind == "test":
        # generic tests end in a hash that only dbt needs
        name = name.split(".")[0]
    lines = [line.strip() for line in str(result.get("message") or result["status"]).splitlines()]
    reason = " ".join(" ".join(line for line in lines if not NOISE.match(line)).split()) or result["status"]
    if len(reason) > LONGEST_REASON:
        reason = f"{reason[: LONGEST_REASON - 1]}…"
    return f"{kind.replace('_', ' ')} {name}: {reason}"


def main() -> None:
    """Print the line for the run_results.json given as argument."""
    path = pathlib.Path(sys.argv[1])
    if not path.exists():
        print("dbt stopped before it ran a model: its message is in the build's log")
        return
    print(failed_nodes(json.loads(path.read_text())))


if __name__ == "__main__":
    main()
