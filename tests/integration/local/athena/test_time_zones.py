"""Time zones, intervals, rows and JSON as values: the text and the type that the documentation promises."""

import pytest

from tests.integration.local.athena.conftest import Case, Queries, Row

pytestmark = pytest.mark.account

_ZONED = "timestamp with time zone"
BERLIN = "timestamp '2020-03-28 12:00:00 Europe/Berlin'"
# https://trino.io/docs/current/language/types.html#timestamp-with-time-zone: a value has an instant and a time zone;
# https://trino.io/docs/current/functions/datetime.html: functions work with the clock's time in that zone
ZONES: list[Case] = [
    (BERLIN, "2020-03-28 12:00:00.000 Europe/Berlin", _ZONED),
    ("timestamp '2020-01-01 10:00:00 +02:00'", "2020-01-01 10:00:00.000 +02:00", _ZONED),
    ("timestamp '2020-01-01 10:00:00' at time zone 'Asia/Tokyo'", "2020-01-01 19:00:00.000 Asia/Tokyo", _ZONED),
    ("at_timezone(timestamp '2020-01-01 10:00:00', 'Asia/Tokyo')", "2020-01-01 19:00:00.000 Asia/Tokyo", _ZONED),
    ("with_timezone(timestamp '2020-01-01 10:00:00', 'Asia/Tokyo')", "2020-01-01 10:00:00.000 Asia/Tokyo", _ZONED),
    ("with_timezone(timestamp '2020-01-01 10:00:00', '+05:30')", "2020-01-01 10:00:00.000 +05:30", _ZONED),
    ("from_iso8601_timestamp('2020-01-01T10:00:00+05:30')", "2020-01-01 10:00:00.000 +05:30", _ZONED),
    ("from_unixtime(0, 'Asia/Tokyo')", "1970-01-01 09:00:00.000 Asia/Tokyo", _ZONED),
    ("from_unixtime(0, -5, -30)", "1969-12-31 18:30:00.000 -05:30", _ZONED),
    ("timezone_hour(timestamp '2020-01-01 10:00:00 -05:30')", "-5", "bigint"),
    ("timezone_minute(timestamp '2020-01-01 10:00:00 -05:30')", "-30", "bigint"),
    (f"extract(timezone_hour from {BERLIN})", "1", "bigint"),
    ("timezone_hour(from_unixtime(0))", "0", "bigint"),
    (f"timezone({BERLIN})", "Europe/Berlin", "varchar"),
    (f"to_iso8601({BERLIN})", "2020-03-28T12:00:00.000+01:00", "varchar"),
    (f"cast({BERLIN} as varchar)", "2020-03-28 12:00:00.000 Europe/Berlin", "varchar"),
    ("cast(timestamp '2020-01-01 01:00:00 +02:00' as date)", "2020-01-01", "date"),
    ("cast(timestamp '2020-01-01 01:00:00 +02:00' as timestamp)", "2020-01-01 01:00:00.000", "timestamp"),
    (f"hour({BERLIN})", "12", "bigint"),
    (f"date_format({BERLIN}, '%H:%i')", "12:00", "varchar"),
    (f"format_datetime({BERLIN}, 'HH:mm')", "12:00", "varchar"),
    ("date_trunc('day', timestamp '2020-01-01 01:00:00 +02:00')", "2020-01-01 00:00:00.000 +02:00", _ZONED),
    # a day of the calendar has 23 hours when summer time begins; an interval of one day has 24
    (f"date_add('day', 1, {BERLIN})", "2020-03-29 12:00:00.000 Europe/Berlin", _ZONED),
    (f"{BERLIN} + interval '1' day", "2020-03-29 13:00:00.000 Europe/Berlin", _ZONED),
    (f"{BERLIN} + interval '1' month", "2020-04-28 12:00:00.000 Europe/Berlin", _ZONED),
    (f"coalesce(null, {BERLIN})", "2020-03-28 12:00:00.000 Europe/Berlin", _ZONED),
    (f"to_unixtime({BERLIN})", "1.5853932E9", "double"),
    (f"{BERLIN} = timestamp '2020-03-28 11:00:00 UTC'", "true", "boolean"),
    (f"typeof({BERLIN})", "timestamp(3) with time zone", "varchar"),
]
_DAYS, _MONTHS = "interval day to second", "interval year to month"
# https://trino.io/docs/current/language/types.html#interval-year-to-month, …/functions/datetime.html
INTERVALS: list[Case] = [
    ("interval '1' day", "1 00:00:00.000", _DAYS),
    ("interval '2' month", "0-2", _MONTHS),
    ("interval '3' year + interval '1' month", "3-1", _MONTHS),
    ("interval '1-2' year to month", "1-2", _MONTHS),
    ("interval '2 03:04:05.678' day to second", "2 03:04:05.678", _DAYS),
    ("interval -'3' month", "-0-3", _MONTHS),
    ("interval '1' day - interval '25' hour", "-0 01:00:00.000", _DAYS),
    ("interval '3' day / 2", "1 12:00:00.000", _DAYS),
    ("timestamp '2020-01-02 00:00:00' - timestamp '2020-01-01 10:00:00'", "0 14:00:00.000", _DAYS),
    ("date '2020-03-01' - date '2020-01-01'", "60 00:00:00.000", _DAYS),
    ("date '2020-01-31' + interval '1-1' year to month", "2021-02-28", "date"),
    ("parse_duration('3.5d')", "3 12:00:00.000", _DAYS),
    ("cast(interval '36' hour as varchar)", "1 12:00:00.000", "varchar"),
    ("typeof(interval '1' month)", _MONTHS, "varchar"),
    ("array[interval '90' minute]", "[0 01:30:00.000]", "array"),
]
# https://docs.aws.amazon.com/athena/latest/ug/creating-row.html
ROWS: list[Case] = [
    ("row('Bob', 38)", "{field0=Bob, field1=38}", "row"),
    ("cast(row('Bob', 38) as row(name varchar, age integer))", "{name=Bob, age=38}", "row"),
    ("array[row(1, row(2, 'x'))]", "[{field0=1, field1={field0=2, field1=x}}]", "array"),
    ("row(1, 'a') = row(1, 'a')", "true", "boolean"),
    # https://trino.io/docs/current/language/types.html#row: fields without names are accessed by their place
    ("row(1, 'a')[2]", "a", "varchar"),
    ("cast(row(1, 'a') as row(x integer, y varchar))[1]", "1", "integer"),
    # https://trino.io/docs/current/functions/json.html#json-object: the result is text where nothing else is said
    ("json_object('a': json_array(1, 2))", '{"a":[1,2]}', "varchar"),
    ("typeof(row(1, date '2020-01-01'))", "row(integer, date)", "varchar"),
]


@pytest.mark.parametrize("cases", [ZONES, INTERVALS, ROWS], ids=["zones", "intervals", "rows"])
def test_values_and_types(athena: Queries, cases: list[Case]) -> None:
    assert athena.answers(cases) == cases


TOKYO = "timestamp '2020-01-01 10:00:00' at time zone 'Asia/Tokyo' as t"
HANDED_ON: list[tuple[str, list[Row]]] = [
    (f"select t, hour(t) from (select {TOKYO})", [["2020-01-01 19:00:00.000 Asia/Tokyo", "19"]]),
    (
        f"with a as (select {TOKYO}), b as (select * from a) select b.*, cast(t as date) as d from b",
        [["2020-01-01 19:00:00.000 Asia/Tokyo", "2020-01-01"]],
    ),
    (
        "select max(v.at) from (values timestamp '2020-01-01 10:00:00 Asia/Tokyo') v (at)",
        [["2020-01-01 10:00:00.000 Asia/Tokyo"]],
    ),
    (
        "select hour(at_timezone(t, z)) from (values (timestamp '2020-01-01 10:00:00', 'Asia/Tokyo')) v (t, z)",
        [["19"]],
    ),
]


def test_a_zone_goes_with_its_value_through_subqueries(athena: Queries) -> None:
    assert [(sql, athena.rows(sql)) for sql, _ in HANDED_ON] == HANDED_ON


def test_the_engine_says_who_asks_and_what_answers(athena: Queries) -> None:
    """https://trino.io/docs/current/functions/session.html, …/functions/system.html"""
    arn = athena.session.client("sts").get_caller_identity()["Arn"]
    assert athena.rows("select current_user, version()") == [[arn, "Athena engine version 3"]]


REFUSALS = [
    ("select * from json_table('[1]', 'lax $[*]' columns (a integer path 'lax $'))", "NOT_SUPPORTED: json_table"),
    ("create table spans as select interval '1' day as x", "NOT_SUPPORTED: Unsupported Hive type: interval"),
    ("select interval '1-2-3' year to month", "INVALID_LITERAL"),
    (
        "select timezone_hour(at_timezone(now(), z)) from (values 'Asia/Tokyo') t (z)",
        "NOT_SUPPORTED: timezone_hour of a zone that is not a literal",
    ),
]


@pytest.mark.parametrize(("sql", "reason"), REFUSALS)
def test_what_cannot_be_is_refused(athena: Queries, sql: str, reason: str) -> None:
    assert athena.failure(sql).startswith(reason)
