"""Charts by their hint: one look for all of them, in colours that colour-blind eyes distinguish.

The palette is Okabe and Ito's (https://jfly.uni-koeln.de/color/); heat maps go from light to dark in one hue.
"""

from typing import Any

import altair as alt
import pandas as pd

from transforms.bi.saved_queries import Chart

PALETTE = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00", "#999999", "#F0E442")
PRIORITIES = ("urgent", "high", "medium", "low")
HEIGHT, ROW_HEIGHT, TALLEST = 280, 30, 480
_GREY, _INK = "#E4E9EF", "#52606D"
_GREY_ON_DARK, _INK_ON_DARK = "#3A4550", "#B8C4CE"
_FONT = '"Source Sans", sans-serif'
"""The font that Streamlit brings along: charts look alike on every machine."""
_OUTLIER = 0.95
_LONGEST_LABEL, _MANY_BARS, _FEW_BARS, _FEW_POINTS, _WIDEST_BAR = 11, 6, 3, 60, 56
_ENTRIES_PER_ROW, _RIGHT = 3, 14
_POINT, _POINT_ALONE = 18, 40
_APART = 8
"""Pixels between two days at an axis, below which every second one is left out."""
_UNITS = {"_pct": "%", "_hours": "hours", "_ms": "milliseconds", "_tasks": "tasks", "_users": "users"}
# a path keeps its underscores
_WORDS = "indexof(datum.label, '/') >= 0 ? datum.label : replace(replace(datum.label, /_pct$/, ' %'), /_/g, ' ')"
_DAY = "%-d %b %Y"
Drawn = alt.Chart | alt.LayerChart
Part = Any  # Altair's methods say less of what they return than what it is
# colours that keep their meaning from chart to chart
_MEANINGS = {
    "urgent": "#D55E00",
    "high": "#E69F00",
    "medium": "#56B4E9",
    "low": "#999999",
    "completed": "#009E73",
    "in_progress": "#0072B2",
    "pending": "#E69F00",
    "cancelled": "#999999",
    "created": "#0072B2",
    "overdue_tasks": "#D55E00",
    "open_tasks": "#0072B2",
    "server_errors": "#D55E00",
    "server_error_pct": "#D55E00",
}


def draw(chart: Chart, frame: pd.DataFrame, *, dark: bool = False) -> Drawn | None:
    """The chart of an answer; None when it is best read as a table.

    Args:
        chart: which columns, and how.
        frame: the answer; its column order and row order are kept.
        dark: whether it is shown on a dark page.
    """
    if chart.kind == "table" or frame.empty:
        return None
    return _dressed(_heatmap(chart, frame) if chart.kind == "heatmap" else _series(chart, frame), dark=dark)


def words(column: str) -> str:
    """A column's name as a person would write it."""
    return column.replace("_pct", " %").replace("_usd", " US$").replace("_", " ")


def _series(chart: Chart, frame: pd.DataFrame) -> Part:
    measured = list(chart.y)
    if chart.n:
        frame = frame.copy()
        frame[chart.x] = [f"{of} (n = {int(n):,})" for of, n in zip(frame[chart.x], frame[chart.n], strict=True)]
    if chart.color:
        long, series, value = frame, chart.color, measured[0]
    else:
        series, value = "series", "value"
        kept = [chart.x, *([chart.partial] if chart.partial else [])]
        long = frame.melt(id_vars=kept, value_vars=measured, var_name=series, value_name=value)
    one = long[series].nunique() == 1 and not chart.color
    scale = _colors(_ordered(list(dict.fromkeys(long[series]))))
    # a row of more entries is cut off on a phone
    legend = None if one else _legend(_ENTRIES_PER_ROW)
    color = alt.Color(series, type="nominal", sort=None, scale=scale, legend=legend)
    title = chart.unit or _unit(measured) or (words(measured[0]) if one or chart.color else None)
    y = alt.Y(value, type="quantitative", title=title, axis=_measure(long[value]), scale=_scale(long[value]))
    tooltip = [alt.Tooltip(chart.x), alt.Tooltip(series, type="nominal"), alt.Tooltip(value, format=",")]
    base: Part = alt.Chart(long).encode(tooltip=tooltip[:1] + tooltip[1 + one :])
    times = frame[chart.x].nunique()
    few, alone = times <= _FEW_POINTS, times == 1
    if chart.kind == "line":
        point = alt.OverlayMarkDef(size=_POINT_ALONE if alone else _POINT) if few else False
        look: dict[str, Any] = {"point": point, "strokeWidth": 2}
        places = {"x": _axis(chart.x, frame), "y": y, "color": color}
        whole, open_end = _split_partial(chart, long, series)
        line = base.properties(data=whole).mark_line(**look).encode(**places)
        if open_end is None:
            return line
        return line + base.properties(data=open_end).mark_line(**look, strokeDash=[4, 3], opacity=0.6).encode(**places)
    if chart.kind == "area":
        # one lies within the other (overdue tasks are open too), so they overlap instead of adding up
        # an area of one day has no width
        point = alt.OverlayMarkDef(size=_POINT_ALONE, opacity=1) if alone else False
        area = base.mark_area(opacity=0.35, line={"strokeWidth": 2}, point=point)
        return area.encode(x=_axis(chart.x, frame), y=y.stack(None), color=color)
    return _bars(_faded(base, chart), chart, frame, value, title, color, one=one)


def _legend(columns: int) -> alt.Legend:
    # an area's own colour is hard to see on a dark page
    return alt.Legend(title=None, orient="top", labelExpr=_WORDS, symbolOpacity=1, columns=columns)


def _split_partial(chart: Chart, long: pd.DataFrame, series: str) -> tuple[pd.DataFrame, pd.DataFrame | None]:
    """The points of times that are over, and, per series, the last of them with those that are not."""
    if not chart.partial or not long[chart.partial].astype(bool).any():
        return long, None
    partial = long[chart.partial].astype(bool)
    whole = long[~partial]
    before = whole.sort_values(chart.x).groupby(series, sort=False).tail(1)
    return whole, pd.concat([before, long[partial]])


def _faded(base: Part, chart: Chart) -> Part:
    """Bars of times that are not over, lighter."""
    if not chart.partial:
        return base
    return base.encode(opacity=alt.condition(alt.datum[chart.partial], alt.value(0.45), alt.value(1)))


def _unit(measured: list[str]) -> str | None:
    """What columns of one unit are measured in."""
    return next((unit for end, unit in _UNITS.items() if all(name.endswith(end) for name in measured)), None)


def _bars(
    base: Part, chart: Chart, frame: pd.DataFrame, value: str, title: str | None, color: alt.Color, *, one: bool
) -> Part:
    nominal = not _is_time(frame[chart.x])
    labels = frame[chart.x].astype(str)
    long_labels = nominal and (labels.str.len().max() > _LONGEST_LABEL or labels.nunique() > _MANY_BARS)
    alone = nominal and one and not long_labels
    # a bar of one day, or one that is stacked alone, would be as wide as the chart
    few = not long_labels and labels.nunique() <= _FEW_BARS
    beside = 1 if one or chart.color else len(chart.y)
    bars = base.mark_bar(cornerRadiusEnd=2, size=_WIDEST_BAR / beside if alone or few else alt.Undefined)
    measured = pd.concat([frame[name] for name in chart.y])
    measure, scale = _measure(measured), _scale(measured)
    if long_labels and not chart.color:
        across = alt.X(value, type="quantitative", title=title, axis=measure, scale=scale)
        down = alt.Y(chart.x, type="nominal", sort=None, title=None, axis=alt.Axis(labelLimit=220, labelExpr=_WORDS))
        # what is left beside long labels is narrow on a phone
        bars = bars.encode(x=across, y=down, color=color if one else color.legend(_legend(1)))
        return (bars if one else bars.encode(yOffset=alt.YOffset("series", sort=None))).properties(
            height=min(TALLEST, max(120, ROW_HEIGHT * labels.nunique() * (1 if one else 2)))
        )
    x = _axis(chart.x, frame) if nominal else alt.X(chart.x, type="ordinal", timeUnit="yearmonthdate", title=None)
    if not nominal:
        x = x.axis(alt.Axis(format=_DAY, labelAngle=0, labelOverlap=True, labelSeparation=_APART))
    y = alt.Y(value, type="quantitative", title=title, axis=measure, scale=scale)
    bars = bars.encode(x=x, y=y, color=color)
    return bars if one or chart.color else bars.encode(xOffset=alt.XOffset("series", sort=None))


def _heatmap(chart: Chart, frame: pd.DataFrame) -> Part:
    across, down, cell = chart.x, chart.y[0], chart.color
    shown = frame.copy()
    for column in (across, down):
        if _is_time(shown[column]):
            shown[column] = shown[column].dt.strftime(_DAY)
    sort = list(dict.fromkeys(shown[down]))
    base: Part = alt.Chart(shown).encode(
        x=alt.X(across, type="ordinal", title=words(across), axis=alt.Axis(labelAngle=0)),
        # days and weekdays say what they are; a title runs into them
        y=alt.Y(down, type="ordinal", sort=sort, title=None),
        tooltip=[alt.Tooltip(column, title=words(column)) for column in frame.columns],
    )
    # one cell far above the rest is as dark as the darkest of them, so that the rest can be told apart
    strongest = max(float(shown[cell].quantile(_OUTLIER)), 1.0)
    scale = alt.Scale(scheme="blues", domain=[0, strongest], clamp=True)
    cells = base.mark_rect(stroke="white").encode(
        color=alt.Color(cell, type="quantitative", scale=scale, legend=alt.Legend(title=words(cell)))
    )
    dark = strongest * 0.55
    numbers = base.mark_text(fontSize=11).encode(
        text=alt.Text(cell, type="quantitative", format=".0f"),
        color=alt.condition(alt.datum[cell] > dark, alt.value("white"), alt.value("#1F2933")),
    )
    return (cells + numbers).properties(height=min(TALLEST, max(160, ROW_HEIGHT * len(sort))))


def _axis(column: str, frame: pd.DataFrame) -> alt.X:
    if _is_time(frame[column]):
        axis = alt.Axis(format=_DAY, tickCount=5, grid=False, labelOverlap=True, labelSeparation=_APART)
        return alt.X(column, type="temporal", title=None, axis=axis)
    return alt.X(column, type="nominal", sort=None, title=None, axis=alt.Axis(labelAngle=0, labelExpr=_WORDS))


def _measure(values: "pd.Series[Any]") -> alt.Axis:
    counts = bool((values.dropna() % 1 == 0).all())
    return alt.Axis(tickCount=5, format="~s", tickMinStep=1 if counts else alt.Undefined)


def _scale(values: "pd.Series[Any]") -> alt.Scale:
    """A scale from nought to nought has no numbers to write at its axis."""
    return alt.Scale(domain=[0, 1]) if (values.dropna() == 0).all() else alt.Scale()


def _is_time(values: "pd.Series[Any]") -> bool:
    return pd.api.types.is_datetime64_any_dtype(values)


def _ordered(series: list[str]) -> list[str]:
    return [name for name in PRIORITIES if name in series] if set(series) <= set(PRIORITIES) else series


def _colors(series: list[str]) -> alt.Scale:
    free = iter([color for color in PALETTE if color not in {_MEANINGS.get(name) for name in series}] * len(series))
    return alt.Scale(domain=series, range=[_MEANINGS.get(name) or next(free) for name in series])


def _dressed(drawn: Part, *, dark: bool) -> Drawn:
    grey, ink = (_GREY_ON_DARK, _INK_ON_DARK) if dark else (_GREY, _INK)
    if drawn.height is alt.Undefined:
        drawn = drawn.properties(height=HEIGHT)
    dressed: Drawn = (
        # the last label of an axis reaches beyond it
        drawn.properties(width="container", padding={"left": 5, "top": 5, "bottom": 5, "right": _RIGHT})
        .configure(font=_FONT, background="transparent")
        .configure_view(strokeWidth=0)
        .configure_axis(
            gridColor=grey,
            domainColor=grey,
            tickColor=grey,
            labelColor=ink,
            titleColor=ink,
            titleFontWeight="normal",
            labelFontSize=12,
            titleFontSize=12,
        )
        .configure_legend(labelColor=ink, labelFontSize=12, titleFontWeight="normal", titleColor=ink)
    )
    return dressed
