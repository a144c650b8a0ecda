"""Types that Trino does not let meet and DuckDB casts: a date compared with a text, a number in `||`, a date plus 1.

Such a statement would run here and fail on AWS with TYPE_MISMATCH (https://trino.io/docs/current/language/types.html:
there is no implicit conversion between text and anything else). So each statement is bound a second time in a form in
which DuckDB refuses them too: texts are VARCHAR instead of literals of no type yet, and what is compared stands in a
COALESCE, whose arguments have to fit. That form is thrown away.
"""

import re

import duckdb
from sqlglot import exp

from infra.local.athena.errors import AthenaError

_COMPARISONS = (exp.EQ, exp.NEQ, exp.GT, exp.GTE, exp.LT, exp.LTE, exp.NullSafeEQ, exp.NullSafeNEQ)
_MEETING = (
    *_COMPARISONS,
    exp.Add,
    exp.Array,
    exp.Between,
    exp.Case,
    exp.Coalesce,
    exp.Concat,
    exp.DPipe,
    exp.Greatest,
    exp.If,
    exp.In,
    exp.Least,
    exp.Mul,
    exp.Nullif,
    exp.Sub,
)
_MIXED = re.compile(r"Cannot mix values of type (.+?) and (.+?) in ")
_NO_OPERATOR = re.compile(r"argument types '//?\(([^,]+), ")


def check(connection: duckdb.DuckDBPyConnection, tree: exp.Expr) -> None:
    """Refuse a query in which types meet that Trino does not convert.

    Args:
        tree: a query whose tables are bound in `connection`.

    Raises:
        AthenaError: TYPE_MISMATCH, with the two types.
    """
    try:
        connection.execute(f"describe {_strict(tree).sql(dialect='duckdb', comments=False, copy=False)}")
    except duckdb.BinderException as error:
        if found := _MIXED.search(str(error)):
            raise AthenaError(
                f"TYPE_MISMATCH: {_named(found.group(1))} and {_named(found.group(2))} meet without a cast"
            ) from None
        if found := _NO_OPERATOR.search(str(error)):
            raise AthenaError(
                f"TYPE_MISMATCH: Cannot apply operator: {_named(found.group(1))} and a number; add an interval"
            ) from None
    except duckdb.Error:
        # another error is the statement's own, or this form's, and is met when the statement itself is bound
        return


def _strict(tree: exp.Expr) -> exp.Expr:
    root = tree.copy()
    for node in reversed(list(root.walk())):
        changed = _stricter(node)
        if changed is not node:
            node.replace(changed)
    return root


def _stricter(node: exp.Expr) -> exp.Expr:
    if isinstance(node, exp.Literal) and node.is_string and isinstance(node.parent, _MEETING):
        return exp.cast(node.copy(), exp.DType.TEXT)
    if isinstance(node, _COMPARISONS):
        return _fitting(node.this, node.expression)
    if isinstance(node, exp.In) and node.expressions:
        return _fitting(node.this, *node.expressions)
    if isinstance(node, exp.DPipe):
        return _coalesce(node.this, node.expression)
    if isinstance(node, exp.Concat) and not isinstance(node, exp.ConcatWs):
        return _coalesce(*node.expressions)
    if isinstance(node, exp.Add | exp.Sub) and isinstance(node.expression, exp.Literal):
        number = exp.Div(this=exp.Paren(this=node.this), expression=exp.Literal.number(1))
        return type(node)(this=number, expression=node.expression)
    return node


def _coalesce(*values: exp.Expr) -> exp.Expr:
    first, *others = values
    return exp.Coalesce(this=first, expressions=others)


def _fitting(*values: exp.Expr) -> exp.Expr:
    return exp.Paren(this=exp.Is(this=_coalesce(*values), expression=exp.Null()))


def _named(duck: str) -> str:
    return duck.removesuffix("_LITERAL").lower()
