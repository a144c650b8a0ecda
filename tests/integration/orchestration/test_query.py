"""`insights query` on Athena: a table for people, CSV and JSON for pipes, Athena's words for errors."""

import csv
import io
import json
from collections.abc import Iterator

import pytest
import typer
from typer.testing import CliRunner

from infra.cli import athena
from infra.cli.query import query
from tests.conftest import Account

pytestmark = pytest.mark.account

ROWS = "select * from (values (1, 'one, two'), (2, null)) as t (number, words) order by number"
app = typer.Typer()
app.command()(query)
runner = CliRunner()


@pytest.fixture(autouse=True)
def workgroup(account: Account, unique: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A workgroup of the test's own in the place of the project's."""
    name = f"query-{unique}"
    account.session.client("s3").create_bucket(Bucket=name)
    client = account.session.client("athena")
    client.create_work_group(
        Name=name, Configuration={"ResultConfiguration": {"OutputLocation": f"s3://{name}/results/"}}
    )
    monkeypatch.setattr(athena, "WORKGROUP", name)
    yield
    client.delete_work_group(WorkGroup=name, RecursiveDeleteOption=True)


def test_people_get_a_table_and_what_it_cost() -> None:
    result = runner.invoke(app, [ROWS])
    assert result.exit_code == 0
    cells = [[cell.strip() for cell in line.strip("│┃").split("│")] for line in result.stdout.splitlines()]
    assert ["1", "one, two"] in cells
    assert ["2", "null"] in cells
    assert result.stdout.splitlines()[-1].startswith("2 rows, 0 bytes scanned, ")


def test_csv_is_csv_and_nothing_else() -> None:
    result = runner.invoke(app, [ROWS, "--csv"])
    assert list(csv.reader(io.StringIO(result.stdout))) == [["number", "words"], ["1", "one, two"], ["2", ""]]


def test_json_is_one_object_per_line() -> None:
    result = runner.invoke(app, [ROWS, "--json"])
    assert [json.loads(line) for line in result.stdout.splitlines()] == [
        {"number": 1, "words": "one, two"},
        {"number": 2, "words": None},
    ]


def test_json_keeps_the_types_that_json_has() -> None:
    result = runner.invoke(
        app, ["select 1.5e0 as d, true as b, decimal '1.50' as c, nan() as n, date '2026-01-02' as e", "--json"]
    )
    assert json.loads(result.stdout) == {"d": 1.5, "b": True, "c": "1.50", "n": "NaN", "e": "2026-01-02"}


def test_what_changes_something_needs_a_word(account: Account, unique: str) -> None:
    database = f"query_{unique}"
    account.session.client("glue").create_database(DatabaseInput={"Name": database})
    create = [f"create view {database}.one as select 1 as a", "--database", database]

    refused = runner.invoke(app, create)

    assert refused.exit_code == 1
    assert "--write" in refused.stderr
    tables = account.session.client("glue").get_tables
    assert tables(DatabaseName=database)["TableList"] == []
    assert runner.invoke(app, [*create, "--write"]).exit_code == 0
    assert [table["Name"] for table in tables(DatabaseName=database)["TableList"]] == ["one"]


@pytest.mark.parametrize(
    ("sql", "message"),
    [("select nope from (values 1) as t (n)", "nope"), ("select * from no_such_table", "no_such_table")],
)
def test_an_error_is_what_athena_says(sql: str, message: str) -> None:
    result = runner.invoke(app, [sql])
    assert result.exit_code == 1
    assert result.stdout == ""
    assert result.stderr.startswith("error: ")
    assert message in result.stderr


def test_two_formats_at_once_are_a_usage_error() -> None:
    assert runner.invoke(app, [ROWS, "--csv", "--json"]).exit_code == 2


def test_a_saved_query_is_found_by_words_of_its_title(account: Account) -> None:
    client, workgroup = account.session.client("athena"), athena.WORKGROUP
    for title, sql in {"Key figures": "select 1 as one", "Key figures per week": "select 2 as two"}.items():
        client.create_named_query(Name=title, Database="default", QueryString=sql, WorkGroup=workgroup)

    assert runner.invoke(app, ["--saved", "key figures", "--csv"]).stdout == "one\n1\n"
    assert runner.invoke(app, ["--saved", "PER WEEK", "--csv"]).stdout == "two\n2\n"
    for title, message in {"Key": "2 saved queries are called 'Key'", "streaks": "no saved queries are called"}.items():
        refused = runner.invoke(app, ["--saved", title])
        assert refused.exit_code == 1
        assert message in refused.output
        assert "  Key figures per week" in refused.output


@pytest.mark.parametrize("words", [[], ["select 1", "--saved", "Key figures"]])
def test_a_question_is_a_statement_or_a_saved_one(words: list[str]) -> None:
    refused = runner.invoke(app, words)
    assert refused.exit_code == 2
    assert "either a statement or --saved" in refused.output
