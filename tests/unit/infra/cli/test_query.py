import io

import pytest
from rich.console import Console

from infra.cli.athena import QueryResult
from infra.cli.query import format_result, is_read_only

WIDE = QueryResult(
    ["task_id", "title", "note"], [["01J" + "0" * 23, "Grüße 你好", "x" * 60], ["01K", None, ""]], 0, 0.1
)


def shown(answer: QueryResult, width: int) -> str:
    console = Console(width=width, file=io.StringIO(), record=True)
    console.print(format_result(answer, width))
    return console.export_text()


def test_what_fits_is_a_table_with_each_row_on_one_line() -> None:
    lines = [line for line in shown(WIDE, 140).splitlines() if line.startswith("│")]
    assert len(lines) == 2
    assert "x" * 60 in lines[0]


def test_a_table_wider_than_the_terminal_becomes_one_record_per_row() -> None:
    assert [line.rstrip() for line in shown(WIDE, 80).splitlines()] == [
        "row 1",
        "  task_id  01J00000000000000000000000",
        "  title    Grüße 你好",
        f"  note     {'x' * 60}",
        "row 2",
        "  task_id  01K",
        "  title    null",
        "  note",
    ]


def test_a_long_value_in_a_record_goes_on_under_itself() -> None:
    text = shown(QueryResult(["a", "b"], [["x" * 30, "y"]], 0, 0.1), 20)
    assert [line.strip() for line in text.splitlines()] == ["row 1", "a  " + "x" * 15, "x" * 15, "b  y"]


def test_one_column_and_no_rows_stay_tables_however_narrow_the_terminal() -> None:
    assert "│" in shown(QueryResult(["line"], [["x" * 100]], 0, 0.1), 40)
    assert "┃" in shown(QueryResult(["first", "second"], [], 0, 0.1), 10)


def test_tabs_take_the_room_that_a_terminal_gives_them() -> None:
    described = QueryResult(["col_name"], [["id                  \tbigint              \tWho it is."]], 0, 0.1)
    assert len([line for line in shown(described, 100).splitlines() if line.startswith("│")]) == 1


@pytest.mark.parametrize(
    ("sql", "reading"),
    [
        ("select 1", True),
        ("  -- why\n (WITH a AS (SELECT 1) SELECT * FROM a)", True),
        ("/* insert */ show tables", True),
        ("explain analyze select 1", True),
        ("explain analyze insert into t values (1)", False),
        ("drop table business_metrics_kpis", False),
        ("/* select */ delete from t", False),
        ("create table t as select 1", False),
        ("unload (select 1) to 's3://b/' with (format = 'PARQUET')", False),
        ("msck repair table t", False),
    ],
)
def test_a_statement_that_only_reads_is_distinguished_from_one_that_writes(sql: str, reading: bool) -> None:
    assert is_read_only(sql) == reading
