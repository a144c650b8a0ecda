import duckdb
import pytest

from infra.local.glue.hive_types import FORMATS, duck_to_hive, hive_to_duck, quote_identifier, quote_literal, split_top


@pytest.mark.parametrize(
    "hive",
    [
        "string",
        "int",
        "bigint",
        "double",
        "boolean",
        "date",
        "timestamp",
        "binary",
        "decimal(38,2)",
        "array<int>",
        "map<string,bigint>",
        "struct<pk:string,sk:string>",
        "array<struct<name:string,tags:array<string>,sizes:map<string,decimal(10,2)>>>",
    ],
)
def test_a_type_survives_the_way_through_duckdb(hive: str) -> None:
    with duckdb.connect() as connection:
        ((_, described, *_),) = connection.execute(f"describe select null::{hive_to_duck(hive)} as x").fetchall()
    assert duck_to_hive(described) == hive


@pytest.mark.parametrize(
    ("hive", "duck"),
    [
        ("VARCHAR(20)", "VARCHAR"),
        ("char(1)", "VARCHAR"),
        ("decimal", "DECIMAL(10,0)"),
        ("timestamp(6) with time zone", "TIMESTAMPTZ"),
        ("timestamp(3)", "TIMESTAMP"),
        ("struct<a b:int,`c`:string>", 'STRUCT("a b" INTEGER, "c" VARCHAR)'),
    ],
)
def test_spellings_of_trino_and_of_the_catalog_are_both_read(hive: str, duck: str) -> None:
    assert hive_to_duck(hive) == duck


@pytest.mark.parametrize("unknown", ["uniontype<int,string>", "array<>", "struct<>", "map<string>", "integr", ""])
def test_an_unknown_type_is_refused_by_name(unknown: str) -> None:
    with pytest.raises(ValueError, match="unknown type"):
        hive_to_duck(unknown)


@pytest.mark.parametrize(
    ("duck", "hive"),
    [
        ("UINTEGER", "bigint"),
        ("HUGEINT", "bigint"),
        ("UUID", "uuid"),
        ('"NULL"', "unknown"),
        ("ENUM('a', 'b')", "string"),
        ("INTEGER[3]", "array<int>"),
        ("TIMESTAMP WITH TIME ZONE", "timestamp with time zone"),
        ('STRUCT("Due, Date" DATE, "say ""hi""" VARCHAR)', 'struct<due, date:date,say "hi":string>'),
    ],
)
def test_what_hive_does_not_have_becomes_its_nearest_type(duck: str, hive: str) -> None:
    assert duck_to_hive(duck) == hive


def test_only_commas_outside_brackets_and_quotes_split() -> None:
    assert split_top('a map<x,y>, "b,c" decimal(1,2),, d int[2]') == ["a map<x,y>", '"b,c" decimal(1,2)', "d int[2]"]


def test_quotes_inside_names_and_texts_are_doubled() -> None:
    with duckdb.connect() as connection:
        answer = connection.execute(f"select {quote_literal(chr(39))} as {quote_identifier(chr(34))}")
        assert ([column[0] for column in answer.description or []], answer.fetchall()) == (['"'], [("'",)])


def test_each_format_has_an_input_format_an_output_format_and_a_serde() -> None:
    assert set(FORMATS) == {"avro", "parquet", "json", "orc", "textfile"}
    assert [parts[2].rsplit(".", 1)[-1] for parts in FORMATS.values()] == [
        "AvroSerDe",
        "ParquetHiveSerDe",
        "JsonSerDe",
        "OrcSerde",
        "LazySimpleSerDe",
    ]
