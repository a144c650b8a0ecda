"""What a change does, as Markdown: for a terminal, and as a comment on a pull request."""

import math
from collections.abc import Mapping

from transforms.bi.saved_queries import all_queries
from transforms.bi.scan_estimate.estimate import LEAST_MEGABYTES, MEGABYTE, USD_PER_TERABYTE
from transforms.impact.consumers import ROWS, Reached
from transforms.impact.data_diff import Difference

MOST_CHARACTERS = 60_000
"""A comment on GitHub has at most 65,536: https://docs.github.com/en/rest/issues/comments"""


def write_report(differences: Mapping[str, Difference], scanned: Mapping[str, int], reached: Reached) -> str:
    """The report.

    Args:
        differences: of each model that was built.
        scanned: bytes that Athena read to build each.
        reached: whom the change reaches.
    """
    if not differences and not reached.models:
        return "## What this change does to gold\n\nNo model changes.\n"
    lines = ["## What this change does to gold", ""]
    if differences:
        lines += [
            "| model | rows before | rows after | keys added | keys removed | columns changed | scanned | price |"
        ]
        lines += ["|---|---|---|---|---|---|---|---|"]
        lines += [_row(name, one, scanned.get(name, 0)) for name, one in sorted(differences.items())]
        lines += ["", *[line for name, one in sorted(differences.items()) for line in _columns(name, one)]]
    lines += ["", "### Who is reached", "", *_consumers(reached)]
    text = "\n".join(lines).rstrip() + "\n"
    return text if len(text) <= MOST_CHARACTERS else text[:MOST_CHARACTERS] + "\n…\n"


def price(scanned: int) -> float:
    """What Athena charges for a statement that read something, in US$."""
    if not scanned:
        return 0.0
    return max(LEAST_MEGABYTES, math.ceil(scanned / MEGABYTE)) * USD_PER_TERABYTE / 1e6


def _row(name: str, one: Difference, scanned: int) -> str:
    cells = [f"`{name}`", _count(one.before, "new"), f"{one.after:,}", _count(one.added, "–"), _count(one.removed, "–")]
    cells += [
        str(len(one.columns) + len(one.new_columns) + len(one.gone_columns)),
        f"{scanned:,} bytes",
        f"${price(scanned):.5f}",
    ]
    return f"| {' | '.join(cells)} |"


def _count(count: int | None, otherwise: str) -> str:
    return otherwise if count is None else f"{count:,}"


def _columns(name: str, one: Difference) -> list[str]:
    lines = [
        f"- `{name}.{column}`: {change.rows:,} row{'s'[: change.rows != 1]}, such as {_escape(change.example)}"
        for column, change in one.columns.items()
    ]
    if one.before is not None:
        lines += [f"- `{name}.{column}` is new" for column in one.new_columns]
    return lines + [f"- `{name}.{column}` is gone" for column in one.gone_columns]


def _consumers(reached: Reached) -> list[str]:
    titles = {query.name: query.title for query in all_queries()}
    models = [f"`{name}` ({_names(columns)})" for name, columns in sorted(reached.models.items())]
    queries = [f"{titles[name]} ({_names(columns)})" for name, columns in sorted(reached.saved_queries.items())]
    groups = {
        "Models": models,
        "Saved queries": queries,
        "Charts": list(reached.charts),
        "Fields of `GET /api/v1/insights`": [f"`{field}`" for field in reached.insights],
        "CloudWatch": ["metrics of `business_metrics_kpis`"] if reached.cloudwatch else [],
        "Tests": [f"`{test}`" for test in reached.tests],
    }
    lines: list[str] = []
    for title, found in groups.items():
        lines += [f"**{title}** ({len(found)}): {', '.join(found) or 'none'}", ""]
    return lines


def _names(columns: frozenset[str]) -> str:
    return "rows" if ROWS in columns else ", ".join(sorted(columns))


def _escape(example: str) -> str:
    return "`" + " ".join(example.replace("`", "'").split())[:200] + "`"
