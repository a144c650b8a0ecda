"""Who is reached by columns of models that change: through other models to what people and programs read.

A column is reached when what it is worked out from changes. When the rows of a model change, or what filters, joins or
groups them, every column is reached.
"""

import dataclasses
import pathlib
import re
from collections.abc import Iterable, Mapping

from sqlglot.errors import SqlglotError

from transforms.bi.dashboard import figures
from transforms.bi.saved_queries import all_queries
from transforms.impact.lineage import Definition, Lineage, find_tables, trace

ROWS = "*"
"""In the place of a column's name: which rows there are."""

PAGES = pathlib.Path(__file__).resolve().parents[1] / "bi" / "dashboard" / "views"
OVERVIEW = "figures of the overview"
_CARD = re.compile(r"""cards\.card\(["'](\w+)["']\)""")
Columns = frozenset[str]


@dataclasses.dataclass(frozen=True)
class Reached:
    """What is reached.

    Args:
        models: columns of each model, `*` if its rows are.
        saved_queries: columns of each saved query's answer, likewise.
        charts: `page: saved query` of the dashboard, and the overview's figures.
        insights: fields of `GET /api/v1/insights`.
        cloudwatch: whether metrics made of `business_metrics_kpis` are.
        tests: identifiers of dbt's tests.
    """

    models: Mapping[str, Columns]
    saved_queries: Mapping[str, Columns]
    charts: tuple[str, ...]
    insights: tuple[str, ...]
    cloudwatch: bool
    tests: tuple[str, ...] = ()


class Project:
    """The lineage of a project's models and of what reads them.

    Args:
        models: compiled SQL of each model, by name.
        schema: columns of each table that they and the saved queries read.
        queries: SQL of each saved query, by name.
    """

    def __init__(
        self, models: Mapping[str, str], schema: Mapping[str, Iterable[str]], queries: Mapping[str, str] | None = None
    ) -> None:
        self.schema = {table: tuple(columns) for table, columns in schema.items()}
        given = {query.name: query.sql for query in all_queries()} if queries is None else queries
        self.models: dict[str, Lineage] = {}
        for name in _in_build_order(models):
            self.models[name] = trace(models[name], self.schema)
            if self.models[name].columns:
                # a column need not be documented
                self.schema[name] = tuple(self.models[name].columns)
        self.queries = {name: self._trace_reader(sql) for name, sql in given.items()}
        self.overview = self._trace_reader(figures.SQL)

    def changed_since(self, before: "Project") -> dict[str, Columns]:
        """The columns of each model that are worked out otherwise than before, `*` if its rows are; new ones, too."""
        found: dict[str, Columns] = {}
        for name, lineage in self.models.items():
            old = before.models.get(name)
            if old is None:
                found[name] = frozenset({ROWS, *lineage.columns})
                continue
            changed = {
                column
                for column in lineage.columns.keys() | old.columns.keys()
                if _digest(lineage, column) != _digest(old, column)
            }
            if lineage.rows.digest != old.rows.digest:
                changed = {ROWS, *lineage.columns, *old.columns}
            if changed:
                found[name] = frozenset(changed)
        gone = before.models.keys() - self.models.keys()
        return found | {name: frozenset({ROWS, *before.models[name].columns}) for name in gone}

    def reach(self, changed: Mapping[str, Columns], tests: Iterable["Test"] = ()) -> Reached:
        """Everything that changed columns reach.

        Args:
            changed: columns of models, `*` for their rows.
            tests: of the project.
        """
        reached: dict[str, Columns] = {}
        for name in self._in_order():
            own = changed.get(name, frozenset())
            followed = own | _follow(self.models[name], reached)
            if followed:
                reached[name] = followed
        reached |= {name: columns for name, columns in changed.items() if name not in self.models}
        queries = {name: columns for name, one in self.queries.items() if (columns := _follow(one, reached))}
        charts = [f"{page}: {name}" for page, names in cards().items() for name in names if name in queries]
        if _follow(self.overview, reached):
            charts.append(OVERVIEW)
        return Reached(
            models=reached,
            saved_queries=queries,
            charts=tuple(sorted({*charts, *(f"questions: {name}" for name in queries)})),
            insights=tuple(sorted(insights_fields(reached.get("user_insights", frozenset())))),
            cloudwatch=bool(reached.get("business_metrics_kpis")),
            tests=tuple(sorted(one.name for one in tests if one.is_reached(reached, changed))),
        )

    def _trace_reader(self, sql: str) -> Lineage:
        """The lineage of a query; of one that names what the schema does not have, every column of its tables."""
        try:
            return trace(sql, self.schema)
        except SqlglotError:
            tables = find_tables(sql)
            columns = {(table, column) for table in tables for column in (ROWS, *self.schema.get(table, ()))}
            return Lineage({}, Definition("", frozenset(columns)), tables)

    def _in_order(self) -> list[str]:
        """The models, each after those that it reads."""
        found: list[str] = []

        def visit(name: str) -> None:
            if name in found or name not in self.models:
                return
            for table in sorted(self.models[name].tables - {name}):
                visit(table)
            found.append(name)

        for name in sorted(self.models):
            visit(name)
        return found


@dataclasses.dataclass(frozen=True)
class Test:
    """A test of dbt.

    Args:
        name: its identifier.
        models: that it reads.
        column: of the first of them, if it is about one column.
        own: whether it runs on rows of its own, as a unit test does: then only its model's SQL decides.
    """

    name: str
    models: tuple[str, ...]
    column: str = ""
    own: bool = False

    def is_reached(self, reached: Mapping[str, Columns], changed: Mapping[str, Columns]) -> bool:
        """Whether what it reads is among what is reached."""
        if self.own:
            return any(model in changed for model in self.models)
        if self.column:
            of_column = {self.column, ROWS} & reached.get(self.models[0], frozenset())
            return bool(of_column) or any(reached.get(model) for model in self.models[1:])
        return any(reached.get(model) for model in self.models)


def merge(one: Reached, other: Reached) -> Reached:
    """What either is reached by: a column that is gone reaches what used to read it."""

    def both(mine: Mapping[str, Columns], others: Mapping[str, Columns]) -> dict[str, Columns]:
        return {
            name: mine.get(name, frozenset()) | others.get(name, frozenset()) for name in mine.keys() | others.keys()
        }

    return Reached(
        both(one.models, other.models),
        both(one.saved_queries, other.saved_queries),
        tuple(sorted({*one.charts, *other.charts})),
        tuple(sorted({*one.insights, *other.insights})),
        one.cloudwatch or other.cloudwatch,
        tuple(sorted({*one.tests, *other.tests})),
    )


def insights_fields(columns: Columns) -> set[str]:
    """The fields of `GET /api/v1/insights` that columns of `user_insights` become."""
    from orchestration.publish.insights import COLUMNS

    published = set(COLUMNS) - {"user_id"}
    found = published & columns if ROWS not in columns else published
    names = {"cycle_time_p50_hours": "cycle_time_hours.p50", "cycle_time_p90_hours": "cycle_time_hours.p90"}
    fields = {names.get(column, column) for column in found}
    return fields | ({"other_categories"} if "by_category" in fields else set())


def cards() -> dict[str, list[str]]:
    """The saved queries that each page of the dashboard shows, by the page's name."""
    return {path.stem: _CARD.findall(path.read_text()) for path in sorted(PAGES.glob("*.py"))}


def _digest(lineage: Lineage, column: str) -> str:
    return lineage.columns[column].digest if column in lineage.columns else ""


def _follow(lineage: Lineage, reached: Mapping[str, Columns]) -> Columns:
    """The columns of a query that reached columns reach."""

    def is_hit(sources: Iterable[tuple[str, str]]) -> bool:
        return any(column in reached.get(table, frozenset()) for table, column in sources)

    if is_hit(lineage.rows.sources):
        return frozenset({ROWS, *lineage.columns})
    return frozenset(name for name, one in lineage.columns.items() if is_hit(one.sources))


def _in_build_order(models: Mapping[str, str]) -> list[str]:
    """The names of models, each after those that it reads."""
    order: dict[str, None] = {}

    def add(name: str, above: tuple[str, ...] = ()) -> None:
        if name in order or name in above:
            return
        for read in sorted(find_tables(models[name]) & models.keys()):
            add(read, (*above, name))
        order[name] = None

    for name in sorted(models):
        add(name)
    return list(order)
