"""Casts and literals as Trino reads them.

A text becomes a number, a date or a timestamp only in Trino's own notation; a double becomes an integer by rounding
halves away from zero; a literal with a point is a double in Athena, which keeps Presto's
`parse-decimal-literals-as-double`: https://docs.aws.amazon.com/athena/latest/ug/data-types.html says that a decimal
value is written `decimal '0.12'`.
"""

import decimal
import re

from sqlglot import exp

from infra.local.athena.sql import value_texts
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
_MOMENTS = (exp.DType.DATE, *_WITHOUT_ZONE, exp.DType.TIMESTAMPTZ)
_MOMENT_CALLS = ("date_trunc", "t_add", "t_sub", "t_trunc", "t_zone")
"""Calls of the translation that give a date or a timestamp."""
_SQL_NAMES = {
    exp.DType.TINYINT: "TINYINT",
    exp.DType.SMALLINT: "SMALLINT",
    exp.DType.INT: "INTEGER",
    exp.DType.BIGINT: "BIGINT",
    exp.DType.DATE: "DATE",
    exp.DType.TIMESTAMP: "TIMESTAMP",
    exp.DType.TIMESTAMPNTZ: "TIMESTAMP",
    exp.DType.TIMESTAMPTZ: "TIMESTAMPTZ",
}
_LONG_FRACTION = re.compile(r"[.]\d{4}")
_OFFSET = re.compile(r"(:\d\d(?:[.]\d+)?)\s*([-+])(\d{1,2})(?::?(\d\d))?\Z")


def macros() -> str:
    """A cast per type that looks at the type of what it casts; DuckDB knows it when it plans, so one branch is left.

    `t_cast_date(value, name)` fails and names the type as Trino does, `t_try_cast_date(value)` gives null.
    """
    kinds = [kind for kind in _NOTATIONS if kind != exp.DType.TIMESTAMPNTZ]
    return ";\n".join(_macro(kind, lenient=lenient) for kind in kinds for lenient in (False, True))


def _macro(kind: exp.DType, *, lenient: bool) -> str:
    name, cast = _SQL_NAMES[kind], "try_cast" if lenient else "cast"
    is_text = "typeof(v) in ('VARCHAR', 'STRING_LITERAL')"
    if kind in _INTEGERS:
        message = "'INVALID_CAST_ARGUMENT: Cannot cast ''', v, ''' to ', upper(n)"
    else:
        message = "'INVALID_CAST_ARGUMENT: Value cannot be cast to ', n, ': ', v"
    failure = "null" if lenient else f"cast(error(concat({message})) as {name})"
    branches = [f"when {is_text} and not regexp_full_match(cast(v as VARCHAR), '{_NOTATIONS[kind]}') then {failure}"]
    if kind in _INTEGERS:
        branches.append(f"when typeof(v) in ('DOUBLE', 'FLOAT') then {cast}({cast}(v as DECIMAL(38, 9)) as {name})")
    if kind in _WITHOUT_ZONE:
        branches.append(f"when {is_text} then {cast}(regexp_extract(cast(v as VARCHAR), '{_CLOCK}') as {name})")
    case = f"case {' '.join(branches)} else {cast}(v as {name}) end"
    return f"create macro t_{cast}_{name.lower()}({'v' if lenient else 'v, n'}) as {case}"


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
        return value_texts.json_of(node.this)
    if kind == exp.DType.VARCHAR and _is_json(node.this):
        return _json_to_text(node)
    if kind == exp.DType.VARCHAR and is_interval(node.this):
        return call("t_interval_text", node.this)
    if kind == exp.DType.VARCHAR and node.to.expressions:
        whole = type(node)(this=node.this, to=exp.DataType.build("VARCHAR"))
        return call("left", value_texts.defer_text(whole, _json_to_text), node.to.expressions[0].this)
    if kind == exp.DType.VARCHAR:
        return value_texts.defer_text(node, _json_to_text)
    if kind in (exp.DType.TIMESTAMPTZ, exp.DType.TIMETZ) and isinstance(node.this, exp.Literal):
        node.set("this", text(_OFFSET.sub(_offset, node.this.name)))
    made = _checked(node) if kind in _NOTATIONS and not node.find(exp.Subquery) else node
    return _milliseconds(made, node.this) if kind in _WITHOUT_ZONE and not node.to.expressions else made


def _milliseconds(made: exp.Expr, value: exp.Expr) -> exp.Expr:
    """`timestamp` is `timestamp(3)`, to which a longer fraction is rounded.

    https://trino.io/docs/current/language/types.html#timestamp
    """
    if isinstance(value, exp.Literal) and not _LONG_FRACTION.search(value.name):
        return made
    return exp.cast(exp.cast(made.copy(), exp.DType.TIMESTAMP_MS), exp.DType.TIMESTAMP)


def _is_json(node: exp.Expr) -> bool:
    """Whether it is plain that a value is JSON."""
    if isinstance(node, exp.Paren):
        return _is_json(node.this)
    if isinstance(node, exp.Cast):
        return bool(node.to.this == exp.DType.JSON)
    return isinstance(node, exp.ParseJSON | exp.JSONExtract) or (
        isinstance(node, exp.Anonymous) and node.name in ("json", "to_json", "json_array_get")
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
    """A cast that looks at the type of what it casts: see `MACROS`."""
    kind, value = node.to.this, node.this
    if isinstance(value, exp.Literal) and value.is_string and re.fullmatch(_NOTATIONS[kind], value.name):
        if kind in _WITHOUT_ZONE and (found := re.search(_CLOCK, value.name)):
            node.set("this", text(found.group(0)))
        return node
    if (kind in _INTEGERS and isinstance(value, exp.Literal) and value.is_int) or _has_fitting_type(value, kind):
        return node
    # DuckDB's TRY takes no function that fails on purpose
    if isinstance(node, exp.TryCast) or node.find_ancestor(exp.Try) is not None:
        checked = call(f"t_try_cast_{_SQL_NAMES[kind].lower()}", value)
    else:
        name = node.to.sql(dialect="trino").lower().replace("integer", "int")
        checked = call(f"t_cast_{_SQL_NAMES[kind].lower()}", value, text(name))
    return exp.cast(checked, node.to) if node.to.expressions else checked


def _has_fitting_type(value: exp.Expr, kind: exp.DType) -> bool:
    """Whether it is plain that a value, whose parts are repaired, is neither a text nor a fraction to be rounded.

    The macros mention their value several times, so casts of casts would grow with every level.
    """
    if isinstance(value, exp.Paren):
        return _has_fitting_type(value.this, kind)
    fitting = _INTEGERS if kind in _INTEGERS else _MOMENTS
    if isinstance(value, exp.Cast):
        return value.to.this in fitting
    if isinstance(value, exp.Anonymous):
        names = [_SQL_NAMES[one].lower() for one in fitting]
        made = value.name.removeprefix("t_cast_").removeprefix("t_try_cast_") in names and value.name.startswith("t_")
        return made or (kind not in _INTEGERS and value.name in _MOMENT_CALLS)
    return kind not in _INTEGERS and isinstance(value, exp.CurrentDate | exp.CurrentTimestamp | exp.Localtimestamp)


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
