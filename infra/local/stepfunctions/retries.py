"""Retry: MaxDelaySeconds and JitterStrategy, which the emulator ignores, and the name of a throttled invocation.

https://docs.aws.amazon.com/step-functions/latest/dg/concepts-error-handling.html#error-handling-retrying-after-an-error
https://docs.aws.amazon.com/step-functions/latest/dg/bp-lambda-serviceexception.html
"""

import json
import random
from typing import Any

from ministack.services import stepfunctions

from infra.local.account.hooks import replace

Retrier = dict[str, Any]


def delay(retrier: Retrier, attempts: int) -> float:
    """Seconds to wait before the next attempt, after `attempts` that this retrier has allowed already."""
    seconds: float = retrier.get("IntervalSeconds", 1) * retrier.get("BackoffRate", 2.0) ** attempts
    seconds = min(seconds, retrier.get("MaxDelaySeconds", seconds))
    return random.uniform(0, seconds) if retrier.get("JitterStrategy") == "FULL" else seconds  # noqa: S311


def _named(failure: stepfunctions._ExecutionError) -> stepfunctions._ExecutionError:
    """A throttled invocation's failure under AWS's name; the emulator looks for the function's own and finds none."""
    if failure.error != "Lambda.Unknown":
        return failure
    try:
        refusal = json.loads(failure.cause)
    except ValueError:
        return failure
    if not isinstance(refusal, dict) or refusal.get("__type") != "TooManyRequestsException":
        return failure
    return stepfunctions._ExecutionError("Lambda.TooManyRequestsException", refusal["message"])


def apply() -> None:
    """Put the completion in place."""

    def call_lambda(func_ref: str, event: Any) -> Any:
        try:
            return original_lambda(func_ref, event)
        except stepfunctions._ExecutionError as failure:
            raise _named(failure) from None

    def find(retriers: list[Retrier], error: str, retry_counts: dict[int, int]) -> tuple[Retrier | None, int]:
        retrier, index = original(retriers, error, retry_counts)
        if retrier is None:
            return None, index
        # the interpreter multiplies by the rate itself: give it the product and no rate
        return {**retrier, "IntervalSeconds": delay(retrier, retry_counts.get(index, 0)), "BackoffRate": 1}, index

    original = replace(stepfunctions, "_find_matching_retrier", "retriers error retry_counts", find)
    original_lambda = replace(stepfunctions, "_call_lambda", "func_ref event", call_lambda)
