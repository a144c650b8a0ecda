"""Alerts on figures: a threshold on a saved query, about which subscribers get one message per crossing.

To add one, add it to `ALERTS`. The pipeline evaluates them after it has built gold. Nothing but the standard library is
imported, so every folder and every bundle may import it (ADR 0060).
"""

import dataclasses
from collections.abc import Mapping


@dataclasses.dataclass(frozen=True)
class FigureAlert:
    """A threshold on one figure of a saved query's answer.

    Args:
        name: of the alert, as messages and its state have it.
        query: title of the saved query.
        column: that holds the figure.
        where: the row of the answer, by column; without one, the greatest figure of all rows counts.
        above: the figure is crossed when it is greater; None for no bound.
        below: the figure is crossed when it is less; None for no bound.
        advice: what a reader can do about it.

    Raises:
        ValueError: there is no bound, or the two are crossed at once.
    """

    name: str
    query: str
    column: str
    advice: str
    where: Mapping[str, str] = dataclasses.field(default_factory=dict)
    above: float | None = None
    below: float | None = None

    def __post_init__(self) -> None:
        """Refuse an alert that could never or always be crossed."""
        if self.above is None and self.below is None:
            raise ValueError(f"alert {self.name}: give above or below")
        if self.above is not None and self.below is not None and self.below > self.above:
            raise ValueError(f"alert {self.name}: below is greater than above, so every figure would be crossed")

    def is_crossed(self, figure: float) -> bool:
        """Whether a figure is beyond the threshold."""
        return (self.above is not None and figure > self.above) or (self.below is not None and figure < self.below)

    def threshold(self) -> str:
        """The bounds in words."""
        bounds = [
            f"{word} {bound:g}" for word, bound in (("above", self.above), ("below", self.below)) if bound is not None
        ]
        return " or ".join(bounds)


ALERTS = (
    FigureAlert(
        "overdue-tasks",
        query="Key figures",
        column="value",
        where={"metric": "overdue_tasks"},
        above=1000,
        advice="See which they are: insights explain overdue_tasks",
    ),
    FigureAlert(
        "completion-rate",
        query="Key figures",
        column="value",
        where={"metric": "completion_rate_pct"},
        below=1,
        advice="Compare categories: insights query --saved 'Completion rate by category'",
    ),
)
