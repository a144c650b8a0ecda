"""Run one statement in Athena and fetch its result."""

import dataclasses
import time

import boto3

from transforms import contract

DATABASE, WORKGROUP = contract.GOLD_DATABASE, contract.WORKGROUP
ENDED = ("SUCCEEDED", "FAILED", "CANCELLED")
FIRST_PAUSE, LONGEST_PAUSE = 0.05, 1.0


class QueryError(Exception):
    """Athena could not answer; the message is Athena's own."""


@dataclasses.dataclass(frozen=True)
class QueryResult:
    """What a query gave.

    Args:
        columns: names, in order.
        types: the columns' types, as Athena names them.
        rows: values as Athena writes them, None for null.
        scanned: bytes that Athena read, which is what it charges for.
        seconds: how long it took in Athena.
    """

    columns: list[str]
    rows: list[list[str | None]]
    scanned: int
    seconds: float
    types: list[str] = dataclasses.field(default_factory=list)


def run_query(sql: str, database: str = DATABASE) -> QueryResult:
    """Run one statement in the project's workgroup and fetch everything it gives.

    Args:
        sql: Trino SQL, as Athena takes it.
        database: where unqualified table names are looked up.

    Raises:
        QueryError: the statement failed or was cancelled.
        botocore.exceptions.ClientError: Athena refused to run it.
    """
    athena = boto3.client("athena")
    started = athena.start_query_execution(
        QueryString=sql, WorkGroup=WORKGROUP, QueryExecutionContext={"Catalog": "AwsDataCatalog", "Database": database}
    )["QueryExecutionId"]
    pause = FIRST_PAUSE
    try:
        while True:
            found = athena.get_query_execution(QueryExecutionId=started)["QueryExecution"]
            if found["Status"]["State"] in ENDED:
                break
            time.sleep(pause)
            pause = min(pause * 1.5, LONGEST_PAUSE)
    except KeyboardInterrupt:
        athena.stop_query_execution(QueryExecutionId=started)
        raise
    if found["Status"]["State"] != "SUCCEEDED":
        raise QueryError(found["Status"].get("StateChangeReason", f"the query was {found['Status']['State'].lower()}"))
    columns: list[str] = []
    types: list[str] = []
    rows: list[list[str | None]] = []
    for page in athena.get_paginator("get_query_results").paginate(QueryExecutionId=started):
        described = page["ResultSet"]["ResultSetMetadata"]["ColumnInfo"]
        columns, types = [column["Label"] for column in described], [column["Type"] for column in described]
        rows += [[cell.get("VarCharValue") for cell in row["Data"]] for row in page["ResultSet"]["Rows"]]
    # a SELECT's first row repeats the column names; other statements have none
    if rows and found.get("StatementType") == "DML" and rows[0] == columns:
        rows = rows[1:]
    statistics = found.get("Statistics", {})
    return QueryResult(
        columns=columns,
        types=types,
        rows=rows,
        scanned=statistics.get("DataScannedInBytes", 0),
        seconds=statistics.get("TotalExecutionTimeInMillis", 0) / 1000,
    )
