"""Entity tags and the conditions on them (RFC 9110, sections 8.8.3 and 13.1)."""

import re

from api.models.fields import ENTITY_TAG, ENTITY_TAGS_PATTERN
from api.problems import InvalidHeader, PreconditionFailed

_TAGS = re.compile(ENTITY_TAG)


def entity_tag(version: int) -> str:
    """The strong entity tag of a version."""
    return f'"{version}"'


def require_match(if_match: str | None, version: int | None) -> None:
    """Hold a write to the version that its client has seen.

    Args:
        if_match: the header.
        version: the current version; None when there is nothing and the write does no harm, so that no tag is wrong.

    Raises:
        PreconditionFailed: `If-Match` names other versions.
        InvalidHeader: it is not a list of entity tags.
    """
    if if_match is None:
        return
    tags = _parse("If-Match", if_match)
    # strong comparison: a weak tag never matches
    if tags is not None and version is not None and entity_tag(version) not in tags:
        raise PreconditionFailed(
            "It has changed since the version in If-Match. Read it again before changing it.",
            errors=[
                {
                    "location": "header",
                    "field": "If-Match",
                    "code": "version_mismatch",
                    "message": f"the current version is {entity_tag(version)}",
                }
            ],
            headers={"ETag": entity_tag(version)},
        )


def is_known(if_none_match: str | None, version: int) -> bool:
    """Whether a reader has this version already, so that 304 will do.

    Raises:
        InvalidHeader: `If-None-Match` is not a list of entity tags.
    """
    if if_none_match is None:
        return False
    tags = _parse("If-None-Match", if_none_match)
    return tags is None or entity_tag(version) in {tag.removeprefix("W/") for tag in tags}


def _parse(header: str, value: str) -> list[str] | None:
    """The entity tags of a list; None for `*`."""
    if not re.fullmatch(ENTITY_TAGS_PATTERN, value):
        message = 'must be * or a list of entity tags, for example "3"'
        raise InvalidHeader(
            f"{header} {message}.",
            errors=[{"location": "header", "field": header, "code": "entity_tag", "message": message}],
        )
    return None if value.strip(" \t") == "*" else _TAGS.findall(value)
