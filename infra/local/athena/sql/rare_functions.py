"""Trino's functions that need another form in DuckDB, or a function in Python (`python_functions`).

https://trino.io/docs/current/functions/list-by-topic.html
"""

from collections.abc import Callable

from sqlglot import exp

from infra.local.athena.errors import AthenaError
from infra.local.athena.sql.nodes import call, number, text

_BITS = {"BIGINT": 64, "SMALLINT": 16, "TINYINT": 8}
_BINARY = (exp.HexString, exp.Encode, exp.Unhex, exp.FromBase64, exp.SHA2Digest, exp.MD5Digest, exp.SHA)
_BYTES = {"t_sha1", "t_sha512", "xxhash64", "encode"}


def _shift(function: str) -> Callable[..., exp.Expr]:
    def shifted(value: exp.Expr, places: exp.Expr) -> exp.Expr:
        widths = [exp.If(this=text(kind), true=number(bits)) for kind, bits in _BITS.items()]
        bits = exp.Case(this=call("typeof", value.copy()), ifs=widths, default=number(32))
        wide = [exp.cast(exp.Paren(this=one.copy()), exp.DType.BIGINT) for one in (value, places)]
        return call("cast_to_type", call(function, *wide, bits), value)

    return shifted


def _regexp_position(subject: exp.Expr, pattern: exp.Expr, *rest: exp.Expr) -> exp.Expr:
    start, occurrence = [*rest, number(1), number(1)][: max(2, len(rest))][:2]
    if not rest:
        return call("regexp_position", subject, pattern)
    return call("t_regexp_position", subject, pattern, start, occurrence if len(rest) > 1 else number(1))


def _zip(*arrays: exp.Expr) -> exp.Expr:
    one = exp.column("t_one")
    fields = [
        exp.PropertyEQ(
            this=exp.to_identifier(f"field{i}"), expression=call("struct_extract_at", one.copy(), number(i + 1))
        )
        for i in range(len(arrays))
    ]
    row = exp.Lambda(this=call("struct_pack", *fields), expressions=[one.this.copy()])
    return call("list_transform", call("list_zip", *arrays), row)


def _reduce_agg(value: exp.Expr, initial: exp.Expr, merge: exp.Expr, _combine: exp.Expr) -> exp.Expr:
    """One engine merges all values in turn, so that there are no states to combine."""
    known = exp.Where(this=exp.Not(this=exp.Is(this=value.copy(), expression=exp.Null())))
    values = exp.Filter(this=call("list", value), expression=known)
    return exp.Reduce(this=values, initial=initial, merge=merge)


def _with_timezone(moment: exp.Expr, zone: exp.Expr) -> exp.Expr:
    return exp.AtTimeZone(this=exp.cast(exp.Paren(this=moment), exp.DType.TIMESTAMP), zone=zone)


CALLS: dict[str, Callable[..., exp.Expr]] = {
    "bitwise_left_shift": _shift("t_shift_left"),
    "bitwise_right_shift": _shift("t_shift_right"),
    "bitwise_right_shift_arithmetic": lambda value, places: call(
        "cast_to_type", exp.BitwiseRightShift(this=value, expression=places), value.copy()
    ),
    "json_exists": lambda document, path: call("t_json_exists", _json_text(document), path),
    "parse_duration": lambda value: call("to_microseconds", call("t_duration", value)),
    "reduce_agg": _reduce_agg,
    "regexp_position": _regexp_position,
    "split_to_multimap": lambda *arguments: call("t_split_to_multimap", *arguments),
    "to_milliseconds": lambda interval: call("t_milliseconds", interval),
    "with_timezone": _with_timezone,
    "zip": _zip,
}
"""Function name -> what to put in the place of its call, given the arguments."""


def _random(node: exp.Rand) -> exp.Expr:
    """A whole number below the only bound, or from the first bound to below the second."""
    bounds = [bound for bound in (node.this, node.args.get("lower"), node.args.get("upper")) if bound is not None]
    if not bounds:
        return node
    low, high = bounds if len(bounds) == 2 else (number(0), bounds[0])
    return call("t_random", low, high, high.copy())


def _length(node: exp.Length) -> exp.Expr:
    """Of bytes, how many; of text, the characters."""
    if is_binary(node.this):
        return exp.cast(call("octet_length", node.this), exp.DType.BIGINT)
    return node


def is_binary(node: exp.Expr | None) -> bool:
    """Whether it is plain that a value is bytes."""
    if isinstance(node, exp.Paren):
        return is_binary(node.this)
    if isinstance(node, exp.Cast):
        return node.to.this in (exp.DType.VARBINARY, exp.DType.BINARY)
    return isinstance(node, _BINARY) or (isinstance(node, exp.Anonymous) and node.name.lower() in _BYTES)


def _sha(node: exp.SHA2Digest) -> exp.Expr:
    length = node.args.get("length")
    return call("t_sha512", node.this) if length is not None and length.name == "512" else node


def _normalize(node: exp.Normalize) -> exp.Expr:
    form = node.args.get("form")
    return call("t_normalize", node.this, text(form.name.upper())) if isinstance(form, exp.Expr) else node


def _width_bucket(node: exp.WidthBucket) -> exp.Expr:
    """With bins, how many of them begin at or below the value."""
    if node.args.get("max_value") is not None:
        return node
    return call("t_bin", node.this, node.args["min_value"])


def compared_sort(node: exp.ArraySort, comparator: exp.Lambda) -> exp.Expr:
    """`array_sort` with a comparator: each element's place is the number of those that come before it."""
    first, second = (parameter.name for parameter in comparator.expressions)

    def is_less(left: str, right: str) -> exp.Expr:
        pair = {first: left, second: right}
        body = comparator.this.transform(
            lambda one: (
                exp.column(pair[one.name])
                if isinstance(one, exp.Identifier | exp.Column) and one.name in pair and not one.find_ancestor(exp.Dot)
                else one
            )
        )
        return call("coalesce", exp.LT(this=exp.Paren(this=body), expression=number(0)), exp.false())

    # an equal element keeps its place: one further left comes first unless the own one is less
    left = exp.LT(this=exp.column("t_at"), expression=exp.column("t_position"))
    is_before = exp.If(this=left, true=exp.Not(this=is_less("t_own", "t_other")))
    ordered = exp.Case(ifs=[is_before], default=is_less("t_other", "t_own"))
    others = [exp.to_identifier("t_other"), exp.to_identifier("t_at")]
    distinct = exp.And(this=exp.NEQ(this=exp.column("t_at"), expression=exp.column("t_position")), expression=ordered)
    before = call("list_filter", node.this.copy(), exp.Lambda(this=distinct, expressions=others))
    fields = {"place": call("len", before), "position": exp.column("t_position"), "value": exp.column("t_own")}
    ranked = call(
        "struct_pack",
        *(exp.PropertyEQ(this=exp.to_identifier(name), expression=value) for name, value in fields.items()),
    )
    parameters = [exp.to_identifier("t_own"), exp.to_identifier("t_position")]
    placed = call("list_sort", call("list_transform", node.this, exp.Lambda(this=ranked, expressions=parameters)))
    value = exp.Lambda(this=exp.column("value", table="t_placed"), expressions=[exp.to_identifier("t_placed")])
    return call("list_transform", placed, value)


def _substring(node: exp.Substring) -> exp.Expr:
    """Of bytes, by the hexadecimal digits, of which each byte has two."""
    if not is_binary(node.this):
        return node
    start, length = node.args["start"], node.args.get("length")
    first = exp.Sub(this=exp.Mul(this=exp.Paren(this=start), expression=number(2)), expression=number(1))
    digits = [] if length is None else [exp.Mul(this=exp.Paren(this=length), expression=number(2))]
    return call("unhex", call("substr", call("hex", node.this), first, *digits))


def _json_text(document: exp.Expr) -> exp.Expr:
    return exp.cast(exp.Paren(this=document), exp.DType.TEXT)


def _json_query(node: exp.JSONExtract) -> exp.Expr:
    """json_query; what reads a JSON value by `json_extract` stays."""
    if not node.args.get("json_query"):
        return node
    option, quote = node.args.get("option"), node.args.get("quote")
    words = option.name.upper().split() if option else []
    wrapper = "" if "WITH" not in words else "CONDITIONAL" if "CONDITIONAL" in words else "UNCONDITIONAL"
    quotes = "OMIT" if quote and quote.args.get("option", "").upper() == "OMIT" else "KEEP"
    return call("t_json_query", _json_text(node.this), node.expression, text(wrapper), text(quotes))


def _json_value(node: exp.JSONValue) -> exp.Expr:
    """json_value with RETURNING, ON EMPTY and ON ERROR, which are NULL where nothing is said."""
    document, path = _json_text(node.this), node.args["path"]
    value: exp.Expr = call("t_json_value", document, path)
    returning, condition = node.args.get("returning") or exp.DataType.build("VARCHAR"), node.args.get("on_condition")
    value = exp.cast(value, returning)
    if not condition:
        return value
    branches = []
    for state in ("empty", "error"):
        other = condition.args.get(state)
        if isinstance(other, exp.Expr):
            branches.append(exp.If(this=text(state), true=other))
        elif other and "ERROR" in other.split()[0].upper():
            message = text(f"JSON_VALUE_RESULT_ERROR: cannot extract SQL scalar from JSON: {state}")
            branches.append(
                exp.If(this=text(state), true=exp.cast(call("error", message), returning or exp.DType.TEXT))
            )
    if not branches:
        return value
    return exp.Case(this=call("t_json_state", document.copy(), path.copy()), ifs=branches, default=value)


def json_made(node: exp.Expr) -> exp.Expr:
    """json_object and json_array give text where another JSON function does not take it.

    https://trino.io/docs/current/functions/json.html#json-array
    """
    outer = node.parent.parent if isinstance(node.parent, exp.JSONKeyValue) else node.parent
    nested = isinstance(outer, exp.JSONObject) or (isinstance(outer, exp.Anonymous) and outer.name == "json_array")
    return node if nested else exp.cast(node.copy(), exp.DType.TEXT)


def _no_json_table(_: exp.JSONTable) -> exp.Expr:
    raise AthenaError("NOT_SUPPORTED: json_table is not in the local account; use unnest and json_parse")


REPAIRS: dict[type[exp.Expr], Callable[..., exp.Expr]] = {
    exp.BitwiseNot: lambda node: exp.BitwiseNot(this=exp.cast(exp.Paren(this=node.this), exp.DType.BIGINT)),
    exp.CurrentCatalog: lambda _: text("awsdatacatalog"),
    exp.CurrentVersion: lambda _: text("Athena engine version 3"),
    exp.CurrentTimezone: lambda _: text("UTC"),
    exp.FromBase32: lambda node: call("from_base32", node.this),
    exp.FromBase: lambda node: call("from_base", node.this, node.expression),
    exp.JSONExtract: _json_query,
    exp.JSONObject: json_made,
    exp.JSONTable: _no_json_table,
    exp.JSONValue: _json_value,
    exp.Length: _length,
    exp.Normalize: _normalize,
    exp.Rand: _random,
    exp.SHA: lambda node: call("t_sha1", node.this),
    exp.SHA2Digest: _sha,
    exp.Shuffle: lambda node: call("t_shuffle", node.this),
    exp.Soundex: lambda node: call("t_soundex", node.this),
    exp.Substring: _substring,
    exp.ToBase32: lambda node: call("to_base32", node.this),
    exp.WidthBucket: _width_bucket,
}
"""Kind of node -> what to put in its place."""
