import json
import pathlib

import pytest

import ingestion.cdc
from ingestion.contract import SCHEMA_VERSION
from transforms.contract import SILVER_TABLES
from transforms.silver import contract
from transforms.silver.contract import REJECTS, TABLES, TASK_EVENTS, TASKS, USERS, Table
from transforms.silver.envelope import ENVELOPE, IMAGE, REQUIRED, TIMES
from transforms.silver.merge import order_expression, replaces

every_table = pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)


@every_table
def test_keys_and_order_are_columns_that_are_never_null(table: Table) -> None:
    required = {column.name for column in table.columns if not column.nullable}
    assert table.key
    assert table.order
    assert required.issuperset(table.key)
    assert required.issuperset(table.order)


@every_table
def test_every_column_is_named_once_has_a_known_type_and_is_described(table: Table) -> None:
    assert len(set(table.column_names())) == len(table.columns)
    for column in table.columns:
        assert column.type in contract.TYPES
        assert column.description.endswith(".")
    assert table.grain.startswith("One ")


@every_table
def test_the_ddl_names_every_column_with_its_type(table: Table) -> None:
    ddl = table.ddl("glue_catalog.todo_silver")
    assert ddl.startswith(f"create table if not exists glue_catalog.todo_silver.{table.name} (")
    assert "'format-version' = '2'" in ddl
    for column in table.columns:
        assert f"\n  {column.name} {column.type}{'' if column.nullable else ' not null'} comment '" in ddl


def test_other_folders_know_the_tables_by_name() -> None:
    assert tuple(table.name for table in TABLES) == SILVER_TABLES


def test_a_quote_in_a_description_does_not_end_it() -> None:
    table = Table("t", "One row.", "", ("a",), (contract.Column("a", "string", r"It's a \ here."),), order=("a",))
    assert r"comment 'It\'s a \\ here.'" in table.ddl("c.d")


def test_nothing_that_identifies_a_person_is_a_column() -> None:
    for table in TABLES:
        assert not {"email", "name", "description"} & set(table.column_names())
    assert "title" not in TASK_EVENTS.column_names()


def test_events_are_partitioned_by_day_and_states_are_not_partitioned() -> None:
    assert "partitioned by (days(occurred_at))" in TASK_EVENTS.ddl("c.d")
    assert "partitioned by" not in TASKS.ddl("c.d")


def test_a_newer_state_wins_by_version_and_then_by_the_padded_sequence_number() -> None:
    assert replaces(TASKS) == (
        "struct(s.version, lpad(s.sequence_number, 40, '0')) > struct(t.version, lpad(t.sequence_number, 40, '0'))"
    )
    assert order_expression(USERS) == "struct(created_at, version, lpad(sequence_number, 40, '0'))"
    assert replaces(TASK_EVENTS) == "struct(s.ingested_at) != struct(t.ingested_at)"
    assert replaces(REJECTS) == "struct(s.seen_at) < struct(t.seen_at)"


def test_what_silver_reads_of_an_envelope_is_what_ingestion_promises() -> None:
    schema = json.loads((pathlib.Path(ingestion.cdc.__path__[0]) / "envelope.schema.json").read_text())
    kinds = {"string": "string", "object": "struct"}
    for field in ENVELOPE:
        promised = schema["properties"][field.name]
        assert field.name in schema["required"]
        if "$ref" in promised:
            promised = schema["$defs"][promised["$ref"].rsplit("/", 1)[-1]]
        if "const" in promised:
            assert (field.dataType.typeName(), promised["const"]) == ("long", SCHEMA_VERSION)
            continue
        names = promised.get("type", "string")  # an enum here is always text
        allowed = {kinds[name] for name in ([names] if isinstance(names, str) else names) if name != "null"}
        assert allowed == {field.dataType.typeName()}, field.name


def test_what_must_be_in_an_image_is_read_from_it() -> None:
    assert set(REQUIRED) == {"TASK", "USER"}
    assert set(IMAGE.names).issuperset([*REQUIRED["TASK"], *REQUIRED["USER"], *TIMES])
