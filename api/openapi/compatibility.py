"""Does a new document still keep what the old one promised to its clients?

A client sends what the old document allowed and reads what it promised. So whatever a request could be it must still be
allowed to be, and whatever an answer is must still be something the client knows of. Additions are no break: routes,
optional parameters and request fields, answer fields, problem statuses.
"""

from collections.abc import Iterator
from typing import Any

Document = dict[str, Any]
Schema = dict[str, Any]

# a larger lower bound, or a smaller upper one, refuses what was allowed
_LOWER = {"minLength", "minimum", "minItems", "exclusiveMinimum"}
_UPPER = {"maxLength", "maximum", "maxItems", "exclusiveMaximum"}


def breaking_changes(old: Document, new: Document) -> list[str]:
    """Every way in which `new` breaks clients of `old`, in words; empty when there is none."""
    return [*_paths(_resolved(old, old), _resolved(new, new))]


def _paths(old: Document, new: Document) -> Iterator[str]:
    for path, methods in old["paths"].items():
        for method, before in methods.items():
            place = f"{method.upper()} {path}"
            after = new["paths"].get(path, {}).get(method)
            if after is None:
                yield f"{place} is gone"
                continue
            if before.get("operationId") != after.get("operationId"):
                yield f"{place} is no longer called {before.get('operationId')}"
            if after.get("security") and not before.get("security"):
                yield f"{place} now needs a token"
            yield from _parameters(place, before, after)
            yield from _bodies(place, before.get("requestBody"), after.get("requestBody"))
            yield from _answers(place, before["responses"], after["responses"])


def _parameters(place: str, before: Schema, after: Schema) -> Iterator[str]:
    known = {(one["in"], one["name"]): one for one in before.get("parameters", ())}
    offered = {(one["in"], one["name"]): one for one in after.get("parameters", ())}
    for (kind, name), one in known.items():
        other = offered.get((kind, name))
        if other is None:
            yield f"{place}: {kind} parameter {name} is gone"
        else:
            taken = (
                _single_values(other) if kind == "query" and one["schema"].get("type") != "array" else other["schema"]
            )
            yield from narrower(one["schema"], taken, f"{place}: {kind} parameter {name}")
    for (kind, name), other in offered.items():
        if other.get("required") and not known.get((kind, name), {}).get("required"):
            yield f"{place}: {kind} parameter {name} is now required"


def _single_values(parameter: Schema) -> Schema:
    """What a query parameter may be that is sent once: of a list, one item looks like a value (style `form`)."""
    schema: Schema = parameter["schema"]
    is_list = schema.get("type") == "array" and parameter.get("style", "form") == "form"
    return schema["items"] if is_list else schema


def _bodies(place: str, before: Schema | None, after: Schema | None) -> Iterator[str]:
    if after is None:
        if before is not None:
            yield f"{place}: takes no body any more"
        return
    if after.get("required") and not (before or {}).get("required"):
        yield f"{place}: a body is now required"
    for media_type, content in (before or {"content": {}})["content"].items():
        if media_type not in after["content"]:
            yield f"{place}: takes no {media_type} any more"
        else:
            yield from narrower(content["schema"], after["content"][media_type]["schema"], f"{place}: request body")


def _answers(place: str, before: Schema, after: Schema) -> Iterator[str]:
    for status, answer in before.items():
        if status not in after:
            yield f"{place}: answers {status} no more"
            continue
        for name in answer.get("headers", {}):
            if name not in after[status].get("headers", {}):
                yield f"{place}: {status} has no header {name} any more"
        for media_type, content in answer.get("content", {}).items():
            other = after[status].get("content", {}).get(media_type)
            if other is None:
                yield f"{place}: {status} is {media_type} no more"
            else:
                yield from _wider(content["schema"], other["schema"], f"{place}: {status} answer")
    for status in after:
        # a client knows what to do about any refusal, not about another success
        if status not in before and status < "400":
            yield f"{place}: may now answer {status}"


def _wider(old: Schema, new: Schema, place: str) -> Iterator[str]:
    """How an answer may now be what it was not; more fields than before are fine."""
    yield from narrower(new, old, place, extra=True)


def narrower(one: Schema, other: Schema, place: str, *, extra: bool = False) -> Iterator[str]:
    """Why something that is valid by `one` may not be valid by `other`.

    Args:
        one: a JSON schema without references.
        other: likewise.
        place: begins each reason.
        extra: whether `other` is to tolerate fields that it does not know, and miss those that it does.
    """
    alternatives = other.get("anyOf") or other.get("oneOf") or [other]
    for choice in one.get("anyOf") or one.get("oneOf") or [one]:
        found = [list(_pair(choice, candidate, place, extra)) for candidate in alternatives]
        # of several candidates, the nearest shows best what is in the way
        yield from min(found, key=len)


def _pair(one: Schema, other: Schema, place: str, extra: bool) -> Iterator[str]:
    kinds, allowed = _types(one), _types(other)
    if allowed and not kinds <= allowed:
        yield f"{place}: {_describe(kinds)} instead of {_describe(allowed)}"
        return
    values, choices = _values(one), _values(other)
    if choices is not None and (values is None or not set(values) <= set(choices)):
        odd = "anything" if values is None else ", ".join(sorted(map(str, set(values) - set(choices))))
        yield f"{place}: {odd} instead of one of {', '.join(map(str, choices))}"
    for bound in sorted(_LOWER | _UPPER):
        limit, mine = other.get(bound), one.get(bound)
        if limit is not None and (mine is None or (mine < limit if bound in _LOWER else mine > limit)):
            yield f"{place}: {bound} {'none' if mine is None else mine} against {limit}"
    for constraint in ("pattern", "format"):
        if constraint in other and other[constraint] != one.get(constraint):
            yield f"{place}: {constraint} {one.get(constraint, 'none')} against {other[constraint]}"
    missing = set(other.get("required", ())) - set(one.get("required", ()))
    for name in sorted(missing):
        yield f"{place}.{name}: not always there, and required"
    mine, theirs = one.get("properties", {}), other.get("properties", {})
    for name, schema in mine.items():
        if name in theirs:
            yield from narrower(schema, theirs[name], f"{place}.{name}", extra=extra)
        elif not extra:
            yield f"{place}.{name}: {'refused' if other.get('additionalProperties') is False else 'ignored'}"
    if extra:
        for name in theirs.keys() - mine.keys() - missing:
            yield f"{place}.{name}: gone"
    if "items" in one and "items" in other:
        yield from narrower(one["items"], other["items"], f"{place}[]", extra=extra)


def _types(schema: Schema) -> set[str]:
    given = schema.get("type")
    if given is None:
        return set()
    kinds = {given} if isinstance(given, str) else set(given)
    return kinds | {"integer"} if "number" in kinds else kinds


def _values(schema: Schema) -> list[Any] | None:
    if "const" in schema:
        return [schema["const"]]
    found: list[Any] | None = schema.get("enum")
    return found


def _describe(kinds: set[str]) -> str:
    return " or ".join(sorted(kinds)) or "anything"


def _resolved(part: Any, document: Document) -> Any:
    """`part` with every reference into `document` replaced by what it refers to; the schemas here do not recur."""
    if isinstance(part, list):
        return [_resolved(one, document) for one in part]
    if not isinstance(part, dict):
        return part
    if "$ref" in part:
        target: Any = document
        for name in part["$ref"].removeprefix("#/").split("/"):
            target = target[name]
        return _resolved({**target, **{name: value for name, value in part.items() if name != "$ref"}}, document)
    return {
        name: _resolved(value, document)
        for name, value in part.items()
        if name not in {"example", "examples", "mapping"}
    }
