"""What a change of a bronze schema would break.

Bronze keeps its lines for years, so a schema has to go on describing the oldest of them; and its readers were written
for what was promised then. So a field may be added if it may also be missing, and descriptions may change; everything
else is a new version of the schema (`schema_version`), which readers have to be taught first.
"""

from collections.abc import Iterator, Mapping
from typing import Any

Schema = Mapping[str, Any]

PROSE = frozenset({"title", "description", "$comment", "examples"})


def breaking(released: Schema, changed: Schema) -> list[str]:
    """Every way in which `changed` breaks lines or readers of `released`, in words; empty when it is compatible.

    Args:
        released: a JSON Schema as lines were written by.
        changed: the one that is to take its place.
    """
    return list(_breaking(released, changed, "a line"))


def _breaking(released: Schema, changed: Schema, place: str) -> Iterator[str]:
    before, after = _members(released, "properties"), _members(changed, "properties")
    yield from (f"{place}: {name} is no longer described" for name in before if name not in after)
    required = set(released.get("required", ()))
    now_required = set(changed.get("required", ()))
    yield from (f"{place}: {name} has become required" for name in sorted(now_required - required))
    yield from (f"{place}: {name} is no longer required" for name in sorted(required - now_required))
    for name in before.keys() & after.keys():
        yield from _breaking(before[name], after[name], name)
    old, new = _members(released, "$defs"), _members(changed, "$defs")
    yield from (f"{place}: the definition {name} is gone" for name in old if name not in new)
    for name in old.keys() & new.keys():
        yield from _breaking(old[name], new[name], name)
    walked = PROSE | {"properties", "required", "$defs"}
    for keyword in sorted((released.keys() | changed.keys()) - walked):
        if _bare(released.get(keyword)) != _bare(changed.get(keyword)):
            yield f"{place}: {keyword} was {released.get(keyword)} and is {changed.get(keyword)}"


def _members(schema: Schema, keyword: str) -> Mapping[str, Schema]:
    found: Mapping[str, Schema] = schema.get(keyword, {})
    return found


def _bare(value: Any) -> Any:
    """A part of a schema without its prose; a list of types in any order."""
    if isinstance(value, Mapping):
        return {name: _bare(inner) for name, inner in value.items() if name not in PROSE}
    if isinstance(value, list):
        return sorted(map(_bare, value), key=repr)
    return value
