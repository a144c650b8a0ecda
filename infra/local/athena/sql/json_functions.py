"""json_exists, json_query and json_value over `json_paths`: https://trino.io/docs/current/functions/json.html"""

import json
from collections.abc import Callable
from typing import Any

from infra.local.athena.sql.json_items import PathError
from infra.local.athena.sql.json_paths import evaluate


def json_exists(document: str, path: str) -> bool:
    """Whether a path finds something; an evaluation that fails finds nothing."""
    try:
        return bool(evaluate(path, document))
    except PathError:
        return False


def json_query(document: str | None, path: str, wrapper: str, quotes: str) -> str | None:
    """What a path finds as JSON; several items need a wrapper.

    Args:
        wrapper: `` for none, `CONDITIONAL` around all but one array or object, `UNCONDITIONAL`.
        quotes: `OMIT` leaves out the quotes of a text.
    """
    if document is None:
        return None
    try:
        items = evaluate(path, document)
    except PathError:
        return None
    if not items:
        return None
    if wrapper == "UNCONDITIONAL" or (wrapper and not (len(items) == 1 and isinstance(items[0], dict | list))):
        items = [items]
    if len(items) > 1:
        return None
    if quotes == "OMIT" and isinstance(items[0], str):
        return items[0]
    return json.dumps(items[0], ensure_ascii=False, separators=(",", ":"))


def json_value(document: str | None, path: str) -> str | None:
    """The one scalar that a path finds, as text."""
    return None if document is None else _scalar(document, path)[1]


def json_state(document: str, path: str) -> str:
    """Whether a path finds one scalar: `value`, `empty` or `error`."""
    return _scalar(document, path)[0]


def _scalar(document: str, path: str) -> tuple[str, str | None]:
    try:
        items = evaluate(path, document)
    except PathError:
        return "error", None
    if not items:
        return "empty", None
    if len(items) > 1 or isinstance(items[0], dict | list):
        return "error", None
    item = items[0]
    return "value", None if item is None else item if isinstance(item, str) else json.dumps(item)


FUNCTIONS: dict[str, tuple[Callable[..., Any], list[Any], str]] = {
    "t_json_exists": (json_exists, ["VARCHAR", "VARCHAR"], "BOOLEAN"),
    "t_json_query": (json_query, ["VARCHAR", "VARCHAR", "VARCHAR", "VARCHAR"], "VARCHAR"),
    "t_json_state": (json_state, ["VARCHAR", "VARCHAR"], "VARCHAR"),
    "t_json_value": (json_value, ["VARCHAR", "VARCHAR"], "VARCHAR"),
}
"""Name -> what computes it, the types of its arguments, its type."""
MAY_GIVE_NULL = ("t_json_query", "t_json_value")
"""Those that give NULL for what is not: DuckDB calls them with NULL, too."""
