"""The committed templates are what the stacks synthesize, so that a change of a stack is reviewed as a diff."""

import difflib

import pytest

from infra import baselines
from infra.environments import NAMES
from tests.infra.conftest import Templates

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("name", NAMES)
def test_the_baselines_are_current(templates: dict[str, Templates], name: str) -> None:
    found = {
        stack: baselines.text(template)
        for _, stack, template in baselines.templates(templates[name].folder.parent)
        if _ == name
    }
    committed = {path.stem: path.read_text() for path in (baselines.SNAPSHOTS / name).glob("*.json")}
    assert set(committed) == set(found)
    for stack, text in found.items():
        lines = difflib.unified_diff(
            committed[stack].splitlines(), text.splitlines(), "baseline", stack, lineterm="", n=1
        )
        changed = "\n".join(list(lines)[:40])
        assert not changed, f"{stack} of {name} has changed; `make synth-accept` accepts it:\n{changed}"
