"""Conditions on a table's rows as conditions on its files, by the least and greatest values that Iceberg keeps of each.

A file is left out when its bounds rule a condition out. Whatever is not a comparison of a column with constants leaves
no file out. The columns are those of `"table$files"`: https://trino.io/docs/current/connector/iceberg.html#files-table
"""

from collections.abc import Iterable, Mapping

from sqlglot import exp

from transforms.bi.scan_estimate.scans import DIALECT

# Iceberg keeps so many characters of a text's bounds: https://iceberg.apache.org/docs/latest/configuration/
_KEPT_CHARACTERS = 16
_READ = {
    "date": "cast({} as date)",
    "timestamp": "from_iso8601_timestamp({})",
    "int": "cast({} as bigint)",
    "bigint": "cast({} as bigint)",
    "double": "cast({} as double)",
    "string": "{}",
}
_MIRRORED: dict[type[exp.Expr], type[exp.Expr]] = {
    exp.EQ: exp.EQ,
    exp.LT: exp.GT,
    exp.LTE: exp.GTE,
    exp.GT: exp.LT,
    exp.GTE: exp.LTE,
}


def restrict_files(conditions: Iterable[exp.Expr], fields: Mapping[str, tuple[int, str]]) -> list[str]:
    """Conditions, in Athena's SQL, that every file fulfils which can hold rows that fulfil `conditions`.

    Args:
        conditions: as a `Scan` has them.
        fields: lower-case column name -> the field's id in Iceberg, and its Hive type.
    """
    found = []
    for condition in conditions:
        if isinstance(condition, exp.Between):
            low = exp.GTE(this=condition.this, expression=condition.args["low"])
            high = exp.LTE(this=condition.this, expression=condition.args["high"])
            found += restrict_files([low, high], fields)
        elif isinstance(condition, exp.In) and condition.expressions:
            equal = [exp.EQ(this=condition.this, expression=value) for value in condition.expressions]
            any_of = [_restrict(one, fields) for one in equal]
            if all(any_of):
                found.append("(" + " or ".join(any_of) + ")")
        elif isinstance(condition, exp.Or):
            branches = [restrict_files(_conjuncts(one.unnest()), fields) for one in condition.flatten()]
            if all(branches):
                found.append("(" + " or ".join(f"({' and '.join(branch)})" for branch in branches) + ")")
        elif restriction := _restrict(condition, fields):
            found.append(restriction)
    return found


def _conjuncts(condition: exp.Expr) -> Iterable[exp.Expr]:
    return condition.flatten() if isinstance(condition, exp.And) else [condition]


def _restrict(condition: exp.Expr, fields: Mapping[str, tuple[int, str]]) -> str:
    """The condition on a file's bounds; empty when there is none."""
    kind = type(condition)
    if kind not in _MIRRORED:
        return ""
    left, right = condition.this.unnest(), condition.expression.unnest()
    if left.find(exp.Column) is None:
        left, right, kind = right, left, _MIRRORED[kind]
    as_date = isinstance(left, exp.Cast) and left.to.this == exp.DType.DATE
    column = left.this if as_date else left
    if not isinstance(column, exp.Column) or right.find(exp.Column) or column.name.lower() not in fields:
        return ""
    field, hive = fields[column.name.lower()]
    if hive not in _READ or (as_date and hive not in ("date", "timestamp")):
        return ""
    constant = f"({right.sql(dialect=DIALECT)})"
    low, high = (_bound(bounds, field, hive, as_date=as_date) for bounds in ("lower_bounds", "upper_bounds"))
    at_most = f"{low} {'<' if kind is exp.LT else '<='} {constant}"
    at_least = f"{high} {'>' if kind is exp.GT else '>='} {constant}"
    if hive == "string":
        at_least = f"(length({high}) >= {_KEPT_CHARACTERS} or {at_least})"
    restrictions = [*([at_most] if kind in (exp.EQ, exp.LT, exp.LTE) else [])]
    restrictions += [at_least] if kind in (exp.EQ, exp.GT, exp.GTE) else []
    # a file without bounds can hold anything
    return f"coalesce({' and '.join(restrictions)}, true)"


def _bound(bounds: str, field: int, hive: str, *, as_date: bool) -> str:
    read = _READ[hive].format(f"element_at({bounds}, {field})")
    return f"cast({read} as date)" if as_date else read
