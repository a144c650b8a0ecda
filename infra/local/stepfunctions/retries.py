"""Retry: MaxDelaySeconds and JitterStrategy, which the emulator ignores.

https://docs.aws.amazon.com/step-functions/latest/dg/concepts-error-handling.html#error-handling-retrying-after-an-error
"""

import random
from typing import Any

from ministack.services import stepfunctions

from infra.local.hooks import replace

Retrier = dict[str, Any]


def delay(retrier: Retrier, attempts: int) -> float:
    """Seconds to wait before the next attempt, after `attempts` that this retrier has allowed already."""
    seconds: float = retrier.get("IntervalSeconds", 1) * retrier.get("BackoffRate", 2.0) ** attempts
    seconds = min(seconds, retrier.get("MaxDelaySeconds", seconds))
    return random.uniform(0, seconds) if retrier.get("JitterStrategy") == "FULL" else seconds  # noqa: S311


def apply() -> None:
    """Put the completion in place."""

    def find(retriers: list[Retrier], error: str, retry_counts: dict[int, int]) -> tuple[Retrier | None, int]:
        retrier, index = original(retriers, error, retry_counts)
        if retrier is None:
            return None, index
        # the interpreter multiplies by the rate itself: give it the product and no rate
        return {**retrier, "IntervalSeconds": delay(retrier, retry_counts.get(index, 0)), "BackoffRate": 1}, index

    original = replace(stepfunctions, "_find_matching_retrier", "retriers error retry_counts", find)
