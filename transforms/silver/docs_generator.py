"""What others read of the contract: dbt's sources and the page docs/silver.md.

python -m transforms.silver.docs_generator            writes both
python -m transforms.silver.docs_generator --check    exits 1, naming the file, when one is not as it would be written
"""

import argparse
import pathlib
import sys
from collections.abc import Sequence
from typing import Any

import yaml

from transforms.silver.contract import TABLES, Column, Table

ROOT = pathlib.Path(__file__).resolve().parents[2]
SOURCES = ROOT / "transforms" / "dbt" / "models" / "staging" / "__sources.yml"
PAGE = ROOT / "docs" / "silver.md"
COMMAND = "python -m transforms.silver.docs_generator"

# https://docs.aws.amazon.com/athena/latest/ug/querying-iceberg-supported-data-types.html
ATHENA_TYPES = {"string": "varchar", "timestamp": "timestamp(6) with time zone", "array<string>": "array(varchar)"}


def sources() -> str:
    """dbt's sources of silver, YAML.

    A required column has no test: Iceberg refuses a null in it. Keys of several columns have none because dbt's own
    `unique` takes one column.
    """
    silver = {
        "name": "silver",
        "description": "Iceberg tables that the Spark job todo-silver maintains; instants carry a time zone (UTC).",
        "database": "awsdatacatalog",
        "schema": "{{ env_var('SILVER_SCHEMA', 'todo_silver') }}",
        "tables": [_source(table) for table in TABLES],
    }
    text = yaml.safe_dump({"version": 2, "sources": [silver]}, sort_keys=False, allow_unicode=True, width=116)
    return f"# written by `{COMMAND}` from transforms/silver/contract.py\n{text}"


def page() -> str:
    """The page that describes silver, Markdown."""
    parts = [
        "# Silver",
        f"Written by `{COMMAND}` from [contract.py](../transforms/silver/contract.py); change it there.",
        "Iceberg tables (format version 2) in the Glue database `todo_silver`. Instants are UTC, to the microsecond.",
        *(part for table in TABLES for part in _section(table)),
    ]
    return "\n\n".join(parts) + "\n"


def main(argv: Sequence[str]) -> int:
    """Write or check the files; the exit status."""
    parser = argparse.ArgumentParser(description="Write dbt's sources and docs/silver.md from silver's contract.")
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 when a file is not up to date")
    check = parser.parse_args(argv).check
    stale = [path for path, text in written().items() if not path.exists() or path.read_text() != text]
    for path in stale:
        if check:
            print(f"{path.relative_to(ROOT)} is not what the contract says; run {COMMAND}", file=sys.stderr)
        else:
            path.write_text(written()[path])
            print(path.relative_to(ROOT))
    return 1 if check and stale else 0


def written() -> dict[pathlib.Path, str]:
    """Each file's path, and the text that the contract makes of it."""
    return {SOURCES: sources(), PAGE: page()}


def _source(table: Table) -> dict[str, Any]:
    described: dict[str, Any] = {"name": table.name, "description": f"{table.grain} {table.note}"}
    if table.arrival:
        described["config"] = {
            "loaded_at_field": table.arrival,
            # a warning: that nobody writes a task for a day is no error
            "freshness": {
                "warn_after": {"count": 24, "period": "hour"},
                # the rows of late runs are in few files; the column of all files would be read for nothing
                "filter": "merged_at >= current_timestamp - interval '2' day",
            },
        }
    described["columns"] = [_source_column(table, column) for column in table.columns]
    return described


def _source_column(table: Table, column: Column) -> dict[str, Any]:
    described: dict[str, Any] = {
        "name": column.name,
        "data_type": ATHENA_TYPES.get(column.type, column.type),
        "description": column.description,
    }
    tests: list[Any] = ["unique"] if table.key == (column.name,) else []
    if column.values:
        tests.append({"accepted_values": {"arguments": {"values": list(column.values)}}})
    if tests:
        described["data_tests"] = tests
    return described


def _section(table: Table) -> list[str]:
    facts = [f"Key: {_code(table.key)}."]
    if table.partitioned_by:
        facts.append(f"Partitioned by {_code(table.partitioned_by)}.")
    rows = [
        f"| `{column.name}` | {column.type} | {'yes' if column.nullable else 'no'} | {_meaning(column)} |"
        for column in table.columns
    ]
    header = ["| column | type | null | meaning |", "|---|---|---|---|"]
    return [f"## {table.name}", f"{table.grain} {table.note}", " ".join(facts), "\n".join([*header, *rows])]


def _meaning(column: Column) -> str:
    return f"{column.description} One of {_code(column.values)}." if column.values else column.description


def _code(names: Sequence[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
