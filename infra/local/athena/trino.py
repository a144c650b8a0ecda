"""Trino SQL into DuckDB SQL.

sqlglot translates most of it. What it gets wrong or cannot know is repaired here, one node at a time, and with the
macros of `functions`: date arithmetic keeps the type of its operand, patterns are Joda's, a missing match is NULL.
"""

import decimal
import re
from collections.abc import Callable, Sequence

import sqlglot
from sqlglot import exp

from infra.local.athena.errors import AthenaError, syntax_message
from infra.local.athena.functions import joda_to_strftime
from infra.local.athena.grammar import foreign_word

_LEADING_COMMENTS = re.compile(r"\A(\s*(--[^\n]*(\n|\Z)|/\*.*?\*/))*", re.DOTALL)


def strip_comments(sql: str) -> str:
    """Without leading comments (dbt puts one before each statement) and without the final semicolon."""
    return _LEADING_COMMENTS.sub("", sql).strip().rstrip(";").strip()


def parse(sql: str) -> exp.Expr:
    """The tree of one statement.

    Raises:
        AthenaError: SYNTAX_ERROR, with the line and column, or that there is more than one statement.
    """
    try:
        tree = sqlglot.parse_one(sql, read="trino")
        foreign = foreign_word(sql)
    except sqlglot.ParseError as error:
        raise AthenaError(f"SYNTAX_ERROR: {syntax_message(error)}") from None
    except sqlglot.TokenError as error:
        raise AthenaError(f"SYNTAX_ERROR: line 1:1: {str(error)[:200]}") from None
    if foreign:
        raise AthenaError(f"SYNTAX_ERROR: {foreign}")
    if isinstance(tree, exp.Block):
        raise AthenaError(f"SYNTAX_ERROR: Only one sql statement is allowed. Got: {sql[:200]}")
    return tree


def with_parameters(tree: exp.Expr, parameters: Sequence[str]) -> exp.Expr:
    """Put the execution parameters, SQL literals as text, in the place of the question marks.

    Raises:
        AthenaError: more or fewer parameters than question marks.
    """
    marks = list(tree.find_all(exp.Placeholder, bfs=False))
    if len(marks) != len(parameters):
        raise AthenaError(
            "INVALID_PARAMETER_USAGE: Incorrect number of parameters: "
            f"expected {len(marks)} but found {len(parameters)}"
        )
    for mark, text in zip(marks, parameters, strict=True):
        mark.replace(parse(text))
    return tree


def to_duck(tree: exp.Expr) -> exp.Expr:
    """The tree in terms that sqlglot writes as the right DuckDB SQL."""
    return tree.transform(_repair)


def duck_sql(tree: exp.Expr) -> str:
    """The DuckDB SQL of a tree that `to_duck` has been through."""
    return tree.sql(dialect="duckdb", comments=False)


def _call(name: str, *arguments: exp.Expr) -> exp.Anonymous:
    return exp.Anonymous(this=name, expressions=list(arguments))


def _date_add(node: exp.DateAdd) -> exp.Expr:
    if node.unit is None:
        return node
    return _call("t_add", node.this, exp.Interval(this=exp.Paren(this=node.expression), unit=node.args["unit"]))


def _interval_arithmetic(node: exp.Add | exp.Sub) -> exp.Expr:
    if not isinstance(node.expression, exp.Interval) or isinstance(node.this, exp.Interval):
        return node
    return _call("t_add" if isinstance(node, exp.Add) else "t_sub", node.this, node.expression)


def _truncate(node: exp.TimestampTrunc | exp.DateTrunc) -> exp.Expr:
    return _call("t_trunc", exp.Literal.string(node.args["unit"].name.lower()), node.this)


def _complete_units(node: exp.DateDiff) -> exp.Expr:
    """Trino counts complete units, DuckDB's date_diff the boundaries between."""
    unit = node.args.get("unit")
    name = unit.name.lower() if unit is not None else "day"
    return _call("date_sub", exp.Literal.string(name), node.expression, node.this)


def _at_zone(node: exp.AtTimeZone) -> exp.Expr:
    zone = node.args["zone"]
    if zone.name.upper() in ("UTC", "Z", "GMT"):
        return exp.cast(node.this, exp.DType.TIMESTAMPTZ)
    return _call("t_zone", node.this, zone)


def _count_if(node: exp.CountIf) -> exp.Expr:
    return exp.Filter(this=exp.Count(this=exp.Star()), expression=exp.Where(this=node.this))


def _decimal_cast(node: exp.Cast) -> exp.Expr:
    """DECIMAL without precision is that of a literal, else (38, 0)."""
    if node.to.this != exp.DType.DECIMAL or node.to.expressions:
        return node
    if isinstance(node.this, exp.Literal) and node.this.is_string:
        number = decimal.Decimal(node.this.name).as_tuple()
        scale = max(0, -int(number.exponent))
        return exp.cast(node.this, f"DECIMAL({max(len(number.digits), scale + 1)},{scale})")
    return type(node)(this=node.this, to=exp.DataType.build("DECIMAL(38,0)"))


def _percentile(node: exp.ApproxQuantile) -> exp.Expr:
    # exact and discrete: what Trino returns on small data
    return _call("quantile_disc", node.this, node.args["quantile"])


def _regexp_extract(node: exp.RegexpExtract) -> exp.Expr:
    group = node.args.get("group") or exp.Literal.number(0)
    return _call("t_regexp_extract", node.this, node.expression, group)


def _regexp_replace(node: exp.RegexpReplace) -> exp.Expr:
    replacement = node.args.get("replacement")
    if isinstance(replacement, exp.Literal):
        text = re.sub(r"\$(\d)", r"\\\1", replacement.name)
        node.set("replacement", exp.Literal.string(text))
    return node


def _split_part(node: exp.SplitPart) -> exp.Expr:
    return _call("t_split_part", node.this, node.args["delimiter"], node.args["part_index"])


def _slice(node: exp.ArraySlice) -> exp.Expr:
    start, length = node.args["start"], node.args["end"]
    end = exp.Sub(
        this=exp.Add(this=exp.Paren(this=start.copy()), expression=exp.Paren(this=length)),
        expression=exp.Literal.number(1),
    )
    return _call("list_slice", node.this, start, end)


def _sequence(node: exp.GenerateSeries) -> exp.Expr:
    start, end, step = (node.args.get(name) for name in ("start", "end", "step"))
    if start is None or end is None:
        return node
    if isinstance(start, exp.Literal | exp.Neg):
        start = exp.cast(start, exp.DType.BIGINT)
    return _call("t_sequence_by_one", start, end) if step is None else _call("t_sequence", start, end, step)


def _reduce(node: exp.Reduce) -> exp.Expr:
    """DuckDB's list_reduce has no finishing function: apply it as a transformation of a list of one."""
    reduced = exp.Reduce(this=node.this, initial=node.args["initial"], merge=node.args["merge"])
    finish = node.args.get("finish")
    if finish is None:
        return reduced
    one = _call("list_transform", exp.Array(expressions=[reduced]), finish)
    return _call("list_extract", one, exp.Literal.number(1))


def _with_entry(function: exp.Expr) -> exp.Lambda:
    """`(k, v) -> f(k, v)` as `e -> f(e.key, e.value)`."""
    if not isinstance(function, exp.Lambda) or len(function.expressions) != 2:
        raise AthenaError("FUNCTION_NOT_FOUND: a function of key and value is expected")
    names = {function.expressions[0].name: "key", function.expressions[1].name: "value"}

    def rename(node: exp.Expr) -> exp.Expr:
        if isinstance(node, exp.Identifier | exp.Column) and node.name in names and not node.find_ancestor(exp.Dot):
            return exp.column(names[node.name], table="t_entry")
        return node

    return exp.Lambda(this=function.this.transform(rename), expressions=[exp.to_identifier("t_entry")])


def _map_entries(value: exp.Expr, key: exp.Expr, content: exp.Expr) -> exp.Expr:
    pair = _call(
        "struct_pack",
        exp.PropertyEQ(this=exp.to_identifier("k"), expression=key),
        exp.PropertyEQ(this=exp.to_identifier("v"), expression=content),
    )
    entry = exp.Lambda(this=pair, expressions=[exp.to_identifier("t_entry")])
    return _call("map_from_entries", _call("list_transform", _call("map_entries", value), entry))


_KEY, _VALUE = exp.column("key", table="t_entry"), exp.column("value", table="t_entry")


def _function(node: exp.Anonymous) -> exp.Expr:
    name, arguments = node.name.lower(), node.expressions
    match name:
        case "format_datetime":
            return _call("strftime", arguments[0], exp.Literal.string(joda_to_strftime(arguments[1].name)))
        case "any_match" | "none_match":
            matches = _call("len", _call("list_filter", *arguments))
            return (exp.GT if name == "any_match" else exp.EQ)(this=matches, expression=exp.Literal.number(0))
        case "all_match":
            return exp.EQ(
                this=_call("len", _call("list_filter", *arguments)), expression=_call("len", arguments[0].copy())
            )
        case "with_timezone":
            return exp.AtTimeZone(this=arguments[0], zone=arguments[1])
        case "at_timezone":
            return _at_zone(exp.AtTimeZone(this=arguments[0], zone=arguments[1]))
        case "map_filter":
            kept = _call("list_filter", _call("map_entries", arguments[0]), _with_entry(arguments[1]))
            return _call("map_from_entries", kept)
        case "transform_values":
            return _map_entries(arguments[0], _KEY.copy(), _with_entry(arguments[1]).this)
        case "transform_keys":
            return _map_entries(arguments[0], _with_entry(arguments[1]).this, _VALUE.copy())
    return node


def _parse_datetime(node: exp.ParseDatetime) -> exp.Expr:
    pattern = exp.Literal.string(joda_to_strftime(node.args["format"].name))
    return exp.cast(_call("strptime", node.this, pattern), exp.DType.TIMESTAMPTZ)


def _column(node: exp.Column) -> exp.Expr:
    """Tables are bound under names of their own and keep theirs as alias: drop what stands before it."""
    node.set("catalog", None)
    node.set("db", None)
    return node


_REPAIRS: dict[type[exp.Expr], Callable[..., exp.Expr]] = {
    exp.Add: _interval_arithmetic,
    exp.Anonymous: _function,
    exp.ApproxQuantile: _percentile,
    exp.ArraySize: lambda node: _call("t_cardinality", node.this),
    exp.ArrayDistinct: lambda node: _call("t_distinct", node.this),
    exp.ArraySlice: _slice,
    exp.AtTimeZone: _at_zone,
    exp.Cast: _decimal_cast,
    exp.Column: _column,
    exp.CountIf: _count_if,
    exp.DateAdd: _date_add,
    exp.DateDiff: _complete_units,
    exp.DateTrunc: _truncate,
    exp.Format: lambda node: _call("printf", node.this, *node.expressions),
    exp.GenerateSeries: _sequence,
    exp.ParseDatetime: _parse_datetime,
    exp.Reduce: _reduce,
    exp.RegexpExtract: _regexp_extract,
    exp.RegexpReplace: _regexp_replace,
    exp.SplitPart: _split_part,
    exp.Sub: _interval_arithmetic,
    exp.TimestampTrunc: _truncate,
    exp.TryCast: _decimal_cast,
}


def _repair(node: exp.Expr) -> exp.Expr:
    repair = _REPAIRS.get(type(node))
    return node if repair is None else repair(node)
