"""Values and types as Athena writes them."""

import datetime as dt
import decimal
from typing import Any

import pytest

from infra.local.athena.api.results import ROWS, Column, Result, text


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (None, None),
        (True, "true"),
        (1, "1"),
        (0.5, "0.5"),
        (100.0, "100.0"),
        (1e7, "1.0E7"),
        (-12345678.5, "-1.23456785E7"),
        (0.0001, "1.0E-4"),
        (float("nan"), "NaN"),
        (float("-inf"), "-Infinity"),
        (decimal.Decimal("1E+2"), "100"),
        (decimal.Decimal("1.50"), "1.50"),
        (dt.date(2026, 1, 2), "2026-01-02"),
        (dt.datetime.fromisoformat("2026-01-02T03:04:05"), "2026-01-02 03:04:05.000"),
        (dt.datetime.fromisoformat("2026-01-02T03:04:05.123456"), "2026-01-02 03:04:05.123456"),
        (dt.datetime(2026, 1, 2, tzinfo=dt.UTC), "2026-01-02 00:00:00.000 UTC"),
        ([1, None], "[1, null]"),
        ({"a": [True]}, "{a=[true]}"),
        (b"hi", "68 69"),
    ],
)
def test_a_value_is_written_as_athena_writes_it(value: Any, written: str | None) -> None:
    assert text(value) == written


@pytest.mark.parametrize(
    ("duck", "hive", "kind", "digits"),
    [
        ("HUGEINT", "bigint", "bigint", (19, 0)),
        ("VARCHAR", "string", "varchar", (2147483647, 0)),
        ("DECIMAL(10,2)", "decimal(10,2)", "decimal", (10, 2)),
        ("TIMESTAMP WITH TIME ZONE", "timestamp with time zone", "timestamp with time zone", (3, 0)),
        ('STRUCT("a" INTEGER)', "struct<a:int>", "row", (0, 0)),
        ("BLOB", "binary", "varbinary", (1073741824, 0)),
    ],
)
def test_a_column_has_trinos_type(duck: str, hive: str, kind: str, digits: tuple[int, int]) -> None:
    column = Column.of("c", duck)
    assert (column.hive, column.type, (column.precision, column.scale)) == (hive, kind, digits)


def test_a_table_is_quoted_csv_and_everything_else_is_text() -> None:
    table = Result("DML", [Column("a", "string"), Column("b", "string")], [['x"y', None]])
    assert table.body() == '"a","b"\n"x""y",\n'
    assert Result("UTILITY", [Column("tab_name", "string")], [["t"], ["u"]]).body() == "t\nu"
    assert not Result("DML", ROWS, is_write=True).is_table()
    assert Result("DML", ROWS).is_table()
