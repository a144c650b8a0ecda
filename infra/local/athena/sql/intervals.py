"""Intervals: their literals, arithmetic with dates, and their text.

Trino has two types, of months and of milliseconds:
https://trino.io/docs/current/language/types.html#interval-year-to-month gives `interval '3' month`, and
https://trino.io/docs/current/functions/datetime.html the calculations.
As text they are `0-3` and `2 00:00:00.000`. DuckDB has one type, of months, days and microseconds.
"""

import decimal
import re
from collections.abc import Callable, Sequence
from typing import Any

from sqlglot import exp

from infra.local.athena.errors import AthenaError
from infra.local.athena.sql import operand_types
from infra.local.athena.sql.nodes import call, number

MACROS = """
create macro t_months_text(n) as case when n < 0 then '-' else '' end || (abs(n) // 12) || '-' || (abs(n) % 12);
create macro t_milliseconds_text(n) as case when n < 0 then '-' else '' end
  || printf('%d %02d:%02d:%02d.%03d', abs(n) // 86400000, abs(n) // 3600000 % 24, abs(n) // 60000 % 60,
  abs(n) // 1000 % 60, abs(n) % 1000);
create macro t_span(n) as to_days(cast(cast(n as BIGINT) // 86400000000 as INTEGER))
  + to_microseconds(cast(n as BIGINT) % 86400000000);
create macro t_interval_text(i) as case when date_part('year', i) * 12 + date_part('month', i) = 0
  then t_milliseconds_text(epoch_ms(i)) else t_months_text(date_part('year', i) * 12 + date_part('month', i)) end;
"""
DAY_TO_SECOND = "interval day to second"
YEAR_TO_MONTH = "interval year to month"
_MADE_BY = ("to_days", "to_microseconds", "to_months")
_NO_DATES = (
    exp.Literal,
    exp.Count,
    exp.Sum,
    exp.Avg,
    exp.Length,
    exp.Extract,
    exp.DateDiff,
    exp.Mul,
    exp.Div,
    exp.Null,
)
"""What is no date, and the difference of it no interval."""
_UNITS = ("YEAR", "MONTH", "DAY", "HOUR", "MINUTE", "SECOND")
_MICROSECONDS = {"DAY": 86_400_000_000, "HOUR": 3_600_000_000, "MINUTE": 60_000_000, "SECOND": 1_000_000}


def kind_of(text: str) -> str:
    """The type of an interval's text."""
    return YEAR_TO_MONTH if re.fullmatch(r"-?\d+-\d+", text) else DAY_TO_SECOND


def literal(node: exp.Interval) -> exp.Expr:
    """`interval '1-2' year to month`, and a sign outside the quotes.

    https://trino.io/docs/current/language/types.html#interval-day-to-second

    Raises:
        AthenaError: the text does not have the fields that are named.
    """
    value, unit, sign = node.this, node.args.get("unit"), 1
    if isinstance(value, exp.Neg) and isinstance(value.this, exp.Literal):
        value, sign = value.this, -1
    if not isinstance(value, exp.Literal) or not value.is_string:
        return node
    if not isinstance(unit, exp.IntervalSpan):
        return node if sign > 0 else exp.Interval(this=exp.Literal.string(_negative(value.name)), unit=unit)
    first, last = (_UNITS.index(part.name.upper()) for part in (unit.this, unit.expression))
    texts = re.split(r"[-: ]", value.name.strip().lstrip("+-"))
    names = _UNITS[first : last + 1]
    if len(texts) != len(names) or not all(re.fullmatch(r"\d+(\.\d+)?", text) for text in texts):
        raise AthenaError(f"INVALID_LITERAL: '{value.name}' is not a valid interval literal")
    sign *= -1 if value.name.strip().startswith("-") else 1
    fields = dict(zip(names, map(decimal.Decimal, texts), strict=True))
    if last <= _UNITS.index("MONTH"):
        return call("to_months", number(sign * int(fields["YEAR"] * 12 + fields["MONTH"])))
    microseconds = sum(value * _MICROSECONDS[name] for name, value in fields.items())
    return call("to_microseconds", exp.cast(number(sign * int(microseconds)), exp.DType.BIGINT))


def _negative(text: str) -> str:
    return text.strip()[1:] if text.strip().startswith("-") else f"-{text.strip()}"


def is_interval(node: exp.Expr) -> bool:
    """An interval, or a calculation with intervals only; of a column's type nothing is known."""
    if isinstance(node, exp.Paren | exp.Neg):
        return is_interval(node.this)
    if isinstance(node, exp.Mul):
        return is_interval(node.left) or is_interval(node.right)
    if isinstance(node, exp.Add | exp.Sub | exp.Div):
        return is_interval(node.left)
    if isinstance(node, exp.Anonymous):
        # a division of intervals is one of doubles
        made = node.name == "t_divide_doubles" and is_interval(node.expressions[0])
        return made or node.name.lower() in _MADE_BY
    return isinstance(node, exp.Interval)


def date_add(node: exp.DateAdd) -> exp.Expr:
    """`date_add('day', 3, moment)` keeps the type of the moment."""
    if node.unit is None:
        return node
    return call("t_add", node.this, exp.Interval(this=exp.Paren(this=node.expression), unit=node.args["unit"]))


def arithmetic(node: exp.Add | exp.Sub) -> exp.Expr:
    """A moment plus or minus an interval keeps its type; the difference of two dates is an interval."""
    moment, span = node.this, node.expression
    if isinstance(node, exp.Add) and is_interval(moment):
        moment, span = span, moment
    if isinstance(node, exp.Sub) and _is_date(moment) and _is_date(span):
        return _days(node)
    if not is_interval(span) or is_interval(moment):
        return _maybe_of_dates(node)
    return call("t_add" if isinstance(node, exp.Add) else "t_sub", moment, span)


def _maybe_of_dates(node: exp.Add | exp.Sub) -> exp.Expr:
    """A difference of operands whose types show when they are bound."""
    if not isinstance(node, exp.Sub) or any(isinstance(one, _NO_DATES) for one in (node.this, node.expression)):
        return node
    return operand_types.defer(node, _difference)


def _difference(node: exp.Expr, types: Sequence[str]) -> exp.Expr:
    return _days(node) if list(types) == ["DATE", "DATE"] else node


def _days(node: exp.Expr) -> exp.Expr:
    # days in DuckDB, an interval in Trino
    return call("to_days", exp.cast(exp.Paren(this=node.copy()), exp.DType.INT))


def divide(node: exp.Expr) -> exp.Expr:
    """A division, which gives an interval when a difference of moments is divided.

    Args:
        node: the call of a macro for numbers.
    """
    if not isinstance(node.expressions[0].unnest(), exp.Sub):
        return node
    return operand_types.defer(
        node, lambda made, types: call("t_divide_doubles", *made.expressions) if types[0] == "INTERVAL" else made
    )


def aggregate(node: exp.Sum | exp.Avg, of_numbers: Callable[[Any], exp.Expr]) -> exp.Expr:
    """The sum or the average of differences that may be intervals.

    https://trino.io/docs/current/functions/aggregate.html#avg

    Args:
        of_numbers: gives the form for numbers of the aggregate, which may have been copied since.
    """
    if not isinstance(node.this.unnest(), exp.Sub):
        return of_numbers(node)
    return operand_types.defer(node, lambda made, types: _span(made) if types[0] == "INTERVAL" else of_numbers(made))


def _span(node: exp.Expr) -> exp.Expr:
    return call("t_span", type(node)(this=call("epoch_us", node.this)))


def _is_date(node: exp.Expr) -> bool:
    """Whether it is plain that an operand is a date."""
    if isinstance(node, exp.Anonymous):
        return node.name in ("t_cast_date", "t_try_cast_date")
    return isinstance(node, exp.CurrentDate) or (isinstance(node, exp.Cast) and node.to.this == exp.DType.DATE)
