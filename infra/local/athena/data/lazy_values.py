"""Values as LazySimpleSerDe reads and writes them: nested ones by separators of their level, bytes as base64.

The first level separates fields, the second the items of a collection, the third the keys of a map from their values;
what lies deeper has the control characters from `\\004` on.
https://cwiki.apache.org/confluence/display/Hive/LanguageManual+DDL#LanguageManualDDL-RowFormats&SerDe
"""

import itertools
from collections.abc import Sequence

from infra.local.athena.catalog.glue import duck_type
from infra.local.glue.hive_types import quote_identifier, quote_literal, split_top

_counter = itertools.count()


def _parts(hive: str) -> tuple[str, list[str]]:
    """`array`, `map` or `struct` and what is in its brackets; an empty kind for a plain type."""
    kind = hive.strip().lower()
    base, _, inside = kind.removesuffix(">").partition("<")
    return (base, split_top(inside)) if inside else ("", [])


def read_value(text: str, hive: str, separators: Sequence[str], null: str) -> str:
    """SQL that turns a field's text into a value; NULL where it does not fit its type.

    Args:
        text: SQL of the text.
        separators: of this level and those below.
    """
    kind, inside = _parts(hive)
    item = f"v{next(_counter)}"
    here, below = quote_literal(separators[0]) if separators else "''", separators[1:]
    value = f"nullif({text}, {quote_literal(null)})"
    split = f"case when {value} = '' then [] else string_split({value}, {here}) end"
    if kind == "array":
        return f"list_transform({split}, lambda {item} : {read_value(item, inside[0], below, null)})"
    if kind == "map":
        pair = f"string_split({item}, {quote_literal(below[0])})"
        entry = ", ".join(
            f"{name} := {read_value(f'{pair}[{i}]', of, below[1:], null)}"
            for i, (name, of) in enumerate(zip("kv", inside, strict=True), 1)
        )
        return f"map_from_entries(list_transform({split}, lambda {item} : struct_pack({entry})))"
    if kind == "struct":
        named = [field.partition(":") for field in inside]
        fields = ", ".join(
            f"{quote_identifier(name.strip())} := {read_value(f'string_split({value}, {here})[{i}]', of, below, null)}"
            for i, (name, _, of) in enumerate(named, 1)
        )
        return f"case when {value} is not null then struct_pack({fields}) end"
    if hive == "binary":
        return f"coalesce(try(from_base64({value})), encode({value}))"
    return f"try_cast({value} as {duck_type(hive)})"


def write_value(value: str, hive: str, separators: Sequence[str], null: str) -> str:
    """SQL of the text of a value; NULL for NULL."""
    kind, inside = _parts(hive)
    item = f"v{next(_counter)}"
    here, below = quote_literal(separators[0]) if separators else "''", separators[1:]

    def nested(part: str, of: str, level: Sequence[str]) -> str:
        return f"coalesce({write_value(part, of, level, null)}, {quote_literal(null)})"

    if kind == "array":
        texts = f"list_transform({value}, lambda {item} : {nested(item, inside[0], below)})"
        return f"array_to_string({texts}, {here})"
    if kind == "map":
        key, content = (nested(f"{item}.{p}", of, below[1:]) for p, of in zip(("key", "value"), inside, strict=True))
        texts = f"list_transform(map_entries({value}), lambda {item} : {key} || {quote_literal(below[0])} || {content})"
        return f"array_to_string({texts}, {here})"
    if kind == "struct":
        names = [field.partition(":") for field in inside]
        texts = ", ".join(nested(f"({value}).{quote_identifier(name.strip())}", of, below) for name, _, of in names)
        return f"case when {value} is not null then concat_ws({here}, {texts}) end"
    if hive == "binary":
        return f"to_base64({value})"
    return f"cast({value} as varchar)"
