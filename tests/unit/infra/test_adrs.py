"""The architecture decision records: each has a number, a title and a row in the index; links lead somewhere."""

import pathlib
import re

import pytest

from infra import ROOT

FOLDER = ROOT / "docs" / "adrs"
RECORDS = sorted(FOLDER.glob("[0-9]*.md"))
INDEX = (FOLDER / "README.md").read_text().partition("## Records")[2]
PAGES = sorted([ROOT / "README.md", ROOT / "CHANGELOG.md", *(ROOT / "docs").rglob("*.md")])


def test_every_number_is_used_once() -> None:
    numbers = [record.name[:4] for record in RECORDS]
    assert sorted(set(numbers)) == numbers


def test_the_index_lists_every_record_by_its_title() -> None:
    titles = {
        record.name: re.fullmatch(rf"# {record.name[:4]}: (.+)", record.read_text().splitlines()[0])
        for record in RECORDS
    }
    assert [name for name, title in titles.items() if title is None] == [], "a title is `# 0001: what was decided`"
    rows = dict(re.findall(r"^\| \[\d{4}\]\(([^)]+)\) \| (.+) \|$", INDEX, re.MULTILINE))
    assert rows == {name: title[1] for name, title in titles.items() if title}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_relative_link_leads_to_a_file(page: pathlib.Path) -> None:
    text = re.sub(r"^```.*?^```|`[^`\n]+`", "", page.read_text(), flags=re.MULTILINE | re.DOTALL)
    links = re.findall(r"\]\((?!https?:|mailto:|#)([^)#\s]+)(?:#[^)]*)?\)", text)
    assert [link for link in links if not (page.parent / link).exists()] == []
