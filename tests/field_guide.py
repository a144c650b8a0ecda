"""docs/add-a-field.md as data: the edits that it names, and how they are applied to a copy of the repository."""

import pathlib
import re
from collections.abc import Iterator
from typing import NamedTuple

from infra import ROOT

GUIDE = (ROOT / "docs" / "add-a-field.md").read_text()
COMMANDS = re.findall(r"^make (silver-reference|openapi)$", GUIDE, re.MULTILINE)
MAX_FILES = 8
_BLOCK = re.compile(r"^`(\S+)`:\n\n```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


class Edit(NamedTuple):
    """One edit of the guide.

    Args:
        path: of the file, relative to the repository.
        kind: `diff`, or the language of a whole file.
        text: the diff, or the file.
    """

    path: str
    kind: str
    text: str


def edits() -> Iterator[Edit]:
    """The edits in the order of the page."""
    return (Edit(*block) for block in _BLOCK.findall(GUIDE))


def apply_edits(folder: pathlib.Path) -> None:
    """Apply every edit to a copy of the repository."""
    for edit in edits():
        path = folder / edit.path
        path.write_text(edit_text(path.read_text(), edit.text) if edit.kind == "diff" else edit.text)


def edit_text(text: str, diff: str) -> str:
    """Apply a diff: its lines with a space or a minus are in the text, once and in this order."""
    lines = [(line[:1] or " ", line[1:]) for line in diff.splitlines()]
    before = "\n".join(line for sign, line in lines if sign != "+")
    after = "\n".join(line for sign, line in lines if sign != "-")
    assert text.count(before) == 1, f"the guide names lines that are not there, or not once:\n{before}"
    return text.replace(before, after)
