"""The architecture decision records: each has a number, a title and a row in the index."""

import re

import pytest

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


def test_every_record_has_context_options_decision_and_consequences() -> None:
    assert {record.name: missing for record in RECORDS if (missing := find_missing(record.read_text()))} == {}


@pytest.mark.parametrize(
    ("record", "missing"),
    [
        ("**Context.** Why.\n\n**Decision.** What.\n\n**Consequences.** So.", ["Options"]),
        ("**Context.** Why.\n\n**Options.**\n\n**Decision.** What.\n\n**Consequences.** So.", ["Options"]),
        (
            "**Context.** Why.\n\n**Options.**\n\n- A. Taken.\n\n**Decision.** What.\n\n**Consequences.** So.",
            ["Options"],
        ),
        ("**Context.** Why.\n\n**Decision.** What.\n\n**Options.** A. B.\n\n**Consequences.** So.", ["order"]),
        ("**Context.** Why.\n\n**Options.** A. B.\n\n**Decision.** What.\n", ["Consequences"]),
    ],
)
def test_a_record_without_a_section_is_found(record: str, missing: list[str]) -> None:
    assert find_missing(record) == missing


SECTIONS = ("Context", "Options", "Decision", "Consequences")


def find_missing(record: str) -> list[str]:
    """The sections of MADR (https://adr.github.io/madr/) that a record lacks; options are two at least."""
    found = re.findall(r"^\*\*(\w+)\.\*\*(.*?)(?=^\*\*\w+\.\*\*|\Z)", record, re.MULTILINE | re.DOTALL)
    texts = {name: text.strip() for name, text in found if name in SECTIONS}
    missing = [name for name in SECTIONS if not texts.get(name)]
    if not missing:
        listed = re.findall(r"^- |^\| ", texts["Options"], re.MULTILINE)
        if len(listed or re.findall(r"\.(?=\s|$)", texts["Options"])) < 2:
            missing = ["Options"]
    return missing or ([] if list(texts) == list(SECTIONS) else ["order"])
