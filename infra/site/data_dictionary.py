"""docs/reference/tables.md: every table and column from bronze to gold.

Bronze from its JSON schemas, silver from its contract, gold from dbt's models, and the table that the pipeline writes
about itself from the template that declares it.
"""

import functools
import json
import re
from typing import Any

import yaml

from infra import ROOT
from infra.site import templates
from infra.site.markdown import code, codes, page, table
from transforms.silver.contract import TABLES

BRONZE = {"cdc": "ingestion/cdc/envelope.schema.json", "logs": "ingestion/logs/request.schema.json"}
DBT = ROOT / "transforms" / "dbt"
FOLDERS = {
    "staging": "models/staging",
    "intermediate": "models/intermediate",
    "snapshots": "snapshots",
    "live": "models/live",
    "marts": "models/marts",
}
INTRODUCTION = """\
# Tables and columns

Written by `make reference`. Each layer states its columns once: bronze in JSON schemas, silver in its contract, gold in
the `.yml` of each model and snapshot. [Silver](../silver.md) and [gold for BI users](../bi.md) have pages of their
own."""
LAYERS = {
    "bronze": "Glue database `todo_bronze`, catalogued by `todo-bronze-crawler`. Objects are GZIP JSON lines.",
    "silver": "Glue database `todo_silver`, Iceberg, written by the Glue job `todo-silver`.",
    "gold": "Glue database `todo_analytics`, written by dbt. BI users read the marts.",
}
CLOCKS = {
    "utc": "Days are those of UTC.",
    "user": "Days are those of each user: the clock of the profile's time zone.",
}
FOLDER_TITLES = {
    "marts": "Marts: what people query",
    "live": "Live: as of now",
    "snapshots": "Snapshots: versions of what silver has in its latest state",
    "intermediate": "Intermediate: what several marts need",
    "staging": "Staging: views over silver, and over the changes in bronze that it does not hold",
}


def text() -> str:
    """The whole page."""
    parts = [INTRODUCTION, "## Bronze", LAYERS["bronze"]]
    for name in BRONZE:
        parts += _bronze(name)
    parts += ["## Silver", LAYERS["silver"]]
    for silver in TABLES:
        rows = [
            (code(one.name), one.type, "yes" if one.nullable else "no", _with_values(one.description, one.values))
            for one in silver.columns
        ]
        facts = f"{silver.grain} {silver.note} Key: {codes(silver.key)}."
        parts += [f"### {code(silver.name)}", facts, table(("column", "type", "null", "meaning"), rows)]
    parts += ["## Gold", LAYERS["gold"]]
    for folder in reversed(FOLDERS):
        parts.append(f"### {FOLDER_TITLES[folder]}")
        for model in models(folder):
            columns = [
                (code(column["name"]), column.get("data_type", ""), describe(column.get("description", "")))
                for column in model.get("columns", [])
            ]
            parts += [
                f"#### {code(model['name'])}",
                f"{describe(model['description'])} {CLOCKS.get(clock_of(model), '')}".strip(),
            ]
            parts.append(table(("column", "type", "meaning"), columns) if columns else "")
    parts += ["### Written by the pipeline", *_runs_table()]
    return page(*parts)


def names() -> set[str]:
    """Every table's name: bronze, silver, gold, and the pipeline's own."""
    gold = {model["name"] for folder in FOLDERS for model in models(folder)}
    return {*BRONZE, *(silver.name for silver in TABLES), *gold, *(name for name, _ in _declared())}


def undocumented() -> list[str]:
    """Columns of any layer without a description."""
    found = [
        f"bronze {name}.{field} has no description in {path}"
        for name, path in BRONZE.items()
        for field, schema in _schema(path)["properties"].items()
        if not schema.get("description")
    ]
    for folder in FOLDERS:
        for model in models(folder):
            where = f"transforms/dbt/{FOLDERS[folder]}/{model['name']}.yml"
            if not model.get("description"):
                found.append(f"{model['name']} has no description in {where}")
            if folder in ("marts", "live", "snapshots") and clock_of(model) not in CLOCKS:
                found.append(f"{model['name']} does not say whose days it counts: config.meta.clock in {where}")
            silent = [one["name"] for one in model.get("columns", []) if not one.get("description")]
            found += [f"{model['name']}.{name} has no description in {where}" for name in silent]
    return found


def clock_of(model: dict[str, Any]) -> str:
    """Whose days a model counts, a key of `CLOCKS`; empty when it does not say."""
    return str(model.get("config", {}).get("meta", {}).get("clock", ""))


def models(folder: str) -> list[dict[str, Any]]:
    """The models, or the snapshots, of one layer of the dbt project, as their properties describe them."""
    properties = (_properties(path.read_text()) for path in sorted((DBT / FOLDERS[folder]).glob("[!_]*.yml")))
    return [model for one in properties for kind in ("models", "snapshots") for model in one.get(kind, [])]


def describe(description: str) -> str:
    """A description with the texts that its `doc` blocks name."""
    return re.sub(r"\{\{ *doc\('(\w+)'\) *\}\}", lambda found: _docs()[str(found[1])], description).strip()


@functools.cache
def _docs() -> dict[str, str]:
    blocks = re.findall(r"\{% docs (\w+) %\}(.*?)\{% enddocs %\}", (DBT / "models" / "docs.md").read_text(), re.DOTALL)
    return {name: content.strip() for name, content in blocks}


@functools.cache
def _properties(text: str) -> dict[str, Any]:
    # the C parser takes a tenth of the time
    loaded: dict[str, Any] = yaml.load(text, getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506
    return loaded


@functools.cache
def _schema(path: str) -> dict[str, Any]:
    document: dict[str, Any] = json.loads((ROOT / path).read_text())
    return document


def _bronze(name: str) -> list[str]:
    schema = _schema(BRONZE[name])
    rows = [
        (code(field), _json_type(given), given.get("description", "")) for field, given in schema["properties"].items()
    ]
    description = f"{schema['description']} Schema: [{BRONZE[name].rpartition('/')[2]}](../../{BRONZE[name]})."
    return [f"### {code(name)}", description, table(("field", "type", "meaning"), rows)]


def _json_type(schema: dict[str, Any]) -> str:
    if "enum" in schema:
        return f"one of {codes(schema['enum'])}"
    if "const" in schema:
        return code(schema["const"])
    if "$ref" in schema:
        return str(schema["$ref"]).rpartition("/")[2]
    for key in ("anyOf", "oneOf"):
        if key in schema:
            return " or ".join(_json_type(option) for option in schema[key])
    kind = schema.get("type", "any")
    return " or ".join(kind) if isinstance(kind, list) else str(kind)


def _with_values(description: str, values: tuple[str, ...]) -> str:
    return f"{description} One of {codes(values)}." if values else description


def _declared() -> list[tuple[str, list[dict[str, str]]]]:
    inputs = [resource["Properties"]["TableInput"] for _, _, resource in templates.resources("AWS::Glue::Table")]
    return [
        (given["Name"], [*given["StorageDescriptor"]["Columns"], *given.get("PartitionKeys", [])]) for given in inputs
    ]


def _runs_table() -> list[str]:
    parts = []
    for name, columns in _declared():
        rows = [(code(column["Name"]), column["Type"], column.get("Comment", "")) for column in columns]
        parts += [f"#### {code(name)}", table(("column", "type", "meaning"), rows)]
    return parts
