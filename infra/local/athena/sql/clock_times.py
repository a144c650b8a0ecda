"""What a time zone changes in a statement: functions get the clock's time of the zone in the place of the instant.

https://trino.io/docs/current/functions/datetime.html; `zones` says which zone a value has.
"""

from collections.abc import Callable

from sqlglot import exp

from infra.local.athena.errors import AthenaError
from infra.local.athena.sql import zones
from infra.local.athena.sql.nodes import call, number, text
from infra.local.athena.sql.zones import PARTS, zone_of

MACROS = """
create macro t_instant_of(d) as cast(d as TIMESTAMPTZ);
create macro t_instant(d, z) as cast(d as TIMESTAMP) at time zone z;
create macro t_offset(d, m) as (cast(d as TIMESTAMPTZ) at time zone 'UTC') + to_minutes(cast(m as BIGINT));
create macro t_offset_instant(d, m) as cast(d - to_minutes(cast(m as BIGINT)) as TIMESTAMP) at time zone 'UTC';
create macro t_zone_minutes(d, l) as date_diff('minute', cast(d as TIMESTAMPTZ) at time zone 'UTC', l);
create macro t_zone_iso(d, l) as strftime(l, '%Y-%m-%dT%H:%M:%S.%g') || t_sign(t_zone_minutes(d, l));
create macro t_sign(m) as case when m < 0 then '-' else '+' end || printf('%02d:%02d', abs(m) // 60, abs(m) % 60);
"""
_LOCAL = (
    exp.Date,
    exp.Day,
    exp.DayOfMonth,
    exp.DayOfWeek,
    exp.DayOfWeekIso,
    exp.DayOfYear,
    exp.Hour,
    exp.LastDay,
    exp.Minute,
    exp.Month,
    exp.Quarter,
    exp.Second,
    exp.TimeToStr,
    exp.WeekOfYear,
    exp.Year,
    exp.YearOfWeek,
)
"""What reads the clock, and gives something else than a timestamp."""
_LOCAL_CALLS = ("format_datetime", "millisecond")
_LOCAL_CASTS = (exp.DType.DATE, exp.DType.TIME, exp.DType.TIMESTAMP, exp.DType.TIMESTAMPNTZ)
_CALENDAR = ("DAY", "WEEK", "MONTH", "QUARTER", "YEAR")


def apply(root: exp.Expr) -> exp.Expr:
    """The tree with the clock's time of the zone where that is what counts; the tree is used up."""
    if not zones.mentions_zones(root):
        return root
    nodes = list(root.walk())
    for node in nodes:
        zone_of(node)
    for node in reversed(nodes):
        changed = _changed(node)
        if changed is node:
            continue
        changed.meta[zones.ZONE] = node.meta[zones.ZONE]
        if node is root:
            root = changed
        else:
            node.replace(changed)
    return root


def _changed(node: exp.Expr) -> exp.Expr:
    """The node with the clock's time in the place of its operand; the node itself where the instant counts."""
    match node:
        case exp.AtTimeZone() if zone_of(node):
            return call("t_instant_of", node.this)
        case exp.Anonymous() if node.name.lower() == "at_timezone" and zone_of(node):
            return call("t_instant_of", node.expressions[0])
        case exp.Anonymous() if node.name.lower() == "with_timezone" and zone_of(node):
            return _instant(node.expressions[0], zone_of(node))
        case exp.Anonymous() if node.name.lower() in PARTS:
            return _part(node.name.lower(), node.expressions[0])
        case exp.Extract() if node.name.lower() in PARTS:
            return _part(node.name.lower(), node.expression)
        case exp.Anonymous() if node.name.lower() == "to_iso8601" and (zone := zone_of(node.expressions[0])):
            moment = node.expressions[0]
            return call("t_zone_iso", moment.copy(), _clock_time(moment, zone))
        case exp.Anonymous() if node.name.lower() in _LOCAL_CALLS and (zone := zone_of(node.expressions[0])):
            return call(node.name, _clock_time(node.expressions[0], zone), *node.expressions[1:])
        case exp.Extract() if zone := zone_of(node.expression):
            node.set("expression", _clock_time(node.expression, zone))
        case exp.Cast() if (zone := zone_of(node.this)) and node.to.this == exp.DType.VARCHAR:
            moment = call("strftime", _clock_time(node.this, zone), text(f"%Y-%m-%d %H:%M:%S.%g {zone}"))
            return type(node)(this=moment, to=node.to)
        case exp.Cast() if (zone := zone_of(node.this)) and node.to.this in _LOCAL_CASTS:
            node.set("this", _clock_time(node.this, zone))
        case exp.TimestampTrunc() | exp.DateTrunc() if zone := zone_of(node.this):
            return _in_zone(node, zone)
        case exp.DateAdd() if node.unit is not None and node.unit.name.upper() in _CALENDAR and zone_of(node.this):
            return _in_zone(node, zone_of(node.this))
        case exp.Add() | exp.Sub() if (zone := zone_of(node)) and _counts_months(node.right):
            return _in_zone(node, zone)
        case exp.DateDiff() if node.unit is not None and node.unit.name.upper() in _CALENDAR:
            if zone := zone_of(node.expression) or zone_of(node.this):
                node.set("expression", _clock_time(node.expression, zone))
                node.set("this", _clock_time(node.this, zone))
        case _ if isinstance(node, _LOCAL) and isinstance(node.this, exp.Expr) and (zone := zone_of(node.this)):
            node.set("this", _clock_time(node.this, zone))
    return node


def _counts_months(node: exp.Expr) -> bool:
    """Whether an interval is one of months, which are the calendar's; days are 24 hours."""
    unit = node.args.get("unit") if isinstance(node, exp.Interval) else None
    first = unit.this if isinstance(unit, exp.IntervalSpan) else unit
    return first is not None and first.name.upper() in ("YEAR", "MONTH")


def _in_zone(node: exp.Expr, zone: str) -> exp.Expr:
    """A calculation with the clock's time, and the instant of its result."""
    node.set("this", _clock_time(node.this, zone))
    return _instant(node.copy(), zone)


def _clock_time(moment: exp.Expr, zone: str) -> exp.Expr:
    if zones.OFFSET.fullmatch(zone):
        return call("t_offset", moment.copy(), number(zones.minutes(zone)))
    return call("t_zone", moment.copy(), text(zone))


def _instant(local: exp.Expr, zone: str) -> exp.Expr:
    if zones.OFFSET.fullmatch(zone):
        return call("t_offset_instant", local, number(zones.minutes(zone)))
    return call("t_instant", local, text(zone))


def _part(part: str, moment: exp.Expr) -> exp.Expr:
    """The zone of a value, or its offset's hours or minutes.

    Raises:
        AthenaError: the zone comes from data.
    """
    zone = zone_of(moment)
    if not zone and any(_takes_zone_from_data(one) for one in moment.walk()):
        raise AthenaError(f"NOT_SUPPORTED: {part} of a zone that is not a literal is not in the local account")
    if part == "timezone":
        return text(zone or "UTC")
    local = _clock_time(moment, zone) if zone else call("t_offset", moment.copy(), number(0))
    minutes = call("t_zone_minutes", moment.copy(), local)
    step: Callable[..., exp.Expr] = exp.IntDiv if part == "timezone_hour" else exp.Mod
    return exp.cast(step(this=minutes, expression=number(60)), exp.DType.BIGINT)


def _takes_zone_from_data(node: exp.Expr) -> bool:
    if isinstance(node, exp.AtTimeZone):
        return not isinstance(node.args["zone"], exp.Literal)
    if isinstance(node, exp.Anonymous) and node.name.lower() in ("at_timezone", "with_timezone"):
        return not isinstance(node.expressions[1], exp.Literal)
    return isinstance(node, exp.FromISO8601Timestamp | exp.ParseDatetime) and not isinstance(node.this, exp.Literal)
