"""docs/add-a-field.md fits the code; tests/integration/transforms/dbt/test_add_a_field.py runs what it makes."""

import pathlib
import shutil

from infra import ROOT
from tests.field_guide import MAX_FILES, apply_edits, edits


def test_a_field_costs_few_files() -> None:
    assert 0 < len({edit.path for edit in edits()}) <= MAX_FILES


def test_every_edit_fits_the_code(tmp_path: pathlib.Path) -> None:
    for edit in edits():
        copy = tmp_path / edit.path
        copy.parent.mkdir(parents=True, exist_ok=True)
        if (ROOT / edit.path).exists():
            shutil.copy(ROOT / edit.path, copy)

    apply_edits(tmp_path)

    for edit in edits():
        assert "estimate_minutes" in (tmp_path / edit.path).read_text(), edit.path
