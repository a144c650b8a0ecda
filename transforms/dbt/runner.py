"""Runs dbt for the pipeline, and keeps what dbt says about the run.

It asks for the freshness of the sources, then builds everything in dbt's order: tests of sources, models, their tests.
Variables: DBT_SELECT and DBT_EXCLUDE narrow the build; DBT_FULL_REFRESH and dbt's other variables work as dbt documents
them. What dbt leaves in target/ goes to s3://ARTIFACTS_BUCKET/dbt/RUN_ID/, also after a failure. One process for all,
because dbt takes seconds to start.

The first whole build of a UTC day tests every row, writes the documentation, and compacts the tables that days before
have filled; until one has passed, the next does. The one after a build that failed or was killed tests every row, too.
The others test the rows that changed lately (DBT_CHANGED_SINCE, see dbt_project.yml), and no mart as a whole; views of
silver stand from the first build of a day on, so that only tables are built, unless the project has changed or one is
missing.

Unit tests are left out: what they find depends on the models alone, so they run before a change lands.
https://docs.getdbt.com/docs/build/unit-tests
"""

import contextlib
import datetime as dt
import functools
import hashlib
import os
import pathlib
import sys
import threading
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from dbt.contracts.graph.manifest import Manifest

TARGET = pathlib.Path("target")
ARTIFACTS = ("run_results.json", "sources.json", "manifest.json", "catalog.json", "static_index.html")
# the UTC day on which a build last tested every row, and the digest of its project, or UNFINISHED while a later one of
# that day has not passed
TESTED, UNFINISHED = "dbt/tested.txt", "unfinished"
CHANGED_SINCE = "DBT_CHANGED_SINCE"
# dbt's own record of what it parsed: https://docs.getdbt.com/reference/parsing
PARSED = TARGET / "partial_parse.msgpack"
PARSED_KEY = "dbt/partial_parse.msgpack"
# the newest documentation: the project's lineage, and what the catalogue knew of its tables
DOCUMENTATION, DOCUMENTATION_KEY = TARGET / "static_index.html", "dbt/docs/index.html"
# a build that failed is mended and run again within that time, or the first one of the next day looks at every row
LATELY = dt.timedelta(days=1)
READS_WHOLE_TABLES = "tag:every_row"
# such a view says the same until its SQL does; of the others, `stg_changes` names the folders that silver has not read
VIEWS_OF_SILVER = "config.materialized:view,source:silver+"


def steps(select: str, exclude: str, *, every_row: bool, compact: bool = False, views: bool = True) -> list[list[str]]:
    """dbt's command lines of one run.

    Args:
        select: node selection of a build, as after `dbt build --select`; empty: everything.
        exclude: likewise, what to leave out.
        every_row: whether tests that read whole tables run, and documentation is written.
        compact: whether tables are compacted afterwards.
        views: whether views of silver are created anew.
    """
    freshness = ["source", "freshness"]
    left_out = [
        *exclude.split(),
        *([] if every_row else [READS_WHOLE_TABLES]),
        *([] if views else [VIEWS_OF_SILVER]),
    ]
    build = [
        "build",
        *("--exclude-resource-type", "unit_test"),
        *(["--select", *select.split()] if select else []),
        *(["--exclude", *left_out] if left_out else []),
        # their tests run nevertheless
        *([] if views else ["--indirect-selection", "empty"]),
    ]
    docs = [["docs", "generate", "--no-compile", "--static"]] if every_row else []
    return [freshness, build, *docs, *([["run-operation", "compact_tables"]] if compact else [])]


def main(variables: Mapping[str, str]) -> int:
    """Run the steps that `variables` ask for; 0 when every one of them went well."""
    with shared_clients():
        return _build(variables)


def _build(variables: Mapping[str, str]) -> int:
    from dbt.cli.main import dbtRunner
    from dbt.contracts.graph.manifest import Manifest

    select, exclude = variables.get("DBT_SELECT", ""), variables.get("DBT_EXCLUDE", "")
    today = dt.datetime.now(dt.UTC).date()
    passed = f"{today} {_project_digest()}"
    whole = not select and not exclude
    tested_on = _tested(variables)
    tested = tested_on == passed
    compact = whole and bool(tested_on) and not tested_on.startswith(str(today))
    os.environ.pop(CHANGED_SINCE, None)
    if tested:
        os.environ[CHANGED_SINCE] = f"{today - LATELY} 00:00:00"
    if tested and whole:
        # if it fails, silver may lose rows before one passes, of which nothing but a look at all of them tells
        _remember_tested(variables, f"{today} {UNFINISHED}")
    try:
        fetch_parsed(variables)
        parsed = dbtRunner().invoke(["parse"])
        if not isinstance(parsed.result, Manifest):
            return 1
        keep_parsed(variables)
        runner = dbtRunner(manifest=parsed.result)  # what is parsed once serves every step
        views = not (tested and whole and _views_stand(parsed.result, variables))
        for step in steps(select, exclude, every_row=not tested, compact=compact, views=views):
            if not runner.invoke([*step, "--no-use-colors"]).success:
                return 1
        if whole:
            _remember_tested(variables, passed)
            publish_documentation(variables)
        return 0
    finally:
        if variables.get("RUN_ID"):
            upload(variables["ARTIFACTS_BUCKET"], f"dbt/{variables['RUN_ID']}/")


@contextlib.contextmanager
def shared_clients() -> Iterator[None]:
    """Let dbt-athena's connections share boto3's clients, and boto3's sessions what botocore parses.

    dbt-athena makes a session and a client for every node, and each parses the JSON models of its service again: more
    than half of a build's CPU time. Clients are safe to share between threads.
    https://boto3.amazonaws.com/v1/documentation/api/latest/guide/clients.html#multithreading-or-multiprocessing-with-clients
    """
    import boto3.session
    import botocore.loaders
    import botocore.session

    # its methods are typed one overload per service
    sessions: Any = boto3.session.Session
    create, load = sessions.client, botocore.loaders.create_loader
    clients: dict[tuple[Any, ...], Any] = {}
    lock = threading.Lock()

    def client(session: boto3.session.Session, service: str, *words: Any, **options: Any) -> Any:
        keys = session.get_credentials()
        # a configuration has no text of its own, and is what its attributes say
        named = sorted((name, repr(getattr(value, "__dict__", value))) for name, value in options.items())
        key = (service, keys.access_key if keys else None, session.region_name, words, tuple(named))
        with lock:
            if key not in clients:
                clients[key] = create(session, service, *words, **options)
            return clients[key]

    botocore.session.create_loader = functools.cache(load)
    sessions.client = client
    try:
        yield
    finally:
        botocore.session.create_loader = load
        sessions.client = create


def upload(bucket: str, prefix: str) -> None:
    """Put what dbt left into `bucket`, below `prefix`."""
    import boto3

    s3 = boto3.client("s3")
    for path in (TARGET / name for name in ARTIFACTS):
        if path.exists():
            s3.upload_file(str(path), bucket, prefix + path.name)


def publish_documentation(variables: Mapping[str, str]) -> None:
    """Put the documentation, if this run has written it, where `insights dbt docs` finds the newest."""
    import boto3

    if DOCUMENTATION.exists():
        boto3.client("s3").upload_file(
            str(DOCUMENTATION),
            variables["GOLD_BUCKET"],
            DOCUMENTATION_KEY,
            ExtraArgs={"ContentType": "text/html; charset=utf-8"},
        )


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


def _views_stand(manifest: "Manifest", variables: Mapping[str, str]) -> bool:
    """Whether every view of the project is in the catalogue, where somebody may have dropped one."""
    import boto3

    named = {node.alias for node in manifest.nodes.values() if node.config.materialized == "view"}
    pages = boto3.client("glue").get_paginator("get_tables").paginate(DatabaseName=variables["GOLD_SCHEMA"])
    return named <= {table["Name"] for page in pages for table in page["TableList"]}


def _tested(variables: Mapping[str, str]) -> str:
    """What the last whole build left: see TESTED; empty when none has passed."""
    import boto3

    s3 = boto3.client("s3")
    try:
        return str(s3.get_object(Bucket=variables["GOLD_BUCKET"], Key=TESTED)["Body"].read().decode())
    except s3.exceptions.NoSuchKey:
        return ""


def _remember_tested(variables: Mapping[str, str], tested: str) -> None:
    import boto3

    boto3.client("s3").put_object(Bucket=variables["GOLD_BUCKET"], Key=TESTED, Body=tested.encode())


if __name__ == "__main__":
    sys.exit(main(os.environ))
