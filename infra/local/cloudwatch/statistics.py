"""The statistic PR, percentile rank: the share of values within fixed bounds, in percent.

PR(100:500) counts values above 100 and up to 500; a bound that is left out bounds nothing.
https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/Statistics-definitions.html

MiniStack 1.5.33 takes it for Average.
"""

import math
import re
from typing import Any

from ministack.services import cloudwatch

from infra.local.account.hooks import hook, replace

_RANK = re.compile(r"PR\((\d+(?:\.\d+)?)?:(\d+(?:\.\d+)?)?\)")


def apply() -> None:
    """Put the completion in place."""

    def value(stats: Any, stat_name: str, points: Any = None) -> float | None:
        bounds = _RANK.fullmatch(stat_name or "")
        if bounds is None:
            found: float | None = original(stats, stat_name, points)
            return found
        samples = cloudwatch._percentile_samples(points or [])
        if not samples:
            return None
        lowest, highest = float(bounds[1] or -math.inf), float(bounds[2] or math.inf)
        within = sum(weight for sample, weight in samples if lowest < sample <= highest)
        return float(100 * within / sum(weight for _, weight in samples))

    hook(cloudwatch, "_percentile_samples", "points")
    original = replace(cloudwatch, "_stat_value", "stats stat_name points", value)
