"""A silver database made of rows that a test states, and dbt on it with the permissions of a build and no more."""

import dataclasses
import datetime as dt
import json
import os
import pathlib
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from infra.local.account.settings import REGION
from infra.stacks.transforms import OWN_TABLES
from tests.conftest import Account, until
from tests.integration.conftest import RoleFactory, role_keys
from tests.integration.transforms.dbt.silver_tables import SilverTables
from transforms.dbt.failed_nodes import failed_nodes
from transforms.silver.contract import TABLES

PROJECT = pathlib.Path(__file__).resolve().parents[4] / "transforms" / "dbt"
Row = Mapping[str, str]
PYTHON: dict[str, Callable[[str], Any]] = {
    "bigint": int,
    "integer": int,
    "double": float,
    "boolean": lambda text: text == "true",
    "date": dt.date.fromisoformat,
    "timestamp": dt.datetime.fromisoformat,
}


def allow(actions: list[str], *resources: str) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": actions, "Resource": list(resources)}


@dataclasses.dataclass
class Warehouse:
    """Silver, gold and a copy of the dbt project.

    Args:
        name: of the bucket and the workgroup; the databases are `<name>_silver` and `<name>_gold`.
        project: the copy, which a test may change.
        environment: of dbt's process, with a role's keys.
        tables: silver's.
    """

    account: Account
    name: str
    project: pathlib.Path
    environment: dict[str, str]
    tables: SilverTables

    @property
    def gold(self) -> str:
        return f"{self.name}_gold"

    @property
    def silver(self) -> str:
        return f"{self.name}_silver"

    def ask(self, sql: str, database: str) -> list[list[str | None]]:
        """Run a statement as the account's owner; its rows, without the header."""
        athena = self.account.session.client("athena")
        rows = athena.get_query_results(QueryExecutionId=self.ended(sql, database))["ResultSet"]["Rows"]
        return [[cell.get("VarCharValue") for cell in row["Data"]] for row in rows][1:]

    def ended(self, sql: str, database: str | None = None) -> str:
        """Run a statement to its end, on gold unless told; the id of its execution."""
        athena = self.account.session.client("athena")
        started = athena.start_query_execution(
            QueryString=sql, WorkGroup=self.name, QueryExecutionContext={"Database": database or self.gold}
        )["QueryExecutionId"]

        def ended() -> Any:
            status = athena.get_query_execution(QueryExecutionId=started)["QueryExecution"]["Status"]
            return status if status["State"] in ("SUCCEEDED", "FAILED") else None

        status = until("the query to end", ended, 60, 0.05)
        assert status["State"] == "SUCCEEDED", f"{sql}\n{status}"
        return started

    def fill(self, rows: dict[str, list[dict[str, Any]]]) -> None:
        """Give the silver tables these rows and no others."""
        self.tables.fill(rows)

    def fill_one(self, table: str, rows: list[dict[str, Any]]) -> None:
        """Give one silver table these rows and no others; the others get no commit."""
        self.tables.fill_one(table, rows)

    def rows(self, mart: str) -> list[dict[str, Any]]:
        """What a mart holds, as a BI user gets it, with Python's types."""
        athena = self.account.session.client("athena")
        pages = list(
            athena.get_paginator("get_query_results").paginate(QueryExecutionId=self.ended(f"select * from {mart}"))
        )
        columns = [(c["Name"], c["Type"]) for c in pages[0]["ResultSet"]["ResultSetMetadata"]["ColumnInfo"]]
        data = [row["Data"] for page in pages for row in page["ResultSet"]["Rows"]][1:]
        return [
            {
                name: None if "VarCharValue" not in cell else PYTHON.get(kind, str)(cell["VarCharValue"])
                for (name, kind), cell in zip(columns, row, strict=True)
            }
            for row in data
        ]

    def files(self, mart: str) -> dict[str, set[str]]:
        """The files of a partitioned mart, by the folder that holds them."""
        glue, s3 = self.account.session.client("glue"), self.account.session.client("s3")
        location = glue.get_table(DatabaseName=self.gold, Name=mart)["Table"]["StorageDescriptor"]["Location"]
        pages = s3.get_paginator("list_objects_v2").paginate(
            Bucket=self.name, Prefix=location.removeprefix(f"s3://{self.name}/") + "/"
        )
        found: dict[str, set[str]] = {}
        for one in (content["Key"] for page in pages for content in page.get("Contents", [])):
            folder, _, name = one.rpartition("/")
            found.setdefault(folder.rpartition("/")[2], set()).add(name)
        return found

    def statements(self) -> list[str]:
        """The ids of the statements that the workgroup has seen so far."""
        pages = (
            self.account.session.client("athena").get_paginator("list_query_executions").paginate(WorkGroup=self.name)
        )
        return sorted(one for page in pages for one in page["QueryExecutionIds"])

    def insert(self, table: str, *rows: Row) -> None:
        """Insert rows given as SQL expressions by column; what is not given is null."""
        (contract,) = (one for one in TABLES if one.name == table)
        values = ", ".join(
            "(" + ", ".join(row.get(column.name, "null") for column in contract.columns) + ")" for row in rows
        )
        self.ask(f"insert into {table} values {values}", self.silver)

    def dbt(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Run dbt; the caller looks at the exit status."""
        command = [str(pathlib.Path(sys.executable).with_name("dbt")), *words, "--no-use-colors"]
        return subprocess.run(
            command, cwd=self.project, env=self.environment, capture_output=True, text=True, check=False
        )

    def runner(self) -> subprocess.CompletedProcess[str]:
        """Run the build of the pipeline; the caller looks at the exit status."""
        return subprocess.run(
            [sys.executable, "runner.py"],
            cwd=self.project,
            env=self.environment | {"DBT_EXCLUDE_RESOURCE_TYPES": "unit_test"},
            capture_output=True,
            text=True,
            check=False,
        )

    def run_results(self) -> dict[str, Any]:
        results: dict[str, Any] = json.loads((self.project / "target" / "run_results.json").read_text())
        return results

    def failures(self) -> str:
        """What the buildspec would export as DBT_FAILURES."""
        return failed_nodes(self.run_results())


@pytest.fixture
def warehouse(account: Account, unique: str, role: RoleFactory, tmp_path: pathlib.Path) -> Warehouse:
    name = f"gold-{unique}"
    project = tmp_path / "dbt"
    shutil.copytree(PROJECT, project, ignore=shutil.ignore_patterns("target", "logs", "__pycache__"))
    session = account.session
    session.client("s3").create_bucket(Bucket=name)
    session.client("athena").create_work_group(
        Name=name, Configuration={"ResultConfiguration": {"OutputLocation": f"s3://{name}/athena-results/"}}
    )
    for layer in ("silver", "gold"):
        session.client("glue").create_database(DatabaseInput={"Name": f"{name}_{layer}"})
    environment = {
        **os.environ,
        **account.settings.client_environment(),
        **role_keys(role("codebuild", *_permissions(name))),
        "DBT_PROFILES_DIR": ".",
        "GOLD_BUCKET": name,
        "GOLD_SCHEMA": f"{name}_gold",
        "SILVER_SCHEMA": f"{name}_silver",
        "ATHENA_WORKGROUP": name,
        "ATHENA_POLL_SECONDS": "0.1",
    }
    tables = SilverTables(account, f"{name}_silver", f"s3://{name}/silver")
    tables.create()
    return Warehouse(account, name, project, environment, tables)


def _permissions(name: str) -> list[dict[str, Any]]:
    """What a build may do: read silver, own gold, run queries in its workgroup."""

    def catalog(*databases: str) -> list[str]:
        prefix = f"arn:aws:glue:{REGION}:000000000000"
        named = [f"{prefix}:{kind}" for one in databases for kind in (f"database/{one}", f"table/{one}/*")]
        return [f"{prefix}:catalog", *named]

    silver, gold, own = f"{name}_silver", f"{name}_gold", f"todo_analytics_{name.removeprefix('gold-')}"
    return [
        allow(["s3:GetObject"], f"arn:aws:s3:::{name}/silver/*"),
        allow(["s3:ListBucket", "s3:GetBucketLocation", "s3:ListBucketMultipartUploads"], f"arn:aws:s3:::{name}"),
        allow(
            ["s3:GetObject", "s3:PutObject", "s3:DeleteObject"],
            f"arn:aws:s3:::{name}/tables/*",
            f"arn:aws:s3:::{name}/athena-results/*",
            f"arn:aws:s3:::{name}/dbt/*",
        ),
        allow(
            ["athena:StartQueryExecution", "athena:GetQueryExecution", "athena:GetQueryResults", "athena:GetWorkGroup"],
            f"arn:aws:athena:{REGION}:000000000000:workgroup/{name}",
        ),
        allow(["glue:GetDatabase*", "glue:GetTable*", "glue:GetPartition*"], *catalog(silver, gold, own)),
        allow(["glue:CreateDatabase", *OWN_TABLES], *catalog(gold, own)),
    ]
