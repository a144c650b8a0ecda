"""The catalog calls that query engines make, and the permissions that they need."""

from collections.abc import Callable
from typing import Any

import pytest

from infra.local.account.credentials import role_session
from tests.conftest import Account

pytestmark = pytest.mark.account

ROOT = "arn:aws:glue:us-east-1:000000000000:"


@pytest.fixture
def glue(account: Account) -> Any:
    return account.session.client("glue")


@pytest.fixture
def database(glue: Any, unique: str) -> str:
    glue.create_database(DatabaseInput={"Name": f"db_{unique}"})
    return f"db_{unique}"


def table_input(name: str, *columns: str, keys: dict[str, str] | None = None) -> dict[str, Any]:
    return {
        "Name": name,
        "PartitionKeys": [{"Name": key, "Type": kind} for key, kind in (keys or {}).items()],
        "StorageDescriptor": {"Columns": [{"Name": column, "Type": "string"} for column in columns]},
    }


@pytest.fixture
def days(glue: Any, database: str) -> dict[str, str]:
    """A table with four partitions; the request members that name it."""
    keys = {"dt": "date", "hour": "int", "region": "string"}
    glue.create_table(DatabaseName=database, TableInput=table_input("days", "id", keys=keys))
    values = [
        ("2026-11-22", "9", "eu"),
        ("2026-11-22", "10", "us"),
        ("2026-11-23", "9", "eu"),
        ("2026-11-23", "23", "o'x"),
    ]
    glue.batch_create_partition(
        DatabaseName=database, TableName="days", PartitionInputList=[{"Values": list(one)} for one in values]
    )
    return {"DatabaseName": database, "TableName": "days"}


def found(glue: Any, table: dict[str, str], **given: Any) -> list[tuple[str, ...]]:
    return [tuple(one["Values"]) for one in glue.get_partitions(**table, **given)["Partitions"]]


@pytest.mark.parametrize(
    ("expression", "hours"),
    [
        ("dt = '2026-11-23'", ["9", "23"]),
        ("dt >= '2026-11-22' and dt < '2026-11-23'", ["9", "10"]),
        ("hour > 9", ["10", "23"]),  # as numbers: as text, 10 is less than 9
        ("hour between 9 and 10 and region = 'eu'", ["9", "9"]),
        ("region in ('us', 'o''x')", ["10", "23"]),
        ("(dt = '2026-11-22' and hour = 10) or (dt = '2026-11-23' and hour = 23)", ["10", "23"]),
        ("not region like 'e%'", ["10", "23"]),
        ("dt = '1999-01-01'", []),
    ],
)
def test_an_expression_selects_partitions_by_the_types_of_their_keys(
    glue: Any, days: dict[str, str], expression: str, hours: list[str]
) -> None:
    assert [values[1] for values in found(glue, days, Expression=expression)] == hours


@pytest.mark.parametrize(
    "expression", ["no_such_key = 1", "dt =", "1 = 1; drop table x", "region in (select * from x)"]
)
def test_an_expression_that_is_no_condition_over_the_keys_is_refused(
    glue: Any, days: dict[str, str], expression: str
) -> None:
    with pytest.raises(glue.exceptions.InvalidInputException):
        found(glue, days, Expression=expression)


def test_partitions_are_deleted_in_batches_and_missing_ones_reported(glue: Any, days: dict[str, str]) -> None:
    gone = [{"Values": ["2026-11-22", "9", "eu"]}, {"Values": ["1999-01-01", "0", "eu"]}]
    errors = glue.batch_delete_partition(**days, PartitionsToDelete=gone)["Errors"]
    assert [(one["PartitionValues"][0], one["ErrorDetail"]["ErrorCode"]) for one in errors] == [
        ("1999-01-01", "EntityNotFoundException")
    ]
    assert [values[:2] for values in found(glue, days)] == [
        ("2026-11-22", "10"),
        ("2026-11-23", "9"),
        ("2026-11-23", "23"),
    ]


def test_a_partition_is_updated_in_place(glue: Any, days: dict[str, str]) -> None:
    values = ["2026-11-22", "9", "eu"]
    changed = {"Values": values, "StorageDescriptor": {"Location": "s3://elsewhere/"}}
    glue.update_partition(**days, PartitionValueList=values, PartitionInput=changed)
    partition = glue.get_partition(**days, PartitionValues=values)["Partition"]
    assert partition["StorageDescriptor"]["Location"] == "s3://elsewhere/"
    with pytest.raises(glue.exceptions.EntityNotFoundException):
        glue.update_partition(**days, PartitionValueList=["1999-01-01", "0", "x"], PartitionInput=changed)


def versions(glue: Any, table: dict[str, str]) -> list[tuple[str, list[str]]]:
    """(version, column names) of every version, newest first."""
    return [
        (one["VersionId"], [column["Name"] for column in one["Table"]["StorageDescriptor"]["Columns"]])
        for one in glue.get_table_versions(**table)["TableVersions"]
    ]


def test_replaced_versions_of_a_table_are_kept_until_deleted(glue: Any, database: str) -> None:
    table = {"DatabaseName": database, "TableName": "t"}
    glue.create_table(DatabaseName=database, TableInput=table_input("t", "a"))
    glue.update_table(DatabaseName=database, TableInput=table_input("t", "a", "b"))
    glue.update_table(DatabaseName=database, TableInput=table_input("t", "c"), SkipArchive=True)
    glue.update_table(DatabaseName=database, TableInput=table_input("t", "d"))
    assert versions(glue, table) == [("4", ["d"]), ("3", ["c"]), ("1", ["a"])]
    first = glue.get_table_version(**table, VersionId="1")["TableVersion"]["Table"]
    assert [column["Name"] for column in first["StorageDescriptor"]["Columns"]] == ["a"]

    glue.delete_table_version(**table, VersionId="1")
    with pytest.raises(glue.exceptions.EntityNotFoundException):
        glue.delete_table_version(**table, VersionId="1")
    errors = glue.batch_delete_table_version(**table, VersionIds=["3", "9"])["Errors"]
    assert [one["VersionId"] for one in errors] == ["9"]
    assert versions(glue, table) == [("4", ["d"])]


def test_a_new_table_does_not_inherit_the_versions_of_a_deleted_one(glue: Any, database: str) -> None:
    glue.create_table(DatabaseName=database, TableInput=table_input("t", "a"))
    glue.update_table(DatabaseName=database, TableInput=table_input("t", "b"))
    glue.delete_table(DatabaseName=database, Name="t")
    glue.create_table(DatabaseName=database, TableInput=table_input("t", "c"))
    assert versions(glue, {"DatabaseName": database, "TableName": "t"}) == [("1", ["c"])]


@pytest.fixture
def as_role(role: Callable[..., str]) -> Callable[..., Any]:
    """A Glue client that may do `actions` on the catalog's resources given, and nothing else."""

    def client(actions: str | list[str], *resources: str) -> Any:
        allow = {"Effect": "Allow", "Action": actions, "Resource": [ROOT + resource for resource in resources]}
        return role_session(role("glue", allow), "test").client("glue")

    return client


def test_a_table_needs_permission_for_itself_its_database_and_the_catalog(
    days: dict[str, str], as_role: Callable[..., Any]
) -> None:
    database = days["DatabaseName"]
    required = ["catalog", f"database/{database}", f"table/{database}/days"]
    assert as_role("glue:GetTable", *required).get_table(DatabaseName=database, Name="days")["Table"]["Name"] == "days"
    for left_out in required:
        lacking = as_role("glue:GetTable", *(one for one in required if one != left_out))
        with pytest.raises(lacking.exceptions.ClientError, match="AccessDenied"):
            lacking.get_table(DatabaseName=database, Name="days")


def test_a_database_needs_permission_for_itself_and_the_catalog(database: str, as_role: Callable[..., Any]) -> None:
    allowed = as_role("glue:GetDatabase", "catalog", f"database/{database}")
    assert allowed.get_database(Name=database)["Database"]["Name"] == database
    with pytest.raises(allowed.exceptions.ClientError, match="AccessDenied"):
        allowed.get_database(Name="another")


def test_a_crawler_and_a_job_are_checked_by_their_own_arns(
    glue: Any, database: str, unique: str, role: Callable[..., str], as_role: Callable[..., Any]
) -> None:
    arn = role("glue")
    for name in (f"mine-{unique}", f"other-{unique}"):
        glue.create_crawler(Name=name, Role=arn, DatabaseName=database, Targets={"S3Targets": [{"Path": "s3://x/"}]})
        glue.create_job(Name=name, Role=arn, Command={"Name": "glueetl", "ScriptLocation": "s3://x/y.py"})
    mine = as_role(["glue:GetCrawler", "glue:GetJob"], f"crawler/mine-{unique}", f"job/mine-{unique}")
    assert mine.get_crawler(Name=f"mine-{unique}")["Crawler"]["Role"] == arn
    assert mine.get_job(JobName=f"mine-{unique}")["Job"]["Role"] == arn
    with pytest.raises(mine.exceptions.ClientError, match="AccessDenied"):
        mine.get_crawler(Name=f"other-{unique}")
    with pytest.raises(mine.exceptions.ClientError, match="AccessDenied"):
        mine.get_job(JobName=f"other-{unique}")
