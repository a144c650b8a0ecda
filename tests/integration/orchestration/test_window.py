"""ResolveWindow's modules on real services: the run lock, new objects of bronze, what a plan leaves out."""

import concurrent.futures
import json
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from ingestion.bronze_objects import BronzeObject, Manifest, list_objects
from orchestration import run_lock
from orchestration.publish.table import save_watermark
from orchestration.publish_progress import Progress
from orchestration.window import new_objects, watermark
from orchestration.window.plan import STAGES, Sources, plan
from orchestration.window.request import Request
from tests.conftest import Account, until
from tests.integration.conftest import RoleFactory

pytestmark = pytest.mark.account

NOW = datetime.now(UTC)
HOURS_AGO = [(NOW - timedelta(hours=hours)).strftime("dt=%Y-%m-%d/hour=%H") for hours in range(2)]


@pytest.fixture
def sources(account: Account, unique: str, role: RoleFactory) -> Iterator[Sources]:
    """A bronze, a table and a crawler of a test's own."""
    name, session = f"window-{unique}", account.session
    session.client("s3").create_bucket(Bucket=name)
    session.client("glue").create_database(DatabaseInput={"Name": name})
    session.client("glue").create_crawler(
        Name=name, Role=role("glue"), DatabaseName=name, Targets={"S3Targets": [{"Path": f"s3://{name}/cdc/"}]}
    )
    table = session.client("dynamodb")
    table.create_table(
        TableName=name,
        KeySchema=[{"AttributeName": "PK", "KeyType": "HASH"}, {"AttributeName": "SK", "KeyType": "RANGE"}],
        AttributeDefinitions=[
            {"AttributeName": "PK", "AttributeType": "S"},
            {"AttributeName": "SK", "AttributeType": "S"},
        ],
        BillingMode="PAY_PER_REQUEST",
    )
    yield Sources(session.client("s3"), session.client("glue"), table, name, name, name, name, name)
    table.delete_table(TableName=name)


def delivered(sources: Sources, *keys: str) -> None:
    for key in keys:
        sources.s3.put_object(Bucket=sources.bronze, Key=key, Body=b"{}\n")


def published(account: Account, sources: Sources, made: dict[str, Any]) -> None:
    save_watermark(account.session.resource("dynamodb").Table(sources.table_name), made["watermark"])


def paths(sources: Sources, made: dict[str, Any]) -> dict[str, list[str]]:
    """The keys that the manifest of a plan names."""
    manifest = Manifest.read(sources.s3, made["silver_arguments"]["--objects"])
    bucket = f"s3://{sources.bronze}/"
    return {folder: [uri.removeprefix(bucket) for uri in uris] for folder, uris in manifest.paths.items()}


def test_the_first_run_does_everything_and_the_next_one_nothing(account: Account, sources: Sources) -> None:
    delivered(sources, f"cdc/{HOURS_AGO[1]}/a", f"logs/{HOURS_AGO[1]}/b")
    first = plan(sources, Request(), "run-1", NOW)
    assert (first["objects"], first["left_out"]) == (2, [])
    published(account, sources, first)

    again = plan(sources, Request(), "run-2", NOW)
    assert (again["objects"], again["left_out"]) == (0, list(STAGES))

    delivered(sources, f"cdc/{HOURS_AGO[1]}/c")
    assert paths(sources, plan(sources, Request(), "run-3", NOW)) == {"cdc": [f"cdc/{HOURS_AGO[1]}/c"], "logs": []}


def test_what_comes_to_an_old_folder_is_found_by_the_first_run_of_the_next_day(
    account: Account, sources: Sources
) -> None:
    old = "cdc/dt=2026-01-01/hour=10"
    delivered(sources, f"{old}/a", f"cdc/{HOURS_AGO[1]}/a")
    published(account, sources, plan(sources, Request(), "run-1", NOW))
    delivered(sources, f"{old}/restored", f"cdc/{HOURS_AGO[0]}/b")
    today = plan(sources, Request(), "run-2", NOW)
    assert (paths(sources, today)["cdc"], today["late_objects"]) == ([f"cdc/{HOURS_AGO[0]}/b"], 0)
    published(account, sources, today)

    tomorrow = plan(sources, Request(), "run-3", NOW + timedelta(days=1))
    assert f"{old}/restored" in paths(sources, tomorrow)["cdc"]
    assert tomorrow["late_objects"] >= 1
    published(account, sources, tomorrow)
    assert plan(sources, Request(), "run-4", NOW + timedelta(days=1))["late_objects"] == 0


def test_request_logs_alone_are_merged_once_an_hour_and_only_their_models_are_built(
    account: Account, sources: Sources
) -> None:
    delivered(sources, f"cdc/{HOURS_AGO[1]}/a")
    published(account, sources, plan(sources, Request(), "run-1", NOW))
    delivered(sources, f"logs/{HOURS_AGO[0]}/b")
    soon = plan(sources, Request(), "run-2", NOW)
    assert (soon["objects"], soon["left_out"]) == (1, list(STAGES))

    hour = NOW + timedelta(hours=1)
    if hour.date() == NOW.date():
        later = plan(sources, Request(), "run-3", hour)
        assert (later["left_out"], later["select"]) == (["CrawlBronze"], "source:silver.api_requests+")
        assert paths(sources, later) == {"cdc": [], "logs": [f"logs/{HOURS_AGO[0]}/b"]}
        # it has not built all of gold
        assert later["watermark"]["built_at"] == NOW.isoformat()
    # tomorrow's first run is a whole one
    assert plan(sources, Request(), "run-4", NOW + timedelta(days=1))["select"] == ""
    delivered(sources, f"cdc/{HOURS_AGO[0]}/c")
    assert plan(sources, Request(), "run-5", NOW)["select"] == ""


def test_rows_that_could_not_be_published_are_tried_again_although_nothing_is_new(
    account: Account, sources: Sources
) -> None:
    delivered(sources, f"cdc/{HOURS_AGO[1]}/a")
    published(account, sources, plan(sources, Request(), "run-1", NOW))
    Progress("2026-11-24 23:00:00.123", "user-2", ["user-1"]).save(sources.s3, sources.gold)
    assert plan(sources, Request(), "run-2", NOW)["left_out"] == ["CrawlBronze", "BuildSilver", "BuildGold"]

    # objects that wait for their hour are not taken for read
    delivered(sources, f"logs/{HOURS_AGO[0]}/b")
    planned = plan(sources, Request(), "run-3", NOW)
    assert (planned["left_out"], planned["watermark"]) == (["CrawlBronze", "BuildSilver", "BuildGold"], None)

    Progress("2026-11-24 23:00:00.123", "user-2").save(sources.s3, sources.gold)
    assert plan(sources, Request(), "run-4", NOW)["left_out"] == list(STAGES)


def test_a_full_refresh_names_old_days_as_folders(sources: Sources) -> None:
    delivered(sources, "cdc/dt=2026-01-01/hour=10/a", "cdc/dt=2026-01-01/hour=11/b", f"cdc/{HOURS_AGO[0]}/c")
    made = plan(sources, Request.read({"full_refresh": True}), "run-1", NOW)
    assert paths(sources, made)["cdc"] == ["cdc/dt=2026-01-01/", f"cdc/{HOURS_AGO[0]}/c"]
    assert made["silver_arguments"]["--full-refresh"] == "true"
    assert made["refresh_gold"]


def test_a_rebuilt_table_of_silver_which_may_lack_rows_is_followed_by_all_of_gold(sources: Sources) -> None:
    delivered(sources, f"cdc/{HOURS_AGO[0]}/a")
    assert not plan(sources, Request(), "run-1", NOW)["refresh_gold"]
    made = plan(sources, Request.read({"rebuild": ["users"]}), "run-2", NOW)
    assert (made["silver_arguments"]["--rebuild"], made["refresh_gold"]) == ("users", True)


def test_figures_of_yesterday_are_built_anew_although_nothing_has_come(account: Account, sources: Sources) -> None:
    delivered(sources, f"cdc/{HOURS_AGO[1]}/a")
    published(account, sources, plan(sources, Request(), "run-1", NOW - timedelta(days=1)))
    assert plan(sources, Request(), "run-2", NOW)["left_out"] == ["CrawlBronze"]


def test_gold_alone_is_built_although_nothing_has_come_and_what_has_is_left_to_the_next_run(
    account: Account, sources: Sources
) -> None:
    published(account, sources, plan(sources, Request(), "run-1", NOW))
    delivered(sources, f"cdc/{HOURS_AGO[1]}/a")
    made = plan(sources, Request.read({"gold_only": True}), "run-2", NOW)
    assert (made["objects"], made["left_out"], made["watermark"]) == (0, ["CrawlBronze", "BuildSilver"], None)
    assert plan(sources, Request(), "run-3", NOW)["objects"] == 1


def test_models_that_are_named_are_built_although_nothing_has_come(account: Account, sources: Sources) -> None:
    published(account, sources, plan(sources, Request(), "run-1", NOW))
    made = plan(sources, Request.read({"select": "fct_tasks+"}), "run-2", NOW)
    assert (made["objects"], made["left_out"], made["watermark"]) == (0, ["CrawlBronze", "BuildSilver"], None)
    assert made["select"] == "fct_tasks+"


def test_a_window_of_its_own_counts_its_hours_and_moves_no_mark(sources: Sources) -> None:
    delivered(sources, *(f"cdc/dt=2026-11-23/hour={hour:02}/x" for hour in (9, 10, 11)), "cdc/dt=2026-11-24/hour=00/x")
    request = Request.read({"from": "2026-11-23T10:30Z", "to": "2026-11-24"})
    made = plan(sources, request, "run-1", NOW)
    assert (made["objects"], made["watermark"]) == (2, None)
    assert paths(sources, made)["cdc"] == [f"cdc/dt=2026-11-23/hour={hour}/x" for hour in (10, 11)]
    assert made["silver_arguments"] == {
        "--objects": f"s3://{sources.artifacts}/glue/runs/run-1/objects.json",
        "--reject-threshold": "0.01",
        "--report": f"s3://{sources.artifacts}/glue/runs/run-1/silver.json",
    }
    empty = plan(sources, Request.read({"from": "2001-01-01", "to": "2001-01-02"}), "run-2", NOW)
    assert (empty["objects"], empty["left_out"]) == (0, list(STAGES))


def is_crawled(
    sources: Sources, found: list[BronzeObject], least_interval: timedelta = timedelta(), now: datetime = NOW
) -> bool:
    return new_objects.needs_crawl(sources.glue, sources.crawler, found, least_interval, now)


def test_a_known_partition_needs_no_crawl(sources: Sources) -> None:
    delivered(sources, "cdc/dt=2026-11-23/hour=10/a")
    found = list(list_objects(sources.s3, f"s3://{sources.bronze}/"))
    assert is_crawled(sources, found)
    storage = {"Columns": [{"Name": "a", "Type": "string"}], "Location": f"s3://{sources.bronze}/cdc/"}
    keys = [{"Name": name, "Type": "string"} for name in ("dt", "hour")]
    sources.glue.create_table(
        DatabaseName=sources.bronze,
        TableInput={"Name": "cdc", "StorageDescriptor": storage, "PartitionKeys": keys},  # type: ignore[typeddict-item]
    )
    sources.glue.create_partition(
        DatabaseName=sources.bronze,
        TableName="cdc",
        PartitionInput={"Values": ["2026-11-23", "10"], "StorageDescriptor": storage},  # type: ignore[typeddict-item]
    )
    assert not is_crawled(sources, found)


def test_a_crawl_waits_until_its_interval_is_over(sources: Sources, role: RoleFactory) -> None:
    def crawl() -> None:
        sources.glue.start_crawler(Name=sources.crawler)
        until("the crawl", lambda: sources.glue.get_crawler(Name=sources.crawler)["Crawler"]["State"] == "READY")

    day = timedelta(hours=24)
    delivered(sources, "cdc/dt=2026-11-23/hour=10/a")
    found = list(list_objects(sources.s3, f"s3://{sources.bronze}/"))
    assert is_crawled(sources, found, day)
    crawl()  # its role may not
    assert is_crawled(sources, found, day, datetime.now(UTC)), "a crawl that failed does not count"

    everything = {"Effect": "Allow", "Action": ["glue:*", "s3:*"], "Resource": "*"}
    sources.glue.update_crawler(Name=sources.crawler, Role=role("glue", everything))
    crawl()
    delivered(sources, "cdc/dt=2026-11-23/hour=11/b")
    found = list(list_objects(sources.s3, f"s3://{sources.bronze}/"))
    now = datetime.now(UTC)
    assert not is_crawled(sources, found, day, now + timedelta(hours=23))
    assert is_crawled(sources, found, day, now + day)
    assert is_crawled(sources, found, timedelta(), now)


def test_of_many_that_start_at_once_one_holds_the_lock(account: Account, sources: Sources) -> None:
    machines = account.session.client("stepfunctions")
    names = [f"arn:aws:states:us-east-1:000000000000:execution:none:{number}" for number in range(16)]

    def acquire(execution: str) -> str:
        return run_lock.acquire(sources.table, sources.table_name, machines, execution, NOW)

    with concurrent.futures.ThreadPoolExecutor(16) as pool:
        holders = set(pool.map(acquire, names))

    assert len(holders) == 1
    assert holders < set(names)
    assert acquire(next(iter(holders))) in holders


def test_the_lock_of_one_that_has_ended_is_free(
    account: Account, sources: Sources, unique: str, role: RoleFactory
) -> None:
    machines = account.session.client("stepfunctions")
    waits = {"StartAt": "Wait", "States": {"Wait": {"Type": "Wait", "Seconds": 60, "End": True}}}
    machine = machines.create_state_machine(name=unique, definition=json.dumps(waits), roleArn=role("states"))
    first = machines.start_execution(stateMachineArn=machine["stateMachineArn"])["executionArn"]

    def acquire(execution: str, now: datetime = NOW) -> str:
        return run_lock.acquire(sources.table, sources.table_name, machines, execution, now)

    assert acquire(first) == first
    assert acquire("second") == first
    machines.stop_execution(executionArn=first)
    assert acquire("second") == "second"
    # nobody knows the second: it may have begun just now, but not minutes ago
    assert acquire("third") == "second"
    assert acquire("third", NOW + timedelta(minutes=6)) == "third"


def test_maintenance_holds_the_lock_on_a_lease_and_comes_before_executions_that_follow_each_other(
    account: Account, sources: Sources
) -> None:
    machines = account.session.client("stepfunctions")

    def acquire(execution: str) -> str:
        return run_lock.acquire(sources.table, sources.table_name, machines, execution, datetime.now(UTC))

    def lease(holder: str, seconds: float) -> run_lock.Lease:
        return run_lock.Lease(sources.table, sources.table_name, machines, holder, time.monotonic() + seconds)

    with lease("maintenance jr_1", 60).held():
        assert acquire("first") == "maintenance jr_1"
        with pytest.raises(TimeoutError, match="held by maintenance jr_1"), lease("maintenance jr_2", 0).held():
            pass
    assert acquire("first") == "first"
    # it waits for the first one; the second, which comes later, lets it go first
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        queued = pool.submit(hold, lease("maintenance jr_3", 60))
        until("maintenance to ask for the lock", lambda: is_requested(sources))
        assert acquire("second") == "first"
        delete_lock(sources)
        assert acquire("second") == "maintenance jr_3"
        queued.result(30)
    assert acquire("second") == "second"


def is_requested(sources: Sources) -> bool:
    return "Item" in sources.table.get_item(TableName=sources.table_name, Key=run_lock.REQUEST_KEY)


def hold(lease: run_lock.Lease) -> None:
    with lease.held():
        pass


def delete_lock(sources: Sources) -> None:
    """Let the lock look as if its holder had ended: nobody has known it for minutes."""
    sources.table.update_item(
        TableName=sources.table_name,
        Key=run_lock.KEY,
        UpdateExpression="SET acquired_at = :then",
        ExpressionAttributeValues={":then": {"S": (datetime.now(UTC) - timedelta(minutes=6)).isoformat()}},
    )


def test_an_older_run_that_is_redriven_does_not_move_the_watermark_back(account: Account, sources: Sources) -> None:
    delivered(sources, f"cdc/{HOURS_AGO[1]}/a")
    older = plan(sources, Request(), "run-1", NOW - timedelta(hours=1))
    delivered(sources, f"cdc/{HOURS_AGO[1]}/b")
    published(account, sources, plan(sources, Request(), "run-2", NOW))
    published(account, sources, older)
    assert plan(sources, Request(), "run-3", NOW)["objects"] == 0


def test_no_mark_is_read_as_none(sources: Sources) -> None:
    assert watermark.read(sources.table, sources.table_name) is None
