"""Markdown that the generated pages share: tables whose cells hold anything, and code spans."""

from collections.abc import Iterable, Sequence


def table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table.

    Args:
        header: the columns' names.
        rows: a cell per column; line breaks and bars in cells are escaped.
    """
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join("| " + " | ".join(cell(text) for text in line) + " |" for line in lines)


def cell(text: str) -> str:
    """A text that does not end its table's cell."""
    return " ".join(text.split()).replace("|", "\\|")


def code(text: object) -> str:
    """A code span."""
    return f"`{text}`"


def codes(texts: Iterable[object]) -> str:
    """Code spans, separated by commas."""
    return ", ".join(code(text) for text in texts)


def page(*parts: str) -> str:
    """A page of paragraphs, tables and headings, with one empty line between them."""
    return "\n\n".join(part.strip("\n") for part in parts if part.strip()) + "\n"
