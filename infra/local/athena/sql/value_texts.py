"""The text of a value, by `cast(… as varchar)`, and JSON in the order of its keys.

https://trino.io/docs/current/functions/conversion.html; a double is written as Java writes it, a timestamp with the
digits of its precision, which is 3 for a cast to `timestamp` and for current_timestamp
(https://trino.io/docs/current/language/types.html#date-and-time).
"""

import decimal
import json
import math
from collections.abc import Callable, Sequence
from typing import Any

from sqlglot import exp

from infra.local.athena.sql import operand_types
from infra.local.athena.sql.nodes import call, text

MACROS = r"""
create macro t_moment_text(d) as regexp_replace(strftime(d, '%Y-%m-%d %H:%M:%S.%f'), '([.]\d{3})000$', '\1');
create macro t_time_text(d) as regexp_replace(left(cast(d as VARCHAR) || case when cast(d as VARCHAR) like '%.%' then ''
  else '.' end || '000000', 15), '([.]\d{3})000$', '\1');
"""
_KNOWN = (exp.Count, exp.Length, exp.Lower, exp.Upper, exp.Concat, exp.DPipe, exp.Substring, exp.Extract, exp.Trim)
"""What is text or a whole number by itself."""
_KNOWN_CALLS = ("left", "printf", "strftime", "t_interval_text", "t_json_scalar", "t_json_value", "t_regexp_extract")
_MOMENTS = (exp.DType.TIMESTAMP, exp.DType.TIMESTAMPNTZ, exp.DType.TIMESTAMPTZ)
_AS_THEIR_OPERAND = ("t_add", "t_sub", "t_trunc")


def fraction_text(value: float) -> str:
    """A double as Java writes it: scientific below 10^-3 and from 10^7."""
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "Infinity" if value > 0 else "-Infinity"
    return java_text(repr(value))


def java_text(shortest: str) -> str:
    """The shortest digits of a double or a real, laid out as Java does: `1e+20` is `1.0E20`, `nan` is `NaN`."""
    if shortest.lstrip("+-") in ("inf", "nan"):
        return {"inf": "Infinity", "-inf": "-Infinity"}.get(shortest, "NaN")
    value = decimal.Decimal(shortest)
    if not value or decimal.Decimal("1e-3") <= abs(value) < decimal.Decimal("1e7"):
        plain = format(value, "f")
        return plain if "." in plain else f"{plain}.0"
    sign, digits, exponent = value.normalize().as_tuple()
    figures = "".join(map(str, digits))
    power = int(exponent) + len(figures) - 1
    return f"{'-' if sign else ''}{figures[0]}.{figures[1:] or '0'}E{power}"


def canonical_json(document: str) -> str:
    """JSON with the keys of each object in their order, the last of several equal ones alone.

    Args:
        document: valid JSON; nested too deeply, or with a number of thousands of digits, it stays as it is.
    """
    try:
        return json.dumps(json.loads(document), sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    except (RecursionError, ValueError):
        return document


FUNCTIONS: dict[str, tuple[Callable[..., Any], list[Any], str]] = {
    "t_canonical_json": (canonical_json, ["VARCHAR"], "VARCHAR"),
    "t_java_text": (java_text, ["VARCHAR"], "VARCHAR"),
}
"""Name -> what computes it, the types of its arguments, its type."""


def defer_text(node: exp.Cast, of_json: Callable[[exp.Cast], exp.Expr]) -> exp.Expr:
    """A cast to text, whose form depends on the type of what is cast.

    Args:
        of_json: makes the form for a value that is JSON.
    """
    value = node.this
    while isinstance(value, exp.Paren):
        value = value.this
    if isinstance(value, _KNOWN) or (isinstance(value, exp.Anonymous) and value.name in _KNOWN_CALLS):
        return node
    if isinstance(value, exp.Literal) and (value.is_string or value.is_int):
        return node
    digits = precision(value)
    return operand_types.defer(node, lambda cast, types: _as_text(cast, types[0], digits, of_json))


def _as_text(node: exp.Expr, kind: str, digits: int | None, of_json: Callable[[Any], exp.Expr]) -> exp.Expr:
    value = node.this
    if kind in ("DOUBLE", "FLOAT"):
        return call("t_java_text", node.copy())
    if operand_types.is_moment_without_zone(kind):
        return _moment_text(value, digits)
    if kind == "TIMESTAMP WITH TIME ZONE":
        at_utc = exp.AtTimeZone(this=value, zone=text("UTC"))
        return exp.DPipe(this=_moment_text(at_utc, digits), expression=text(" UTC"))
    if kind == "TIME":
        return call("t_time_text", value)
    if kind == "INTERVAL":
        return call("t_interval_text", value)
    if kind == "JSON":
        return of_json(node)
    return node if kind or not isinstance(value, exp.Column | exp.Identifier) else _by_own_type(node)


def _by_own_type(node: exp.Expr) -> exp.Expr:
    """The text of a lambda's parameter, whose type shows when the lambda is bound."""
    value, kind = node.this, call("typeof", node.this.copy())
    fraction = exp.In(this=kind, expressions=[text("DOUBLE"), text("FLOAT")])
    moment = exp.EQ(this=kind.copy(), expression=text("TIMESTAMP"))
    return exp.Case(
        ifs=[
            exp.If(this=fraction, true=call("t_java_text", exp.cast(value.copy(), exp.DType.TEXT))),
            exp.If(this=moment, true=call("t_moment_text", exp.TryCast(this=value.copy(), to=_timestamp()))),
        ],
        default=node.copy(),
    )


def _timestamp() -> exp.DataType:
    return exp.DataType.build("TIMESTAMP")


def _moment_text(moment: exp.Expr, digits: int | None) -> exp.Expr:
    if digits is None:
        return call("t_moment_text", moment)
    pattern = "%Y-%m-%d %H:%M:%S" + (".%f" if digits else "")
    written: exp.Expr = call("strftime", moment, text(pattern))
    return call("left", written, exp.Literal.number(20 + digits)) if 0 < digits < 6 else written


def precision(node: exp.Expr) -> int | None:
    """The digits of a timestamp's fraction, from how it is made; None where its type alone has them.

    Args:
        node: whose parts are repaired.
    """
    if isinstance(node, exp.Paren):
        return precision(node.this)
    if isinstance(node, exp.Cast) and node.to.this in _MOMENTS:
        given = node.to.expressions
        return min(int(given[0].this.name), 6) if given else 3
    if isinstance(node, exp.Anonymous) and node.name in _AS_THEIR_OPERAND:
        return precision(next(one for one in node.expressions if not isinstance(one, exp.Literal)))
    return None


def parsed_json(node: exp.ParseJSON) -> exp.Expr:
    """json_parse and JSON literals, whose text has its keys in order; what only reads a part is not delayed by that.

    https://trino.io/docs/current/functions/json.html#json_parse
    """
    reader = node.parent
    while isinstance(reader, exp.Paren | exp.Try):
        reader = reader.parent
    reads_part = isinstance(reader, exp.JSONExtract | exp.JSONExtractScalar)
    if reads_part or (isinstance(reader, exp.Cast) and reader.to.this not in (exp.DType.VARCHAR, exp.DType.JSON)):
        return node
    return _in_order(node.copy())


def _in_order(document: exp.Expr) -> exp.Expr:
    return call("json", call("t_canonical_json", exp.cast(document, exp.DType.TEXT)))


def json_of(value: exp.Expr) -> exp.Expr:
    """`cast(… as json)`: a map's keys are in order, a row's fields in theirs."""
    return operand_types.defer(exp.Cast(this=value, to=exp.DataType.build("JSON")), _as_json)


def _as_json(node: exp.Expr, types: Sequence[str]) -> exp.Expr:
    made = call("to_json", node.this)
    return _in_order(made) if "MAP(" in types[0] and "STRUCT(" not in types[0] else made
