"""docs/images/monitoring.svg: the dashboard `TodoApiMonitoring`, drawn from the metrics of a running account."""

import datetime as dt
from collections.abc import Iterator, Sequence
from xml.sax.saxutils import escape

from infra.site.monitoring_widgets import Series, Widget

COLUMN, ROW, MARGIN = 50, 34, 6
COLOURS = ("#1f77b4", "#ff7f0e", "#2ca02c", "#d62728", "#9467bd", "#8c564b", "#e377c2", "#7f7f7f", "#17becf")
STATES = {"OK": "#2ca02c", "ALARM": "#d62728", "INSUFFICIENT_DATA": "#7f7f7f"}
LEGEND_PER_LINE, LEGEND_LINES = 2, 4
LABEL_CHARACTERS = 22


def draw(widgets: Sequence[Widget]) -> str:
    """The picture as SVG.

    Args:
        widgets: with their data; graphs share one axis of time, which a single point, such as a day's, does not widen.
    """
    times = [time for widget in widgets for each in widget.series if each.points[1:] for time, _ in each.points]
    span = (min(times), max(times)) if times else (dt.datetime.now(dt.UTC),) * 2
    height = max(row + rows for _, row, _, rows in (widget.place for widget in widgets)) * ROW
    parts = [part for widget in widgets for part in _widget(widget, span)]
    shape = f'viewBox="0 0 {24 * COLUMN} {height}" font-family="sans-serif" font-size="11" fill="#16191f"'
    background = f'<rect width="{24 * COLUMN}" height="{height}" fill="#f2f3f3"/>'
    return "\n".join([f'<svg xmlns="http://www.w3.org/2000/svg" {shape}>', background, *parts, "</svg>", ""])


def _widget(widget: Widget, span: tuple[dt.datetime, dt.datetime]) -> Iterator[str]:
    column, row, columns, rows = widget.place
    left, top, width, height = column * COLUMN, row * ROW, columns * COLUMN, rows * ROW
    if widget.kind == "text":
        yield _text(left + MARGIN, top + ROW - 10, widget.title, size=16, weight="bold")
        return
    yield f'<g transform="translate({left + MARGIN / 2} {top + MARGIN / 2})">'
    yield f'<rect width="{width - MARGIN}" height="{height - MARGIN}" rx="3" fill="#fff" stroke="#d5dbdb"/>'
    yield _text(8, 16, widget.title, weight="bold")
    inner = (width - MARGIN, height - MARGIN)
    if widget.kind == "alarm":
        yield from _alarms(widget.alarms, inner)
    elif widget.kind == "singleValue":
        yield from _values(widget.series, inner)
    else:
        yield from _graph(widget.series, inner, span)
    yield "</g>"


def _alarms(alarms: Sequence[tuple[str, str]], size: tuple[int, int]) -> Iterator[str]:
    width = (size[0] - 16) / max(len(alarms), 1)
    for number, (name, state) in enumerate(alarms):
        left = 8 + number * width
        yield f'<rect x="{left:.0f}" y="30" width="{width - 6:.0f}" height="44" rx="3" fill="{STATES[state]}"/>'
        yield _text(left + 6, 48, name, fill="#fff")
        yield _text(left + 6, 64, state, fill="#fff")


def _values(series: Sequence[Series], size: tuple[int, int]) -> Iterator[str]:
    per_line = 5
    for number, each in enumerate(series):
        left, top = 8 + number % per_line * (size[0] - 16) / per_line, 40 + number // per_line * 80
        value = _number(each.points[-1][1]) if each.points else "–"
        yield _text(left, top, each.label[:LABEL_CHARACTERS], fill="#545b64")
        yield _text(left, top + 28, value, size=24)


def _graph(series: Sequence[Series], size: tuple[int, int], span: tuple[dt.datetime, dt.datetime]) -> Iterator[str]:
    shown = [each for each in series if each.points]
    if not shown:
        yield _text(size[0] / 2 - 20, size[1] / 2, "no data", fill="#545b64")
        return
    legend = shown[: LEGEND_PER_LINE * LEGEND_LINES]
    lines = -(-len(legend) // LEGEND_PER_LINE)
    left, top, right, bottom = 52, 28, size[0] - 12, size[1] - 26 - 14 * lines
    highest = max(value for each in shown for _, value in each.points)
    lowest = min(0.0, *(value for each in shown for _, value in each.points))
    scale = (bottom - top) / ((highest - lowest) or 1)
    seconds = (span[1] - span[0]).total_seconds() or 1
    for value, y in ((highest or 1, top), (lowest, bottom)):
        yield f'<path d="M{left} {y}H{right}" stroke="#eaeded"/>'
        yield _text(left - 6, y + 4, _number(value), anchor="end", fill="#545b64")
    for time, x, anchor in ((span[0], left, "start"), (span[1], right, "end")):
        yield _text(x, bottom + 14, f"{time:%H:%M}", anchor=anchor, fill="#545b64")
    for number, each in enumerate(shown):
        colour = COLOURS[number % len(COLOURS)]
        points = [
            (
                left + max((time - span[0]).total_seconds() / seconds, 0) * (right - left),
                bottom - (value - lowest) * scale,
            )
            for time, value in each.points
        ]
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
        yield f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="1.5"/>'
        yield from (f'<circle cx="{x:.1f}" cy="{y:.1f}" r="2" fill="{colour}"/>' for x, y in points)
    for number, each in enumerate(legend):
        start = left + number % LEGEND_PER_LINE * (right - left) / LEGEND_PER_LINE
        base = bottom + 30 + number // LEGEND_PER_LINE * 14
        yield f'<rect x="{start:.0f}" y="{base - 8}" width="8" height="8" fill="{COLOURS[number % len(COLOURS)]}"/>'
        yield _text(start + 12, base, each.label[:LABEL_CHARACTERS])


def _number(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 100 or value == int(value) else f"{value:,.2f}"


def _text(
    x: float,
    y: float,
    text: str,
    *,
    size: int = 11,
    weight: str = "normal",
    anchor: str = "start",
    fill: str = "#16191f",
) -> str:
    return (
        f'<text x="{x:.0f}" y="{y:.0f}" font-size="{size}" font-weight="{weight}" text-anchor="{anchor}"'
        f' fill="{fill}">{escape(text)}</text>'
    )
