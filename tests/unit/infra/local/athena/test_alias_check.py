"""Aliases count in ORDER BY only, as in Trino."""

import pytest
from sqlglot import exp

from infra.local.athena.errors import AthenaError
from infra.local.athena.sql import alias_check, trino

RELATIONS = {"t1": ["a", "d"], "t2": ["b"]}


def check(sql: str) -> None:
    tree = trino.parse(sql)
    for table in list(tree.find_all(exp.Table)):
        if table.name in RELATIONS:
            table.set("db", exp.to_identifier("__scan"))
    alias_check.check(tree, RELATIONS, sql)


@pytest.mark.parametrize(
    "sql",
    [
        "select date_trunc('day', d) as day, count(*) from t1 group by day",
        "select a + 1 as x from t1 where x > 1",
        "select a + 1 as x, x * 2 as y from t1",
        "select a as x, count(*) as n from t1 group by a having n > 1",
        "with s as (select * from t1) select a + 1 as x from s group by x",
        "select * from (select a + 1 as x from t1 group by x) q",
        "with u as (select count(*) as c from t1 group by c) select * from u",
    ],
)
def test_an_alias_in_its_own_select_is_not_found(sql: str) -> None:
    with pytest.raises(AthenaError, match="COLUMN_NOT_FOUND"):
        check(sql)


@pytest.mark.parametrize(
    "sql",
    [
        "select date_trunc('day', d) as d, count(*) from t1 group by date_trunc('day', d)",
        "select a as x, count(*) as n from t1 group by 1 order by n",
        "select a as x from t1 join t2 on t1.a = t2.b where b > 1 order by x",
        "with s as (select a as x from t1) select x, count(*) as x2 from s group by x",
        "with s as (select * from t1), r as (select *, 1 as x from s) select x as x from r where x = 1",
        "select transform(array[1], x -> x + 1) as x from t1",
        "select q.x as x from (values (1)) as q (x) where x = 1",
        "select a as y from t1 where exists (select 1 as z from t2 where b = a)",
        "select x as x from unknown_source where x = 1",
    ],
)
def test_columns_of_from_are_found_whatever_their_aliases(sql: str) -> None:
    check(sql)
