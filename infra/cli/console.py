"""Where commands write: tables and sentences for people, one JSON document for programs."""

import json
from typing import Any

import typer
from rich.console import Console
from rich.table import Table

LABEL_COLUMNS = 22


def terminal(stderr: bool = False, quiet: bool = False) -> Console:
    """A console for people; numbers and names keep their colour.

    Args:
        stderr: write to standard error, where standard output has JSON.
        quiet: write nothing.
    """
    return Console(stderr=stderr, quiet=quiet, highlight=False)


def print_json(document: Any, indent: int | None = None) -> None:
    """Write one JSON document, and nothing else, to standard output."""
    typer.echo(json.dumps(document, indent=indent, ensure_ascii=False))


def listing(*headings: str) -> Table:
    """An empty table without lines, with a column per heading; long values wrap."""
    rows = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, header_style="dim")
    for heading in headings:
        rows.add_column(heading, overflow="fold")
    return rows


def labelled() -> Table:
    """An empty table of labels and values, as `status` shows them."""
    table = Table.grid(padding=(0, 2))
    table.add_column(no_wrap=True, min_width=LABEL_COLUMNS)
    table.add_column(overflow="fold")
    return table
