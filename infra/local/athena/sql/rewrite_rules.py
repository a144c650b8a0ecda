"""What sqlglot gets wrong between Trino and DuckDB, or cannot know, one node at a time, with the macros of `functions`.

Date arithmetic keeps the type of its operand, patterns are Joda's, a missing match is NULL, decimals divide into
decimals, a double becomes an integer by rounding halves up.
"""

import decimal
import re
from collections.abc import Callable

from sqlglot import exp

from infra.local.athena.errors import AthenaError
from infra.local.athena.sql import array_functions
from infra.local.athena.sql.functions import joda_to_strftime
from infra.local.athena.sql.nodes import call, text

_INTEGERS = (exp.DType.TINYINT, exp.DType.SMALLINT, exp.DType.INT, exp.DType.BIGINT)
_EXTRACTED = {"DOW": "isodow", "DAY_OF_WEEK": "isodow", "YOW": "isoyear", "YEAR_OF_WEEK": "isoyear"}
_EXTRACTED |= {"DAY_OF_YEAR": "doy", "DAY_OF_MONTH": "day"}
_SPECIFIER = re.compile(r"%(?:(\d+)\$)?[-#+ 0,(]*\d*(?:\.\d+)?([a-zA-Z%])")


def repair(node: exp.Expr) -> exp.Expr:
    """What to put in the place of a node whose parts are repaired; the node itself when it is right."""
    found = _REPAIRS.get(type(node))
    return node if found is None else found(node)


def _date_add(node: exp.DateAdd) -> exp.Expr:
    if node.unit is None:
        return node
    return call("t_add", node.this, exp.Interval(this=exp.Paren(this=node.expression), unit=node.args["unit"]))


def _interval_arithmetic(node: exp.Add | exp.Sub) -> exp.Expr:
    moment, span = node.this, node.expression
    if isinstance(node, exp.Add) and _is_interval(moment):
        moment, span = span, moment
    if not _is_interval(span) or _is_interval(moment):
        return node
    return call("t_add" if isinstance(node, exp.Add) else "t_sub", moment, span)


def _is_interval(node: exp.Expr) -> bool:
    """An interval, or a calculation with intervals only; of a column's type nothing is known."""
    if isinstance(node, exp.Paren | exp.Neg):
        return _is_interval(node.this)
    if isinstance(node, exp.Mul):
        return _is_interval(node.left) or _is_interval(node.right)
    if isinstance(node, exp.Add | exp.Sub | exp.Div):
        return _is_interval(node.left)
    return isinstance(node, exp.Interval)


def _divide(node: exp.Div) -> exp.Expr:
    return node if node.find(exp.Interval) else call("t_divide", node.this, node.expression)


def _average(node: exp.Avg) -> exp.Expr:
    """The average of decimals is a decimal; a filter or a window around it needs the bare aggregate (`_around`)."""
    return node if isinstance(node.parent, exp.Filter | exp.Window) else _typed_average(node, node)


def _around(node: exp.Filter | exp.Window) -> exp.Expr:
    average = node.this.this if isinstance(node.this, exp.Filter) else node.this
    if not isinstance(average, exp.Avg) or isinstance(node.parent, exp.Window):
        return node
    return _typed_average(average, node)


def _typed_average(average: exp.Avg, whole: exp.Expr) -> exp.Expr:
    value = average.this.expressions[0] if isinstance(average.this, exp.Distinct) else average.this
    # a median has the type that Trino's average has; only its type is used
    if isinstance(whole, exp.Window):
        kind = call("list_aggregate", exp.Array(expressions=[value.copy()]), text("median"))
    else:
        kind = call("median", value.copy())
    return call("cast_to_type", whole.copy(), kind)


def _truncate(node: exp.TimestampTrunc | exp.DateTrunc) -> exp.Expr:
    return call("t_trunc", text(node.args["unit"].name.lower()), node.this)


def _extract(node: exp.Extract) -> exp.Expr:
    name = _EXTRACTED.get(node.name.upper())
    return exp.Extract(this=exp.var(name), expression=node.expression) if name else node


def _complete_units(node: exp.DateDiff) -> exp.Expr:
    """Trino counts complete units, DuckDB's date_diff the boundaries between."""
    unit = node.args.get("unit")
    name = unit.name.lower() if unit is not None else "day"
    return call("date_sub", text(name), node.expression, node.this)


def _at_zone(node: exp.AtTimeZone) -> exp.Expr:
    zone = node.args["zone"]
    if zone.name.upper() in ("UTC", "Z", "GMT"):
        return exp.cast(node.this, exp.DType.TIMESTAMPTZ)
    return call("t_zone", node.this, zone)


def _count_if(node: exp.CountIf) -> exp.Expr:
    return exp.Filter(this=exp.Count(this=exp.Star()), expression=exp.Where(this=node.this))


def _cast(node: exp.Cast) -> exp.Expr:
    """Casts whose result does not follow from the target alone."""
    if node.to.this == exp.DType.DECIMAL and not node.to.expressions:
        return _decimal_cast(node)
    if node.to.this == exp.DType.VARCHAR and node.to.expressions:
        whole = type(node)(this=node.this, to=exp.DataType.build("VARCHAR"))
        return call("left", whole, node.to.expressions[0].this)
    if node.to.this in _INTEGERS and not isinstance(node.this, exp.Literal) and not node.find(exp.Subquery):
        return _integer_cast(node)
    return node


def _decimal_cast(node: exp.Cast) -> exp.Expr:
    """DECIMAL without precision is that of a literal, else (38, 0)."""
    if isinstance(node.this, exp.Literal) and node.this.is_string:
        written = node.this.name.strip().lstrip("+-")
        scale = max(0, -int(decimal.Decimal(written).as_tuple().exponent))
        return exp.cast(node.this, f"DECIMAL({len(written.replace('.', ''))},{scale})")
    return type(node)(this=node.this, to=exp.DataType.build("DECIMAL(38,0)"))


def _integer_cast(node: exp.Cast) -> exp.Expr:
    """Trino rounds the halves of a double away from zero, DuckDB to the even number."""
    exact = type(node)(this=node.this.copy(), to=exp.DataType.build("DECIMAL(38,9)"))
    rounded = type(node)(this=exact, to=node.to.copy())
    is_double = exp.In(this=call("typeof", node.this.copy()), expressions=[text("DOUBLE"), text("FLOAT")])
    return exp.Case(ifs=[exp.If(this=is_double, true=rounded)], default=node.copy())


def _round(node: exp.Round) -> exp.Expr:
    digits = node.args.get("decimals")
    return node if digits is None else call("t_round", node.this, digits)


def _percentile(node: exp.ApproxQuantile) -> exp.Expr:
    if node.args.get("weight"):
        raise AthenaError("NOT_SUPPORTED: approx_percentile with weights is not in the local account")
    # exact and discrete: what Trino returns on small data
    return call("quantile_disc", node.this, node.args["quantile"])


def _regexp_extract(node: exp.RegexpExtract) -> exp.Expr:
    group = node.args.get("group") or exp.Literal.number(0)
    return call("t_regexp_extract", node.this, node.expression, group)


def _regexp_replace(node: exp.RegexpReplace) -> exp.Expr:
    replacement = node.args.get("replacement")
    if isinstance(replacement, exp.Literal):
        node.set("replacement", text(re.sub(r"\$(\d)", r"\\\1", replacement.name)))
    return node


def _split(node: exp.Split) -> exp.Expr:
    limit = node.args.get("limit")
    return node if limit is None else call("t_split", node.this, node.expression, limit)


def _position(node: exp.StrPosition) -> exp.Expr:
    occurrence = node.args.get("occurrence")
    return node if occurrence is None else call("t_strpos", node.this, node.args["substr"], occurrence)


def _format(node: exp.Format) -> exp.Expr:
    """Java's `%s` takes whatever there is, C's only text."""
    values, taken = list(node.expressions), 0
    for place, kind in _SPECIFIER.findall(node.this.name) if isinstance(node.this, exp.Literal) else ():
        if kind in "%n":
            continue
        taken += not place
        at = (int(place) if place else taken) - 1
        if kind in "sS" and at < len(values):
            values[at] = exp.cast(values[at], exp.DType.TEXT)
    return call("printf", node.this, *values)


def _json_value(node: exp.JSONValue) -> exp.Expr:
    return call("t_json_scalar", node.this, _json_path(node.args["path"]))


def _json_extract(node: exp.JSONExtract) -> exp.Expr:
    if not node.args.get("json_query"):
        return node
    return call("t_json_query", node.this, _json_path(node.expression))


def _json_path(path: exp.Expr) -> exp.Expr:
    return text(re.sub(r"^(lax|strict)\s+", "", path.name)) if isinstance(path, exp.Literal) else path


def _function(node: exp.Anonymous) -> exp.Expr:
    name, arguments = node.name.lower(), node.expressions
    if name in array_functions.CALLS:
        return array_functions.CALLS[name](*arguments)
    match name:
        case "format_datetime":
            return call("strftime", arguments[0], text(joda_to_strftime(arguments[1].name)))
        case "with_timezone":
            return exp.AtTimeZone(this=arguments[0], zone=arguments[1])
        case "at_timezone":
            return _at_zone(exp.AtTimeZone(this=arguments[0], zone=arguments[1]))
        case "to_base":
            return exp.Lower(this=node.copy())
        case "millisecond" | "url_decode" | "url_encode":
            return call(f"t_{name}", *arguments)
    return node


def _parse_datetime(node: exp.ParseDatetime) -> exp.Expr:
    pattern = text(joda_to_strftime(node.args["format"].name))
    return exp.cast(call("strptime", node.this, pattern), exp.DType.TIMESTAMPTZ)


def _column(node: exp.Column) -> exp.Expr:
    """Tables are bound under names of their own and keep theirs as alias: drop what stands before it."""
    node.set("catalog", None)
    node.set("db", None)
    return node


def _as_bigint(node: exp.Expr) -> exp.Expr:
    return exp.cast(exp.Paren(this=node.copy()), exp.DType.BIGINT)


_REPAIRS: dict[type[exp.Expr], Callable[..., exp.Expr]] = {
    **array_functions.REPAIRS,
    exp.Add: _interval_arithmetic,
    exp.Anonymous: _function,
    exp.ApproxQuantile: _percentile,
    exp.AtTimeZone: _at_zone,
    exp.Avg: _average,
    exp.BitwiseAnd: _as_bigint,
    exp.BitwiseOr: _as_bigint,
    exp.BitwiseXor: _as_bigint,
    exp.Cast: _cast,
    exp.Column: _column,
    exp.CountIf: _count_if,
    exp.DateAdd: _date_add,
    exp.DateDiff: _complete_units,
    exp.DateTrunc: _truncate,
    exp.Div: _divide,
    exp.Extract: _extract,
    exp.Filter: _around,
    exp.Format: _format,
    exp.JSONExtract: _json_extract,
    exp.JSONExtractScalar: lambda node: call("t_json_scalar", node.this, node.expression),
    exp.JSONValue: _json_value,
    exp.ParseDatetime: _parse_datetime,
    exp.RegexpExtract: _regexp_extract,
    exp.RegexpReplace: _regexp_replace,
    exp.Round: _round,
    exp.Sign: lambda node: call("cast_to_type", node.copy(), node.this.copy()),
    exp.Split: _split,
    exp.SplitPart: lambda node: call("t_split_part", node.this, node.args["delimiter"], node.args["part_index"]),
    exp.StrPosition: _position,
    exp.Sub: _interval_arithmetic,
    exp.TimestampTrunc: _truncate,
    exp.TryCast: _cast,
    exp.Window: _around,
}
