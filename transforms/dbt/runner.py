"""Runs dbt for the pipeline, and keeps what dbt says about the run.

It asks for the freshness of the sources, then builds everything in dbt's order: tests of sources, models, their tests.
Variables: DBT_SELECT and DBT_EXCLUDE narrow the build; DBT_FULL_REFRESH and dbt's other variables work as dbt documents
them. What dbt leaves in target/ goes to s3://ARTIFACTS_BUCKET/dbt/RUN_ID/, also after a failure. One process for all,
because dbt takes seconds to start.

The first whole build of a UTC day tests every row, writes the documentation, and compacts the tables that days before
have filled; until one has passed, the next does. The others test the rows that changed lately (DBT_CHANGED_SINCE, see
dbt_project.yml), and no mart as a whole.
"""

import contextlib
import datetime as dt
import functools
import hashlib
import os
import pathlib
import sys
from collections.abc import Mapping

TARGET = pathlib.Path("target")
ARTIFACTS = ("run_results.json", "sources.json", "manifest.json", "catalog.json", "static_index.html")
TESTED = "dbt/tested.txt"
CHANGED_SINCE = "DBT_CHANGED_SINCE"
# dbt's own record of what it parsed: https://docs.getdbt.com/reference/parsing
PARSED = TARGET / "partial_parse.msgpack"
PARSED_KEY = "dbt/partial_parse.msgpack"
# a build that failed is mended and run again within that time, or the first one of the next day looks at every row
LATELY = dt.timedelta(days=1)
READS_WHOLE_TABLES = "tag:every_row"


def steps(select: str, exclude: str, *, every_row: bool, compact: bool = False) -> list[list[str]]:
    """dbt's command lines of one run.

    Args:
        select: node selection of a build, as after `dbt build --select`; empty: everything.
        exclude: likewise, what to leave out.
        every_row: whether tests that read whole tables run, and documentation is written.
        compact: whether tables are compacted afterwards.
    """
    freshness = ["source", "freshness"]
    left_out = [*exclude.split(), *([] if every_row else [READS_WHOLE_TABLES])]
    build = [
        "build",
        *(["--select", *select.split()] if select else []),
        *(["--exclude", *left_out] if left_out else []),
    ]
    docs = [["docs", "generate", "--no-compile", "--static"]] if every_row else []
    return [freshness, build, *docs, *([["run-operation", "compact_tables"]] if compact else [])]


def main(variables: Mapping[str, str]) -> int:
    """Run the steps that `variables` ask for; 0 when every one of them went well."""
    from dbt.cli.main import dbtRunner
    from dbt.contracts.graph.manifest import Manifest

    _parse_service_models_once()
    select, exclude = variables.get("DBT_SELECT", ""), variables.get("DBT_EXCLUDE", "")
    today = dt.datetime.now(dt.UTC).date()
    whole = not select and not exclude
    tested_on = _tested(variables)
    tested = tested_on == str(today)
    compact = whole and not tested and bool(tested_on)
    os.environ.pop(CHANGED_SINCE, None)
    if tested:
        os.environ[CHANGED_SINCE] = f"{today - LATELY} 00:00:00"
    try:
        fetch_parsed(variables)
        parsed = dbtRunner().invoke(["parse"])
        if not isinstance(parsed.result, Manifest):
            return 1
        keep_parsed(variables)
        runner = dbtRunner(manifest=parsed.result)  # what is parsed once serves every step
        for step in steps(select, exclude, every_row=not tested, compact=compact):
            if not runner.invoke([*step, "--no-use-colors"]).success:
                return 1
        if whole and not tested:
            _remember_tested(variables, str(today))
        return 0
    finally:
        if variables.get("RUN_ID"):
            upload(variables["ARTIFACTS_BUCKET"], f"dbt/{variables['RUN_ID']}/")


def _parse_service_models_once() -> None:
    """Let all of boto3's sessions share what botocore parses.

    dbt-athena makes a session for every call, and each one parses the JSON models of its services again, which is half
    of a build's CPU time.
    """
    import botocore.loaders
    import botocore.session

    botocore.session.create_loader = functools.cache(botocore.loaders.create_loader)


def upload(bucket: str, prefix: str) -> None:
    """Put what dbt left into `bucket`, below `prefix`."""
    import boto3

    s3 = boto3.client("s3")
    for path in (TARGET / name for name in ARTIFACTS):
        if path.exists():
            s3.upload_file(str(path), bucket, prefix + path.name)


def fetch_parsed(variables: Mapping[str, str]) -> None:
    """Fetch what an earlier build parsed, if it was of the very same files; dbt parses again what variables change."""
    import boto3

    s3 = boto3.client("s3")
    with contextlib.suppress(s3.exceptions.NoSuchKey):
        kept = s3.get_object(Bucket=variables["GOLD_BUCKET"], Key=PARSED_KEY)
        if kept["Metadata"].get("project") == _project_digest():
            TARGET.mkdir(exist_ok=True)
            PARSED.write_bytes(kept["Body"].read())


def keep_parsed(variables: Mapping[str, str]) -> None:
    """Keep what this build parsed for the next one; with DBT_PARTIAL_PARSE=0 dbt leaves nothing to keep."""
    import boto3

    if not PARSED.exists():
        return
    boto3.client("s3").put_object(
        Bucket=variables["GOLD_BUCKET"],
        Key=PARSED_KEY,
        Body=PARSED.read_bytes(),
        Metadata={"project": _project_digest()},
    )


def _project_digest() -> str:
    """A digest of the project's files, of which dbt writes none."""
    digest = hashlib.sha256()
    for path in sorted(pathlib.Path().rglob("*")):
        if path.is_file() and path.suffix in {".sql", ".yml", ".csv", ".md", ".lock"} and TARGET not in path.parents:
            digest.update(f"{path} {path.stat().st_size}\n".encode() + path.read_bytes())
    return digest.hexdigest()


def _tested(variables: Mapping[str, str]) -> str:
    """The UTC day on which a build last tested every row; empty when none has."""
    import boto3

    s3 = boto3.client("s3")
    try:
        return str(s3.get_object(Bucket=variables["GOLD_BUCKET"], Key=TESTED)["Body"].read().decode())
    except s3.exceptions.NoSuchKey:
        return ""


def _remember_tested(variables: Mapping[str, str], day: str) -> None:
    import boto3

    boto3.client("s3").put_object(Bucket=variables["GOLD_BUCKET"], Key=TESTED, Body=day.encode())


if __name__ == "__main__":
    sys.exit(main(os.environ))
