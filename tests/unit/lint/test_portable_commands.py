"""Makefile, scripts and pages use what Linux, macOS and WSL have in common: no flag of GNU's tools alone.

https://pubs.opengroup.org/onlinepubs/9799919799/idx/utilities.html
"""

import pathlib
import re
from collections.abc import Iterator

import pytest

from infra import ROOT
from tests.page_commands import find_pages, read_blocks

# what only GNU's tool takes, or takes in its way
NOT_PORTABLE = {
    "sed -i": r"\bsed\s+(?:-\w+\s+)*-i",
    "sed -r": r"\bsed\s+-\w*r",
    "grep -P": r"\bgrep\s+-\w*P",
    "readlink -f": r"\breadlink\s+-f",
    "date -d": r"\bdate\s+(?:-u\s+)?-d",
    "date %N": r"\bdate\b[^|;]*%\d*N",
    "xargs -r": r"\bxargs\s+-\w*r",
    "cp --…, mv --…": r"(?:^\s*@?|[;&|(]\s*)(?:cp|mv|rm|ln|ls|mkdir)\s+--\w",
    "stat -c": r"\bstat\s+-c",
    "sort -V": r"\bsort\s+-\w*V",
    "find -printf": r"\bfind\b.*-printf",
    "base64 -w": r"\bbase64\s+-w",
    "head -n -N": r"\bhead\s+-n\s*-\d",
    "timeout": r"(?:^|[;&|(]\s*)timeout\s+\d",
    "nproc": r"\$\(nproc\)",
    "flock": r"(?:^|[;&|(]\s*)flock\s",
    "declare -A": r"^\s*declare -A",
}
SCRIPTS = [ROOT / "Makefile", *sorted((ROOT / ".ci").glob("*")), *sorted((ROOT / "infra" / "scripts").glob("*.sh"))]


def find_faults(text: str) -> Iterator[str]:
    """The names of what is not portable in a script."""
    for name, pattern in NOT_PORTABLE.items():
        if re.search(pattern, text, re.MULTILINE):
            yield name


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.name)
def test_a_script_runs_on_every_system(path: pathlib.Path) -> None:
    assert list(find_faults(path.read_text())) == []


def test_what_readers_copy_runs_on_every_system() -> None:
    blocks = [(page.name, block.commands) for page in find_pages() for block in read_blocks(page.read_text())]
    assert [(name, fault) for name, commands in blocks for fault in find_faults(commands)] == []


@pytest.mark.parametrize(
    ("script", "fault"),
    [
        ("sed -i s/a/b/ file", "sed -i"),
        ("grep -oP 'x' file", "grep -P"),
        ('cd "$(dirname "$(readlink -f "$0")")"', "readlink -f"),
        ("date -u -d yesterday", "date -d"),
        ("key=$(date +%s%3N)", "date %N"),
        ("cp --parents a b", "cp --…, mv --…"),
        ("run; timeout 5 run", "timeout"),
    ],
)
def test_a_planted_fault_is_found(script: str, fault: str) -> None:
    assert list(find_faults(script)) == [fault]
