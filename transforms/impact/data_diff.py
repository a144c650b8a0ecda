"""How the rows of a model differ between two databases: keys that are in one only, and values of the others.

Columns that say when or how a row was built differ in every build and are left out.
"""

import dataclasses
from collections.abc import Callable

from transforms.impact.manifest import Model

BOOKKEEPING = frozenset({"merged_at", "compared_at", "as_of", "valid_until", "followed_events", "is_addition"})
Ask = Callable[[str], list[list[str | None]]]
"""Runs a query and gives its rows, as text."""


@dataclasses.dataclass(frozen=True)
class Change:
    """Values of one column that differ.

    Args:
        rows: how many.
        example: one of them, `key: before → after`.
    """

    rows: int
    example: str


@dataclasses.dataclass(frozen=True)
class Difference:
    """Of one model.

    Args:
        before: rows there are; None if there is no such table.
        after: rows that the change makes.
        added: keys that are new; None if the rows have no key that two builds share.
        removed: keys that are gone, likewise.
        columns: that differ in rows of the same key.
        new_columns: that the table did not have.
        gone_columns: that it has no more.
    """

    before: int | None
    after: int
    added: int | None = None
    removed: int | None = None
    columns: dict[str, Change] = dataclasses.field(default_factory=dict)
    new_columns: tuple[str, ...] = ()
    gone_columns: tuple[str, ...] = ()


def compare(before: Model | None, after: Model, ask: Ask) -> Difference:
    """Compare what two databases hold of a model.

    Args:
        before: as it is in production; None if it is new.
        after: as the change builds it.
        ask: runs a query in Athena.
    """
    [[counted]] = ask(f"select count(*) from {_table(after)}")  # noqa: S608  names are those of models
    rows = int(counted or 0)
    if before is None:
        return Difference(None, rows, new_columns=tuple(after.columns))
    new = tuple(column for column in after.columns if column not in before.columns)
    gone = tuple(column for column in before.columns if column not in after.columns)
    shared = [one for one in after.columns if one in before.columns and one not in BOOKKEEPING]
    key = [column for column in after.key if column in before.columns]
    if not key or len(key) < len(after.key) or BOOKKEEPING & set(key):
        [[held]] = ask(f"select count(*) from {_table(before)}")  # noqa: S608
        return Difference(int(held or 0), rows, new_columns=new, gone_columns=gone)
    compared = [column for column in shared if column not in key]
    [row] = ask(compare_sql(before, after, key, compared))
    held, added, removed, *values = row
    columns = {
        column: Change(int(values[2 * number] or 0), values[2 * number + 1] or "")
        for number, column in enumerate(compared)
        if int(values[2 * number] or 0)
    }
    return Difference(int(held or 0), rows, int(added or 0), int(removed or 0), columns, new, gone)


def compare_sql(before: Model, after: Model, key: list[str], compared: list[str]) -> str:
    """One row: rows before, keys added, keys removed, and for each column how many values differ and an example."""
    name = " || ' ' || ".join(f"coalesce(cast(after.{column} as varchar), 'null')" for column in key)
    shown = ["count(before.is_there)", "count_if(before.is_there is null)", "count_if(after.is_there is null)"]
    for column in compared:
        differs = f"before.is_there and after.is_there and before.{column} is distinct from after.{column}"
        values = [_as_text(f"{side}.{column}", after.columns[column]) for side in ("before", "after")]
        shown += [f"count_if({differs})", f"min(if({differs}, {name} || ': ' || {values[0]} || ' → ' || {values[1]}))"]
    on = " and ".join(f"before.{column} = after.{column}" for column in key)
    sides = [f"(select *, true as is_there from {_table(one)})" for one in (before, after)]  # noqa: S608
    return f"select {', '.join(shown)} from {sides[0]} as before full outer join {sides[1]} as after on {on}"  # noqa: S608


def _as_text(column: str, kind: str) -> str:
    cast = (
        f"json_format(cast({column} as json))"
        if kind.startswith(("array", "map", "row"))
        else f"cast({column} as varchar)"
    )
    return f"coalesce({cast}, 'null')"


def _table(model: Model) -> str:
    return f'"{model.schema}"."{model.name}"'
