"""Each declared dependency says why it is there."""

import re
import tomllib

from infra import ROOT


def test_each_declared_dependency_has_its_reason_on_the_page() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    declared = [name for extra in project["optional-dependencies"].values() for name in extra]
    rows = (ROOT / "docs" / "dependencies.md").read_text()
    explained = {
        name.strip()
        for row in re.findall(r"^\| ([^|]+) \| [^|]{8,} \|$", rows, re.MULTILINE)
        for name in row.split(",")
    }
    names = {re.split(r"[\[=;<> ]", requirement)[0] for requirement in declared}
    assert {name for name in names if not name.startswith("types-")} <= explained
    assert explained - {"types-…"} <= names
