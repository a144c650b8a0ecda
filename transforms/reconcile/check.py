"""The whole comparison of table and silver.

It needs AWS credentials and nothing else of its surroundings, so it runs wherever Python does: from
`insights reconcile`, in CodeBuild (`python -m transforms.reconcile --json`), in a Lambda function or a Glue Python job
that calls `check`. It may `dynamodb:Scan` the table, `glue:GetDatabase` and `glue:GetTable` silver, and `s3:GetObject`
silver's bucket.
"""

import dataclasses
import datetime as dt
from collections.abc import Callable, Iterable, Iterator, Mapping, Set
from typing import TYPE_CHECKING, Any

from api.contract import TABLE_NAME
from transforms.contract import SILVER_DATABASE
from transforms.reconcile import items
from transforms.reconcile.compare import Comparison, Row, compare, sum_of
from transforms.reconcile.partitions import Partitions
from transforms.reconcile.silver import rows

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

TABLE_SIDE, SILVER_SIDE = "table", "silver"
# of ten million tasks one has some 40,000 rows, about 70 MB in memory for both sides
PARTITIONS = 256


@dataclasses.dataclass(frozen=True)
class Result:
    """What came of it.

    Args:
        tasks: table against `tasks`.
        users: table against `users`.
    """

    tasks: Comparison
    users: Comparison

    @property
    def differences(self) -> int:
        """How many rows are not the same."""
        return self.tasks.differences + self.users.differences

    def document(self) -> dict[str, Any]:
        """The result as JSON has it."""
        return {"differences": self.differences, **dataclasses.asdict(self)}


def check(
    dynamodb: "DynamoDBClient",
    table: str = TABLE_NAME,
    database: str = SILVER_DATABASE,
    before: dt.datetime | None = None,
    seen: Callable[[int], None] = lambda _: None,
) -> Result:
    """Compare every task and profile of the table with silver's row of it.

    What is removed from the table for good has a row in silver that says so and nothing else; it is left out, and so
    are users whose erasure is on its way. While the table is being written to, silver is behind by one run and its
    delivery: `before` leaves out what was written since.

    Both sides are spread over temporary files by key and compared file by file: memory is bounded, the disk holds both.

    Args:
        dynamodb: the client to scan with.
        table: the application's table.
        database: silver's.
        before: items and rows last written at this time or later are left out, and deleted rows whose item is gone.
        seen: called with how many more items were read.

    Raises:
        botocore.exceptions.ClientError: a permission is missing, or the table is.
        pyiceberg.exceptions.NoSuchTableError: silver has not been built yet.
    """
    erased: set[str] = set()
    with Partitions(PARTITIONS) as partitions:
        for item in items.scan(dynamodb, table):
            seen(1)
            if item["entity_type"] == "TASK":
                partitions.add("tasks", TABLE_SIDE, items.identifier(item), items.task(item))
            elif item["entity_type"] == "USER":
                partitions.add("users", TABLE_SIDE, items.identifier(item), items.user(item))
            else:
                erased.add(item["SK"])
        for name, key, columns in (("tasks", "task_id", items.TASK_COLUMNS), ("users", "user_id", items.USER_COLUMNS)):
            for row in rows(database, name, columns):
                partitions.add(name, SILVER_SIDE, row[key], row)

        def found(name: str) -> Comparison:
            return sum_of(
                compare_partition(dict(held), silver, erased, before)
                for held, silver in partitions.read(name, TABLE_SIDE, SILVER_SIDE)
            )

        return Result(found("tasks"), found("users"))


def compare_partition(
    held: Mapping[str, Row], silver: Iterable[tuple[str, Row]], erased: Set[str], before: dt.datetime | None
) -> Comparison:
    """Compare the rows that share a partition.

    Args:
        held: what the table holds, by key.
        silver: keys and rows that silver holds.
        erased: users whose erasure is on its way.
        before: as for `check`.
    """

    def concerned(row: Row) -> bool:
        return row["user_id"] not in erased and is_settled(row, before)

    def concerned_rows() -> Iterator[tuple[str, Row]]:
        for key, row in silver:
            item = held.get(key)
            if item is None and (_is_purged(row) or (before and row["is_deleted"])):
                continue
            if concerned(row) and (item is None or concerned(item)):
                yield key, row

    return compare({key: row for key, row in held.items() if concerned(row)}, concerned_rows())


def is_settled(row: Row, before: dt.datetime | None) -> bool:
    """Whether a row was last written before an instant; one that does not say when is never waited for.

    Args:
        row: of the table or of silver.
        before: None: every row is compared.
    """
    written = row["updated_at"]
    # a malformed time is the text that the item holds
    return before is None or not isinstance(written, dt.datetime) or written < before


def _is_purged(row: Row) -> bool:
    return bool(row["is_deleted"]) and row.get("title") is None
