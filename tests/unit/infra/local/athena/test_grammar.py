import pytest
from sqlglot import exp

from infra.local.athena.errors import AthenaError
from infra.local.athena.sql import grammar, trino


@pytest.mark.parametrize(
    ("sql", "reason"),
    [
        ("select a, from t", "line 1:11: mismatched input 'from'"),
        ("select a,\n  b,\nfrom t", "line 3:1: mismatched input 'from'"),
        ("select a, -- why\n from t", "line 2:2: mismatched input 'from'"),
        ("with x as (select a from t group by a,) select 1", "line 1:39: mismatched input ')'"),
        ("select a from t where a in (1, 2,)", "line 1:25: mismatched input 'in'"),
        ("select a from t, group by a", "line 1:18: mismatched input 'group'"),
        ("select a from t order by a,", "line 1:28: mismatched input '<EOF>'"),
        ("select * from (select 1", "line 1:24: mismatched input '<EOF>'"),
        ("select 'abc", "line 1:8: mismatched input '''"),
        ("select a::integer from t", "line 1:9: mismatched input ':'"),
        ("select a from t where a == 1", "line 1:26: mismatched input '='"),
        ("select a from t where a ilike 'x'", "line 1:25: mismatched input 'ilike'"),
        ("select a from t where a rlike 'x'", "line 1:25: mismatched input 'rlike'"),
        ("select a ->> 'b' from t", "line 1:12: mismatched input '>'"),
        ("select 7 // 2", "line 1:11: mismatched input '/'"),
        ("select [1, 2]", "line 1:8: mismatched input '['"),
        ("select {'a': 1}", "line 1:8: mismatched input '{'"),
        ("select distinct on (a) a from t", "line 1:17: mismatched input 'on'"),
        ("select * exclude (a) from t", "line 1:10: mismatched input 'exclude'"),
        ("select a from t limit 5, 10", "line 1:24: mismatched input ','"),
        ("select a from t for update", "line 1:21: mismatched input 'update'"),
        ("select top 5 a from t", "line 1:12: mismatched input '5'"),
        ("select interval 1 day", "line 1:17: mismatched input '1'"),
        ("from t select 1", "line 1:1: mismatched input 'from'"),
        ("create table t as select 1::bigint", "line 1:27: mismatched input ':'"),
        ("select `a` from t", "line 1:8: backquoted identifiers are not supported; use double quotes"),
        ("select 1st from t", "line 1:8: identifiers must not start with a digit; use double quotes"),
        ("select 1; select 2", "Only one sql statement is allowed. Got: select 1; select 2"),
    ],
)
def test_what_only_other_databases_read_is_refused_with_its_place(sql: str, reason: str) -> None:
    with pytest.raises(AthenaError) as refused:
        trino.parse(sql)
    assert str(refused.value) == f"SYNTAX_ERROR: {reason}"


@pytest.mark.parametrize(
    "sql",
    [
        "select ', from', a from t where b = ',' -- x,\n",
        "select f(a, b), array[1, 2] from t /* , */ where a in (1, 2)",
        """select '::', "a::b", "ilike" from t""",
        """SELECT "Mixed Case" FROM t WHERE name = 'straße' LIMIT 1""",
    ],
)
def test_the_same_characters_in_names_values_and_comments_are_no_matter(sql: str) -> None:
    assert trino.parse(sql).find(exp.From) is not None


@pytest.mark.parametrize(
    ("sql", "reason"),
    [
        ("select nvl(a, 1) from t", "FUNCTION_NOT_FOUND: line 1:8: Function 'nvl' not registered"),
        ("select\n string_agg(b) from t", "FUNCTION_NOT_FOUND: line 2:2: Function 'string_agg' not registered"),
        (
            "create table c as select ifnull(a, 0) as a from t",
            "FUNCTION_NOT_FOUND: line 1:26: Function 'ifnull' not registered",
        ),
        ("select datediff('day', a, b) from t", "FUNCTION_NOT_FOUND: line 1:8: Function 'datediff' not registered"),
        ("select sum(a, b) from t", "FUNCTION_NOT_FOUND: line 1:8: Unexpected parameters for sum"),
        ("select cast(a as string) from t", "TYPE_NOT_FOUND: line 1:18: Unknown type: string"),
        ("select cast(a as timestamp(6) with time zone), cast(b as row(x int, y array(varchar(3)))) from t", ""),
        ("select coalesce(a, 1), try(a), if(a, 1), approx_percentile(a, 0.5), date_add('day', 1, a) from t", ""),
    ],
)
def test_a_function_or_type_that_trino_does_not_have_is_named(sql: str, reason: str) -> None:
    assert grammar.unknown_name(sql) == reason


def test_a_long_list_of_values_is_not_kept_waiting() -> None:
    assert grammar.syntax_error("select " + "1::int, " * grammar.LONG) == ""


def test_content_does_not_hide_an_error_or_its_place() -> None:
    """A statement that differs from a correct one in names, texts and numbers only is not read again."""
    sql = """select "a" as b, 12 as c from t where d = 'it''s' -- and so on"""
    assert grammar.syntax_error(sql) == ""
    read = grammar._is_correct.cache_info().misses
    assert grammar.syntax_error("""select "it's" as b, 7 as c from t where d = 'e"' /* f */""") == ""
    assert grammar._is_correct.cache_info().misses == read
    assert grammar.syntax_error("select \"a\", 'b' 'c' from t") == "line 1:17: mismatched input ''c''"
    assert grammar.syntax_error("select 1 as 2x") == (
        "line 1:13: identifiers must not start with a digit; use double quotes"
    )
    assert grammar.syntax_error("select `a'b`, 'c'").startswith("line 1:8: backquoted identifiers")
    assert grammar.syntax_error("select 'a") != ""
