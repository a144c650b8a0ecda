"""The rules of dbt-project-evaluator, read from a project's manifest.json.

The package itself builds its rules as models in a warehouse and comes from dbt's package hub, which no registry of this
project's locks has: docs/adrs/0160-groups-versions-and-rules-of-dbt-projects.md. Names are those of its models without
`fct_`: https://dbt-labs.github.io/dbt-project-evaluator/latest/rules/
"""

import collections
import pathlib
import re
from collections.abc import Iterator
from typing import Any

Node = dict[str, Any]
Violation = tuple[str, str]

LAYERS = {"staging": ("stg_",), "intermediate": ("int_",), "marts": ("fct_", "dim_", "agg_"), "live": ("live_",)}
FANOUT, JOINS, CHAIN = 3, 7, 4  # the package's thresholds; that of chained views is the one for Athena
_HARD_CODED = re.compile(r"\b(?:from|join)\s+[\"`\w]+\.[\"`\w]+", re.IGNORECASE)


def violations(manifest: dict[str, Any]) -> set[Violation]:
    """Which resource breaks which rule: pairs of a rule and a name.

    Args:
        manifest: what `dbt parse` wrote, https://docs.getdbt.com/reference/artifacts/manifest-json
    """
    project = _Project(manifest)
    return {*_modeling(project), *_tests(project), *_documentation(project), *_structure(project), *_exposed(project)}


class _Project:
    """Nodes by their id, and who reads whom."""

    def __init__(self, manifest: dict[str, Any]) -> None:
        nodes = manifest["nodes"].values()
        self.models: dict[str, Node] = {one["unique_id"]: one for one in nodes if one["resource_type"] == "model"}
        self.snapshots = {one["unique_id"]: one for one in nodes if one["resource_type"] == "snapshot"}
        self.tests: list[Node] = [one for one in nodes if one["resource_type"] == "test"]
        self.sources: dict[str, Node] = manifest["sources"]
        self.exposures: list[Node] = list(manifest["exposures"].values())
        self.tables = {**self.models, **self.snapshots, **self.sources}
        self.parents = {
            name: [one for one in dict.fromkeys(node["depends_on"]["nodes"]) if one in self.tables]
            for name, node in {**self.models, **self.snapshots}.items()
        }
        self.children = collections.defaultdict[str, list[str]](list)
        for child, parents in self.parents.items():
            for parent in parents:
                self.children[parent].append(child)

    def layer(self, name: str) -> str:
        """The layer of a model: staging, intermediate, marts or live; `source` and `snapshot` are layers, too."""
        if name not in self.models:
            return "source" if name in self.sources else "snapshot"
        return str(self.models[name]["fqn"][1])

    def own_tests(self, name: str) -> list[Node]:
        return [test for test in self.tests if test.get("attached_node") == name]


def _modeling(project: _Project) -> Iterator[Violation]:
    leaves = {name for name in project.models if not project.children[name]}
    for name, model in project.models.items():
        parents = project.parents[name]
        layers = collections.Counter(map(project.layer, parents))
        own, label = project.layer(name), model["name"]
        if own == "staging" and layers["staging"]:
            yield "staging_dependent_on_staging", label
        if own == "staging" and layers.keys() & {"intermediate", "marts", "live"}:
            yield "staging_dependent_on_marts_or_intermediate", label
        if own != "staging" and layers["source"]:
            yield "marts_or_intermediate_dependent_on_source", label
        if layers["source"] and len(layers) > 1:
            yield "direct_join_to_source", label
        if layers["source"] > 1:
            yield "multiple_sources_joined", label
        if not parents:
            yield "root_models", label
        if len(parents) >= JOINS:
            yield "too_many_joins", label
        if _HARD_CODED.search(re.sub(r"--.*|\{#.*?#\}", "", model["raw_code"], flags=re.DOTALL)):
            yield "hard_coded_references", label
        if _chain(project, name) > CHAIN:
            yield "chained_views_dependencies", label
        yield from _rejoining(project, name)
    for name, table in project.tables.items():
        if len([one for one in project.children[name] if one in leaves]) >= FANOUT:
            yield "model_fanout", table["name"]
    relations = collections.Counter(source["relation_name"] for source in project.sources.values())
    for name, source in project.sources.items():
        if len(project.children[name]) > 1:
            yield "source_fanout", source["name"]
        if not project.children[name]:
            yield "unused_sources", source["name"]
        if relations[source["relation_name"]] > 1:
            yield "duplicate_sources", source["name"]


def _rejoining(project: _Project, child: str) -> Iterator[Violation]:
    """A parent is read next to a model between, which reads nothing else and which nobody else reads."""
    for between in project.parents[child]:
        again = set(project.parents.get(between, ())) & set(project.parents[child])
        if again and project.children[between] == [child]:
            yield "rejoining_of_upstream_concepts", project.models[child]["name"]


def _chain(project: _Project, name: str) -> int:
    """How many views are read one through the other below a model."""
    views = [
        one
        for one in project.parents.get(name, ())
        if project.tables[one].get("config", {}).get("materialized") in ("view", "ephemeral")
    ]
    return 1 + max((_chain(project, one) for one in views), default=-1)


def _tests(project: _Project) -> Iterator[Violation]:
    for name, table in {**project.models, **project.snapshots}.items():
        tests = project.own_tests(name)
        if not any((test["test_metadata"] or {}).get("name") == "primary_key" for test in tests):
            yield "missing_primary_key_tests", table["name"]
        if not tests:
            yield "test_coverage", table["name"]
    for source in project.sources.values():
        if not (source["freshness"] and source["loaded_at_field"]):
            yield "sources_without_freshness", source["name"]


def _documentation(project: _Project) -> Iterator[Violation]:
    for name, table in project.tables.items():
        rule = "undocumented_source_tables" if name in project.sources else "undocumented_models"
        if not table["description"]:
            yield rule, table["name"]
        if any(not column["description"] for column in table["columns"].values()):
            yield "documentation_coverage", table["name"]
    for source in project.sources.values():
        if not source["source_description"]:
            yield "undocumented_sources", source["source_name"]


def _structure(project: _Project) -> Iterator[Violation]:
    for name, model in project.models.items():
        layer, label = project.layer(name), model["name"]
        if not label.startswith(LAYERS.get(layer, ())):
            yield "model_naming_conventions", label
        folder = pathlib.PurePath(model["original_file_path"]).parent
        sources = {project.sources[one]["source_name"] for one in project.parents[name] if one in project.sources}
        if layer not in LAYERS or (layer == "staging" and not sources <= {folder.name}):
            yield "model_directories", label
        for test in project.own_tests(name):
            if pathlib.PurePath(test["original_file_path"]).parent != folder:
                yield "test_directories", label
    for source in project.sources.values():
        path = pathlib.PurePath(source["original_file_path"])
        if path.parts[:2] != ("models", "staging") or path.parent.name != source["source_name"]:
            yield "source_directories", source["source_name"]


def _exposed(project: _Project) -> Iterator[Violation]:
    for model in project.models.values():
        if model["access"] == "public" and not model["config"]["contract"]["enforced"]:
            yield "public_models_without_contract", model["name"]
        if model["access"] == "public" and not model["description"]:
            yield "undocumented_public_models", model["name"]
    for exposure in project.exposures:
        for name in exposure["depends_on"]["nodes"]:
            table = project.tables[name]
            if table.get("access") == "private":
                yield "exposures_dependent_on_private_models", table["name"]
            if name in project.sources or table["config"]["materialized"] in ("view", "ephemeral"):
                yield "exposure_parents_materializations", table["name"]
