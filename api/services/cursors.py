"""Where a list goes on: opaque to clients, signed, and good for one user's one query only."""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Callable, Mapping

import orjson

from api.problems import CursorInvalid

_TAG_BYTES = 16


class Cursors:
    """Issues and checks cursors.

    A cursor is `base64url(tag + position)`; the tag is an HMAC-SHA-256, cut to 128 bits, over the user, the query
    without its paging parameters, and the position. So no cursor opens another user's list or another query's.

    Args:
        key: answers with the signing key; called when a cursor is issued or checked, not before.
    """

    def __init__(self, key: Callable[[], bytes]) -> None:
        self._key = key

    def issue(self, user_id: str, query: Mapping[str, str | list[str]], position: str) -> str:
        """A cursor for what follows `position`."""
        return base64.urlsafe_b64encode(self._tag(user_id, query, position) + position.encode()).rstrip(b"=").decode()

    def position(self, user_id: str, query: Mapping[str, str | list[str]], cursor: str) -> str:
        """The position that `cursor` was issued for.

        Raises:
            CursorInvalid: it was not issued here, or for another user or query.
        """
        try:
            raw = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
            tag, position = raw[:_TAG_BYTES], raw[_TAG_BYTES:].decode()
        except (binascii.Error, ValueError):
            raise CursorInvalid from None
        if not hmac.compare_digest(tag, self._tag(user_id, query, position)):
            raise CursorInvalid
        return position

    def _tag(self, user_id: str, query: Mapping[str, str | list[str]], position: str) -> bytes:
        signed = orjson.dumps([user_id, dict(query), position], option=orjson.OPT_SORT_KEYS)
        return hmac.digest(self._key(), signed, hashlib.sha256)[:_TAG_BYTES]
