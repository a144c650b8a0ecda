import pytest

from infra.local.glue.json_schema import of_lines, to_hive


def columns(*lines: str) -> dict[str, str]:
    return {name: to_hive(kind) for name, kind in of_lines(line.encode() for line in lines).items()}


@pytest.mark.parametrize(
    ("values", "hive"),
    [
        (["1"], "int"),
        (["2147483647"], "int"),
        (["1", "2147483648"], "bigint"),
        (["1", "1.5"], "double"),
        (["true"], "boolean"),
        (['"2026-11-23T10:00:00Z"'], "string"),
        (["null"], "string"),
        (["null", "3"], "int"),
        (["true", "3"], "string"),
        (['"x"', '{"a": 1}'], "string"),
        (["[]"], "array<string>"),
        (["[]", "[1]"], "array<int>"),
        (["[1, 2.5, null]"], "array<double>"),
        (["{}"], "string"),
        (['{"PK": "a"}', '{"SK": 1}', "null"], "struct<pk:string,sk:int>"),
        (['[{"a": 1}, {"b": [true]}]'], "array<struct<a:int,b:array<boolean>>>"),
    ],
)
def test_a_columns_type_holds_every_value_met(values: list[str], hive: str) -> None:
    assert columns(*(f'{{"c": {value}}}' for value in values)) == {"c": hive}


def test_columns_are_in_the_order_in_which_they_were_met_whatever_their_case() -> None:
    assert list(columns('{"b": 1, "A": 1}', "", '{"a": 2.5, "C": null}')) == ["b", "a", "c"]


def test_keys_that_differ_only_in_case_are_one_column() -> None:
    assert columns('{"id": 1, "ID": "x"}') == {"id": "string"}


@pytest.mark.parametrize("line", ["[1]", "3", "{"])
def test_what_is_no_json_object_is_refused(line: str) -> None:
    with pytest.raises(ValueError, match=r"JSON object|Expecting"):
        columns('{"a": 1}', line)
