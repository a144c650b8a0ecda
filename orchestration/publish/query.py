"""Rows of gold, asked of Athena.

The whole result is one CSV object in S3, which is read as a stream: many times faster than GetQueryResults' pages of a
thousand rows. https://docs.aws.amazon.com/athena/latest/ug/querying-finding-output-files.html
"""

import codecs
import csv
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mypy_boto3_athena import AthenaClient
    from mypy_boto3_s3 import S3Client

# a field may be as long as a row: 32 MB, https://docs.aws.amazon.com/athena/latest/ug/service-limits.html
MAX_FIELD_BYTES = 32 * 1024 * 1024
POLL_SECONDS = (0.1, 0.2, 0.5, 1.0)


class QueryFailed(Exception):  # noqa: N818 – Step Functions shows the class's name to operators
    """Athena ended a query otherwise than well."""


def rows(athena: "AthenaClient", s3: "S3Client", workgroup: str, database: str, sql: str) -> Iterator[dict[str, str]]:
    """The rows of a query, each as column name -> text; null is empty text.

    Args:
        athena: runs the query.
        s3: reads its result.
        workgroup: says where results go.
        database: that names in `sql` are looked up in.
        sql: one select statement.

    Raises:
        QueryFailed: with Athena's reason.
    """
    query = athena.start_query_execution(
        QueryString=sql, WorkGroup=workgroup, QueryExecutionContext={"Database": database, "Catalog": "AwsDataCatalog"}
    )["QueryExecutionId"]
    bucket, _, key = _result(athena, query).removeprefix("s3://").partition("/")
    csv.field_size_limit(MAX_FIELD_BYTES)  # of the process; Python's default is 128 KB
    lines = codecs.getreader("utf-8")(s3.get_object(Bucket=bucket, Key=key)["Body"])
    yield from csv.DictReader(lines)


def _result(athena: "AthenaClient", query: str) -> str:
    looks = 0
    while True:
        execution = athena.get_query_execution(QueryExecutionId=query)["QueryExecution"]
        status = execution["Status"]
        if status["State"] == "SUCCEEDED":
            return execution["ResultConfiguration"]["OutputLocation"]
        if status["State"] in ("FAILED", "CANCELLED"):
            reason = status.get("StateChangeReason", "no reason was given")
            raise QueryFailed(f"query {query} {status['State']}: {reason}")
        time.sleep(POLL_SECONDS[min(looks, len(POLL_SECONDS) - 1)])
        looks += 1
