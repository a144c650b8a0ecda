"""Trino's functions: the value and the type that https://trino.io/docs/current/functions.html promises."""

import pytest

from tests.integration.local.athena import trino_documentation
from tests.integration.local.athena.conftest import Queries

pytestmark = pytest.mark.account

TYPED: list[tuple[str, str | None, str]] = [
    # arithmetic
    ("7 / 2", "3", "integer"),
    ("-7 / 2", "-3", "integer"),
    ("7 % 3", "1", "integer"),
    ("7e0 / 2", "3.5", "double"),
    ("1.5 + 1.25", "2.75", "double"),
    ("cast(1 as bigint) + 1", "2", "bigint"),
    ("decimal '1.50'", "1.50", "decimal(3,2)"),
    ("1e10", "1.0E10", "double"),
    ("0.0001e0", "1.0E-4", "double"),
    ("real '0.1'", "0.1", "float"),
    ("nan()", "NaN", "double"),
    ("infinity()", "Infinity", "double"),
    ("round(2.567e0, 2)", "2.57", "double"),
    ("greatest(1, 3, 2)", "3", "integer"),
    ("greatest(1, null)", None, "integer"),
    ("power(2, 10)", "1024.0", "double"),
    # conversion
    ("cast(2.5 as bigint)", "3", "bigint"),
    ("cast('12' as integer)", "12", "integer"),
    ("try_cast('x' as integer)", None, "integer"),
    ("try(1 / 0)", None, "integer"),
    ("cast(123.456 as decimal(10, 2))", "123.46", "decimal(10,2)"),
    ("cast(timestamp '2026-01-01 23:00:00' as date)", "2026-01-01", "date"),
    ("coalesce(null, 1)", "1", "integer"),
    ("if(1 > 2, 'y')", None, "varchar"),
    # text
    ("'a' || 'b'", "ab", "varchar"),
    ("concat_ws('-', 'a', null, 'b')", "a-b", "varchar"),
    ("substr('hello', 2, 3)", "ell", "varchar"),
    ("strpos('hello', 'l')", "3", "bigint"),
    ("length('abc')", "3", "bigint"),
    ("split_part('a,b,c', ',', 2)", "b", "varchar"),
    ("split_part('a,b', ',', 5)", None, "varchar"),
    ("split('a,b', ',')", "[a, b]", "array"),
    ("lpad('7', 3, '0')", "007", "varchar"),
    ("lpad('7', cast(3 as bigint), '0')", "007", "varchar"),
    ("rpad('7', length('abc'), '0')", "700", "varchar"),
    ("replace('a-b', '-')", "ab", "varchar"),
    ("format('%s-%03d', 'a', 7)", "a-007", "varchar"),
    ("to_hex(md5(to_utf8('a')))", "0CC175B9C0F1B6A831C399E269772661", "varchar"),
    ("to_utf8('hi')", "68 69", "varbinary"),
    ("regexp_like('1a 2b', '\\d+b')", "true", "boolean"),
    ("regexp_extract('1a 2b 14m', '(\\d+)([a-z]+)', 2)", "a", "varchar"),
    ("regexp_extract('abc', '\\d+')", None, "varchar"),
    ("regexp_extract_all('1a 2b', '\\d+')", "[1, 2]", "array"),
    ("regexp_replace('1a 2b', '(\\d+)([ab])', '$2$1')", "a1 b2", "varchar"),
    ("url_extract_host('https://x.org:80/p?q=1')", "x.org", "varchar"),
    ("url_extract_parameter('https://x.org/p?a=1&q=b%20c', 'q')", "b c", "varchar"),
    ("url_extract_parameter('https://x.org/p', 'q')", None, "varchar"),
    # dates
    ("date '2026-01-31' + interval '1' month", "2026-02-28", "date"),
    ("date '2026-03-01' - interval '1' day", "2026-02-28", "date"),
    ("date_trunc('week', date '2026-01-07') - interval '77' day", "2025-10-20", "date"),
    ("date '2026-03-01' - 2 * interval '1' day", "2026-02-27", "date"),
    ("interval '1' day + date '2026-03-01'", "2026-03-02", "date"),
    ("timestamp '2026-01-01 00:00:00' + interval '90' minute", "2026-01-01 01:30:00.000", "timestamp"),
    ("date_add('day', 3, date '2026-01-30')", "2026-02-02", "date"),
    ("date_diff('day', date '2026-01-01', date '2026-03-01')", "59", "bigint"),
    ("date_diff('hour', timestamp '2026-01-01 00:30:00', timestamp '2026-01-01 02:00:00')", "1", "bigint"),
    ("date_diff('day', timestamp '2026-01-01 23:00:00', timestamp '2026-01-02 01:00:00')", "0", "bigint"),
    ("date_trunc('month', date '2026-03-17')", "2026-03-01", "date"),
    ("date_trunc('hour', timestamp '2026-01-01 10:45:00')", "2026-01-01 10:00:00.000", "timestamp"),
    ("day_of_week(date '2026-05-03')", "7", "bigint"),
    ("week(date '2027-01-01')", "53", "bigint"),
    ("year_of_week(date '2027-01-01')", "2026", "bigint"),
    ("last_day_of_month(date '2026-02-03')", "2026-02-28", "date"),
    ("from_unixtime(0)", "1970-01-01 00:00:00.000 UTC", "timestamp with time zone"),
    ("to_unixtime(timestamp '1970-01-02 00:00:00')", "86400.0", "double"),
    ("from_iso8601_timestamp('2026-05-06T10:00:00Z')", "2026-05-06 10:00:00.000 UTC", "timestamp with time zone"),
    ("from_iso8601_date('2026-05-06')", "2026-05-06", "date"),
    ("date_format(timestamp '2026-05-06 07:08:09', '%Y-%m-%d %H:%i:%s')", "2026-05-06 07:08:09", "varchar"),
    ("date_parse('06/05/2026', '%d/%m/%Y')", "2026-05-06 00:00:00.000", "timestamp"),
    ("format_datetime(timestamp '2026-05-06 07:08:09', 'yyyy-MM-dd''T''HH:mm')", "2026-05-06T07:08", "varchar"),
    ("parse_datetime('2026-05-06', 'yyyy-MM-dd')", "2026-05-06 00:00:00.000 UTC", "timestamp with time zone"),
    ("cast(timestamp '2026-05-06 02:00:00 UTC' at time zone 'America/New_York' as date)", "2026-05-05", "date"),
    ("to_iso8601(date '2026-05-06')", "2026-05-06", "varchar"),
    # arrays and maps
    ("array[1, 2, 3]", "[1, 2, 3]", "array"),
    ("element_at(array[1, 2], 5)", None, "integer"),
    ("element_at(map(array['a'], array[1]), 'b')", None, "integer"),
    ("element_at(map(array[0, 1], array['zero', 'one']), 0)", "zero", "varchar"),
    ("try(element_at(array[1, 2], 0))", None, "integer"),
    ("transform(sequence(1, 3), i -> element_at(array['x', 'y'], i))", "[x, y, null]", "array"),
    ("cardinality(array[1, 2])", "2", "bigint"),
    ("cardinality(map(array['a'], array[1]))", "1", "bigint"),
    ("contains(array[1, 2], 2)", "true", "boolean"),
    ("array_join(array['a', 'b'], ',')", "a,b", "varchar"),
    ("array_distinct(array[2, 1, 2])", "[2, 1]", "array"),
    ("array_union(array[1, 2], array[2, 3])", "[1, 2, 3]", "array"),
    ("slice(array[1, 2, 3, 4], 2, 2)", "[2, 3]", "array"),
    (
        "sequence(date '2026-01-31', date '2026-02-02', interval '1' day)",
        "[2026-01-31, 2026-02-01, 2026-02-02]",
        "array",
    ),
    ("sequence(date '2026-01-01', date '2026-01-02')", "[2026-01-01, 2026-01-02]", "array"),
    ("sequence(3, 1)", "[3, 2, 1]", "array"),
    ("transform(array[1, 2], x -> x * 2)", "[2, 4]", "array"),
    ("filter(array[1, 2, 3], x -> x > 1)", "[2, 3]", "array"),
    ("reduce(array[1, 2, 3], 0, (s, x) -> s + x, s -> s * 10)", "60", "integer"),
    ("any_match(array[1, 2], x -> x > 1)", "true", "boolean"),
    ("all_match(array[1, 2], x -> x > 1)", "false", "boolean"),
    ("none_match(array[1, 2], x -> x > 5)", "true", "boolean"),
    ("repeat('a', 2)", "[a, a]", "array"),
    ("map(array['a', 'b'], array[1, 2])", "{a=1, b=2}", "map"),
    ("map_filter(map(array['a', 'b'], array[1, 2]), (k, v) -> v > 1)", "{b=2}", "map"),
    ("transform_values(map(array['a'], array[1]), (k, v) -> v + 1)", "{a=2}", "map"),
    ("cast(row(1, 'a') as row(x integer, y varchar))", "{x=1, y=a}", "row"),
    # JSON
    ("json_extract_scalar('{\"a\": {\"b\": 1}}', '$.a.b')", "1", "varchar"),
    ("cast(json_parse('[1, 2]') as array(integer))", "[1, 2]", "array"),
    ("json_format(json_parse('{\"a\": 1}'))", '{"a":1}', "varchar"),
]

AGGREGATES: list[tuple[str, str | None, str]] = [
    ("count_if(x > 1)", "2", "bigint"),
    ("sum(x)", "6", "bigint"),
    ("sum(x) / count(*)", "2", "bigint"),
    ("avg(x)", "2.0", "double"),
    ("approx_distinct(x)", "3", "bigint"),
    ("approx_percentile(x, 0.5)", "2", "integer"),
    ("max_by(y, x)", "c", "varchar"),
    ("min_by(y, x)", "a", "varchar"),
    ("array_agg(y order by x desc)", "[c, b, a]", "array"),
    ("map_agg(y, x) = map(array['a', 'b', 'c'], array[1, 2, 3])", "true", "boolean"),
    ("listagg(y, ',') within group (order by x)", "a,b,c", "varchar"),
    ("every(x > 0)", "true", "boolean"),
    ("arbitrary(x) > 0", "true", "boolean"),
    ("sum(x) filter (where y <> 'c')", "3", "bigint"),
    ("date_diff('day', min(d), max(d))", "2", "bigint"),
    ("max(d) + interval '1' day", "2026-01-04", "date"),
    ("cardinality(sequence(min(d), max(d), interval '1' day))", "3", "bigint"),
    ("date_trunc('month', max(d))", "2026-01-01", "date"),
]
SOURCE = "(values (1, 'a', date '2026-01-01'), (2, 'b', date '2026-01-02'), (3, 'c', date '2026-01-03')) as t (x, y, d)"


SPINE = (
    "select d from (select min(x) a, max(x) b from (values date '2026-01-01', date '2026-01-02') v (x)) "
    "cross join unnest(sequence(a, b, interval '1' day)) as t (d) order by d"
)


def compare(athena: Queries, cases: list[tuple[str, str | None, str]], source: str) -> None:
    """All cases in one query, so that a hundred of them take a second."""
    sql = "select " + ", ".join(f"{sql} as c{i}" for i, (sql, _, _) in enumerate(cases)) + source
    [row], types = athena.rows(sql), athena.types(sql)
    found = [(sql, value, kind) for (sql, _, _), value, kind in zip(cases, row, types, strict=True)]
    assert found == cases


def test_scalar_functions_give_trinos_values_and_types(athena: Queries) -> None:
    compare(athena, TYPED, "")


def test_scalar_functions_do_what_trinos_documentation_says(athena: Queries) -> None:
    compare(athena, trino_documentation.SCALARS, "")


def test_aggregates_do_what_trinos_documentation_says(athena: Queries) -> None:
    compare(athena, trino_documentation.AGGREGATES, f" from {trino_documentation.SOURCE}")


@pytest.mark.parametrize("sql", trino_documentation.REFUSED)
def test_what_trino_refuses_is_refused(athena: Queries, sql: str) -> None:
    assert athena.failure(sql)


def test_what_the_engine_lacks_fails_and_never_gives_something_else(athena: Queries) -> None:
    for sql in trino_documentation.LACKING:
        reason = athena.failure(f"select {sql}")
        assert reason.split(":")[0] in ("FUNCTION_NOT_FOUND", "NOT_SUPPORTED", "TYPE_MISMATCH", "INVALID_CAST_ARGUMENT")


def test_a_repair_reaches_into_what_another_repair_has_replaced(athena: Queries) -> None:
    nested = "date_trunc('month', date_add('day', 1, date '2026-01-31')) + interval '1' month"
    assert athena.rows(f"select {nested}, split_part(split_part('a-b,c', ',', 1), '-', 3)") == [["2026-03-01", None]]


AVERAGES = "avg(x) filter (where x > 1), avg(distinct x), sum(x) / count(*)"


def test_an_average_of_decimals_is_a_decimal_in_any_clause(athena: Queries) -> None:
    values = "(values decimal '1.00', decimal '2.00', decimal '2.00') as t (x)"
    assert athena.rows(f"select {AVERAGES} from {values}") == [["2.00", "1.50", "1.67"]]
    over = "select avg(x) over (order by x rows unbounded preceding) from"
    assert athena.rows(f"{over} {values}")[:1] == [["1.00"]]
    assert athena.types(f"{over} {values}") == ["decimal(3,2)"]


def test_aggregates_give_trinos_values_and_types(athena: Queries) -> None:
    compare(athena, AGGREGATES, f" from {SOURCE}")


SHAPES: list[tuple[str, list[list[str | None]]]] = [
    ("select x, i from unnest(array['a', 'b']) with ordinality as t (x, i)", [["a", "1"], ["b", "2"]]),
    (
        "select k, v from (values (1, array['a', 'b'])) as s (k, l) cross join unnest(l) as t (v)",
        [["1", "a"], ["1", "b"]],
    ),
    (
        "select x, row_number() over (order by x desc) from (values 1, 2) as t (x) order by x",
        [["1", "2"], ["2", "1"]],
    ),
    (SPINE, [["2026-01-01"], ["2026-01-02"]]),
    (
        "select x, count(*) from (values 1, 1, 2) as t (x) group by grouping sets ((x), ()) order by 2, 1 nulls last",
        [["2", "1"], ["1", "2"], [None, "3"]],
    ),
    (
        "select sum(x) over (order by x rows between 1 preceding and current row) from (values 1, 2, 3) t (x)",
        [["1"], ["3"], ["5"]],
    ),
    ("(select 1 as a) union all (select 2) order by a desc limit 1", [["2"]]),
    ("select a from (values 1, 2, 3) t (a) where a in (select max(b) from (values 3, 2) s (b))", [["3"]]),
    ("select 1 as a except select 1", []),
]


def test_queries_of_every_shape_give_what_trino_gives(athena: Queries) -> None:
    assert [(sql, athena.rows(sql)) for sql, _ in SHAPES] == SHAPES
