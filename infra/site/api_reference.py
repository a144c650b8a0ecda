"""docs/reference/api.md: routes, parameters, responses and schemas, from the committed OpenAPI document."""

import json
from collections.abc import Iterator
from typing import Any

from infra import ROOT
from infra.site.markdown import code, codes, page, table

DOCUMENT = ROOT / "docs" / "openapi.json"
REFERENCE = "#/components/schemas/"
INTRODUCTION = """\
# REST API

Written by `make reference` from [openapi.json](../openapi.json), which `make openapi` writes from the routes. The
deployed API serves the same document at `/openapi.json` and shows it at `/docs`."""
LIMITS = {
    "minLength": "at least {} characters",
    "maxLength": "at most {} characters",
    "minimum": "from {}",
    "maximum": "up to {}",
    "minItems": "at least {} items",
    "maxItems": "at most {} items",
}


def text() -> str:
    """The whole page."""
    document = json.loads(DOCUMENT.read_text())
    parts = [INTRODUCTION, document["info"]["description"], "## Routes", _routes(document)]
    for path, method, operation in _operations(document):
        parts += _section(path, method, operation)
    parts.append("## Schemas")
    for name, schema in sorted(document["components"]["schemas"].items()):
        parts += [f"### {name}", schema.get("description", ""), _fields(schema)]
    return page(*parts)


def undocumented() -> list[str]:
    """Operations, parameters and schemas without a description."""
    document = json.loads(DOCUMENT.read_text())
    return [
        f"{method.upper()} {path} has no description in docs/openapi.json"
        for path, method, operation in _operations(document)
        if not operation.get("description")
    ]


def _operations(document: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            yield path, method, operation


def _routes(document: dict[str, Any]) -> str:
    rows = [
        (code(f"{method.upper()} {path}"), operation["description"].split("\n\n")[0])
        for path, method, operation in _operations(document)
    ]
    return table(("route", "what it does"), rows)


def _section(path: str, method: str, operation: dict[str, Any]) -> list[str]:
    parts = [f"## {method.upper()} {path}", operation["description"]]
    parameters = [
        (
            code(given["name"]),
            given["in"],
            "yes" if given.get("required") else "no",
            _type(given["schema"]),
            given.get("description") or given["schema"].get("description", ""),
        )
        for given in operation.get("parameters", [])
    ]
    if parameters:
        parts.append(table(("parameter", "in", "required", "type", "meaning"), parameters))
    for kind, content in operation.get("requestBody", {}).get("content", {}).items():
        parts.append(f"Body ({code(kind)}): {_type(content['schema'])}.")
    answers = [
        (status, answer["description"], ", ".join(_type(one["schema"]) for one in answer.get("content", {}).values()))
        for status, answer in operation["responses"].items()
    ]
    return [*parts, table(("status", "meaning", "body"), answers)]


def _fields(schema: dict[str, Any]) -> str:
    if "properties" not in schema:
        return f"{_type(schema)}."
    required = schema.get("required", ())
    rows = [
        (code(name), _type(field), "yes" if name in required else "no", field.get("description", ""))
        for name, field in schema["properties"].items()
    ]
    return table(("field", "type", "required", "meaning"), rows)


def _type(schema: dict[str, Any]) -> str:
    if "$ref" in schema:
        name = schema["$ref"].removeprefix(REFERENCE)
        return f"[{name}](#{name.lower()})"
    for key in ("anyOf", "oneOf"):
        if key in schema:
            return " or ".join(_type(option) for option in schema[key])
    if "enum" in schema:
        return f"one of {codes(schema['enum'])}"
    if "const" in schema:
        return code(schema["const"])
    kind = str(schema.get("type", "any"))
    if kind == "array":
        kind = f"array of {_type(schema.get('items', {}))}"
    kind += f" ({schema['format']})" if "format" in schema else ""
    limits = [phrase.format(f"{schema[key]:g}") for key, phrase in LIMITS.items() if key in schema]
    return ", ".join([kind, *limits])
