"""A silver database made of rows that a test states, and dbt on it with the permissions of a build and no more."""

import contextlib
import dataclasses
import datetime as dt
import io
import json
import os
import pathlib
import shutil
import subprocess
import sys
import warnings
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

import pytest

from infra import ROOT
from infra.local.account.settings import REGION
from infra.stacks.change_lines import table_input
from infra.stacks.transforms import OWN_TABLES
from tests.conftest import Account, until
from tests.dbt_project import PROJECT, copy_project, dbt_variables
from tests.integration.conftest import RoleFactory, role_keys
from tests.integration.transforms.dbt.silver_tables import SilverTables
from transforms.dbt.failed_nodes import failed_nodes
from transforms.dbt.runner import shared_clients
from transforms.silver.contract import TABLES

if TYPE_CHECKING:
    from dbt.contracts.graph.manifest import Manifest

PARSED = ROOT / ".local" / "tests" / "parsed"
Row = Mapping[str, str]
PYTHON: dict[str, Callable[[str], Any]] = {
    "bigint": int,
    "integer": int,
    "double": float,
    "boolean": lambda text: text == "true",
    "date": dt.date.fromisoformat,
    "timestamp": dt.datetime.fromisoformat,
}


@dataclasses.dataclass(frozen=True)
class Done:
    """One command of dbt that ended.

    Args:
        returncode: as the command line exits with.
        stdout: dbt's messages, one a line.
    """

    returncode: int
    stdout: str


@contextlib.contextmanager
def in_project(project: pathlib.Path, environment: Mapping[str, str]) -> Iterator[None]:
    """The project's folder and dbt's environment, for this process."""
    with pytest.MonkeyPatch.context() as patch, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for name, value in environment.items():
            patch.setenv(name, value)
        patch.chdir(project)
        with shared_clients(), contextlib.redirect_stdout(io.StringIO()):
            yield


def run_dbt(
    project: pathlib.Path, environment: Mapping[str, str], words: list[str], manifest: "Manifest | None" = None
) -> Done:
    """Run dbt's command line in this process, which spares the seconds that importing it takes."""
    from dbt.cli.main import dbtRunner

    lines: list[str] = []

    def keep(event: Any) -> None:
        if event.info.level != "debug":
            lines.append(event.info.msg)

    with in_project(project, environment):
        result = dbtRunner(manifest=manifest, callbacks=[keep]).invoke(words)
    if isinstance(result.exception, Exception):
        lines.append(str(result.exception))
    return Done(0 if result.success else 2 if result.exception else 1, "\n".join(lines))


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
        manifest: the parsed project, if it is to be parsed once for all commands.
    """

    account: Account
    name: str
    project: pathlib.Path
    environment: dict[str, str]
    tables: SilverTables
    manifest: Any = None

    @property
    def gold(self) -> str:
        return f"{self.name}_gold"

    @property
    def developer(self) -> str:
        """The one DBT_USER whose database dbt may fill."""
        return self.name.removeprefix("gold-")

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

    def statements(self) -> list[str]:
        """The ids of the statements that the workgroup has seen so far."""
        pages = (
            self.account.session.client("athena").get_paginator("list_query_executions").paginate(WorkGroup=self.name)
        )
        return sorted(one for page in pages for one in page["QueryExecutionIds"])

    def scanned(self, statements: list[str]) -> int:
        """Bytes that these statements scanned, together."""
        athena = self.account.session.client("athena")
        batches = [
            athena.batch_get_query_execution(QueryExecutionIds=statements[at : at + 50])
            for at in range(0, len(statements), 50)
        ]
        executions = [one for batch in batches for one in batch["QueryExecutions"]]
        return sum(one["Statistics"].get("DataScannedInBytes", 0) for one in executions)

    def insert(self, table: str, *rows: Row) -> None:
        """Insert rows given as SQL expressions by column, merged now; what else is not given is null."""
        (contract,) = (one for one in TABLES if one.name == table)
        missing = {"merged_at": "current_timestamp"}
        values = ", ".join(
            "(" + ", ".join((missing | dict(row)).get(column.name, "null") for column in contract.columns) + ")"
            for row in rows
        )
        self.ask(f"insert into {table} values {values}", self.silver)

    def dbt(self, *words: str) -> "Done":
        """Run dbt in this process; the caller looks at the exit status."""
        return run_dbt(self.project, self.environment, [*words, "--no-use-colors"], self.manifest)

    def parse(self) -> None:
        """Parse the project for all commands that follow; a test that changes it does not call this."""
        from dbt.cli.main import dbtRunner

        with in_project(self.project, self.environment):
            self.manifest = dbtRunner().invoke(["parse"]).result

    def start_dbt(self, *words: str) -> "subprocess.Popen[str]":
        """Start dbt in a process of its own, which a test may kill."""
        command = [str(pathlib.Path(sys.executable).with_name("dbt")), *words, "--no-use-colors"]
        return subprocess.Popen(
            command, cwd=self.project, env=self.environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )

    def run_results(self) -> dict[str, Any]:
        results: dict[str, Any] = json.loads((self.project / "target" / "run_results.json").read_text())
        return results

    def failures(self) -> str:
        """What the buildspec would export as DBT_FAILURES."""
        return failed_nodes(self.run_results())


@pytest.fixture
def warehouse(account: Account, role: RoleFactory, tmp_path: pathlib.Path) -> Iterator[Warehouse]:
    """A warehouse for one test. All have one name, so that dbt need not parse the project for each: see `parsed`."""
    remove_warehouse(account, "single")
    made = make_warehouse(account, "single", role, tmp_path)
    with parsed(made.project):
        yield made


@contextlib.contextmanager
def parsed(project: pathlib.Path) -> Iterator[None]:
    """Begin with what dbt parsed for an earlier test, of this run or the last one, and keep it for the next.

    dbt itself finds out what a test has changed, and parses that: https://docs.getdbt.com/reference/parsing
    """
    mine = project / "target" / "partial_parse.msgpack"
    newest = max(path.stat().st_mtime_ns for path in PROJECT.rglob("*") if path.suffix in (".sql", ".yml"))
    kept = PARSED / f"{newest}.msgpack"
    if kept.exists():
        mine.parent.mkdir()
        shutil.copy(kept, mine)
    yield
    if mine.exists() and not kept.exists():
        PARSED.mkdir(parents=True, exist_ok=True)
        complete = PARSED / f"{os.getpid()}"
        shutil.copy(mine, complete)
        complete.replace(kept)


def remove_warehouse(account: Account, unique: str) -> None:
    """Delete what there is of a warehouse: databases, workgroup and bucket, with what is in them."""
    name = f"gold-{unique}"
    session = account.session
    glue, s3, athena = session.client("glue"), session.client("s3"), session.client("athena")
    own = {f"{name}_{layer}" for layer in ("bronze", "silver", "gold")} | {f"todo_analytics_{unique}"}
    databases = [one["Name"] for page in glue.get_paginator("get_databases").paginate() for one in page["DatabaseList"]]
    for database in own.intersection(databases):
        pages = list(glue.get_paginator("get_tables").paginate(DatabaseName=database))
        for table in (table["Name"] for page in pages for table in page["TableList"]):
            glue.delete_table(DatabaseName=database, Name=table)
        glue.delete_database(Name=database)
    if name in [group["Name"] for group in athena.list_work_groups()["WorkGroups"]]:
        athena.delete_work_group(WorkGroup=name, RecursiveDeleteOption=True)
    if name in [bucket["Name"] for bucket in s3.list_buckets()["Buckets"]]:
        for page in s3.get_paginator("list_objects_v2").paginate(Bucket=name):
            keys: Any = [{"Key": item["Key"]} for item in page.get("Contents", [])]
            if keys:
                s3.delete_objects(Bucket=name, Delete={"Objects": keys})
        s3.delete_bucket(Bucket=name)


def make_warehouse(account: Account, unique: str, role: RoleFactory, folder: pathlib.Path) -> Warehouse:
    """Empty silver, no gold, and a copy of the project in `folder`."""
    name = f"gold-{unique}"
    project = copy_project(folder)
    session = account.session
    session.client("s3").create_bucket(Bucket=name)
    session.client("athena").create_work_group(
        Name=name, Configuration={"ResultConfiguration": {"OutputLocation": f"s3://{name}/athena-results/"}}
    )
    glue = session.client("glue")
    for layer in ("bronze", "silver", "gold"):
        glue.create_database(DatabaseInput={"Name": f"{name}_{layer}"})
    glue.create_table(DatabaseName=f"{name}_bronze", TableInput=table_input(f"s3://{name}/bronze/"))
    environment = {
        **os.environ,
        **account.settings.client_environment(),
        **role_keys(role("codebuild", *_permissions(name))),
        **dbt_variables(name),
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

    bronze, silver, gold = (f"{name}_{layer}" for layer in ("bronze", "silver", "gold"))
    own = f"todo_analytics_{name.removeprefix('gold-')}"
    return [
        allow(["s3:GetObject"], f"arn:aws:s3:::{name}/silver/*", f"arn:aws:s3:::{name}/bronze/*"),
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
        allow(["glue:GetDatabase*", "glue:GetTable*", "glue:GetPartition*"], *catalog(bronze, silver, gold, own)),
        allow(["glue:CreateDatabase", *OWN_TABLES], *catalog(gold, own)),
    ]
