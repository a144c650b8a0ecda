"""Casts and literals as Trino reads them.

A text becomes a number, a date or a timestamp only in Trino's own notation; a double becomes an integer by rounding
halves away from zero; a literal with a point is a double in Athena, which keeps Presto's
`parse-decimal-literals-as-double`: https://docs.aws.amazon.com/athena/latest/ug/data-types.html says that a decimal
value is written `decimal '0.12'`.
"""

import decimal
import re

from sqlglot import exp

from infra.local.athena.sql.intervals import YEAR_TO_MONTH, is_interval
from infra.local.athena.sql.nodes import call, text

_INTEGERS = (exp.DType.TINYINT, exp.DType.SMALLINT, exp.DType.INT, exp.DType.BIGINT)
_DATE = r"[-+]?\d{4,}-\d{1,2}-\d{1,2}"
_TIME = r"\d{1,2}:\d{1,2}(:\d{1,2}([.]\d+)?)?"
_ZONE = r"[-+]\d{1,2}(:?\d\d)?|[A-Za-z][A-Za-z0-9_/+-]*"
_WITHOUT_ZONE = (exp.DType.TIMESTAMP, exp.DType.TIMESTAMPNTZ)
_CLOCK = rf"{_DATE}( {_TIME})?"
"""What a cast to a timestamp takes of a text: a time zone behind it is dropped, the clock's time stays."""
_NOTATIONS = {
    **dict.fromkeys(_INTEGERS, r"[-+]?\d+"),
    exp.DType.DATE: rf"\s*{_DATE}\s*",
    **dict.fromkeys(_WITHOUT_ZONE, rf"\s*{_DATE}( ({_TIME})?\s*.*)?"),
    exp.DType.TIMESTAMPTZ: rf"{_DATE}( ({_TIME})?)?( ?({_ZONE}))?",
}
"""Type -> the texts that Trino casts to it: https://trino.io/docs/current/language/types.html"""
_OFFSET = re.compile(r"(:\d\d(?:[.]\d+)?)\s*([-+])(\d{1,2})(?::?(\d\d))?\Z")


def number(node: exp.Literal) -> exp.Expr:
    """A literal with a point and no exponent is a double."""
    if node.is_string or "." not in node.name or "e" in node.name.lower() or isinstance(node.parent, exp.TableSample):
        return node
    return exp.Literal.number(f"{node.name}e0")


def cast(node: exp.Cast) -> exp.Expr:
    """Casts of which the target alone does not tell the result."""
    kind = node.to.this
    if kind == exp.DType.DECIMAL and not node.to.expressions:
        return _decimal(node)
    if kind == exp.DType.JSON:
        # a text becomes a JSON string; json_parse reads one
        return call("to_json", node.this)
    if kind == exp.DType.VARCHAR and _is_json(node.this):
        return _json_to_text(node)
    if kind == exp.DType.VARCHAR and is_interval(node.this):
        return call("t_interval_text", node.this)
    if kind == exp.DType.VARCHAR and node.to.expressions:
        whole = type(node)(this=node.this, to=exp.DataType.build("VARCHAR"))
        return call("left", whole, node.to.expressions[0].this)
    if kind in (exp.DType.TIMESTAMPTZ, exp.DType.TIMETZ) and isinstance(node.this, exp.Literal):
        node.set("this", text(_OFFSET.sub(_offset, node.this.name)))
    if kind in _NOTATIONS and not node.find(exp.Subquery):
        return _checked(node)
    return node


def _is_json(node: exp.Expr) -> bool:
    """Whether it is plain that a value is JSON."""
    if isinstance(node, exp.Paren):
        return _is_json(node.this)
    return isinstance(node, exp.ParseJSON | exp.JSONExtract) or (
        isinstance(node, exp.Anonymous) and node.name in ("to_json", "json_array_get")
    )


def _json_to_text(node: exp.Cast) -> exp.Expr:
    """A JSON scalar as text, a string without its quotes; arrays and objects have no cast to text.

    https://trino.io/docs/current/functions/json.html#cast-from-json
    """
    document = exp.cast(node.this.copy(), exp.DType.TEXT)
    nested = exp.In(this=call("json_type", node.this.copy()), expressions=[text("OBJECT"), text("ARRAY")])
    message = call("concat", text("INVALID_CAST_ARGUMENT: Cannot cast '"), document, text("' to varchar"))
    failure = exp.Null() if isinstance(node, exp.TryCast) else exp.cast(call("error", message), exp.DType.TEXT)
    value: exp.Expr = call("json_extract_string", node.this, text("$"))
    if node.to.expressions:
        value = call("left", value, node.to.expressions[0].this)
    return exp.Case(ifs=[exp.If(this=nested, true=failure)], default=value)


def _offset(found: re.Match[str]) -> str:
    """`10:00:00 -0` as DuckDB reads it: `10:00:00-00:00`."""
    time, sign, hours, minutes = found.groups()
    return f"{time}{sign}{int(hours):02d}:{minutes or '00'}"


def _decimal(node: exp.Cast) -> exp.Expr:
    """DECIMAL without precision is that of a literal, else (38, 0)."""
    if isinstance(node.this, exp.Literal) and node.this.is_string:
        written = node.this.name.strip().lstrip("+-")
        scale = max(0, -int(decimal.Decimal(written).as_tuple().exponent))
        return exp.cast(node.this, f"DECIMAL({len(written.replace('.', ''))},{scale})")
    return type(node)(this=node.this, to=exp.DataType.build("DECIMAL(38,0)"))


def _checked(node: exp.Cast) -> exp.Expr:
    """A cast that looks at the type of what it casts; DuckDB knows that type when it plans, so one branch is left."""
    kind, value = node.to.this, node.this
    if isinstance(value, exp.Literal) and value.is_string and re.fullmatch(_NOTATIONS[kind], value.name):
        if kind in _WITHOUT_ZONE and (found := re.search(_CLOCK, value.name)):
            node.set("this", text(found.group(0)))
        return node
    branches = []
    if kind in _INTEGERS and not (isinstance(value, exp.Literal) and (value.is_string or value.is_int)):
        exact = type(node)(this=value.copy(), to=exp.DataType.build("DECIMAL(38,9)"))
        rounded = type(node)(this=exact, to=node.to.copy())
        branches.append(exp.If(this=_is_one_of(value, "DOUBLE", "FLOAT"), true=rounded))
    unfit = exp.Not(this=call("regexp_full_match", exp.cast(value.copy(), exp.DType.TEXT), text(_NOTATIONS[kind])))
    # DuckDB's TRY takes no function that fails on purpose
    lenient = isinstance(node, exp.TryCast) or node.find_ancestor(exp.Try) is not None
    unfit_text = exp.And(this=_is_one_of(value, "VARCHAR", "STRING_LITERAL"), expression=unfit)
    branches.append(exp.If(this=unfit_text, true=exp.Null() if lenient else _failure(node)))
    if kind in _WITHOUT_ZONE:
        clock = call("regexp_extract", exp.cast(value.copy(), exp.DType.TEXT), text(_CLOCK))
        local = type(node)(this=clock, to=node.to.copy())
        branches.append(exp.If(this=_is_one_of(value, "VARCHAR", "STRING_LITERAL"), true=local))
    return exp.Case(ifs=branches, default=node.copy())


def _failure(node: exp.Cast) -> exp.Expr:
    what = exp.cast(node.this.copy(), exp.DType.TEXT)
    name = node.to.sql(dialect="trino").lower()
    if node.to.this in _INTEGERS:
        parts = ("INVALID_CAST_ARGUMENT: Cannot cast '", what, f"' to {name.upper().replace('INTEGER', 'INT')}")
    else:
        parts = (f"INVALID_CAST_ARGUMENT: Value cannot be cast to {name}: ", what, "")
    message = call("concat", text(parts[0]), parts[1], text(parts[2]))
    return exp.cast(call("error", message), node.to.copy())


def _is_one_of(value: exp.Expr, *types: str) -> exp.Expr:
    return exp.In(this=call("typeof", value.copy()), expressions=[text(one) for one in types])


def type_name(node: exp.Typeof) -> exp.Expr:
    """`typeof`, spelled by Trino; a text literal has its length."""
    value = node.this
    if isinstance(value, exp.Literal) and value.is_string:
        return text(f"varchar({len(value.name)})")
    if isinstance(value, exp.Interval) and value.args["unit"].name.upper() in ("YEAR", "MONTH"):
        return text(YEAR_TO_MONTH)
    if isinstance(value, exp.Anonymous) and value.name == "left" and isinstance(value.expressions[0], exp.Cast):
        # what `cast` makes of varchar(n)
        return text(f"varchar({value.expressions[1].name})")
    return call("t_type_name", call("typeof", value))
