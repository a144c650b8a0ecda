"""Compares rows of two sides by key; says where they differ and never what they say."""

import dataclasses
from collections.abc import Callable, Iterable, Mapping
from typing import Any

Row = Mapping[str, Any]
EXAMPLES = 20


@dataclasses.dataclass(frozen=True)
class Difference:
    """One row that is not the same on both sides.

    Args:
        key: identifies the row.
        kind: `missing in silver`, `only in silver` or `different`.
        columns: that differ, if it is on both sides.
    """

    key: str
    kind: str
    columns: tuple[str, ...] = ()


@dataclasses.dataclass
class Comparison:
    """What came of comparing one table.

    Args:
        table: rows that the application's table holds.
        silver: rows that silver holds of them, or should not hold.
        differences: how many rows are not the same.
        examples: the first of them.
    """

    table: int = 0
    silver: int = 0
    differences: int = 0
    examples: list[Difference] = dataclasses.field(default_factory=list)

    def add(self, difference: Difference) -> None:
        """Count a difference."""
        self.differences += 1
        if len(self.examples) < EXAMPLES:
            self.examples.append(difference)


def sum_of(comparisons: Iterable[Comparison]) -> Comparison:
    """One comparison of several parts of a table."""
    total = Comparison()
    for one in comparisons:
        total.table += one.table
        total.silver += one.silver
        total.differences += one.differences
        total.examples += one.examples[: EXAMPLES - len(total.examples)]
    return total


def compare(
    expected: dict[str, Row],
    silver: Iterable[tuple[str, Row]],
    confirmed: Callable[[list[Difference]], Iterable[Difference]] = lambda differences: differences,
) -> Comparison:
    """Compare silver's rows with the ones that it should have.

    Args:
        expected: rows by key; emptied on the way, so that both sides are never in memory.
        silver: keys and rows, in any order; a row has at least the columns of the expected one.
        confirmed: which of the differences found count.
    """
    found, differences = Comparison(table=len(expected)), []
    for key, row in silver:
        found.silver += 1
        expected_row = expected.pop(key, None)
        if expected_row is None:
            differences.append(Difference(key, "only in silver"))
            continue
        columns = tuple(name for name, value in expected_row.items() if row[name] != value)
        if columns:
            differences.append(Difference(key, "different", columns))
    differences += [Difference(key, "missing in silver") for key in expected]
    for difference in confirmed(differences):
        found.add(difference)
    return found
