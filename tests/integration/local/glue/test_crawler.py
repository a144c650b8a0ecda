"""Crawlers: the catalog afterwards holds what lies in S3, seen with the crawler's own permissions."""

import gzip
import json
from collections.abc import Callable
from typing import Any

import pytest

from tests.conftest import Account, until
from tests.integration.local.conftest import OwnBucket

pytestmark = pytest.mark.account

CATALOG_ACTIONS = ["glue:*Database*", "glue:*Table*", "glue:*Partition*"]


class Lake(OwnBucket):
    """A bucket, a database and a crawler over `s3://<bucket>/cdc/`."""

    @property
    def glue(self) -> Any:
        return self.account.session.client("glue")

    def put(self, key: str, *records: dict[str, Any]) -> None:
        body = "\n".join(json.dumps(record) for record in records).encode()
        self.s3.put_object(Bucket=self.name, Key=key, Body=gzip.compress(body) if key.endswith(".gz") else body)

    def create_crawler(self, **given: Any) -> None:
        defaults = {"Role": self.role_arn, "DatabaseName": self.name}
        targets = {"S3Targets": [{"Path": f"s3://{self.name}/cdc/"}]}
        self.glue.create_crawler(Name=self.name, **{**defaults, "Targets": targets, **given})

    def crawl(self) -> dict[str, Any]:
        """Run the crawler to its end and return LastCrawl."""
        self.glue.start_crawler(Name=self.name)
        return self.last_crawl()

    def last_crawl(self) -> dict[str, Any]:
        def ended() -> dict[str, Any] | None:
            crawler: dict[str, Any] = self.glue.get_crawler(Name=self.name)["Crawler"]
            return crawler["LastCrawl"] if crawler["State"] == "READY" else None

        return until("the crawl to end", ended, 60)

    def columns(self, table: str = "cdc") -> dict[str, str]:
        found = self.glue.get_table(DatabaseName=self.name, Name=table)["Table"]
        return {column["Name"]: column["Type"] for column in found["StorageDescriptor"]["Columns"]}

    def partitions(self) -> dict[tuple[str, ...], str]:
        found = self.glue.get_partitions(DatabaseName=self.name, TableName="cdc")["Partitions"]
        return {tuple(one["Values"]): one["StorageDescriptor"]["Location"] for one in found}


@pytest.fixture
def allowed(unique: str) -> list[dict[str, Any]]:
    """Exactly what a crawler of this bucket and database needs."""
    glue = f"arn:aws:glue:us-east-1:000000000000:{{}}/crawl-{unique}"
    catalog = ["arn:aws:glue:us-east-1:000000000000:catalog", glue.format("database"), glue.format("table") + "/*"]
    return [
        {"Effect": "Allow", "Action": "s3:ListBucket", "Resource": f"arn:aws:s3:::crawl-{unique}"},
        {"Effect": "Allow", "Action": "s3:GetObject", "Resource": f"arn:aws:s3:::crawl-{unique}/cdc/*"},
        {"Effect": "Allow", "Action": CATALOG_ACTIONS, "Resource": catalog},
        {"Effect": "Allow", "Action": "logs:*", "Resource": "arn:aws:logs:*:*:*:/aws-glue/*"},
    ]


@pytest.fixture
def lake(account: Account, unique: str, role: Callable[..., str], allowed: list[dict[str, Any]]) -> Lake:
    made = Lake(account, f"crawl-{unique}", role("glue", *allowed))
    made.s3.create_bucket(Bucket=made.name)
    made.glue.create_database(DatabaseInput={"Name": made.name})
    return made


def test_a_crawl_writes_the_schema_and_the_partitions_that_lie_in_s3(lake: Lake) -> None:
    lake.put("cdc/dt=2026-11-22/hour=23/a.gz", {"id": "a", "version": 1, "image": {"Title": "t", "tags": ["x"]}})
    lake.put("cdc/dt=2026-11-23/hour=00/b.gz", {"id": "b", "version": 2**40, "done": True, "image": None, "cost": 1.5})
    lake.put("cdc/dt=2026-11-23/hour=00/c", {"id": "c", "at": "2026-11-23T10:00:00Z", "image": {"due": "2026-12-01"}})
    lake.put("cdc/_temporary/x.gz", {"unseen": 1})
    lake.create_crawler(TablePrefix="raw_")

    assert lake.crawl()["Status"] == "SUCCEEDED"

    table = lake.glue.get_table(DatabaseName=lake.name, Name="raw_cdc")["Table"]
    assert lake.columns("raw_cdc") == {
        "id": "string",
        "version": "bigint",
        "image": "struct<title:string,tags:array<string>,due:string>",
        "done": "boolean",
        "cost": "double",
        "at": "string",
    }
    assert [(key["Name"], key["Type"]) for key in table["PartitionKeys"]] == [("dt", "string"), ("hour", "string")]
    assert table["StorageDescriptor"]["Location"] == f"s3://{lake.name}/cdc/"
    assert table["Parameters"]["classification"] == "json"
    found = lake.glue.get_partitions(DatabaseName=lake.name, TableName="raw_cdc")["Partitions"]
    assert {(*one["Values"], one["StorageDescriptor"]["Location"]) for one in found} == {
        ("2026-11-22", "23", f"s3://{lake.name}/cdc/dt=2026-11-22/hour=23/"),
        ("2026-11-23", "00", f"s3://{lake.name}/cdc/dt=2026-11-23/hour=00/"),
    }


def test_a_later_crawl_adds_new_columns_and_partitions(lake: Lake) -> None:
    lake.create_crawler()
    lake.put("cdc/dt=1/a", {"id": 1})
    lake.crawl()
    lake.put("cdc/dt=2/b", {"id": "text now", "extra": 0})
    lake.crawl()
    assert lake.columns() == {"id": "string", "extra": "int"}
    assert set(lake.partitions()) == {("1",), ("2",)}


def test_update_behaviour_log_leaves_the_table_but_adds_partitions(lake: Lake) -> None:
    lake.create_crawler(SchemaChangePolicy={"UpdateBehavior": "LOG", "DeleteBehavior": "LOG"})
    lake.put("cdc/dt=1/a", {"id": 1})
    lake.crawl()
    lake.put("cdc/dt=2/b", {"id": 1, "extra": 0})
    lake.crawl()
    assert lake.columns() == {"id": "int"}
    assert set(lake.partitions()) == {("1",), ("2",)}


def test_delete_behaviour_decides_over_what_is_gone_from_s3(lake: Lake) -> None:
    lake.create_crawler(SchemaChangePolicy={"UpdateBehavior": "UPDATE_IN_DATABASE", "DeleteBehavior": "LOG"})
    lake.put("cdc/dt=1/a", {"id": 1})
    lake.put("cdc/dt=2/b", {"id": 1})
    lake.crawl()

    lake.s3.delete_object(Bucket=lake.name, Key="cdc/dt=1/a")
    lake.crawl()
    assert set(lake.partitions()) == {("1",), ("2",)}

    policy = {"UpdateBehavior": "UPDATE_IN_DATABASE", "DeleteBehavior": "DELETE_FROM_DATABASE"}
    lake.glue.update_crawler(Name=lake.name, SchemaChangePolicy=policy)
    lake.crawl()
    assert set(lake.partitions()) == {("2",)}

    lake.s3.delete_object(Bucket=lake.name, Key="cdc/dt=2/b")
    lake.crawl()
    assert lake.glue.get_tables(DatabaseName=lake.name)["TableList"] == []


def test_by_default_the_table_of_vanished_data_is_marked_deprecated(lake: Lake) -> None:
    lake.create_crawler()
    lake.put("cdc/a", {"id": 1})
    lake.crawl()
    lake.s3.delete_object(Bucket=lake.name, Key="cdc/a")
    lake.crawl()
    table = lake.glue.get_table(DatabaseName=lake.name, Name="cdc")["Table"]
    assert "DEPRECATED_BY_CRAWLER" in table["Parameters"]
    assert lake.columns() == {"id": "int"}


def test_excluded_objects_are_not_looked_at(lake: Lake) -> None:
    target = {"Path": f"s3://{lake.name}/cdc", "Exclusions": ["**.{tmp,bak}", "old/*"]}
    lake.create_crawler(Targets={"S3Targets": [target]})
    lake.put("cdc/a", {"kept": 1})
    for key in ("cdc/b.tmp", "cdc/deep/er/c.bak", "cdc/old/d"):
        lake.put(key, {"excluded": 1})
    lake.crawl()
    assert lake.columns() == {"kept": "int"}


def test_two_targets_of_the_same_folder_name_do_not_share_a_table(lake: Lake) -> None:
    lake.put("cdc/one/logs/a", {"one": 1})
    lake.put("cdc/two/logs/b", {"two": 2})
    paths = [{"Path": f"s3://{lake.name}/cdc/{folder}/logs/"} for folder in ("one", "two")]
    lake.create_crawler(Targets={"S3Targets": paths})
    lake.crawl()
    tables = lake.glue.get_tables(DatabaseName=lake.name)["TableList"]
    assert {(t["Name"][:5], t["StorageDescriptor"]["Columns"][0]["Name"]) for t in tables} == {
        ("logs", "one"),
        ("logs_", "two"),
    }


def test_a_crawl_of_a_bucket_that_is_not_there_fails_and_says_so(
    lake: Lake, role: Callable[..., str], allowed: list[dict[str, Any]]
) -> None:
    arn = role("glue", *allowed, {"Effect": "Allow", "Action": "s3:ListBucket", "Resource": "*"})
    lake.create_crawler(Role=arn, Targets={"S3Targets": [{"Path": f"s3://missing-{lake.name}/cdc/"}]})
    last = lake.crawl()
    assert (last["Status"], "NoSuchBucket" in last["ErrorMessage"]) == ("FAILED", True)


@pytest.mark.parametrize("missing", ["s3:ListBucket", "s3:GetObject", "glue"])
def test_a_crawl_may_do_no_more_than_its_role(
    lake: Lake, role: Callable[..., str], allowed: list[dict[str, Any]], missing: str
) -> None:
    arn = role("glue", *(one for one in allowed if not str(one["Action"]).strip("['").startswith(missing)))
    lake.put("cdc/a", {"id": 1})
    lake.create_crawler(Role=arn)
    last = lake.crawl()
    assert (last["Status"], missing in last["ErrorMessage"]) == ("FAILED", True)
    assert "AccessDenied" in last["ErrorMessage"]
    assert lake.glue.get_tables(DatabaseName=lake.name)["TableList"] == []


def test_a_crawl_of_what_is_no_json_fails_and_names_the_object(lake: Lake) -> None:
    lake.s3.put_object(Bucket=lake.name, Key="cdc/picture.gz", Body=gzip.compress(b"no json"))
    lake.create_crawler()
    last = lake.crawl()
    assert (last["Status"], f"s3://{lake.name}/cdc/picture.gz" in last["ErrorMessage"]) == ("FAILED", True)


def test_a_running_crawler_refuses_a_second_start_and_a_stopped_one_leaves_the_catalog_alone(lake: Lake) -> None:
    for number in range(300):
        lake.put(f"cdc/{number}", {"id": number})
    lake.create_crawler()
    lake.glue.start_crawler(Name=lake.name)
    with pytest.raises(lake.glue.exceptions.CrawlerRunningException):
        lake.glue.start_crawler(Name=lake.name)
    lake.glue.stop_crawler(Name=lake.name)
    assert lake.last_crawl()["Status"] == "CANCELLED"
    assert lake.glue.get_tables(DatabaseName=lake.name)["TableList"] == []
    with pytest.raises(lake.glue.exceptions.CrawlerNotRunningException):
        lake.glue.stop_crawler(Name=lake.name)


def test_what_a_crawler_did_is_in_its_log(lake: Lake) -> None:
    lake.put("cdc/a", {"id": 1})
    lake.create_crawler()
    last = lake.crawl()
    events = lake.account.session.client("logs").get_log_events(
        logGroupName=last["LogGroup"], logStreamName=last["LogStream"]
    )["events"]
    assert any(f"s3://{lake.name}/cdc/" in event["message"] for event in events)
