"""A figure worked out again from the rows behind it."""

import math
from collections.abc import Sequence

from transforms.bi.explain.metrics import Explanation


def recount(explanation: Explanation, columns: Sequence[str], rows: Sequence[Sequence[str | None]]) -> float:
    """The figure that the rows give, as the metric's definition has it; NaN of a percentile of nothing.

    Args:
        columns: names of the rows' columns.
        rows: values as Athena writes them.
    """
    if explanation.kind == "rank":
        hours = sorted(float(row[columns.index("hours")] or 0) for row in rows)
        return hours[max(1, math.ceil(explanation.share * len(hours))) - 1] if hours else math.nan
    counted = sum(int(row[columns.index("counted")] or 0) for row in rows)
    if explanation.kind == "share":
        return round(100 * counted / len(rows), 2) if rows else 0
    return counted
