import pytest
from sqlglot import exp

from infra.local.athena import trino
from infra.local.athena.errors import AthenaError


@pytest.mark.parametrize(
    ("sql", "said"),
    [
        ("select a, from t", "line 1:11: mismatched input 'from'"),
        ("select a,\n  b,\nfrom t", "line 3:1: mismatched input 'from'"),
        ("select a, -- why\n from t", "line 2:2: mismatched input 'from'"),
        ("with x as (select a from t group by a,) select 1", "line 1:39: mismatched input ')'"),
        ("select a from t where a in (1, 2,)", "line 1:34: mismatched input ')'"),
        ("select a from t, group by a", "line 1:18: mismatched input 'group'"),
        ("select a from t order by a,", "line 1:28: mismatched input '<EOF>'"),
        ("select a::integer from t", "line 1:9: mismatched input '::'"),
        ("select a from t where a == 1", "line 1:25: mismatched input '=='"),
        ("select a from t where a ilike 'x'", "line 1:25: mismatched input 'ilike'"),
        ("select 1; select 2", "Only one sql statement is allowed. Got: select 1; select 2"),
    ],
)
def test_what_only_other_databases_read_is_refused_where_it_stands(sql: str, said: str) -> None:
    with pytest.raises(AthenaError) as refused:
        trino.parse(sql)
    assert str(refused.value) == f"SYNTAX_ERROR: {said}"


@pytest.mark.parametrize(
    "sql",
    [
        "select ', from', a from t where b = ',' -- x,\n",
        "select f(a, b), array[1, 2] from t /* , */ where a in (1, 2)",
        """select '::', "a::b", "ilike" from t""",
    ],
)
def test_the_same_characters_in_names_values_and_comments_are_no_matter(sql: str) -> None:
    assert trino.parse(sql).find(exp.From) is not None
