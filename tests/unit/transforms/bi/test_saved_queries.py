"""A saved query's header is read, and what is wrong with one is message."""

import pathlib

import pytest

from infra.local.athena.sql.grammar import syntax_error, unknown_name
from transforms.bi.saved_queries import Chart, SavedQuery, SavedQueryError, all_queries, parse

GOOD = """\
-- title: Tasks per week
-- description: How many tasks there are,
--   week by week.
-- chart: line x=week y=created,completed color=kind

select 1 -- one
"""


def test_a_header_has_the_question_and_its_chart() -> None:
    assert parse("tasks", GOOD) == SavedQuery(
        name="tasks",
        title="Tasks per week",
        description="How many tasks there are, week by week.",
        chart=Chart("line", "week", ("created", "completed"), "kind"),
        sql="select 1 -- one",
    )


def test_a_charts_columns_are_those_of_its_hints() -> None:
    assert parse("tasks", GOOD).chart.columns() == {"week", "created", "completed", "kind"}
    assert parse("t", "-- title: T\n-- description: D\n-- chart: table\nselect 1").chart.columns() == set()


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("-- title: Tasks per week\n", "", "the header has no title"),
        (
            "-- description:",
            "-- about:",
            "'-- about: How many tasks there are,' is none of title:, description:, chart:",
        ),
        ("-- chart: line", "-- chart: pie", "chart is one of area, bar, heatmap, line, table, not 'pie'"),
        ("-- chart: line x=week ", "-- chart: line ", "a line needs x"),
        (
            "-- chart: line",
            "-- chart: heatmap z=1",
            "a chart's hints are x=, y=, color=, partial=, n=, unit=, each once; found 'z=1'",
        ),
        ("-- chart: line", "-- chart: table", "a table takes no hints"),
        ("-- chart:", "-- title: Again\n-- chart:", "title is there twice"),
        ("select 1 -- one\n", "", "there is no SQL after the header"),
        ("select 1 -- one", "select 1;", "the SQL ends with a semicolon; Athena wants one statement without it"),
        ("Tasks per week", "T" * 81, "the title is longer than 80 characters"),
    ],
)
def test_what_is_wrong_with_a_file_is_reported(old: str, new: str, message: str) -> None:
    assert old in GOOD
    with pytest.raises(SavedQueryError) as refused:
        parse("tasks", GOOD.replace(old, new))
    assert str(refused.value) == f"tasks.sql: {message}"


def test_two_files_of_one_title_are_refused(tmp_path: pathlib.Path) -> None:
    for name in ("one", "two"):
        (tmp_path / f"{name}.sql").write_text(GOOD)
    with pytest.raises(SavedQueryError, match=r"one\.sql: another file has the title 'Tasks per week' too"):
        all_queries(tmp_path)


@pytest.mark.parametrize("query", all_queries(), ids=lambda query: query.name)
def test_every_saved_query_is_trinos_sql(query: SavedQuery) -> None:
    assert syntax_error(query.sql) == ""
    assert unknown_name(query.sql) == ""


def test_a_parameter_takes_the_place_of_its_default() -> None:
    query = parse("tasks", GOOD.replace("-- chart:", "-- parameters: rows=20\n-- chart:") + "\nlimit {{ rows }}")
    assert query.sql.endswith("limit 20")
    assert query.with_values({"rows": 5}).sql.endswith("limit 5")
    with pytest.raises(SavedQueryError, match="no parameter days; it has rows"):
        query.with_values({"days": 5})
    with pytest.raises(SavedQueryError, match="a name and a whole number"):
        parse("tasks", GOOD.replace("-- chart:", "-- parameters: rows='x'\n-- chart:"))
