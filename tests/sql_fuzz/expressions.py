"""Random expressions by type, from Trino's operators and functions; now and then of a wrong type on purpose."""

import dataclasses
import random
from collections.abc import Mapping

TYPES = (
    "integer",
    "bigint",
    "double",
    "decimal(10,2)",
    "varchar",
    "boolean",
    "date",
    "timestamp",
    "array",
    "map",
    "json",
)
MISTAKE = 0.02
"""How often an expression of another type is put in."""

# {i} an integer, {n} a number, {s} a text, {b} a boolean, {d} a date, {t} a timestamp, {a} an array, {m} a map,
# {j} JSON, {x} anything, {f} a double, {g} a bigint, {e} a decimal
_FORMS: dict[str, tuple[str, ...]] = {
    "integer": (
        "{i} + {i}",
        "{i} - {i}",
        "{i} * {i}",
        "{i} / {i}",
        "{i} % {i}",
        "-{i}",
        "abs({i})",
        "coalesce({i}, {i})",
        "nullif({i}, {i})",
        "if({b}, {i}, {i})",
        "case when {b} then {i} end",
        "cast({s} as integer)",
        "try_cast({s} as integer)",
        "cast({f} as integer)",
        "{a}[1]",
        "element_at({a}, {i})",
        "try({i} / {i})",
        "element_at({m}, {s})",
        "array_max({a})",
        "reduce({a}, 0, (s, x) -> s + x, s -> s)",
        "sign({i})",
        "greatest({i}, {i})",
        "least({i}, {i}, {i})",
        "(select max(v) from (values 1, 2) w (v))",
    ),
    "bigint": (
        "length({s})",
        "cardinality({a})",
        "date_diff('day', {d}, {d})",
        "date_diff('hour', {t}, {t})",
        "year({d})",
        "month({t})",
        "day_of_week({d})",
        "strpos({s}, {s})",
        "cast({i} as bigint)",
        "{g} + {i}",
        "bitwise_and({i}, {i})",
        "to_milliseconds({t} - {t})",
        "array_position({a}, {i})",
        "levenshtein_distance({s}, {s})",
        "week({d})",
        "json_array_length({j})",
        "cardinality({m})",
        "extract(quarter from {d})",
        "crc32(to_utf8({s}))",
    ),
    "double": (
        "{f} + {n}",
        "{f} / {n}",
        "sqrt({n})",
        "power({n}, 2)",
        "ln({n})",
        "round({f}, 2)",
        "floor({f})",
        "exp({n})",
        "cast({s} as double)",
        "cast({i} as double)",
        "to_unixtime({t})",
        "ceil({f})",
        "1.5 * {n}",
        "truncate({f})",
        "cos({n})",
        "mod({f}, {n})",
        "1e0 * {i} / {i}",
        "log10({n})",
        "nan()",
        "infinity()",
        "width_bucket({f}, 0e0, 9e0, 3)",
    ),
    "decimal(10,2)": ("{e} + {e}", "{e} - 1", "cast({i} as decimal(10,2))", "round({e}, 1)", "decimal '1.25'", "-{e}"),
    "varchar": (
        "{s} || {s}",
        "concat({s}, {s})",
        "upper({s})",
        "lower({s})",
        "trim({s})",
        "substr({s}, {i})",
        "reverse({s})",
        "substr({s}, {i}, {i})",
        "replace({s}, {s}, {s})",
        "split_part({s}, ',', {i})",
        "cast({x} as varchar)",
        "date_format({t}, '%Y-%m-%d %H:%i:%s')",
        "format('%s-%s', {s}, {x})",
        "lpad({s}, 5, 'x')",
        "typeof({x})",
        "array_join({a}, ',')",
        "json_extract_scalar({j}, '$.a')",
        "regexp_replace({s}, '[a-c]', 'z')",
        "chr(65)",
        "regexp_extract({s}, '([a-z]+)', 1)",
        "coalesce({s}, {s})",
        "case {s} when {s} then {s} else {s} end",
        "json_format({j})",
        "to_iso8601({d})",
        "rpad({s}, {i}, '-')",
        "url_encode({s})",
        "cast({s} as varchar(3))",
        "date_format({d}, '%x-%v')",
        "to_hex(to_utf8({s}))",
        "translate({s}, 'ab', 'cd')",
        "normalize({s})",
    ),
    "boolean": (
        "{i} < {n}",
        "{s} = {s}",
        "{d} between {d} and {d}",
        "{x} is null",
        "{b} and {b}",
        "{b} or {b}",
        "not {b}",
        "{s} like 'a%'",
        "{i} in ({i}, {i})",
        "regexp_like({s}, '^a')",
        "contains({a}, {i})",
        "is_nan({f})",
        "{s} is distinct from {s}",
        "any_match({a}, x -> x > 1)",
        "all_match({a}, x -> x > {i})",
        "starts_with({s}, {s})",
        "exists (select 1 from (values 1) w (v) where v = {i})",
        "{i} in (select v from (values 1, 2) w (v))",
        "json_exists({j}, 'lax $.a')",
        "arrays_overlap({a}, {a})",
        "{t} > {t}",
        "{d} <> {d}",
        "{n} >= {n}",
        "{i} > all (select v from (values 1, 2) w (v))",
        "{a} = {a}",
    ),
    "date": (
        "date_add('day', {i}, {d})",
        "{d} + interval '1' day",
        "{d} - interval '2' month",
        "cast({t} as date)",
        "date_trunc('month', {d})",
        "last_day_of_month({d})",
        "try_cast({s} as date)",
        "date({t})",
        "coalesce({d}, {d})",
        "cast({s} as date)",
        "date_trunc('week', {d})",
        "if({b}, {d})",
        "current_date",
        "from_iso8601_date('2020-05-11')",
    ),
    "timestamp": (
        "{t} + interval '3' hour",
        "date_trunc('hour', {t})",
        "cast({d} as timestamp)",
        "try_cast({s} as timestamp)",
        "date_add('month', {i}, {t})",
        "date_parse('2020-01-01', '%Y-%m-%d')",
        "coalesce({t}, {t})",
        "cast({s} as timestamp)",
        "{t} - interval '1' day",
        "date_trunc('year', {t})",
        "greatest({t}, {t})",
    ),
    "array": (
        "array[{i}, {i}]",
        "{a} || {a}",
        "{a} || {i}",
        "array_distinct({a})",
        "filter({a}, x -> x > {i})",
        "slice({a}, 1, {i})",
        "transform({a}, x -> x + {i})",
        "array_sort({a})",
        "array_union({a}, {a})",
        "sequence(1, 3)",
        "map_values({m})",
        "array_except({a}, {a})",
        "reverse({a})",
        "cast(json_parse('[1, 2]') as array(integer))",
        "shuffle({a})",
        "zip_with({a}, {a}, (x, y) -> x + y)",
        "repeat({i}, 2)",
        "array_remove({a}, {i})",
        "flatten(array[{a}, {a}])",
    ),
    "map": (
        "map(array[{s}], array[{i}])",
        "map_filter({m}, (k, v) -> v > {i})",
        "transform_values({m}, (k, v) -> v + 1)",
        "map_concat({m}, {m})",
        "map_zip_with({m}, {m}, (k, v, w) -> coalesce(v, w))",
        "map()",
    ),
    "json": (
        'json_parse(\'{{"a": [1, {{"b": null}}]}}\')',
        "cast({a} as json)",
        "json_extract({j}, '$.a')",
        "cast({m} as json)",
    ),
}
COLUMNS = {
    "i": "integer",
    "g": "bigint",
    "f": "double",
    "e": "decimal(10,2)",
    "s": "varchar",
    "b": "boolean",
    "d": "date",
    "t": "timestamp",
    "a": "array",
    "m": "map",
}
"""The columns of every table: name -> type."""
_LETTERS = COLUMNS | {"j": "json"}
_NUMBERS = ("integer", "bigint", "double", "decimal(10,2)")
_LITERALS: dict[str, tuple[str, ...]] = {
    "integer": ("0", "1", "-7", "42", "2147483647"),
    "bigint": ("bigint '0'", "9223372036854775807", "cast(3 as bigint)"),
    "double": ("0.0", "1.5", "-2.25e0", "1e10"),
    "decimal(10,2)": ("decimal '1.25'", "decimal '-0.01'", "cast(7 as decimal(10,2))"),
    "varchar": ("''", "'a'", "'a,b'", "'2020-01-01'", "'12'", "'it''s'", "'é😀'"),
    "boolean": ("true", "false"),
    "date": ("date '2020-02-29'", "date '0099-12-31'", "date '2026-01-01'"),
    "timestamp": ("timestamp '2020-01-01 10:00:00'", "timestamp '1969-12-31 23:59:59.123456'"),
    "array": ("array[1, 2, 3]", "array[]", "cast(null as array(integer))"),
    "map": ("map(array['a', 'b'], array[1, 2])",),
    "json": ("json '{\"a\": 1}'", "json '[]'"),
}
AGGREGATES = (
    "count(*)",
    "count({x})",
    "count(distinct {x})",
    "sum({n})",
    "avg({n})",
    "min({s})",
    "max({d})",
    "max({i})",
    "array_agg({i})",
    "array_agg({s} order by {i})",
    "approx_distinct({s})",
    "approx_percentile({f}, 0.5)",
    "bool_or({b})",
    "count_if({b})",
    "max_by({s}, {i})",
    "arbitrary({x})",
    "stddev({n})",
    "listagg({s}, ',') within group (order by {i})",
    "sum({n}) filter (where {b})",
    "map_agg({s}, {i})",
    "every({b})",
    "geometric_mean({n})",
    "checksum({x})",
    "histogram({s})",
)
WINDOWS = (
    "row_number()",
    "rank()",
    "dense_rank()",
    "lag({i})",
    "lead({s}, 1)",
    "first_value({d})",
    "sum({n})",
    "avg({n})",
    "ntile(3)",
    "percent_rank()",
    "count(*)",
    "nth_value({i}, 2)",
    "max({t})",
)


@dataclasses.dataclass
class Expressions:
    """Expressions over the columns in scope.

    Args:
        columns: qualified name -> type.
        depth: how deep they nest at most.
    """

    random: random.Random
    columns: Mapping[str, str]
    depth: int = 3

    def of(self, kind: str, depth: int | None = None) -> str:
        """One expression of a type, or, rarely, of another."""
        left = self.depth if depth is None else depth
        if self.random.random() < MISTAKE:
            kind = self.random.choice(TYPES)
        mine = [name for name, of in self.columns.items() if of == kind]
        if mine and self.random.random() < (0.4 if left > 0 else 0.8):
            return self.random.choice(mine)
        if left <= 0 or self.random.random() < 0.15:
            return "null" if self.random.random() < 0.05 else self.random.choice(_LITERALS[kind])
        return "(" + self.filled(self.random.choice(_FORMS[kind]), left - 1) + ")"

    def any(self, depth: int | None = None) -> str:
        """One expression of any type."""
        return self.of(self.random.choice(TYPES), depth)

    def filled(self, form: str, depth: int) -> str:
        """A form with expressions in its places."""
        made = ""
        at = 0
        while at < len(form):
            if form[at : at + 2] in ("{{", "}}"):
                made, at = made + form[at], at + 2
            elif form[at] == "{":
                letter = form[at + 1]
                kind = _LETTERS.get(letter) or self.random.choice(_NUMBERS if letter == "n" else TYPES)
                made, at = made + self.of(kind, depth), at + 3
            else:
                made, at = made + form[at], at + 1
        return made
