"""A compiled dbt project, read from its manifest.json.

https://docs.getdbt.com/reference/artifacts/manifest-json
"""

import dataclasses
import json
import pathlib
import re
from collections.abc import Mapping
from typing import Any

from transforms.impact.consumers import Project, Test

TABLES = ("model", "snapshot")
# the instant at which dbt has started, which differs between two compilations of the same project
_STARTED = re.compile(r"timestamp '\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{6}'")


@dataclasses.dataclass(frozen=True)
class Model:
    """A model, or a snapshot.

    Args:
        schema: the database that it is built in.
        columns: their types, by name.
        key: its primary key, by its test; empty without one.
    """

    name: str
    schema: str
    columns: Mapping[str, str]
    key: tuple[str, ...]


@dataclasses.dataclass(frozen=True)
class Compiled:
    """A compiled project.

    Args:
        models: by name.
        project: the lineage of its models.
        tests: of its models.
    """

    models: Mapping[str, Model]
    project: Project
    tests: tuple[Test, ...]


def read_manifest(path: pathlib.Path) -> Compiled:
    """The project that a manifest describes.

    Args:
        path: of a manifest.json that `dbt compile` wrote.
    """
    manifest = json.loads(path.read_text())
    nodes: dict[str, Any] = manifest["nodes"]
    # the name of its table: versions of a model share the model's
    models = {node["alias"]: node for node in nodes.values() if node["resource_type"] in TABLES}
    schema = {name: [column.lower() for column in node["columns"]] for name, node in models.items()}
    schema |= {one["name"]: [column.lower() for column in one["columns"]] for one in manifest["sources"].values()}
    tests = [node for node in nodes.values() if node["resource_type"] == "test"]
    keys = {
        nodes[node["attached_node"]]["alias"]: tuple(node["test_metadata"]["kwargs"]["columns"])
        for node in tests
        if node.get("attached_node") in nodes and (node.get("test_metadata") or {}).get("name") == "primary_key"
    }
    found = {
        name: Model(
            name,
            node["schema"],
            {column: one.get("data_type") or "varchar" for column, one in node["columns"].items()},
            keys.get(name, ()),
        )
        for name, node in models.items()
    }
    unit_tests = [Test(one["name"], (one["model"],), own=True) for one in manifest.get("unit_tests", {}).values()]
    data_tests = [
        Test(node["name"], _models_of(node, nodes), (node.get("column_name") or "").lower())
        for node in tests
        if _models_of(node, nodes)
    ]
    project = Project(
        {name: _STARTED.sub("timestamp '1970-01-01'", node["compiled_code"]) for name, node in models.items()}, schema
    )
    return Compiled(found, project, (*data_tests, *unit_tests))


def _models_of(test: Mapping[str, Any], nodes: Mapping[str, Any]) -> tuple[str, ...]:
    """The models that a test reads, the one that it is attached to first."""
    read = [one for one in test["depends_on"]["nodes"] if one in nodes and nodes[one]["resource_type"] in TABLES]
    own = test.get("attached_node")
    ordered = [own, *(one for one in read if one != own)] if own in read else read
    return tuple(nodes[one]["alias"] for one in ordered)
