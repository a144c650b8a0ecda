"""Tables of delimited text and JSON lines, read as their SerDes read them and written as they are read.

LazySimpleSerDe: https://docs.aws.amazon.com/athena/latest/ug/lazy-simple-serde.html
OpenCSVSerDe: https://docs.aws.amazon.com/athena/latest/ug/csv-serde.html
OpenX JSON SerDe: https://docs.aws.amazon.com/athena/latest/ug/openx-json-serde.html
"""

import bz2

import pytest

from tests.integration.local.athena.conftest import Queries

pytestmark = pytest.mark.account

LAZY = "ROW FORMAT DELIMITED FIELDS TERMINATED BY '{}'"
OPEN_CSV = "ROW FORMAT SERDE 'org.apache.hadoop.hive.serde2.OpenCSVSerde'"
OPEN_X = "ROW FORMAT SERDE 'org.openx.data.jsonserde.JsonSerDe'"


def create(athena: Queries, name: str, columns: str, row_format: str, body: bytes | None, suffix: str = "txt") -> None:
    if body is not None:
        athena.put(f"{name}/one.{suffix}", body)
    athena.run(f"CREATE EXTERNAL TABLE {name} ({columns}) {row_format} LOCATION '{athena.location(name)}'")


def test_lazy_simple_rows_have_nulls_empty_texts_and_empty_lines(athena: Queries) -> None:
    create(athena, "lazy", "n int, s string, t string", LAZY.format("|"), b'1|a|"q"\n\nx||\\N\n4|\\N\r\n')
    assert athena.rows("select n, s, t from lazy") == [
        ["1", "a", '"q"'],
        [None, None, None],
        [None, "", None],
        ["4", None, None],
    ]


def test_an_empty_line_of_a_table_of_one_column_is_an_empty_text(athena: Queries) -> None:
    create(athena, "single", "line string", "", b"a\n\nb\n")
    assert athena.rows("select line from single") == [["a"], [""], ["b"]]


def test_escaped_delimiters_belong_to_the_value(athena: Queries) -> None:
    create(athena, "escaped", "a string, b string", LAZY.format(",") + " ESCAPED BY '\\\\'", b"x\\,y,z\n")
    assert athena.rows("select a, b from escaped") == [["x,y", "z"]]


def test_bzip2_is_read(athena: Queries) -> None:
    create(athena, "bzipped", "a string, n int", LAZY.format(","), bz2.compress(b"x,1\ny,2\n"), "bz2")
    assert athena.rows("select a, n from bzipped") == [["x", "1"], ["y", "2"]]


@pytest.mark.parametrize(("name", "delimiter"), [("pipes", "|"), ("tabs", "\\t"), ("commas", ",")])
def test_inserted_rows_come_back_as_they_were(athena: Queries, name: str, delimiter: str) -> None:
    create(athena, name, "n int, s string, d double", LAZY.format(delimiter), None)
    athena.run(f"insert into {name} values (1, 'a', 1.5e0), (2, null, null), (null, '', 0e0)")
    assert athena.rows(f"select n, s, d from {name} order by n") == [
        ["1", "a", "1.5"],
        ["2", None, None],
        [None, "", "0.0"],
    ]


def test_a_ctas_of_text_keeps_its_delimiter_and_its_nulls(athena: Queries) -> None:
    athena.run(
        f"create table written with (format = 'TEXTFILE', field_delimiter = ';', external_location = "
        f"'{athena.location('written')}') as select * from (values (1, 'a'), (2, null), (3, '')) as t (n, s)"
    )
    assert athena.rows("select n, s from written order by n") == [["1", "a"], ["2", None], ["3", ""]]


def test_open_csv_has_quotes_and_no_nulls(athena: Queries) -> None:
    create(athena, "quoted", "n int, s string", OPEN_CSV, b'"1","a, ""b"""\n2,\n')
    assert athena.rows("select n, s from quoted") == [["1", 'a, "b"'], ["2", ""]]
    athena.run("insert into quoted values (3, 'x, y')")
    assert athena.rows("select n, s from quoted where n = 3") == [["3", "x, y"]]


@pytest.mark.parametrize("value", [b"x", b""])
def test_open_csv_fails_on_a_number_that_is_none(athena: Queries, value: bytes) -> None:
    name = f"bad_{len(value)}"
    create(athena, name, "n int, s string", OPEN_CSV, value + b",c\n")
    assert athena.failure(f"select n from {name}").startswith("HIVE_BAD_DATA: Error parsing field value")
    assert athena.rows(f"select s from {name}") == [["c"]]


def test_malformed_json_is_an_error_unless_it_is_to_be_ignored(athena: Queries) -> None:
    body = b'{"a": 1}\n{no json\n{"a": 3}\n'
    create(athena, "strict", "a int", OPEN_X, body)
    assert athena.execute("select a from strict")["Status"]["State"] == "FAILED"
    create(athena, "lenient", "a int", f"{OPEN_X} WITH SERDEPROPERTIES ('ignore.malformed.json' = 'true')", body)
    assert athena.rows("select a from lenient") == [["1"], [None], ["3"]]


def test_a_column_of_an_iceberg_table_gets_a_wider_type_and_no_other(athena: Queries) -> None:
    athena.run(
        f"create table widened (v int, s string) location '{athena.location('widened')}' "
        "tblproperties ('table_type' = 'iceberg')"
    )
    athena.run("insert into widened values (1, 'a')")
    athena.run("alter table widened change column v w bigint")
    athena.run("insert into widened values (3000000000, 'b')")
    assert athena.rows("select w from widened order by w") == [["1"], ["3000000000"]]
    assert athena.types("select w from widened") == ["bigint"]
    assert "Cannot change column type" in athena.failure("alter table widened change column s s int")
