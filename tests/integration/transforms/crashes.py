"""The job that dies before one of its merges."""

from typing import Any

import pytest

from transforms.silver import build
from transforms.silver.merge import merge


class CrashError(Exception):
    """The job dies here."""


def crash_at(patch: pytest.MonkeyPatch, number: int) -> None:
    """Let the job die before its merge of this number, counted from 0."""
    merged = iter(range(100))

    def dying(*arguments: Any, **options: Any) -> int:
        if next(merged) == number:
            raise CrashError
        return merge(*arguments, **options)

    patch.setattr(build, "merge", dying)
