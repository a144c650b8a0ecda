"""A query of gold as it would have been answered at a past instant.

Gold is views of Iceberg tables. A table answers as of an instant from the snapshot that was the latest then
(https://docs.aws.amazon.com/athena/latest/ug/querying-iceberg-time-travel-and-version-travel-queries.html). A view says
which day its build was on; the day of the build before the instant takes its place.
"""

import datetime as dt
from collections.abc import Callable

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

from transforms.bi.scan_estimate.scans import DIALECT, EstimateError, FindTable, expand_views

INSIGHTS = "user_insights"
"""Every build works its rows out anew on another day, so it knows which day the last build was on."""

Ask = Callable[[str, str], list[list[str | None]]]
"""Runs a query in a database and gives its rows, as text."""


class TimeTravelError(Exception):
    """The query has no answer as of a past instant; the message says why."""


def as_of(sql: str, database: str, instant: dt.datetime, find_table: FindTable, ask: Ask) -> str:
    """The query as of an instant.

    Args:
        sql: one SELECT, in Athena's SQL.
        database: gold, where unqualified names are looked up.
        instant: with its zone.
        find_table: of the Glue catalog.
        ask: runs a query in Athena.

    Raises:
        TimeTravelError: the statement is no query, cannot be read, or reads a table without snapshots.
    """
    version = _version(instant)
    [[now]] = ask(_day_sql(""), database)
    [[then]] = ask(_day_sql(f" {version.sql(dialect=DIALECT)}"), database)
    if not then:
        raise TimeTravelError(f"gold was not built at {instant:%Y-%m-%d %H:%M:%S} UTC")

    def move_day(view: exp.Query) -> None:
        for day in list(view.find_all(exp.Literal)):
            if day.is_string and day.name == now:
                day.replace(exp.Literal.string(then))

    try:
        tree, tables = expand_views(sql, database, find_table, move_day)
    except SqlglotError as error:
        raise TimeTravelError(f"the statement cannot be read: {str(error).splitlines()[0]}") from error
    except EstimateError as error:
        raise TimeTravelError("only a query can be asked as of an instant: SELECT, WITH or VALUES") from error
    for node in tree.find_all(exp.Table):
        table = tables.get((node.db, node.name))
        if table is None:
            continue
        if table.get("Parameters", {}).get("table_type", "").upper() != "ICEBERG":
            raise TimeTravelError(f"{node.name} keeps no snapshots, it is no Iceberg table")
        node.set("version", version.copy())
    return tree.sql(dialect=DIALECT)


def _version(instant: dt.datetime) -> exp.Version:
    moment = f"{instant.astimezone(dt.UTC):%Y-%m-%d %H:%M:%S.%f}"[:-3]
    parsed = sqlglot.parse_one(f"select 1 from t for timestamp as of timestamp '{moment} UTC'", dialect=DIALECT)  # noqa: S608
    (version,) = parsed.find_all(exp.Version)
    return version


def _day_sql(version: str) -> str:
    return f"select cast(cast(max(as_of) as date) as varchar) from {INSIGHTS}{version}"  # noqa: S608
