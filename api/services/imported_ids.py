"""Which id an imported task gets: the one that it had, or one of its own (ADR 0142).

An id that has been another task's, or the same task's before it was purged or erased, is not given again: analytics and
the erasure of the lake know tasks by their ids. A user's *life* is the time at which the profile was created.
"""

import base64
import hashlib
import hmac
import re
from collections.abc import Callable

# of a ULID: what the time takes, and what is random
_TIME_CHARACTERS, _RANDOM_BITS = 10, 80
_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"  # https://github.com/ulid/spec#encoding
_SIGNATURE_BYTES = 16


class ImportedIds:
    """Signs what an export says of a task's place, and makes ids for tasks that cannot have their own.

    Args:
        key: answers with the key that both are made with; it must not change while exports are kept.
    """

    def __init__(self, key: Callable[[], bytes]) -> None:
        self._key = key

    def sign(self, user_id: str, life: str, task_id: str, parent_id: str | None) -> str:
        """Make the signature that a task of this user has in an export of this life."""
        return f"{_number(life)}.{self._mac(user_id, _number(life), task_id, parent_id)}"

    def is_signed(self, user_id: str, task_id: str, parent_id: str | None, signature: str | None) -> bool:
        """Whether this user exported this task as a subtask of this parent, or as a task of its own."""
        life, _, mac = (signature or "").partition(".")
        return hmac.compare_digest(self._mac(user_id, life, task_id, parent_id), mac)

    def is_of(self, life: str, signature: str) -> bool:
        """Whether a signature that is valid was made in this life of the user."""
        return signature.partition(".")[0] == _number(life)

    def derive(self, user_id: str, life: str, task_id: str) -> str:
        """Make the id that a task of a file gets for this user in this life: the same each time, and nobody else's.

        Its time is that of `task_id`, so that copies sort as the tasks do.
        """
        digest = self._digest("imported", user_id, life, task_id)
        number = int.from_bytes(digest[: _RANDOM_BITS // 8], "big")
        characters = (_ALPHABET[number >> shift & 31] for shift in range(_RANDOM_BITS - 5, -1, -5))
        return task_id[:_TIME_CHARACTERS] + "".join(characters)

    def _mac(self, user_id: str, life: str, task_id: str, parent_id: str | None) -> str:
        digest = self._digest("exported", user_id, life, task_id, parent_id or "")
        return base64.urlsafe_b64encode(digest[:_SIGNATURE_BYTES]).rstrip(b"=").decode()

    def _digest(self, purpose: str, *parts: str) -> bytes:
        return hmac.digest(self._key(), "#".join(["task", purpose, *parts]).encode(), hashlib.sha256)


def _number(life: str) -> str:
    return re.sub("[^0-9]", "", life)
