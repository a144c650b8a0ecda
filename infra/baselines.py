"""Writes what is reviewed as a difference: every environment's templates, and the pages that follow from them.

`make synth-accept` writes `cdk.snapshots/<environment>/<stack>.json` from the stacks. A change of
a stack shows in them as a diff; a test refuses a checkout whose baselines are not what its stacks synthesize. The
pages that `infra.site` makes of the templates are written as well.
"""

import json
import pathlib
import re
import sys
import tempfile
from collections.abc import Iterator
from typing import Any

from infra import ROOT
from infra.deploy import synth_examples
from infra.environments import NAMES
from infra.site import pages
from infra.site import templates as committed

SNAPSHOTS = ROOT / "cdk.snapshots"
# what changes with every change of code, and says nothing about the stacks
ASSET_HASH = re.compile(r"\b[0-9a-f]{64}\b")
VERSION_ID = re.compile(r"(CurrentVersion[0-9A-F]{8})[0-9a-f]{32}")


def normalized(template: dict[str, Any]) -> dict[str, Any]:
    """A template without what follows from the code of functions rather than from the stack.

    Args:
        template: as the CDK wrote it.
    """
    resources = {
        name: {key: value for key, value in resource.items() if key != "Metadata"}
        for name, resource in template["Resources"].items()
    }
    kept = {key: value for key, value in template.items() if key not in ("Rules", "Parameters", "Metadata")}
    text = json.dumps({**kept, "Resources": resources}, indent=1, sort_keys=True)
    document: dict[str, Any] = json.loads(VERSION_ID.sub(r"\1", ASSET_HASH.sub("ASSET", text)))
    return document


def templates(folder: pathlib.Path) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Environment, stack and normalized template of everything that `synth_examples` wrote to `folder`."""
    for name in NAMES:
        for path in sorted((folder / name).glob("*.template.json")):
            yield name, path.name.split(".")[0], normalized(json.loads(path.read_text()))


def text(template: dict[str, Any]) -> str:
    """A baseline's content."""
    return json.dumps(template, indent=1, sort_keys=True) + "\n"


def write(folder: pathlib.Path) -> None:
    """Write the baselines of the templates below `folder`."""
    for path in SNAPSHOTS.glob("*/*.json"):
        path.unlink()
    for name, stack, template in templates(folder):
        path = SNAPSHOTS / name / f"{stack}.json"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text(template))


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as scratch:
        examples = pathlib.Path(scratch) / "examples"
        synth_examples(examples)
        write(examples)
    committed.template.cache_clear()
    pages.write()
    print(SNAPSHOTS.relative_to(ROOT), file=sys.stderr)
