"""The contract, dbt's sources and the docs page say the same, and the sources say it in dbt's own terms."""

import pathlib

import pytest
import yaml

from transforms.silver import docs_generator
from transforms.silver.contract import TABLES, TASK_EVENTS, TASKS


@pytest.mark.parametrize("path", docs_generator.written(), ids=lambda path: path.name)
def test_what_is_written_is_what_the_contract_says(path: pathlib.Path) -> None:
    assert path.read_text() == docs_generator.written()[path], f"run {docs_generator.COMMAND}"


def test_sources_hold_every_column_with_athenas_type() -> None:
    athena = {"string": "varchar", "timestamp": "timestamp(6) with time zone", "array<string>": "array(varchar)"}
    (silver,) = yaml.safe_load(docs_generator.SOURCES.read_text())["sources"]
    assert {
        table["name"]: [(c["name"], c["data_type"], c["description"]) for c in table["columns"]]
        for table in silver["tables"]
    } == {table.name: [(c.name, athena.get(c.type, c.type), c.description) for c in table.columns] for table in TABLES}


def test_keys_and_closed_lists_of_values_are_tested_by_dbt() -> None:
    (silver,) = yaml.safe_load(docs_generator.sources())["sources"]
    tests = {
        (table["name"], column["name"]): column["data_tests"]
        for table in silver["tables"]
        for column in table["columns"]
        if "data_tests" in column
    }
    assert tests[TASKS.name, "task_id"] == ["unique"]
    (status,) = (column for column in TASK_EVENTS.columns if column.name == "status")
    assert tests[TASK_EVENTS.name, "status"] == [{"accepted_values": {"arguments": {"values": [*status.values]}}}]


def test_the_page_names_every_table_and_column() -> None:
    text = docs_generator.page()
    for table in TABLES:
        section = text.split(f"\n## {table.name}\n")[1].split("\n## ")[0]
        assert [line.split("`")[1] for line in section.splitlines() if line.startswith("| `")] == table.column_names()


def test_a_check_names_the_file_that_is_stale(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    page = tmp_path / "silver.md"
    monkeypatch.setattr(docs_generator, "ROOT", tmp_path)
    monkeypatch.setattr(docs_generator, "PAGE", page)
    page.write_text("old")
    assert docs_generator.main(["--check"]) == 1
    assert "silver.md is not what the contract says" in capsys.readouterr().err
    assert page.read_text() == "old"
    assert docs_generator.main([]) == 0
    assert page.read_text() == docs_generator.page()
    assert docs_generator.main(["--check"]) == 0
