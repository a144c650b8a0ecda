"""Alerts on figures: what may be stated, and when a figure is beyond its threshold."""

import pytest

from transforms.alert_contract import ALERTS, FigureAlert
from transforms.bi.saved_queries import all_queries


def test_every_alert_names_a_saved_query_and_columns_of_its_answer() -> None:
    queries = {query.title: query for query in all_queries()}
    for alert in ALERTS:
        assert alert.query in queries, alert.name
        sql = queries[alert.query].sql
        assert all(column in sql for column in (alert.column, *alert.where)), alert.name
    assert len({alert.name for alert in ALERTS}) == len(ALERTS)


@pytest.mark.parametrize(
    ("above", "below", "crossed"),
    [(10.0, None, [11]), (None, 2.0, [1]), (10.0, 2.0, [1, 11])],
)
def test_a_figure_is_crossed_beyond_its_bounds(above: float | None, below: float | None, crossed: list[int]) -> None:
    alert = FigureAlert("a", "q", "value", "do this", above=above, below=below)
    assert [figure for figure in (1, 2, 10, 11) if alert.is_crossed(figure)] == crossed


def test_an_alert_without_a_bound_or_with_crossing_bounds_is_refused() -> None:
    with pytest.raises(ValueError, match="give above or below"):
        FigureAlert("a", "q", "value", "do this")
    with pytest.raises(ValueError, match="every figure"):
        FigureAlert("a", "q", "value", "do this", above=1, below=2)
