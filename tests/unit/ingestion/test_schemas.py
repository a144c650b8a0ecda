"""The schemas of bronze stay compatible with what has been released, or get a new version.

`released/` holds each version as it was when lines were first written by it. It is never edited; a new version is a new
file there.
"""

import copy
import json
import pathlib
from collections.abc import Callable
from typing import Any

import jsonschema
import pytest

from infra import ROOT
from tests.unit.ingestion.compatibility import breaking

RELEASED = pathlib.Path(__file__).parent / "released"
SCHEMAS = {
    "envelope": ROOT / "ingestion" / "cdc" / "envelope.schema.json",
    "request": ROOT / "ingestion" / "logs" / "request.schema.json",
}
Change = Callable[[Any], object]


def load(path: pathlib.Path) -> Any:
    return json.loads(path.read_text())


@pytest.mark.parametrize("name", list(SCHEMAS))
def test_a_schema_breaks_nothing_of_the_released_version_it_says_it_is(name: str) -> None:
    current = load(SCHEMAS[name])
    version = current["properties"]["schema_version"]["const"]
    released = RELEASED / f"{name}.v{version}.json"
    assert released.exists(), f"{name} v{version} is not released: add it to {RELEASED.name}/"
    assert breaking(load(released), current) == []


@pytest.mark.parametrize("name", list(SCHEMAS))
def test_a_schema_is_one(name: str) -> None:
    jsonschema.Draft202012Validator.check_schema(load(SCHEMAS[name]))


def changed(change: Change) -> list[str]:
    released = load(RELEASED / "envelope.v1.json")
    schema = copy.deepcopy(released)
    change(schema)
    assert schema != released
    return breaking(released, schema)


def test_an_optional_field_more_is_compatible() -> None:
    assert changed(lambda schema: schema["properties"].update(trace_id={"type": "string"})) == []


def test_better_words_are_compatible() -> None:
    assert changed(lambda schema: schema["properties"]["actor"].update(description="Who did it.")) == []


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda s: s["properties"]["table_name"].update(type="integer"), "table_name: type was string and is integer"),
        (lambda s: s["$defs"]["image"].update(type="object"), "image: type was ['object', 'null'] and is object"),
        (lambda s: s["properties"].pop("actor"), "a line: actor is no longer described"),
        (lambda s: s["required"].remove("actor"), "a line: actor is no longer required"),
        (lambda s: s["required"].append("trace_id"), "a line: trace_id has become required"),
        (lambda s: s["properties"]["actor"].update(enum=["user"]), "actor: enum was ['user', 'ttl'] and is ['user']"),
        (lambda s: s["properties"]["event_time"].pop("$ref"), "event_time: $ref was #/$defs/instant and is None"),
        (lambda s: s["$defs"]["instant"].update(pattern="^"), "instant: pattern was"),
        (lambda s: s["properties"]["keys"]["required"].remove("SK"), "keys: SK is no longer required"),
        (lambda s: s["$defs"].pop("image"), "a line: the definition image is gone"),
        (lambda s: s["properties"]["schema_version"].update(const=2), "schema_version: const was 1 and is 2"),
        (lambda s: s["allOf"].pop(), "a line: allOf was"),
    ],
)
def test_everything_else_is_refused_with_its_place(change: Change, message: str) -> None:
    (found,) = changed(change)
    assert found.startswith(message)
