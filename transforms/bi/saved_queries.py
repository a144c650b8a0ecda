"""The saved queries in `queries/`: one SQL file each, which says in its header what it answers and how to draw it.

    -- title: Tasks created and completed per week
    -- description: Whether the team finishes what it starts.
    -- chart: line x=week y=created,completed
    -- parameters: rows=20

The same file is an Athena named query, a page of the dashboard and a test. A description may go on over several lines
that begin with `--` and two blanks or more. Metrics are macros, see `metrics`: `where {{ is_open('tasks.status') }}`.
A parameter is a whole number with a default, `limit {{ rows }}`; the named query in Athena has the default.
"""

import dataclasses
import functools
import pathlib
import re
from collections.abc import Mapping
from typing import Literal, Self, cast, get_args

from transforms.bi.metrics import MACROS, MetricError, render

FOLDER = pathlib.Path(__file__).parent / "queries"
Kind = Literal["area", "bar", "heatmap", "line", "table"]
KINDS: tuple[Kind, ...] = get_args(Kind)
LONGEST_TITLE, LONGEST_DESCRIPTION = 80, 1024
_FIELD = re.compile(r"--\s?(title|description|chart|parameters):\s*(.*)")
_CONTINUED = re.compile(r"--\s{2,}(.*)")
_HINTS = ("x", "y", "color", "partial", "n", "unit")


class SavedQueryError(ValueError):
    """A file is not a saved query; the message names it and what is wrong."""


@dataclasses.dataclass(frozen=True)
class Chart:
    """How to draw an answer.

    Args:
        kind: area, bar, heatmap, line or table.
        x: column along the axis; empty for a table.
        y: columns that are measured; of a heat map the one column down its side.
        color: column that distinguishes series; of a heat map the one that its cells measure.
        partial: column that is true for a day or week that is not over.
        n: column that says of how many a bar's percentage or percentile is.
        unit: what the measured columns count, where their names do not say it.
    """

    kind: Kind
    x: str = ""
    y: tuple[str, ...] = ()
    color: str = ""
    partial: str = ""
    n: str = ""
    unit: str = ""

    def columns(self) -> set[str]:
        """The columns that the answer must have."""
        return {name for name in (self.x, *self.y, self.color, self.partial, self.n) if name}


@dataclasses.dataclass(frozen=True)
class SavedQuery:
    """One question.

    Args:
        name: of the file, without `.sql`.
        sql: Trino SQL without the header, with what the metrics stand for and the parameters' values.
        parameters: value of each, the default unless another was given.
        template: the SQL without either.
    """

    name: str
    title: str
    description: str
    chart: Chart
    sql: str
    parameters: Mapping[str, int] = dataclasses.field(default_factory=dict)
    template: str = dataclasses.field(default="", compare=False)

    def with_values(self, values: Mapping[str, int]) -> Self:
        """The query with other values of its parameters.

        Args:
            values: by name; those that are not named keep theirs.

        Raises:
            SavedQueryError: the query has no such parameter.
        """
        unknown = sorted(values.keys() - self.parameters.keys())
        if unknown:
            known = ", ".join(self.parameters) or "none"
            raise SavedQueryError(f"{self.name} has no parameter {', '.join(unknown)}; it has {known}")
        given = {**self.parameters, **values}
        return dataclasses.replace(self, sql=render(self.template, values=given), parameters=given)


@functools.cache
def all_queries(folder: pathlib.Path = FOLDER, macros: pathlib.Path = MACROS) -> tuple[SavedQuery, ...]:
    """Every saved query of `folder`, by title.

    Args:
        folder: with one file for each.
        macros: the file that defines metrics.

    Raises:
        SavedQueryError: a file is not one, or two have the same title.
    """
    found = [parse(path.stem, path.read_text(), macros) for path in sorted(folder.glob("*.sql"))]
    titles = [query.title for query in found]
    for query in found:
        if titles.count(query.title) > 1:
            raise SavedQueryError(f"{query.name}.sql: another file has the title {query.title!r} too")
    return tuple(sorted(found, key=lambda query: query.title))


def parse(name: str, text: str, macros: pathlib.Path = MACROS) -> SavedQuery:
    """Read one file.

    Args:
        name: of the file, without `.sql`.
        text: what it holds.
        macros: the file that defines metrics.

    Raises:
        SavedQueryError: a field is missing, is there twice, is too long, or is not what it must be.
    """
    fields: dict[str, str] = {}
    lines = text.splitlines()
    last = ""
    while lines and lines[0].startswith("--"):
        line = lines.pop(0)
        if found := _FIELD.fullmatch(line):
            last, value = found.groups()
            if last in fields:
                raise SavedQueryError(f"{name}.sql: {last} is there twice")
            fields[last] = value.strip()
        elif last and (more := _CONTINUED.fullmatch(line)):
            fields[last] += " " + more.group(1).strip()
        else:
            raise SavedQueryError(f"{name}.sql: {line!r} is none of title:, description:, chart:")
    for field in ("title", "description", "chart"):
        if not fields.get(field):
            raise SavedQueryError(f"{name}.sql: the header has no {field}")
    sql = "\n".join(lines).strip()
    if not sql:
        raise SavedQueryError(f"{name}.sql: there is no SQL after the header")
    if sql.endswith(";"):
        raise SavedQueryError(f"{name}.sql: the SQL ends with a semicolon; Athena wants one statement without it")
    for field, longest in (("title", LONGEST_TITLE), ("description", LONGEST_DESCRIPTION)):
        if len(fields[field]) > longest:
            raise SavedQueryError(f"{name}.sql: the {field} is longer than {longest} characters")
    parameters = _parameters(name, fields.get("parameters", ""))
    template = sql
    try:
        sql = render(sql, macros, parameters)
    except MetricError as error:
        raise SavedQueryError(f"{name}.sql: {error}") from error
    chart = _chart(name, fields["chart"])
    return SavedQuery(name, fields["title"], fields["description"], chart, sql, parameters, template)


def _parameters(name: str, text: str) -> dict[str, int]:
    found: dict[str, int] = {}
    for word in text.split():
        parameter, _, value = word.partition("=")
        if not parameter.isidentifier() or not value.isdecimal() or parameter in found:
            raise SavedQueryError(f"{name}.sql: a parameter is a name and a whole number, rows=20; found {word!r}")
        found[parameter] = int(value)
    return found


def _chart(name: str, hint: str) -> Chart:
    kind, *pairs = hint.split()
    if kind not in KINDS:
        raise SavedQueryError(f"{name}.sql: chart is one of {', '.join(KINDS)}, not {kind!r}")
    hints: dict[str, str] = {}
    for pair in pairs:
        key, _, value = pair.partition("=")
        if key not in _HINTS or not value or key in hints:
            raise SavedQueryError(
                f"{name}.sql: a chart's hints are {', '.join(f'{hint}=' for hint in _HINTS)}, each once; found {pair!r}"
            )
        hints[key] = value
    required = {"table": set(), "heatmap": {"x", "y", "color"}}.get(kind, {"x", "y"})
    if missing := required - hints.keys():
        raise SavedQueryError(f"{name}.sql: a {kind} needs {', '.join(sorted(missing))}")
    if kind == "table" and hints:
        raise SavedQueryError(f"{name}.sql: a table takes no hints")
    measured = tuple(hints.get("y", "").split(",")) if "y" in hints else ()
    rest = {name: hints.get(name, "") for name in ("color", "partial", "n", "unit")}
    return Chart(cast("Kind", kind), hints.get("x", ""), measured, **rest)
