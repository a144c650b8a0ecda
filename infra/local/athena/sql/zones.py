"""The time zone of a timestamp, which is part of Trino's value and not of DuckDB's.

https://trino.io/docs/current/language/types.html#timestamp-with-time-zone: it is an instant and a time zone, and
https://trino.io/docs/current/functions/datetime.html says that fields, truncation and text are those of the zone.
Where a statement says the zone (a literal, AT TIME ZONE '…', a subquery's column made of these), functions get the
clock's time there, and the column's text its zone. Values of tables are in UTC, on AWS too. A zone that comes from
data (`at_timezone(x, column)`) gives the clock's time, a timestamp without a zone.
"""

import datetime as dt
import functools
import re
import zoneinfo
from collections.abc import Iterator, Sequence

from sqlglot import exp

from infra.local.athena.sql.intervals import is_interval

ZONE = "zone"
"""Key of a node's `meta`: the zone of its value, `` for UTC and for what has none."""
_UTC = ("", "UTC", "Z", "GMT", "UCT", "+00:00")
OFFSET = re.compile(r"([-+])(\d{1,2})(?::?(\d\d))?")
_WRITTEN = re.compile(r":\d\d(?:[.]\d+)?\s*([-+]\d{1,2}(?::?\d\d)?|[A-Za-z][A-Za-z0-9_/+-]*)\s*\Z")
_SAME_AS_OPERAND = (
    exp.Alias,
    exp.AnyValue,
    exp.DateAdd,
    exp.DateTrunc,
    exp.Filter,
    exp.Lag,
    exp.Lead,
    exp.Max,
    exp.Min,
    exp.Paren,
    exp.TimestampTrunc,
    exp.Window,
)
PARTS = ("timezone", "timezone_hour", "timezone_minute")
"""Functions, and two of them fields of EXTRACT, that say what a zone is."""


def of_columns(tree: exp.Expr, names: Sequence[str]) -> list[str]:
    """The zones of a query's columns.

    Args:
        tree: as it was parsed.
        names: the columns' names, which tell what `*` stands for.
    """
    if not isinstance(tree, exp.Query) or not mentions_zones(tree):
        return [""] * len(names)
    query = _leftmost(tree)
    if isinstance(query, exp.Select) and not query.is_star and len(query.expressions) == len(names):
        return [zone_of(item) for item in query.expressions]
    return [_of_name(query, [], name.lower()) for name in names]


def clock(zone: str) -> dt.tzinfo:
    """The zone as Python's."""
    found = OFFSET.fullmatch(zone)
    return dt.timezone(dt.timedelta(minutes=minutes(zone))) if found else zoneinfo.ZoneInfo(zone)


def name(zone: dt.tzinfo | None) -> str:
    """The zone behind a timestamp's text."""
    key = zone.key if isinstance(zone, zoneinfo.ZoneInfo) else str(zone or "UTC").removeprefix("UTC")
    return key or "UTC"


def mentions_zones(tree: exp.Expr) -> bool:
    kinds = (exp.AtTimeZone, exp.UnixToTime, exp.FromISO8601Timestamp, exp.Anonymous, exp.Cast, exp.Extract)
    for node in tree.find_all(*kinds):
        match node:
            case exp.Anonymous():
                found = node.name.lower() in ("at_timezone", "with_timezone", *PARTS)
            case exp.Cast():
                literal = isinstance(node.this, exp.Literal)
                found = literal and node.to.this == exp.DType.TIMESTAMPTZ and bool(_written(node.this))
            case exp.Extract():
                found = node.name.lower() in PARTS
            case _:
                found = True
        if found:
            return True
    return False


def zone_of(node: exp.Expr) -> str:
    if ZONE not in node.meta:
        # a common table expression that reads itself
        node.meta[ZONE] = ""
        node.meta[ZONE] = _found(node)
    return str(node.meta[ZONE])


def _found(node: exp.Expr) -> str:
    match node:
        case exp.Cast() if node.to.this == exp.DType.TIMESTAMPTZ:
            return _written(node.this) if isinstance(node.this, exp.Literal) else zone_of(node.this)
        case exp.AtTimeZone():
            return _named(node.args["zone"])
        case exp.Anonymous() if node.name.lower() in ("at_timezone", "with_timezone"):
            return _named(node.expressions[1])
        case exp.UnixToTime():
            return _of_unix_time(node)
        case exp.FromISO8601Timestamp():
            return _written(node.this) if isinstance(node.this, exp.Literal) else ""
        case exp.Add() | exp.Sub():
            return _first(one for one in (node.left, node.right) if not is_interval(one))
        case exp.Coalesce() | exp.Greatest() | exp.Least():
            return _first([node.this, *node.expressions])
        case exp.If():
            return _first(one for one in (node.args.get("true"), node.args.get("false")) if one is not None)
        case exp.Case():
            return _first(one for one in (*node.args["ifs"], node.args.get("default")) if one is not None)
        case exp.Subquery() if isinstance(_leftmost(node), exp.Select):
            return zone_of(_leftmost(node).expressions[0])
        case exp.Column():
            select = node.find_ancestor(exp.Select)
            return _of_name(select, [], node.name.lower(), node.table.lower()) if select else ""
    return zone_of(node.this) if isinstance(node, _SAME_AS_OPERAND) and isinstance(node.this, exp.Expr) else ""


def _first(nodes: Sequence[exp.Expr] | Iterator[exp.Expr]) -> str:
    return next((zone for node in nodes if (zone := zone_of(node))), "")


def _named(node: exp.Expr) -> str:
    return _known(node.name) if isinstance(node, exp.Literal) and node.is_string else ""


def _written(literal: exp.Literal) -> str:
    found = _WRITTEN.search(literal.name)
    return _known(found.group(1)) if found else ""


def _known(zone: str) -> str:
    """The zone as Trino writes it; nothing for UTC, and for what is no zone, which the engine refuses by itself."""
    zone = zone.strip()
    if offset := OFFSET.fullmatch(zone):
        zone = f"{offset.group(1)}{int(offset.group(2)):02d}:{offset.group(3) or '00'}"
    elif zone not in _zones():
        return ""
    return "" if zone.upper() in _UTC or zone == "-00:00" else zone


@functools.cache
def _zones() -> set[str]:
    """The names of all zones, which Python finds by walking its folders at each call."""
    return zoneinfo.available_timezones()


def _of_unix_time(node: exp.UnixToTime) -> str:
    if zone := node.args.get("zone"):
        return _named(zone)
    hours, minutes = node.args.get("hours"), node.args.get("minutes")
    if hours is None or minutes is None:
        return ""
    total = int(hours.sql()) * 60 + int(minutes.sql())
    return _known(f"{'-' if total < 0 else '+'}{abs(total) // 60}:{abs(total) % 60:02d}")


def _leftmost(query: exp.Expr) -> exp.Expr:
    """The query that names the columns of a set operation."""
    while isinstance(query, exp.Subquery | exp.SetOperation):
        query = query.this
    return query


def _of_name(query: exp.Expr, names: Sequence[str], column: str, table: str = "") -> str:
    """The zone of a column of the query's sources."""
    if not isinstance(query, exp.Select):
        return ""
    sources = [one.this for one in (query.args.get("from_"), *(query.args.get("joins") or ())) if one is not None]
    for source in sources:
        if table and source.alias_or_name.lower() != table:
            continue
        alias = source.args.get("alias")
        names = [one.name.lower() for one in alias.columns] if isinstance(alias, exp.TableAlias) else []
        if zone := _of_source(source, names, column):
            return zone
    return ""


def _of_source(source: exp.Expr, names: Sequence[str], column: str) -> str:
    if isinstance(source, exp.Table):
        found = None if source.db else _common_table(source)
        if found is None:
            return ""
        names = names or [one.name.lower() for one in found.args["alias"].columns]
        source = found
    query = _leftmost(source.this if isinstance(source, exp.CTE) else source)
    if isinstance(query, exp.Values):
        items = query.expressions[0].expressions
    elif isinstance(query, exp.Select):
        items = query.expressions
    else:
        return ""
    for i, item in enumerate(items):
        given = names[i] if i < len(names) else item.alias_or_name.lower()
        if given == column:
            return zone_of(item)
    return _of_name(query, [], column) if query.is_star else ""


def _common_table(table: exp.Table) -> exp.CTE | None:
    node = table.parent
    while node is not None:
        with_ = node.args.get("with_")
        for one in with_.expressions if isinstance(with_, exp.With) else ():
            if isinstance(one, exp.CTE) and one.alias.lower() == table.name.lower():
                return one
        node = node.parent
    return None


def minutes(offset: str) -> int:
    """The minutes of an offset such as `-05:30`."""
    sign, hours, rest = offset[0], int(offset[1:3]), int(offset[4:6])
    return (hours * 60 + rest) * (-1 if sign == "-" else 1)
