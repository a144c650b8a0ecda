"""Runs dbt for the pipeline, and keeps what dbt says about the run.

Variables: DBT_COMMAND is `build` (models and their tests; then the docs) or `check` (freshness of the sources, tests on
them); DBT_SELECT and DBT_EXCLUDE narrow a build. What dbt leaves in target/ goes to
s3://ARTIFACTS_BUCKET/dbt/RUN_ID/DBT_COMMAND/, also after a failure. One process for all, because dbt takes seconds to
start. A whole build that would find nothing changed builds nothing (unchanged.py).
"""

import os
import pathlib
import sys
from collections.abc import Mapping

TARGET = pathlib.Path("target")
ARTIFACTS = ("run_results.json", "sources.json", "manifest.json", "catalog.json", "static_index.html")
# tests whose every parent is a source are CheckSilver's; a test of a source and a model stays with the model
OF_SOURCES = "source:*"
CAUTIOUS = "--indirect-selection=cautious"
# dbt then says in its results that it built nothing
NOTHING = ["build", "--exclude", "*", "--warn-error-options", '{"silence": ["NoNodesForSelectionCriteria"]}']


def steps(command: str, select: str, exclude: str) -> list[list[str]]:
    """dbt's command lines of one run.

    Args:
        command: `build` or `check`.
        select: node selection of a build, as after `dbt build --select`; empty: everything.
        exclude: likewise, what to leave out.

    Raises:
        SystemExit: there is no such command.
    """
    if command == "check":
        return [["source", "freshness"], ["test", CAUTIOUS, "--select", OF_SOURCES]]
    if command == "build":
        chosen = ["--select", *select.split()] if select else []
        build = ["build", CAUTIOUS, *chosen, "--exclude", OF_SOURCES, *exclude.split()]
        return [build, ["docs", "generate", "--no-compile", "--static"]]
    raise SystemExit(f"DBT_COMMAND has to be build or check, not {command!r}")


def main(variables: Mapping[str, str]) -> int:
    """Run the command that `variables` ask for; 0 when every step of it went well.

    Raises:
        SystemExit: the variables ask for nothing that there is.
    """
    import unchanged  # type: ignore[import-not-found]  # beside this script
    from dbt.cli.main import dbtRunner
    from dbt.contracts.graph.manifest import Manifest

    command = variables.get("DBT_COMMAND", "build")
    select, exclude = variables.get("DBT_SELECT", ""), variables.get("DBT_EXCLUDE", "")
    wanted = steps(command, select, exclude)
    whole = command == "build" and not select and not exclude
    if whole and unchanged.stands(variables):
        print("neither silver nor the project nor the day has changed since the last build: everything stands")
        wanted, whole = [NOTHING], False
    try:
        parsed = dbtRunner().invoke(["parse"])
        if not isinstance(parsed.result, Manifest):
            return 1
        runner = dbtRunner(manifest=parsed.result)  # what is parsed once serves every step
        if not all(runner.invoke([*step, "--no-use-colors"]).success for step in wanted):
            return 1
        if whole:
            unchanged.keep(variables)
        return 0
    finally:
        if variables.get("RUN_ID"):
            upload(variables["ARTIFACTS_BUCKET"], f"dbt/{variables['RUN_ID']}/{command}/")


def upload(bucket: str, prefix: str) -> None:
    """Put what dbt left into `bucket`, below `prefix`."""
    import boto3

    s3 = boto3.client("s3")
    for path in (TARGET / name for name in ARTIFACTS):
        if path.exists():
            s3.upload_file(str(path), bucket, prefix + path.name)


if __name__ == "__main__":
    sys.exit(main(os.environ))
