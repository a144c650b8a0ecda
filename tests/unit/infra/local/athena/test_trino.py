"""Trino SQL in DuckDB's terms; that it computes the right thing is the conformance tests' business."""

import pytest

from infra.local.athena.data.iceberg import partition_field
from infra.local.athena.errors import OUT_OF_MEMORY, AthenaError, place
from infra.local.athena.sql import trino
from infra.local.athena.sql.functions import joda_to_strftime


@pytest.mark.parametrize(
    ("joda", "strftime"),
    [
        ("yyyy-MM-dd HH:mm:ss", "%Y-%m-%d %H:%M:%S"),
        ("EEE, d MMM yy h:mm a", "%a, %-d %b %y h:%M %p"),
        ("yyyy'T'HH", "%YT%H"),
        ("'unclosed", "unclosed"),
    ],
)
def test_joda_patterns_become_strftime(joda: str, strftime: str) -> None:
    assert joda_to_strftime(joda) == strftime


def test_leading_comments_and_the_final_semicolon_are_no_part_of_a_statement() -> None:
    assert trino.strip_comments('/* {"app": "dbt"} */ -- x\n select 1 -- y\n;') == "select 1 -- y"


def test_parameters_fill_the_question_marks_in_order() -> None:
    tree = trino.with_parameters(trino.parse("select ?, ? from t"), ["1", "'a'"])
    assert tree.sql(dialect="trino") == "SELECT 1, 'a' FROM t"


def test_a_wrong_number_of_parameters_is_refused() -> None:
    with pytest.raises(AthenaError, match="expected 1 but found 0"):
        trino.with_parameters(trino.parse("select ?"), [])


@pytest.mark.parametrize("call", ["rpad('a', 2147483647, '-')", "lpad('a', 50000001, '-')"])
def test_a_text_that_no_memory_holds_is_refused(call: str) -> None:
    with pytest.raises(AthenaError, match=OUT_OF_MEMORY):
        trino.to_duck(trino.parse(f"select {call}"))


def test_a_syntax_error_names_its_place() -> None:
    with pytest.raises(AthenaError, match=r"SYNTAX_ERROR: line 2:\d+: mismatched input"):
        trino.parse("select 1\nfrom where")


def test_columns_lose_the_database_before_them() -> None:
    tree = trino.to_duck(trino.parse("select awsdatacatalog.db.t.a, t.b from db.t"))
    assert trino.duck_sql(tree) == "SELECT t.a, t.b FROM db.t"


def test_the_place_of_a_name_is_its_line_and_column() -> None:
    assert place("select a,\n  b from t", "b") == "line 2:3: "
    assert place("select a", "zz") == ""


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("day(at)", ("at", "day", "at_day")),
        ("bucket(k, 16)", ("k", "bucket[16]", "k_bucket")),
        ("bucket(16, k)", ("k", "bucket[16]", "k_bucket")),
        ('truncate("name", 4)', ("name", "truncate[4]", "name_truncate")),
        ("category", ("category", "identity", "category")),
    ],
)
def test_athenas_partition_transforms_are_icebergs(text: str, expected: tuple[str, str, str]) -> None:
    column, transform, name = partition_field(text)
    assert (column, str(transform), name) == expected


def test_an_unknown_partition_expression_is_refused() -> None:
    with pytest.raises(AthenaError, match="Invalid partition field"):
        partition_field("a + b")
