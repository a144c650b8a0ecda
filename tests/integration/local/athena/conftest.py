"""A database and a bucket per module, and queries in it through boto3."""

import dataclasses
import uuid
from collections.abc import Iterator, Sequence
from typing import Any

import boto3
import pytest

from tests.conftest import Account, until

Row = list[str | None]
Case = tuple[str, str | None, str]
"""An expression, its value as text, its type."""


@dataclasses.dataclass
class Queries:
    """Queries in one database, as the caller whose session this is."""

    session: boto3.Session
    database: str
    bucket: str

    def location(self, name: str) -> str:
        return f"s3://{self.bucket}/{name}/"

    def execute(self, sql: str, **options: Any) -> dict[str, Any]:
        """Run a statement to its end, whatever that is; returns the query execution."""
        athena = self.session.client("athena")
        request: dict[str, Any] = {
            "QueryString": sql,
            "QueryExecutionContext": {"Database": self.database},
            "ResultConfiguration": {"OutputLocation": f"s3://{self.bucket}/results"},
            **options,
        }
        query_id = athena.start_query_execution(**request)["QueryExecutionId"]

        def ended() -> Any:
            execution = athena.get_query_execution(QueryExecutionId=query_id)["QueryExecution"]
            return execution if execution["Status"]["State"] not in ("QUEUED", "RUNNING") else None

        found: dict[str, Any] = until(f"the query {sql[:80]}", ended, 180, 0.02)
        return found

    def run(self, sql: str, **options: Any) -> dict[str, Any]:
        """Run a statement that has to succeed; returns its query execution."""
        execution = self.execute(sql, **options)
        assert execution["Status"]["State"] == "SUCCEEDED", (execution["Status"].get("StateChangeReason"), sql)
        return execution

    def failure(self, sql: str, **options: Any) -> str:
        """The reason for which a statement fails."""
        execution = self.execute(sql, **options)
        assert execution["Status"]["State"] == "FAILED", (sql, execution["Status"])
        reason: str = execution["Status"]["StateChangeReason"]
        return reason

    def results(self, execution: dict[str, Any]) -> dict[str, Any]:
        athena = self.session.client("athena")
        found: Any = athena.get_query_results(QueryExecutionId=execution["QueryExecutionId"])
        return dict(found)

    def rows(self, sql: str, **options: Any) -> list[Row]:
        """The rows of a query, without the header."""
        found = self.results(self.run(sql, **options))["ResultSet"]["Rows"]
        return [[datum.get("VarCharValue") for datum in row["Data"]] for row in found][1:]

    def types(self, sql: str) -> list[str]:
        """The types of a query's columns; a decimal's with its digits."""
        columns = self.results(self.run(sql))["ResultSet"]["ResultSetMetadata"]["ColumnInfo"]
        return [
            f"decimal({column['Precision']},{column['Scale']})" if column["Type"] == "decimal" else column["Type"]
            for column in columns
        ]

    def answers(self, cases: Sequence[Case]) -> list[Case]:
        """The cases as the engine answers them, all in one query."""
        sql = "select " + ", ".join(f"{sql} as c{i}" for i, (sql, _, _) in enumerate(cases))
        [row], types = self.rows(sql), self.types(sql)
        return [(sql, value, kind) for (sql, _, _), value, kind in zip(cases, row, types, strict=True)]

    def scanned(self, sql: str) -> int:
        """The bytes that a query reads."""
        count: int = self.run(sql)["Statistics"]["DataScannedInBytes"]
        return count

    def keys(self, prefix: str) -> list[str]:
        found = self.session.client("s3").list_objects_v2(Bucket=self.bucket, Prefix=prefix)
        return [item["Key"] for item in found.get("Contents", [])]

    def put(self, key: str, body: bytes) -> None:
        self.session.client("s3").put_object(Bucket=self.bucket, Key=key, Body=body)


@pytest.fixture(scope="module")
def athena(account: Account) -> Iterator[Queries]:
    """The owner's queries in a database that the module shares."""
    name = uuid.uuid4().hex[:10]
    queries = Queries(account.session, f"athena_{name}", f"athena-{name}")
    account.session.client("s3").create_bucket(Bucket=queries.bucket)
    account.session.client("glue").create_database(DatabaseInput={"Name": queries.database})
    yield queries
    account.session.client("glue").delete_database(Name=queries.database)
