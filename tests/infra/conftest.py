"""Every environment's templates, synthesized once per session, as `make synth` writes them."""

import dataclasses
import json
import pathlib
from collections.abc import Iterator
from typing import Any

import pytest

from infra.deploy import synth_examples
from infra.environments import NAMES


def joined(value: Any) -> str:
    """A template's string, with what it refers to written as `{Name}`."""
    if not isinstance(value, dict):
        return str(value)
    ((function, inner),) = value.items()
    if function == "Fn::Sub":
        return str(inner).replace("${", "{")
    if function == "Fn::Join":
        separator, parts = inner
        return str(separator).join(joined(part) for part in parts)
    return "{" + (inner if isinstance(inner, str) else ".".join(inner)) + "}"


@dataclasses.dataclass(frozen=True)
class Resource:
    """One resource of a template."""

    stack: str
    id: str
    type: str
    properties: dict[str, Any]
    definition: dict[str, Any]


@dataclasses.dataclass(frozen=True)
class Templates:
    """The templates of one environment."""

    folder: pathlib.Path
    stacks: dict[str, dict[str, Any]]

    def resources(self, *types: str) -> Iterator[Resource]:
        """All resources, or those of `types`."""
        for stack, template in self.stacks.items():
            for name, resource in template["Resources"].items():
                if not types or resource["Type"] in types:
                    yield Resource(stack, name, resource["Type"], resource.get("Properties", {}), resource)

    def one(self, kind: str, **properties: Any) -> Resource:
        """The only resource of a type that has these properties."""
        (found,) = [
            resource
            for resource in self.resources(kind)
            if all(resource.properties.get(name) == value for name, value in properties.items())
        ]
        return found


@pytest.fixture(scope="session")
def templates(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Templates]:
    """The templates by environment."""
    output = tmp_path_factory.mktemp("cdk") / "examples"
    synth_examples(output)
    found: dict[str, Templates] = {}
    for name in NAMES:
        folder = output / name
        stacks = {path.name.split(".")[0]: json.loads(path.read_text()) for path in folder.glob("*.template.json")}
        found[name] = Templates(folder, stacks)
    return found


@pytest.fixture(scope="session")
def deployed(templates: dict[str, Templates]) -> Templates:
    """The templates of prod on AWS."""
    return templates["prod"]
