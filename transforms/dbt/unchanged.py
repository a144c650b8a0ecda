"""Whether a build would find everything as the last one left it, so that it need not run.

What a build makes of silver depends on silver's tables, on this project and on the day, and nothing else. Iceberg names
a table's state: a commit moves its `metadata_location` in the Glue catalog
(https://iceberg.apache.org/docs/latest/aws/#glue-catalog). Gold counts too, so that a table which somebody dropped or
rebuilt is built again. After a build in which every model was built and every test passed, the state is kept in the
gold bucket; while it stays the same, the tables and the tests' results stand.
"""

import datetime as dt
import hashlib
import json
import pathlib
from collections.abc import Mapping
from typing import Any

HERE = pathlib.Path(__file__).resolve().parent
KEPT = "dbt/built.json"
MADE_BY_DBT = {"target", "logs", "dbt_packages", "__pycache__"}


def fingerprint(glue: Any, silver: str, gold: str, project: pathlib.Path, day: dt.date) -> str:
    """What a build depends on, in 64 hexadecimal digits.

    Args:
        glue: boto3's client.
        silver: the database that is read.
        gold: the database that is written.
        project: the folder of the dbt project.
        day: the UTC day, to which "overdue" and "active" refer.
    """
    pages = glue.get_paginator("get_tables")
    state: dict[str, Any] = {"day": str(day)}
    for database in (silver, gold):
        for table in (one for page in pages.paginate(DatabaseName=database) for one in page["TableList"]):
            iceberg = table.get("Parameters", {}).get("metadata_location")
            state[f"{database}.{table['Name']}"] = iceberg or [table.get("VersionId"), str(table.get("UpdateTime"))]
    for path in sorted(project.rglob("*")):
        name = path.relative_to(project)
        if path.is_file() and not MADE_BY_DBT & set(name.parts) and name.suffix in (".sql", ".yml", ".lock"):
            state[name.as_posix()] = hashlib.sha256(path.read_bytes()).hexdigest()
    return hashlib.sha256(json.dumps(state, sort_keys=True).encode()).hexdigest()


def stands(variables: Mapping[str, str]) -> bool:
    """Whether nothing has changed since the last whole and successful build.

    Args:
        variables: those of the build, see profiles.yml.
    """
    import boto3

    s3 = boto3.client("s3")
    try:
        kept = json.loads(s3.get_object(Bucket=variables["GOLD_BUCKET"], Key=KEPT)["Body"].read())
    except s3.exceptions.NoSuchKey:
        return False
    return bool(kept["fingerprint"] == _now(variables))


def keep(variables: Mapping[str, str]) -> None:
    """Remember the state after a whole and successful build."""
    import boto3

    body = json.dumps({"fingerprint": _now(variables)})
    boto3.client("s3").put_object(Bucket=variables["GOLD_BUCKET"], Key=KEPT, Body=body.encode())


def _now(variables: Mapping[str, str]) -> str:
    import boto3

    silver, gold = variables.get("SILVER_SCHEMA", "todo_silver"), variables.get("GOLD_SCHEMA", "todo_analytics")
    return fingerprint(boto3.client("glue"), silver, gold, HERE, dt.datetime.now(dt.UTC).date())
