"""The comparison of table and silver: of everything, or of what silver has merged lately.

It needs AWS credentials and nothing else of its surroundings, so it runs wherever Python does: from
`insights reconcile`, in CodeBuild (`python -m transforms.reconcile --json`), in a Lambda function or a Glue Python job
that calls `check`. It may `dynamodb:Scan`, `dynamodb:Query` and `dynamodb:BatchGetItem` the table, `glue:GetDatabase`
and `glue:GetTable` silver, and `s3:GetObject` silver's bucket.
"""

import dataclasses
import datetime as dt
import itertools
from collections.abc import Callable, Iterable, Iterator, Mapping, Set
from typing import TYPE_CHECKING, Any

from api.contract import TABLE_NAME
from transforms.contract import SILVER_DATABASE
from transforms.reconcile import items
from transforms.reconcile.compare import Comparison, Difference, Row, compare, sum_of
from transforms.reconcile.partitions import Partitions
from transforms.reconcile.silver import rows

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

TABLE_SIDE, SILVER_SIDE = "table", "silver"
# of ten million tasks one has some 40,000 rows, about 70 MB in memory for both sides
PARTITIONS = 256
# rows of silver that are looked up and compared at a time
LOOKED_UP = 10_000
# differences of a part that are looked at again; where there are more, a changed item is not the reason
CONFIRMED = 1000
KEYS = (("tasks", "task_id", items.TASK_COLUMNS), ("users", "user_id", items.USER_COLUMNS))


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

    @property
    def rows(self) -> int:
        """How many rows were compared: where the two sides differ in number, those of the larger one."""
        return sum(max(one.table, one.silver) for one in (self.tasks, self.users))

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
            if item["entity_type"] in items.TABLES:
                partitions.add(items.TABLES[item["entity_type"]], TABLE_SIDE, items.identifier(item), items.row(item))
            else:
                erased.add(item["SK"])
        for name, key, columns in KEYS:
            for row in rows(database, name, columns):
                partitions.add(name, SILVER_SIDE, row[key], row)

        def found(name: str) -> Comparison:
            side = Side(dynamodb, table, name, erased, before)
            return sum_of(
                side.compare(dict(held), silver) for held, silver in partitions.read(name, TABLE_SIDE, SILVER_SIDE)
            )

        return Result(found("tasks"), found("users"))


def check_changed(
    dynamodb: "DynamoDBClient",
    since: dt.datetime,
    table: str = TABLE_NAME,
    database: str = SILVER_DATABASE,
    before: dt.datetime | None = None,
    seen: Callable[[int], None] = lambda _: None,
) -> Result:
    """Compare the rows that silver has merged since an instant with their items, which are looked up by key.

    What silver never heard of is found by `check` only, which reads the whole table.

    Args:
        dynamodb: the client to look items up with.
        since: as of which instant of `merged_at`.
        table: as for `check`, like the rest.
        database: likewise.
        before: likewise.
        seen: likewise.

    Raises:
        botocore.exceptions.ClientError: a permission is missing, or the table is.
        pyiceberg.exceptions.NoSuchTableError: silver has not been built yet.
    """
    erased = items.erased_users(dynamodb, table)

    def found(name: str, key: str, columns: Iterable[str]) -> Iterator[Comparison]:
        side, merged = Side(dynamodb, table, name, erased, before), rows(database, name, tuple(columns), since)
        while silver := [(row[key], row) for row in itertools.islice(merged, LOOKED_UP)]:
            held = side.current((one, row["user_id"]) for one, row in silver)
            seen(len(held))
            yield side.compare(held, silver)

    return Result(*(sum_of(found(*one)) for one in KEYS))


@dataclasses.dataclass(frozen=True)
class Side:
    """One of silver's tables and the items that it is made of.

    Args:
        dynamodb: the client to look items up with.
        table: the application's table.
        name: of silver's table.
        erased: users whose erasure is on its way.
        before: as for `check`.
    """

    dynamodb: "DynamoDBClient"
    table: str
    name: str
    erased: Set[str]
    before: dt.datetime | None

    def current(self, keys: Iterable[tuple[str, str]]) -> dict[str, Row]:
        """What the table holds now of items, by identifier.

        Args:
            keys: identifier and owner of each.
        """
        found = items.get(self.dynamodb, self.table, (items.key_of(self.name, *key) for key in keys))
        return {items.identifier(item): items.row(item) for item in found}

    def compare(self, held: Mapping[str, Row], silver: Iterable[tuple[str, Row]]) -> Comparison:
        """Compare rows; what was changed since it was read is no difference.

        Args:
            held: what the table held when it was read, by key.
            silver: keys and rows that silver holds.
        """
        owners = {key: str(row["user_id"]) for key, row in held.items()}

        def concerned(row: Row) -> bool:
            return row["user_id"] not in self.erased and is_settled(row, self.before)

        def concerned_rows() -> Iterator[tuple[str, Row]]:
            for key, row in silver:
                owners.setdefault(key, str(row["user_id"]))
                item = held.get(key)
                if item is None and (_is_purged(row) or (self.before and row["is_deleted"])):
                    continue
                if concerned(row) and (item is None or concerned(item)):
                    yield key, row

        def confirmed(differences: list[Difference]) -> Iterator[Difference]:
            again = differences[:CONFIRMED]
            now = self.current((one.key, owners[one.key]) for one in again)
            yield from (one for one in again if now.get(one.key) == held.get(one.key))
            yield from differences[CONFIRMED:]

        return compare({key: row for key, row in held.items() if concerned(row)}, concerned_rows(), confirmed)


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
