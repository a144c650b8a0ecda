"""What depends on types that only the data has: differences of dates, the text of a value, the order of JSON's keys."""

import pytest

from tests.integration.local.athena.conftest import Case, Queries, Row

pytestmark = pytest.mark.account

_SPAN = "interval day to second"
_DATES = "(values (date '2020-01-01', date '2020-03-01'), (date '2020-01-01', date '2020-03-02')) t (a, b)"
_LATER = "(values date '2020-01-03') b (y)"
# https://trino.io/docs/current/functions/datetime.html#date-and-time-operators, …/functions/aggregate.html#avg:
# the difference of two dates is an interval, and intervals have a sum, an average and parts
DIFFERENCES: list[tuple[str, list[Row]]] = [
    (f"select b - a from {_DATES} order by 1", [["60 00:00:00.000"], ["61 00:00:00.000"]]),
    (f"select max(b) - min(a), typeof(max(b) - min(a)) from {_DATES}", [["61 00:00:00.000", _SPAN]]),
    (
        f"select sum(b - a), avg(b - a), (max(b) - min(a)) / 2 from {_DATES}",
        [["121 00:00:00.000", "60 12:00:00.000", "30 12:00:00.000"]],
    ),
    (f"select b from {_DATES} where b - a > interval '60' day", [["2020-03-02"]]),
    (
        f"select day(b - a), (b - a) * 2 + interval '1' hour from {_DATES} order by 1 limit 1",
        [["60", "120 01:00:00.000"]],
    ),
    (f"select x - a from (select a, max(b) as x from {_DATES} group by a)", [["61 00:00:00.000"]]),
    (
        f"with d as (select b - a as x, b from {_DATES}) select max(x), max(b) - min(b) from d",
        [["61 00:00:00.000", "1 00:00:00.000"]],
    ),
    (
        f"with a as (select max(b - a) as x from {_DATES}), c as (select cast(x as varchar) as s from a) table c",
        [["61 00:00:00.000"]],
    ),
    (
        "select x - lag(x) over (order by x) from (values date '2020-01-01', date '2020-01-04') t (x) order by x",
        [[None], ["3 00:00:00.000"]],
    ),
    (
        "select u - x from (values (array[date '2020-01-03'], date '2020-01-01')) t (l, x) cross join unnest(l) s (u)",
        [["2 00:00:00.000"]],
    ),
    (f"select y from (values date '2020-01-01') a (x) join {_LATER} on y - x = interval '2' day", [["2020-01-03"]]),
    # numbers stay numbers
    (
        "select x - y, (x - y) / 2, sum(x - y), avg(x - y) from (values (7, 2)) t (x, y) group by x, y",
        [["5", "2", "5", "5.0"]],
    ),
    ("select u - x from (values (array[1, 2], 5)) t (l, x) cross join unnest(l) s (u) order by 1", [["-4"], ["-3"]]),
]
# https://trino.io/docs/current/functions/conversion.html#cast, …/language/types.html#timestamp-p: `timestamp` is
# `timestamp(3)`, a literal has the digits that it is written with, current_timestamp has three; a double has the text
# that Java gives it
TEXTS: list[Case] = [
    ("cast(1e20 as varchar)", "1.0E20", "varchar"),
    ("cast(12345678e0 as varchar)", "1.2345678E7", "varchar"),
    ("cast(9999999e0 as varchar)", "9999999.0", "varchar"),
    ("cast(real '1e-5' as varchar)", "1.0E-5", "varchar"),
    ("cast(nan() as varchar) || cast(-infinity() as varchar)", "NaN-Infinity", "varchar"),
    ("cast(1e7 as varchar(10))", "1.0E7", "varchar"),
    ("format('%s', 1e7)", "1.0E7", "varchar"),
    ("array_join(transform(array[1e0, 1e7], v -> cast(v as varchar)), ' ')", "1.0 1.0E7", "varchar"),
    ("cast(cast('2020-01-01 10:00:00' as timestamp) as varchar)", "2020-01-01 10:00:00.000", "varchar"),
    ("cast(timestamp '2020-01-01 10:00:00.12' as varchar)", "2020-01-01 10:00:00.12", "varchar"),
    ("cast(cast('2020-01-01 10:00:00.1' as timestamp(6)) as varchar)", "2020-01-01 10:00:00.100000", "varchar"),
    ("cast(from_unixtime(0) as varchar)", "1970-01-01 00:00:00.000 UTC", "varchar"),
    ("cast(time '10:00:00' as varchar)", "10:00:00.000", "varchar"),
    ("cast(date '2020-01-02' as varchar)", "2020-01-02", "varchar"),
    ("cast(decimal '1.50' as varchar)", "1.50", "varchar"),
    ("cast('2020-01-01 00:00:00.9999996' as timestamp)", "2020-01-01 00:00:01.000", "timestamp"),
    ("cast(timestamp '2020-01-01 00:00:00.1235' as timestamp)", "2020-01-01 00:00:00.124", "timestamp"),
    ("timestamp '2020-01-01 00:00:00.123456'", "2020-01-01 00:00:00.123456", "timestamp"),
    ("date_trunc('millisecond', current_timestamp) = current_timestamp", "true", "boolean"),
    ("date_add('millisecond', 5, timestamp '2020-01-01 00:00:00.000')", "2020-01-01 00:00:00.005", "timestamp"),
]
# https://trino.io/docs/current/functions/json.html: json_parse gives a JSON value, in which the order of members means
# nothing; Trino keeps them by name, those of a map cast to JSON as well, and a row's fields in their own order
DOCUMENTS: list[Case] = [
    ('json_parse(\'{"b": {"z": 1, "y": 2}, "a": [3]}\')', '{"a":[3],"b":{"y":2,"z":1}}', "json"),
    ('json_format(json \'{"b": 1, "a": 1.0}\')', '{"a":1.0,"b":1}', "varchar"),
    ('json_parse(\'{"a": 1, "a": 2}\')', '{"a":2}', "json"),
    ("cast(map(array['b', 'a'], array[1, 2]) as json)", '{"a":2,"b":1}', "json"),
    ("cast(cast(row(1, 2) as row(b integer, a integer)) as json)", '{"b":1,"a":2}', "json"),
    ("json_extract_scalar(json_parse('{\"b\": 1}'), '$.b')", "1", "varchar"),
    ("try(json_parse('{'))", None, "json"),
]


@pytest.mark.parametrize("cases", [TEXTS, DOCUMENTS], ids=["texts", "documents"])
def test_values_and_types(athena: Queries, cases: list[Case]) -> None:
    assert athena.answers(cases) == cases


def test_dates_apart_are_an_interval_wherever_they_come_from(athena: Queries) -> None:
    assert [(sql, athena.rows(sql)) for sql, _ in DIFFERENCES] == DIFFERENCES


def test_a_number_does_not_meet_the_difference_of_dates(athena: Queries) -> None:
    """https://trino.io/docs/current/functions/datetime.html: there is no operator between an interval and a number."""
    assert athena.failure(f"select a from {_DATES} where b - a > 3").startswith("TYPE_MISMATCH")


def test_a_group_of_texts_is_the_one_that_is_selected(athena: Queries) -> None:
    text = "cast(x as varchar), cast(y as varchar)"
    rows = athena.rows(f"select {text}, count(*) from (values (1e7, now()), (1e7, now())) t (x, y) group by {text}")
    assert [(row[0], row[2]) for row in rows] == [("1.0E7", "2")]


def test_columns_of_tables_have_forms_of_their_types(athena: Queries) -> None:
    location = athena.location("spans")
    athena.run(
        f"create table spans (id int, d date, t timestamp, x double) location '{location}' "
        "tblproperties ('table_type' = 'ICEBERG')"
    )
    athena.run(
        "insert into spans values (1, date '2020-01-01', timestamp '2020-01-01 00:00:00.123456', 1e8), "
        "(2, date '2020-01-05', timestamp '2020-01-01 00:00:00', 2.5)"
    )
    sql = "select cast(t as varchar), cast(x as varchar), max(d) over () - d from spans order by id"
    assert athena.rows(sql) == [
        ["2020-01-01 00:00:00.123456", "1.0E8", "4 00:00:00.000"],
        ["2020-01-01 00:00:00.000", "2.5", "0 00:00:00.000"],
    ]
    athena.run("update spans set x = day(d - date '2019-12-31') where d - date '2020-01-01' < interval '2' day")
    athena.run(
        "merge into spans using (select date '2020-01-05' as day, 9e9 as n) s on spans.d = s.day "
        "and cast(spans.x as varchar) = '2.5' and spans.d - s.day < interval '1' day when matched then update set x = n"
    )
    assert athena.rows("select x from spans order by id") == [["1.0"], ["9.0E9"]]
    athena.run(
        "create or replace view spans_view as select max(d) - min(d) as span, cast(max(x) as varchar) as s from spans"
    )
    assert athena.rows("select * from spans_view") == [["4 00:00:00.000", "9.0E9"]]
    athena.run(
        "create or replace view sums_view as select sum(id - x) as s, avg(d - date '2020-01-01') as m from spans"
    )
    for _ in range(2):
        assert athena.rows("select a.s, b.m from sums_view a, sums_view b") == [["-8.999999998E9", "2 00:00:00.000"]]
