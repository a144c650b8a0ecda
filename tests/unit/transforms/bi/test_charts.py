"""Charts of data that has little to show: no axis without numbers, no legend that is cut off."""

import json
from typing import Any, Literal

import pandas as pd
import pytest

from transforms.bi.dashboard.charts import draw
from transforms.bi.saved_queries import Chart

DAYS = list(pd.to_datetime(["2026-11-20", "2026-11-21"]))


@pytest.mark.parametrize(
    ("kind", "days"),
    [("line", DAYS), ("area", DAYS), ("bar", DAYS), ("bar", ["a", "b"]), ("bar", ["a route of a long name", "b"])],
)
def test_an_axis_of_nothing_but_zeros_has_numbers(kind: Literal["line", "area", "bar"], days: list[str]) -> None:
    chart = Chart(kind, "day", ("tasks",))
    zeros = draw(chart, pd.DataFrame({"day": days, "tasks": [0, 0]}))
    some = draw(chart, pd.DataFrame({"day": days, "tasks": [0, 3]}))
    assert zeros is not None
    assert some is not None
    assert '"domain": [0, 1]' in json.dumps(zeros.to_dict())
    assert '"domain": [0, 1]' not in json.dumps(some.to_dict())


def test_a_legend_of_many_series_takes_several_rows() -> None:
    names = [f"series {number}" for number in range(7)]
    frame = pd.DataFrame({"day": [DAYS[0]] * 7, "tasks": range(7), "category": names})
    drawn = draw(Chart("line", "day", ("tasks",), "category"), frame)
    assert drawn is not None
    assert drawn.to_dict()["encoding"]["color"]["legend"]["columns"] == 3


def test_an_area_of_one_day_is_a_point() -> None:
    chart = Chart("area", "day", ("open_tasks",))
    one, two = (pd.DataFrame({"day": pd.date_range("2026-11-22", periods=n), "open_tasks": [3] * n}) for n in (1, 2))
    assert specification(chart, one)["mark"]["point"]["size"] > 0
    assert specification(chart, two)["mark"]["point"] is False


def test_a_line_of_one_day_is_a_point_that_can_be_seen() -> None:
    chart = Chart("line", "day", ("tasks",))
    one, two = (pd.DataFrame({"day": pd.date_range("2026-11-22", periods=n), "tasks": [3] * n}) for n in (1, 2))
    assert specification(chart, one)["mark"]["point"]["size"] > specification(chart, two)["mark"]["point"]["size"]


def test_a_bar_of_one_day_is_no_wider_than_others() -> None:
    chart = Chart("bar", "week", ("created",))
    one, many = (pd.DataFrame({"week": pd.date_range("2026-01-01", periods=n), "created": [3] * n}) for n in (1, 20))
    assert specification(chart, one)["mark"]["size"] < 100
    assert "size" not in specification(chart, many)["mark"]


def test_a_stacked_bar_that_is_alone_is_no_wider_than_others() -> None:
    frame = pd.DataFrame({"priority": ["high"] * 2, "status": ["completed", "pending"], "tasks": [3, 4]})
    assert specification(Chart("bar", "priority", ("tasks",), "status"), frame)["mark"]["size"] < 100


def test_bars_beside_each_other_share_the_place_of_one() -> None:
    frame = pd.DataFrame({"weekday": ["7 Sunday"], "created": [5], "completed": [12]})
    assert specification(Chart("bar", "weekday", ("created", "completed")), frame)["mark"]["size"] < 50


def test_a_charts_words_are_light_on_a_dark_page() -> None:
    chart = Chart("line", "day", ("tasks",))
    frame = pd.DataFrame({"day": DAYS, "tasks": [1, 2]})
    dark = draw(chart, frame, dark=True)
    assert dark is not None
    assert contrast(dark.to_dict()["config"]["axis"]["labelColor"], "#12181F") >= 4.5
    assert contrast(specification(chart, frame)["config"]["axis"]["labelColor"], "#FFFFFF") >= 4.5


def contrast(one: str, other: str) -> float:
    """https://www.w3.org/TR/WCAG22/#dfn-contrast-ratio"""

    def luminance(color: str) -> float:
        shares = [int(color[at : at + 2], 16) / 255 for at in (1, 3, 5)]
        red, green, blue = (share / 12.92 if share <= 0.04045 else ((share + 0.055) / 1.055) ** 2.4 for share in shares)
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue

    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def specification(chart: Chart, frame: pd.DataFrame) -> dict[str, Any]:
    found = draw(chart, frame)
    assert found is not None
    return dict(found.to_dict())


def test_a_legend_beside_long_labels_has_an_entry_a_row() -> None:
    frame = pd.DataFrame({"route": ["GET /api/v1/tasks", "POST /api/v1/tasks"], "client": [1, 2], "server": [3, 4]})
    drawn = specification(Chart("bar", "route", ("client", "server")), frame)
    assert drawn["encoding"]["color"]["legend"]["columns"] == 1


def test_a_legend_of_areas_is_as_strong_as_the_lines() -> None:
    chart = Chart("area", "day", ("open_tasks", "overdue_tasks"))
    drawn = specification(chart, pd.DataFrame({"day": DAYS, "open_tasks": [3, 4], "overdue_tasks": [1, 2]}))
    assert drawn["encoding"]["color"]["legend"]["symbolOpacity"] == 1


@pytest.mark.parametrize("kind", ["bar", "line"])
def test_days_at_an_axis_do_not_touch(kind: Literal["bar", "line"]) -> None:
    drawn = specification(Chart(kind, "day", ("tasks",)), pd.DataFrame({"day": DAYS, "tasks": [1, 2]}))
    assert drawn["encoding"]["x"]["axis"]["labelSeparation"] > 0


def test_a_heatmap_writes_days_as_other_charts_do() -> None:
    frame = pd.DataFrame({"weeks_since": [0], "cohort_week": pd.to_datetime(["2026-06-08"]), "retention_pct": [50.0]})
    drawn = draw(Chart("heatmap", "weeks_since", ("cohort_week",), "retention_pct"), frame)
    assert drawn is not None
    assert "8 Jun 2026" in json.dumps(drawn.to_dict())
    assert "08 Jun 2026" not in json.dumps(drawn.to_dict())
