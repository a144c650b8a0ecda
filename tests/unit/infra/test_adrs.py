"""The architecture decision records: each has a number, a title and a row in the index."""

import re

from infra import ROOT

FOLDER = ROOT / "docs" / "adrs"
RECORDS = sorted(FOLDER.glob("[0-9]*.md"))
INDEX = (FOLDER / "README.md").read_text().partition("## Records")[2]


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
