"""What became worse since the committed report, and on what two runs of a bench do not agree."""

from collections.abc import Iterator, Sequence

from tests.bench.report.figures import describe, flatten
from tests.bench.report.results import Result

# of the value before; two runs on one machine agree within it, so more is not chance
MARGIN = 0.25
# a ratio of next to nothing doubles by chance
LEAST = 0.05


def worse(before: Sequence[Result], after: Sequence[Result]) -> list[str]:
    """A sentence for each ratio or count that became worse beyond the margin.

    Args:
        before: runs of a bench in the committed report; of several, the one that is worst for a figure counts.
        after: runs of the same bench now; of several, the best counts, so that chance alone fails nothing.
    """
    if not before or not after or before[0].arguments != after[0].arguments:
        return []
    found = []
    for key, values in _values(after):
        figure, title = describe(after[0].bench, key)
        known = [value for one, known in _values(before) if one == key for value in known]
        if figure.kind == "absolute" or not known:
            continue
        if figure.higher_is_better:
            old, new = min(known), max(values)
            limit = old * (1 - MARGIN)
            missed = new < limit
        else:
            old, new = max(known), min(values)
            limit = old if figure.kind == "count" else max(old * (1 + MARGIN), old + LEAST)
            missed = new > limit
        if missed:
            found.append(f"{after[0].bench}: {title} is {new:g}, was {old:g}; the limit is {limit:.4g}")
    return found


def disagreements(runs: Sequence[Result]) -> list[str]:
    """A sentence for each ratio on which runs differ by more than the margin.

    Args:
        runs: of one bench, with the same arguments.
    """
    found = []
    for key, values in _values(runs) if len(runs) > 1 else ():
        figure, title = describe(runs[0].bench, key)
        low, high = min(values), max(values)
        if figure.kind == "ratio" and high - low > max(MARGIN * low, LEAST):
            found.append(f"{runs[0].bench}: {title} is {low:g} and {high:g}")
    return found


def _values(runs: Sequence[Result]) -> Iterator[tuple[str, list[float]]]:
    """Path of each figure with its value in each run that has it."""
    flat = [dict(flatten(one.figures)) for one in runs]
    for key in dict.fromkeys(key for one in flat for key in one):
        yield key, [one[key] for one in flat if key in one]
