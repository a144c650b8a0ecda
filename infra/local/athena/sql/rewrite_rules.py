"""What sqlglot gets wrong between Trino and DuckDB, or cannot know, one node at a time, with the macros of `functions`.

Date arithmetic keeps the type of its operand, patterns are Joda's, a missing match is NULL, decimals divide into
decimals, a double becomes an integer by rounding halves up.
"""

import re
from collections.abc import Callable

from sqlglot import exp

from infra.local.athena.errors import OUT_OF_MEMORY, SYSTEM, AthenaError
from infra.local.athena.sql import array_functions, casts, intervals, rare_functions, unnest, value_texts
from infra.local.athena.sql.functions import joda_to_strftime
from infra.local.athena.sql.intervals import is_interval
from infra.local.athena.sql.nodes import call, text

_EXTRACTED = {"DOW": "isodow", "DAY_OF_WEEK": "isodow", "YOW": "isoyear", "YEAR_OF_WEEK": "isoyear"}
_EXTRACTED |= {"DAY_OF_YEAR": "doy", "DAY_OF_MONTH": "day"}
LONGEST_PADDED = 50_000_000
"""Characters: far more than a row of Athena's may have, 32 MB:
https://docs.aws.amazon.com/athena/latest/ug/other-notable-limitations.html"""
_SPECIFIER = re.compile(r"%(?:(\d+)\$)?[-#+ 0,(]*\d*(?:\.\d+)?([a-zA-Z%])")


def repair(node: exp.Expr) -> exp.Expr:
    """What to put in the place of a node whose parts are repaired; the node itself when it is right."""
    found = _REPAIRS.get(type(node))
    return node if found is None else found(node)


def _divide(node: exp.Div) -> exp.Expr:
    if is_interval(node.this):
        return call("t_divide_doubles", node.this, node.expression)
    if _is_double(node.this) or _is_double(node.expression):
        return call("t_divide_doubles", node.this, node.expression)
    # the macro mentions its arguments several times: nested, they would grow with every level
    nested = any(one.name.startswith("t_divide") for one in node.find_all(exp.Anonymous))
    return intervals.divide(call("t_divide" if nested else "t_divide_by_any", node.this, node.expression))


def _is_double(node: exp.Expr) -> bool:
    """Whether it is plain that an operand is a double."""
    if isinstance(node, exp.Paren | exp.Neg):
        return _is_double(node.this)
    if isinstance(node, exp.Add | exp.Sub | exp.Mul):
        return _is_double(node.left) or _is_double(node.right)
    if isinstance(node, exp.Cast):
        return bool(node.to.this == exp.DType.DOUBLE)
    if isinstance(node, exp.Anonymous):
        return bool(node.name == "t_divide_doubles")
    return isinstance(node, exp.Literal) and not node.is_string and "e" in node.name.lower()


def _average(node: exp.Avg) -> exp.Expr:
    """The average of decimals is a decimal; a filter or a window around it needs the bare aggregate (`_around`)."""
    if isinstance(node.parent, exp.Filter | exp.Window):
        return node
    return intervals.aggregate(node, lambda made: _typed_average(made, made))


def _sum(node: exp.Sum) -> exp.Expr:
    return node if isinstance(node.parent, exp.Filter | exp.Window) else intervals.aggregate(node, lambda made: made)


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
    if isinstance(zone, exp.Literal) and zone.name.upper() in ("UTC", "Z", "GMT"):
        return exp.cast(node.this, exp.DType.TIMESTAMPTZ)
    return call("t_zone", node.this, zone)


def _count_if(node: exp.CountIf) -> exp.Expr:
    return exp.Filter(this=exp.Count(this=exp.Star()), expression=exp.Where(this=node.this))


def _ties(node: exp.Select) -> exp.Expr:
    """`FETCH FIRST n ROWS WITH TIES`: all rows that are ordered as the n-th."""
    fetch, order = node.args.get("limit"), node.args.get("order")
    if not isinstance(fetch, exp.Fetch) or order is None:
        return node
    options = fetch.args.get("limit_options")
    if options is None or not options.args.get("with_ties"):
        return node
    keys = [_selected(node, item) for item in order.expressions]
    rank = exp.Window(this=call("rank"), order=exp.Order(expressions=keys))
    node.set("qualify", exp.Qualify(this=exp.LTE(this=rank, expression=fetch.args["count"].copy())))
    node.set("limit", None)
    return node


def _selected(node: exp.Select, item: exp.Expr) -> exp.Expr:
    """An item of ORDER BY; a position stands for the column there."""
    copy, key = item.copy(), item.this
    if isinstance(key, exp.Literal) and not key.is_string and int(key.name) <= len(node.expressions):
        copy.set("this", node.expressions[int(key.name) - 1].unalias().copy())
    return copy


def _date_format(node: exp.TimeToStr) -> exp.Expr:
    """MySQL's `%v`, the week of the year that `%x` names."""
    pattern = node.args["format"]
    if isinstance(pattern, exp.Literal):
        node.set("format", text(pattern.name.replace("%v", "%V")))
    return node


def _round(node: exp.Round) -> exp.Expr:
    digits = node.args.get("decimals")
    return node if digits is None else call("t_round", node.this, digits)


def _pad(node: exp.Pad) -> exp.Expr:
    """The size is a bigint in Trino, an integer in DuckDB, which would fill such texts for minutes while it binds."""
    if node.expression.is_int and int(node.expression.name) > LONGEST_PADDED:
        raise AthenaError(OUT_OF_MEMORY, SYSTEM)
    if not isinstance(node.expression, exp.Literal):
        node.set("expression", exp.cast(node.expression, exp.DType.INT))
    return node


def _percentile(node: exp.ApproxQuantile) -> exp.Expr:
    if node.args.get("weight"):
        return call("t_weighted", node.this, node.args["weight"], node.args["quantile"])
    # exact and discrete: what Trino returns on small data
    return call("quantile_disc", node.this, node.args["quantile"])


def _regexp_extract(node: exp.RegexpExtract) -> exp.Expr:
    group = node.args.get("group") or exp.Literal.number(0)
    return call("t_regexp_extract", node.this, node.expression, group)


def _regexp_replace(node: exp.RegexpReplace) -> exp.Expr:
    replacement = node.args.get("replacement")
    if isinstance(replacement, exp.Lambda):
        raise AthenaError("NOT_SUPPORTED: regexp_replace with a function is not in the local account")
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
            values[at] = casts.cast(exp.cast(values[at], exp.DType.VARCHAR))
    return call("printf", node.this, *values)


def _function(node: exp.Anonymous) -> exp.Expr:
    name, arguments = node.name.lower(), node.expressions
    if name == "json_array":
        return rare_functions.json_made(node)
    if form := array_functions.CALLS.get(name) or rare_functions.CALLS.get(name):
        return form(*arguments)
    match name:
        case "format_datetime":
            return call("strftime", arguments[0], text(joda_to_strftime(arguments[1].name)))
        case "at_timezone":
            return _at_zone(exp.AtTimeZone(this=arguments[0], zone=arguments[1]))
        case "bit_count" if len(arguments) > 1:
            return exp.cast(call("bit_count", exp.cast(arguments[0], exp.DType.BIGINT)), exp.DType.BIGINT)
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


def _row(node: exp.Struct) -> exp.Expr:
    """`row(1, 'a')`, whose fields have no names, stays so: it becomes any row of as many fields by a cast."""
    named = any(isinstance(one, exp.PropertyEQ | exp.Alias) for one in node.expressions)
    return node if named or isinstance(node.parent, exp.Cast) else call("row", *node.expressions)


def _subscript(node: exp.Bracket) -> exp.Expr:
    """`row(1, 'a')[2]`, and an array's or a map's, which fails where there is no such element.

    https://trino.io/docs/current/language/types.html#row
    https://trino.io/docs/current/functions/array.html#subscript-operator
    https://trino.io/docs/current/functions/map.html#subscript-operator
    """
    value = node.this
    is_row = isinstance(value, exp.Anonymous) and value.name == "row"
    if is_row or (isinstance(value, exp.Cast) and value.to.this == exp.DType.STRUCT):
        return call("struct_extract_at", value, *node.expressions)
    if node.args.get("safe"):
        return _element_at(node)
    # DuckDB's TRY takes no function that fails on purpose
    name = "t_try_subscript" if node.find_ancestor(exp.Try) else "t_subscript"
    return call(name, value, *node.expressions)


def _element_at(node: exp.Bracket) -> exp.Expr:
    """`element_at` gives NULL where there is no such element, but for an array's element 0, which there cannot be."""
    index = node.expressions[0]
    plain = isinstance(index, exp.Neg) or (isinstance(index, exp.Literal) and index.name != "0")
    return node if plain or node.find_ancestor(exp.Try) else call("t_element_at", node.this, index)


def _now() -> exp.Expr:
    """https://trino.io/docs/current/functions/datetime.html#current_timestamp: with 3 digits of a second's fraction"""
    return call("date_trunc", text("millisecond"), call("now"))


def _as_bigint(node: exp.Expr) -> exp.Expr:
    return exp.cast(exp.Paren(this=node.copy()), exp.DType.BIGINT)


_REPAIRS: dict[type[exp.Expr], Callable[..., exp.Expr]] = {
    **array_functions.REPAIRS,
    **rare_functions.REPAIRS,
    exp.Add: intervals.arithmetic,
    exp.Anonymous: _function,
    exp.ApproxQuantile: _percentile,
    exp.AtTimeZone: _at_zone,
    exp.Avg: _average,
    exp.BitwiseAnd: _as_bigint,
    exp.BitwiseOr: _as_bigint,
    exp.BitwiseXor: _as_bigint,
    exp.Bracket: _subscript,
    exp.Cast: casts.cast,
    exp.Chr: lambda node: exp.Chr(expressions=[exp.cast(node.expressions[0], exp.DType.INT)]),
    exp.Column: _column,
    exp.CountIf: _count_if,
    exp.DateAdd: intervals.date_add,
    exp.DateDiff: _complete_units,
    exp.DateTrunc: _truncate,
    exp.DPipe: unnest.concatenation,
    exp.Div: _divide,
    exp.Extract: _extract,
    exp.Filter: _around,
    exp.Format: _format,
    exp.Interval: intervals.literal,
    exp.JSONExtractScalar: lambda node: call("t_json_scalar", node.this, node.expression),
    exp.Literal: casts.number,
    exp.CurrentTimestamp: lambda _: _now(),
    exp.Localtime: lambda _: exp.cast(exp.cast(_now(), exp.DType.TIMESTAMP), exp.DType.TIME),
    exp.Localtimestamp: lambda _: exp.cast(_now(), exp.DType.TIMESTAMP),
    exp.Pad: _pad,
    exp.ParseJSON: value_texts.parsed_json,
    exp.ParseDatetime: _parse_datetime,
    exp.RegexpExtract: _regexp_extract,
    exp.RegexpReplace: _regexp_replace,
    exp.Reverse: unnest.reverse,
    exp.Round: _round,
    exp.Select: _ties,
    exp.Sign: lambda node: call("cast_to_type", node.copy(), node.this.copy()),
    exp.Split: _split,
    exp.SplitPart: lambda node: call("t_split_part", node.this, node.args["delimiter"], node.args["part_index"]),
    exp.StrPosition: _position,
    exp.StrToMap: lambda node: call("t_split_to_map", node.this, node.args["pair_delim"], node.args["key_value_delim"]),
    exp.Struct: _row,
    exp.Sub: intervals.arithmetic,
    exp.Sum: _sum,
    exp.Table: unnest.table_function,
    exp.TimeToStr: _date_format,
    exp.TimestampTrunc: _truncate,
    exp.TryCast: casts.cast,
    exp.Typeof: casts.type_name,
    exp.Unnest: unnest.rewrite,
    exp.Window: _around,
}
