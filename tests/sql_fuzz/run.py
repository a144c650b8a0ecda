"""Runs generated statements and sorts their endings."""

import dataclasses
import random
import re
import sys
import time
from collections import Counter

from botocore.exceptions import ClientError

from tests.integration.local.athena.conftest import Queries
from tests.sql_fuzz.statements import ROWS, Statements

_CLEAR = re.compile(r"(?!GENERIC_|Query timeout)([A-Z][A-Z_]+: |line \d+:\d+: |FAILED: |Insufficient|mismatched)")
PROGRESS_SECONDS = 30.0
_OTHERS = (
    "Query exhausted resources",
    "Only one sql statement",
    "Queries of this type are not supported",
    "External keyword required",
)


@dataclasses.dataclass
class Report:
    """What the statements ended with.

    Args:
        codes: error code, or `ok`, -> how often.
        unclear: statements that ended with neither rows nor one of Athena's errors.
    """

    count: int = 0
    codes: Counter[str] = dataclasses.field(default_factory=Counter)
    unclear: list[str] = dataclasses.field(default_factory=list)

    def counts(self) -> dict[str, int]:
        """The codes by how often they came."""
        return dict(self.codes.most_common())

    def add(self, sql: str, reason: str) -> None:
        """Count an ending; an empty reason is success."""
        self.count += 1
        clear = not reason or _CLEAR.match(reason) or reason.startswith(_OTHERS)
        self.codes["ok" if not reason else reason.split(":")[0][:40] if clear else "unclear"] += 1
        if not clear:
            self.unclear.append(f"{reason}\n    {sql}")


def prepare(queries: Queries) -> None:
    """A Hive table and an Iceberg table of the same columns."""
    queries.run(
        f"create table hive with (format = 'PARQUET', external_location = '{queries.location('hive')}') as {ROWS}"
    )
    location = queries.location("iced")
    queries.run(
        f"create table iced with (table_type = 'ICEBERG', is_external = false, location = '{location}') as {ROWS}"
    )


def run(queries: Queries, seed: int, seconds: float) -> Report:
    """Generate and run statements for some time.

    Raises:
        botocore.exceptions.EndpointConnectionError: the account is dead.
    """
    statements = Statements(random.Random(seed), ("hive", "iced"), ("iced",), queries.location(f"made-{seed}"))
    report, start = Report(), time.monotonic()
    reported = start
    while (now := time.monotonic()) < start + seconds:
        if now - reported >= PROGRESS_SECONDS:
            print(f"{now - start:.0f} s: {report.count} statements, {len(report.unclear)} unclear", file=sys.stderr)
            reported = now
        sql = statements.next()
        try:
            status = queries.execute(sql)["Status"]
        except ClientError as error:
            report.add(sql, error.response["Error"]["Message"])
            continue
        report.add(sql, "" if status["State"] == "SUCCEEDED" else status.get("StateChangeReason", status["State"]))
    return report
