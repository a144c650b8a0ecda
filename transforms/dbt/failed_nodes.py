"""Says in one line which models and tests of a dbt run failed, and why; or, with `--error`, in a word what went wrong.

A build's exit status names nothing. The buildspec exports these as DBT_FAILURES and DBT_ERROR, so that they reach
whoever reads the build's description, its last log line or the failed execution.
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
# one word for operators, by the first kind of node that failed
ERRORS = {"test": "DbtTestFailed", "unit_test": "DbtTestFailed"}
MODEL_FAILED, SILVER_FAILED, NOTHING_RAN = "DbtModelFailed", "SilverTestFailed", "DbtStopped"
# dbt names tests of sources so, and a source whose freshness cannot be read: https://docs.getdbt.com/reference/resource-properties/data-tests
OF_A_SOURCE = re.compile(r"test\.\w+\.source_|source\.")

Results = dict[str, Any]
Result = dict[str, Any]


def failed_nodes(results: Results) -> str:
    """One line naming each failed node with its reason; empty when none failed.

    Args:
        results: dbt's run_results.json (schema v6), or its sources.json (schema v3).
    """
    line = "; ".join(map(_describe, _failures(results)))
    return line if len(line) <= LONGEST_LINE else f"{line[: LONGEST_LINE - 1]}…"


def error(results: Results) -> str:
    """The kind of failure in one word; silver's tests come first, then models, then gold's tests."""
    names = [str(result["unique_id"]) for result in _failures(results)]
    kinds = [name.split(".", 1)[0] for name in names]
    if not kinds:
        return ""
    if any(OF_A_SOURCE.match(name) for name in names):
        return SILVER_FAILED
    return next((MODEL_FAILED for kind in kinds if kind not in ERRORS), ERRORS.get(kinds[0], MODEL_FAILED))


def _failures(results: Results) -> list[Result]:
    return [result for result in results["results"] if result["status"] in FAILED]


def _describe(result: Result) -> str:
    kind, _, name = str(result["unique_id"]).split(".", 2)
    if kind == "test":
        # generic tests end in a hash that only dbt needs
        name = name.split(".")[0]
    message = result.get("message") or result.get("error") or result["status"]
    lines = [line.strip() for line in str(message).splitlines()]
    reason = " ".join(" ".join(line for line in lines if not NOISE.match(line)).split()) or result["status"]
    if len(reason) > LONGEST_REASON:
        reason = f"{reason[: LONGEST_REASON - 1]}…"
    return f"{kind.replace('_', ' ')} {name}: {reason}"


def main(arguments: list[str]) -> None:
    """Print the line for the folder given as argument, or the word when `--error` comes before it."""
    *options, folder = arguments
    documents = [pathlib.Path(folder) / name for name in ("sources.json", "run_results.json")]
    found = [json.loads(path.read_text())["results"] for path in documents if path.exists()]
    results = {"results": [result for part in found for result in part]}
    if options == ["--error"]:
        print(error(results) if found else NOTHING_RAN)
    else:
        print(
            failed_nodes(results) if found else "dbt stopped before it ran a model: its message is in the build's log"
        )


if __name__ == "__main__":
    main(sys.argv[1:])
