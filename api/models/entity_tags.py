"""Lists of entity tags (RFC 9110, sections 5.6.1 and 8.8.3), parsed in time linear in their length."""

import re

# opaque-tag: any visible character but `"`, and bytes beyond ASCII
_TAG = re.compile(r'(?:W/)?"[\x21\x23-\x7e\x80-\xff]*"')
_SPACE = " \t"


def parse_entity_tags(value: str) -> tuple[str, ...] | None:
    """Split a list of entity tags.

    Returns:
        the tags; none of them for `*`; None when `value` is neither.
    """
    if value.strip(_SPACE) == "*":
        return ()
    tags: list[str] = []
    place, end = 0, len(value)
    while True:
        place = _after_space(value, place)
        tag = _TAG.match(value, place)
        if tag is None:
            return None
        tags.append(tag.group())
        place = _after_space(value, tag.end())
        if place == end:
            return tuple(tags)
        if value[place] != ",":
            return None
        place += 1


def _after_space(value: str, place: int) -> int:
    while place < len(value) and value[place] in _SPACE:
        place += 1
    return place
