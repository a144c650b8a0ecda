"""Conditional requests (RFC 9110, section 13): `If-Match` and `If-None-Match`, on every method.

`If-Unmodified-Since` and `If-Modified-Since` are ignored, because no response has a `Last-Modified` (sections 13.1.3
and 13.1.4). Preconditions are evaluated where the request would otherwise succeed (section 13.2.1): what does not exist
is 404 before it is 412, and a replay repeats the recorded response.
"""

import dataclasses
import hashlib
from collections.abc import Mapping
from typing import Self

from api.models.entity_tags import parse_entity_tags
from api.models.user import User
from api.problems import InvalidHeader, PreconditionFailed


def task_tag(version: int) -> str:
    """The strong entity tag of a version of a task; a task's address names one task of one owner for ever."""
    return f'"{version}"'


def user_tag(user: User) -> str:
    """The strong entity tag of a version of a profile.

    All profiles share one address, and one user can have several in succession, so the tag names the owner and, by its
    time of creation, the generation (RFC 9110, section 8.8.1: a strong tag never names two representations).
    """
    generation = hashlib.blake2b(f"{user.user_id}#{user.created_at}".encode(), digest_size=8).hexdigest()
    return f'"{user.version}-{generation}"'


@dataclasses.dataclass(frozen=True, slots=True)
class Preconditions:
    """The conditions of one request.

    Args:
        if_match: entity tags of which one must be the current; None when the client sent none, empty for `*`.
        if_none_match: entity tags of which none may be the current; as `if_match`.
    """

    if_match: tuple[str, ...] | None = None
    if_none_match: tuple[str, ...] | None = None

    @classmethod
    def parse(cls, if_match: str | None, if_none_match: str | None = None) -> Self:
        """Read the two headers.

        Raises:
            InvalidHeader: one is neither `*` nor a list of entity tags.
        """
        return cls(_parse("If-Match", if_match), _parse("If-None-Match", if_none_match))

    def require(self, tag: str | None, *, headers: Mapping[str, str] | None = None) -> None:
        """Hold a write to its preconditions, in the order of section 13.2.2.

        Args:
            tag: the current entity tag; None when there is no representation, `""` when there is one without a tag.
            headers: further headers of the refusal.

        Raises:
            PreconditionFailed: a condition is false.
        """
        self.require_match(tag)
        if self.if_none_match is not None and self._is_known(tag):
            raise _failed("If-None-Match", "it exists, or is at one of these entity tags", tag, headers)

    def require_match(self, tag: str | None) -> None:
        """Hold any request to its `If-Match`, by strong comparison: a weak tag never matches.

        Raises:
            PreconditionFailed: the condition is false.
        """
        if self.if_match is None:
            return
        if tag is None or (self.if_match and tag not in self.if_match):
            state = f"the current version is {tag}" if tag else "there is no current entity tag"
            raise _failed("If-Match", state, tag, None)

    def is_not_modified(self, tag: str) -> bool:
        """Evaluate the preconditions of a read; whether 304 is the response.

        Args:
            tag: the current entity tag; `""` when the representation has none.

        Raises:
            PreconditionFailed: `If-Match` is false.
        """
        self.require_match(tag)
        return self.if_none_match is not None and self._is_known(tag)

    def _is_known(self, tag: str | None) -> bool:
        if tag is None or self.if_none_match is None:
            return False
        # weak comparison; `*` matches whatever there is
        return not self.if_none_match or tag in {known.removeprefix("W/") for known in self.if_none_match}


NONE = Preconditions()


def _parse(header: str, value: str | None) -> tuple[str, ...] | None:
    if value is None:
        return None
    tags = parse_entity_tags(value)
    if tags is None:
        message = 'must be * or a list of entity tags, for example "3"'
        raise InvalidHeader(
            f"{header} {message}.",
            errors=[{"location": "header", "field": header, "code": "entity_tag", "message": message}],
        )
    return tags


def _failed(header: str, state: str, tag: str | None, headers: Mapping[str, str] | None) -> PreconditionFailed:
    return PreconditionFailed(
        f"{header}: {state}. Nothing was done; read it again first.",
        errors=[{"location": "header", "field": header, "code": "version_mismatch", "message": state}],
        headers={**(headers or {}), **({"ETag": tag} if tag else {})},
    )
