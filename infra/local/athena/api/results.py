"""Results as Athena writes them: what a statement hands back, its columns' types, and values as text."""

import dataclasses
import datetime as dt
import decimal
import re
from typing import Any

from infra.local.athena.sql import value_texts, zones
from infra.local.glue.hive_types import duck_to_hive, hive_to_duck

HIVE_TEXT = "hive text"
"""The type of what SHOW and DESCRIBE list: a `string` without a length."""

_PRECISION = {
    "bigint": 19,
    "double": 17,
    "float": 17,
    "integer": 10,
    "smallint": 5,
    "time": 3,
    "time with time zone": 3,
    "timestamp": 3,
    "timestamp with time zone": 3,
    "tinyint": 3,
    "varbinary": 1073741824,
    "varchar": 2147483647,
}
_RESULT_TYPE = {"string": "varchar", "int": "integer", "binary": "varbinary", "struct": "row", HIVE_TEXT: "string"}


@dataclasses.dataclass(frozen=True)
class Column:
    """A column of a result or of a table being written.

    Args:
        hive: its type in the catalog.
        zone: the time zone of its timestamps.
    """

    name: str
    hive: str
    zone: str = ""

    @classmethod
    def of(cls, name: str, duck: str) -> "Column":
        """A column of a DuckDB query, whose type becomes the nearest that Trino has."""
        return cls(name, duck_to_hive(duck))

    @property
    def duck(self) -> str:
        """The DuckDB type that holds its values."""
        return hive_to_duck(self.hive)

    @property
    def type(self) -> str:
        """`ColumnInfo.Type` of GetQueryResults."""
        base = self.hive if self.hive.startswith(("time", HIVE_TEXT)) else re.split(r"[<(]", self.hive)[0].strip()
        return _RESULT_TYPE.get(base, base)

    @property
    def precision(self) -> int:
        """`ColumnInfo.Precision`: digits of a number, the type's own measure otherwise."""
        digits = re.fullmatch(r"(?:decimal|varchar|char)\((\d+)(?:,\d+)?\)", self.hive)
        return int(digits.group(1)) if digits else _PRECISION.get(self.type, 0)

    @property
    def scale(self) -> int:
        """`ColumnInfo.Scale`: digits after the point."""
        digits = re.fullmatch(r"decimal\((\d+),(\d+)\)", self.hive)
        return int(digits.group(2)) if digits else 0


ROWS = [Column("rows", "bigint")]
"""The one column that Athena describes for a statement that changes data."""


@dataclasses.dataclass
class Result:
    """What a statement hands back.

    Args:
        kind: `StatementType`: DDL, DML or UTILITY.
        rows: values as text, None for NULL.
        changed: rows written or changed (`UpdateCount`).
        is_write: the statement writes data, and a manifest says which files.
    """

    kind: str = "DDL"
    columns: list[Column] = dataclasses.field(default_factory=list)
    rows: list[list[str | None]] = dataclasses.field(default_factory=list)
    changed: int = 0
    is_write: bool = False

    def body(self) -> str:
        """The content of the result object: CSV with every value quoted and NULL bare, else tab-separated text."""
        if not self.is_table():
            return "\n".join("\t".join(value or "" for value in row) for row in self.rows)
        header: list[str | None] = [column.name for column in self.columns]
        lines = [header, *self.rows]
        return "\n".join(",".join(map(_quoted, line)) for line in lines) + "\n"

    def is_table(self) -> bool:
        """Whether the result object is a CSV file with a header."""
        return self.kind == "DML" and not self.is_write


def _quoted(value: str | None) -> str:
    return "" if value is None else '"' + value.replace('"', '""') + '"'


def text(value: Any) -> str | None:
    """A value as Athena writes it; NULL is None."""
    match value:
        case None:
            return None
        case bool():
            return "true" if value else "false"
        case float():
            return value_texts.fraction_text(value)
        case decimal.Decimal():
            return format(value, "f")
        case dt.datetime():
            zone = f" {zones.name(value.tzinfo)}" if value.tzinfo else ""
            return f"{value.date().isoformat()} {_time(value.time())}{zone}"
        case dt.time():
            return _time(value)
        case dt.timedelta():
            return _interval(value)
        case list() | tuple():
            return "[" + ", ".join(map(_item, value)) + "]"
        case dict():
            return "{" + ", ".join(f"{text(key)}={_item(item)}" for key, item in value.items()) + "}"
        case bytes() | bytearray() | memoryview():
            return bytes(value).hex(" ")
        case _:
            return str(value)


def _time(value: dt.time) -> str:
    fraction = f"{value.microsecond:06d}"
    offset = value.isoformat()[-6:] if value.tzinfo else ""
    return f"{value:%H:%M:%S}." + (fraction[:3] if fraction.endswith("000") else fraction) + offset


def _interval(value: dt.timedelta) -> str:
    seconds, milliseconds = divmod(abs(value) // dt.timedelta(milliseconds=1), 1000)
    days, of_day = divmod(seconds, 86400)
    clock = f"{of_day // 3600:02d}:{of_day // 60 % 60:02d}:{of_day % 60:02d}.{milliseconds:03d}"
    return f"{'-' if value < dt.timedelta() else ''}{days} {clock}"


def _item(value: Any) -> str:
    shown = text(value)
    return "null" if shown is None else shown
