"""Trino's functions on arrays and maps in DuckDB's terms.

https://trino.io/docs/current/functions/array.html and https://trino.io/docs/current/functions/map.html
"""

from collections.abc import Callable

from sqlglot import exp

from infra.local.athena.errors import AthenaError
from infra.local.athena.sql.nodes import call, number
from infra.local.athena.sql.rare_functions import compared_sort


def _slice(node: exp.ArraySlice) -> exp.Expr:
    start, length = node.args["start"], node.args["end"]
    end: exp.Expr = exp.Sub(
        this=exp.Add(this=exp.Paren(this=start.copy()), expression=exp.Paren(this=length)), expression=number(1)
    )
    if isinstance(start, exp.Neg):
        # from the end: the slice's last position is negative too, but no position lies past -1
        end = call("least", end, number(-1))
    return call("list_slice", node.this, start, end)


def _sequence(node: exp.GenerateSeries) -> exp.Expr:
    start, end, step = _arguments(node)
    if start is None or end is None:
        return node
    if isinstance(start, exp.Literal | exp.Neg):
        start = exp.cast(start, exp.DType.BIGINT)
    if step is None:
        return call("t_sequence_by_one", start, end)
    months = isinstance(step, exp.Interval) and step.args["unit"].name.upper() in ("MONTH", "QUARTER", "YEAR")
    return call("t_sequence_by_months" if months else "t_sequence", start, end, step)


def _arguments(node: exp.GenerateSeries) -> tuple[exp.Expr | None, exp.Expr | None, exp.Expr | None]:
    """Start, stop and step, given by position or, as a table function's, by name."""
    given = [node.args[name] for name in ("start", "end", "step") if node.args.get(name) is not None]
    if not any(isinstance(one, exp.Kwarg) for one in given):
        return node.args.get("start"), node.args.get("end"), node.args.get("step")
    named = {one.name.lower(): one.expression for one in given if isinstance(one, exp.Kwarg)}
    return named.get("start", number(0)), named.get("stop"), named.get("step")


def _sort(node: exp.ArraySort) -> exp.Expr:
    return compared_sort(node, node.expression) if isinstance(node.expression, exp.Lambda) else node


def _reduce(node: exp.Reduce) -> exp.Expr:
    """DuckDB's list_reduce has no finishing function: apply it as a transformation of a list of one."""
    reduced = exp.Reduce(this=node.this, initial=node.args["initial"], merge=node.args["merge"])
    finish = node.args.get("finish")
    if finish is None:
        return reduced
    one = call("list_transform", exp.Array(expressions=[reduced]), finish)
    return call("list_extract", one, number(1))


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


def _entries(value: exp.Expr, key: exp.Expr, content: exp.Expr) -> exp.Expr:
    pair = call(
        "struct_pack",
        exp.PropertyEQ(this=exp.to_identifier("k"), expression=key),
        exp.PropertyEQ(this=exp.to_identifier("v"), expression=content),
    )
    entry = exp.Lambda(this=pair, expressions=[exp.to_identifier("t_entry")])
    return call("map_from_entries", call("list_transform", call("map_entries", value), entry))


def _filter_map(value: exp.Expr, function: exp.Expr) -> exp.Expr:
    return call("map_from_entries", call("list_filter", call("map_entries", value), _with_entry(function)))


def _transform_values(value: exp.Expr, function: exp.Expr) -> exp.Expr:
    return _entries(value, exp.column("key", table="t_entry"), _with_entry(function).this)


def _transform_keys(value: exp.Expr, function: exp.Expr) -> exp.Expr:
    return _entries(value, _with_entry(function).this, exp.column("value", table="t_entry"))


def _matches(macro: str) -> Callable[..., exp.Expr]:
    return lambda array, predicate: call(macro, call("list_transform", array, predicate))


def _applied(function: exp.Expr, *values: exp.Expr) -> exp.Expr:
    """The body of a lambda with values in the place of its parameters."""
    if not isinstance(function, exp.Lambda) or len(function.expressions) != len(values):
        raise AthenaError(f"FUNCTION_NOT_FOUND: a function of {len(values)} arguments is expected")
    given = dict(zip((parameter.name for parameter in function.expressions), values, strict=True))

    def replace(node: exp.Expr) -> exp.Expr:
        if isinstance(node, exp.Identifier | exp.Column) and node.name in given and not node.find_ancestor(exp.Dot):
            value: exp.Expr = given[node.name].copy()
            return value
        return node

    body: exp.Expr = function.this.transform(replace)
    return body


def _zip_with(left: exp.Expr, right: exp.Expr, function: exp.Expr) -> exp.Expr:
    both = exp.column("t_both")
    parts = [call("struct_extract_at", both.copy(), number(i)) for i in (1, 2)]
    body = _applied(function, *parts)
    return call("list_transform", call("list_zip", left, right), exp.Lambda(this=body, expressions=[both.this.copy()]))


def _map_zip_with(left: exp.Expr, right: exp.Expr, function: exp.Expr) -> exp.Expr:
    key = exp.column("t_key")
    values = [call("map_extract_value", one.copy(), key.copy()) for one in (left, right)]
    pair = call(
        "struct_pack",
        exp.PropertyEQ(this=exp.to_identifier("k"), expression=key.copy()),
        exp.PropertyEQ(this=exp.to_identifier("v"), expression=_applied(function, key, *values)),
    )
    keys = call("t_distinct", call("list_concat", call("map_keys", left), call("map_keys", right)))
    entries = call("list_transform", keys, exp.Lambda(this=pair, expressions=[key.this.copy()]))
    return call("map_from_entries", entries)


CALLS: dict[str, Callable[..., exp.Expr]] = {
    "all_match": _matches("t_all"),
    "any_match": _matches("t_any"),
    "none_match": lambda *arguments: exp.Not(this=_matches("t_any")(*arguments)),
    "map_entries": lambda value: call("t_entries", value),
    "map_filter": _filter_map,
    "map_zip_with": _map_zip_with,
    "transform_keys": _transform_keys,
    "transform_values": _transform_values,
    "zip_with": _zip_with,
}
"""Function name -> what to call instead, given the arguments."""

REPAIRS: dict[type[exp.Expr], Callable[..., exp.Expr]] = {
    exp.ArrayDistinct: lambda node: call("t_distinct", node.this),
    exp.ArrayExcept: lambda node: call("t_except", node.this, node.expression),
    exp.ArrayMax: lambda node: call("t_array_max", node.this),
    exp.ArrayMin: lambda node: call("t_array_min", node.this),
    exp.ArrayPosition: lambda node: call("t_position", node.this, node.expression),
    exp.ArraySize: lambda node: call("t_cardinality", node.this),
    exp.ArraySlice: _slice,
    exp.ArraySort: _sort,
    exp.GenerateSeries: _sequence,
    exp.Reduce: _reduce,
}
"""Kind of node -> what to put in its place."""
