"""A query of gold about a part of it: some days, categories and priorities, or as of now.

Each table that the query names is replaced by a query of its rows that are meant. Tables that count tasks without
naming them, such as the backlog, are worked out from the changes of the chosen tasks, by the SQL of dbt's own models.
"""

import dataclasses
import datetime as dt
import functools

import sqlglot
from sqlglot import exp

from orchestration.contract import RUNS_TABLE
from transforms.bi.project_models import PROJECT, compile_models

DIALECT = "trino"
DAYS = {
    "agg_api_usage_daily": "usage_date",
    "agg_cohort_retention": "cohort_week",
    "dim_dates": "date_day",
    "dim_users": "cast(first_seen as date)",
    "fct_daily_activity": "activity_date",
    "fct_daily_backlog": "backlog_date",
    "fct_task_events": "event_date",
    "fct_task_status_periods": "cast(started_at as date)",
    "fct_tasks": "cast(created_at as date)",
    "live_tasks": "cast(created_at as date)",
    "live_user_activity": "activity_date",
    RUNS_TABLE: "cast(started_at as date)",
    "user_analytics": "cast(first_seen as date)",
}
"""The day by which a row is in a range of time: that of a task is the day of its creation."""

OF_TASKS = ("agg_cycle_time", "fct_tasks", "live_tasks")
"""They have a category and a priority."""

OF_CHANGES = ("fct_task_events", "fct_task_status_periods")
"""They have the task's id; a task is in the category and has the priority that its latest change left."""

WORKED_OUT = {
    "business_metrics_kpis": ("business_metrics_kpis",),
    "fct_daily_activity": ("int_daily_activity", "fct_daily_activity"),
    "fct_daily_backlog": ("int_daily_backlog", "fct_daily_backlog"),
}
"""The models that are worked out anew from the chosen tasks and their changes, each after what it reads."""

LIVE = {
    "business_metrics_kpis": "live_kpis",
    "fct_daily_activity": "live_user_activity",
    "fct_tasks": "live_tasks",
}
"""What stands for a table of the last run as of now."""


@dataclasses.dataclass(frozen=True)
class Filters:
    """What is meant.

    Args:
        start: first day; None for no bound.
        end: last day; None for no bound.
        categories: chosen ones; none for all. An empty text stands for tasks without one.
        priorities: chosen ones; none for all.
        live: whether figures are to be as of now where they can be.
    """

    start: dt.date | None = None
    end: dt.date | None = None
    categories: tuple[str, ...] = ()
    priorities: tuple[str, ...] = ()
    live: bool = False

    @property
    def chooses_tasks(self) -> bool:
        """Whether not all tasks are meant."""
        return bool(self.categories or self.priorities)


@dataclasses.dataclass(frozen=True)
class Filtered:
    """A query about a part of gold.

    Args:
        sql: the query.
        is_live: whether a live view answers it.
        unfiltered: tables in it that know no category and no priority, so that all of them count.
    """

    sql: str
    is_live: bool = False
    unfiltered: tuple[str, ...] = ()


def apply(sql: str, filters: Filters, last_day: dt.date) -> Filtered:
    """A query of gold about what the filters mean.

    Args:
        sql: one SELECT of gold's tables.
        filters: what is meant.
        last_day: the day that gold's last build was on.
    """
    if filters == Filters():
        return Filtered(sql)
    tree = sqlglot.parse_one(sql, dialect=DIALECT)
    own = {one.alias for one in tree.find_all(exp.CTE)}
    nodes = [one for one in tree.find_all(exp.Table) if not one.db and one.name not in own]
    is_live, unfiltered = False, []
    for node in nodes:
        name = _live_name(node.name, filters)
        is_live |= name != node.name
        relation, is_filtered = _relation(name, filters, last_day)
        if not is_filtered:
            unfiltered.append(name)
        if relation != node.name:
            alias = exp.TableAlias(this=exp.to_identifier(node.alias_or_name))
            query = relation if " " in relation else f"select * from {relation}"  # noqa: S608
            node.replace(exp.Subquery(this=sqlglot.parse_one(query, dialect=DIALECT), alias=alias))
    return Filtered(tree.sql(dialect=DIALECT, pretty=True), is_live, tuple(dict.fromkeys(unfiltered)))


def _live_name(name: str, filters: Filters) -> str:
    # live activity does not say of which tasks it is, and reaches back a month
    if not filters.live or (filters.chooses_tasks and name != "fct_tasks") or name == "fct_daily_activity":
        return name
    return LIVE.get(name, name)


def _relation(name: str, filters: Filters, last_day: dt.date) -> tuple[str, bool]:
    """A query that stands for a table, and whether it obeys the choice of tasks, if it counts tasks at all."""
    chosen, is_filtered = name, True
    if filters.chooses_tasks and name in OF_TASKS:
        chosen = f"select * from {name} where {_matches('category', 'priority', filters)}"  # noqa: S608
    elif filters.chooses_tasks and name in OF_CHANGES:
        chosen = f"select * from {name} where task_id in ({_chosen_tasks(filters)})"  # noqa: S608
    elif filters.chooses_tasks and name in WORKED_OUT:
        chosen = _worked_out(name, filters, last_day)
    elif filters.chooses_tasks and name != "dim_dates":
        is_filtered = False
    between = _between(name, filters)
    if not between:
        return chosen, is_filtered
    inner = chosen if chosen == name else f"({chosen}) as {name}"
    return f"select * from {inner} where {between}", is_filtered  # noqa: S608


def _between(name: str, filters: Filters) -> str:
    day = DAYS.get(name)
    bounds = [("<=", filters.end), (">=", filters.start)]
    return " and ".join(f"{day} {sign} date '{bound}'" for sign, bound in bounds if day and bound)


def _matches(category: str, priority: str, filters: Filters) -> str:
    conditions = []
    if filters.categories:
        # in agg_cycle_time a task without a category is uncategorized
        known = f"coalesce(nullif({category}, 'uncategorized'), '')"
        conditions.append(f"{known} in ({_literals(filters.categories)})")
    if filters.priorities:
        conditions.append(f"{priority} in ({_literals(filters.priorities)})")
    return " and ".join(conditions)


def _chosen_tasks(filters: Filters) -> str:
    latest = _matches("max_by(category, version)", "max_by(priority, version)", filters)
    return f"select task_id from int_kept_events group by task_id having {latest}"  # noqa: S608


def _worked_out(name: str, filters: Filters, last_day: dt.date) -> str:
    """A model's SQL with what it reads, from the chosen tasks and their changes."""
    models = _models(name, last_day)
    chosen = {
        "chosen_events": f"select * from int_kept_events where task_id in ({_chosen_tasks(filters)})",  # noqa: S608
        "chosen_tasks": f"select * from fct_tasks where {_matches('category', 'priority', filters)}",  # noqa: S608
    }
    read = {relation: sql for relation, sql in chosen.items() if any(relation in model for model in models.values())}
    parts = {**read, **{f"chosen_{model}": sql for model, sql in models.items()}}
    expressions = ", ".join(f"{relation} as ({sql})" for relation, sql in parts.items())
    return f"with {expressions} select * from chosen_{name}"  # noqa: S608


@functools.cache
def _models(name: str, last_day: dt.date) -> dict[str, str]:
    names = list(WORKED_OUT[name])
    relations = {"int_kept_events": "chosen_events", "fct_tasks": "chosen_tasks"}
    relations |= {model: f"chosen_{model}" for model in names}
    as_of = dt.datetime.combine(last_day, dt.time())
    return compile_models(names, PROJECT / "macros", as_of, relations)


def _literals(values: tuple[str, ...]) -> str:
    return ", ".join(exp.Literal.string(value).sql(dialect=DIALECT) for value in values)
