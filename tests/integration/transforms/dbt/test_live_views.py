"""Live views as a build of the pipeline makes them: on real objects of bronze, with what they read of it."""

import gzip

import pytest

from tests.integration.transforms.dbt.conftest import Warehouse
from tests.integration.transforms.history import History

pytestmark = [pytest.mark.account, pytest.mark.slow]


def test_live_reads_the_folders_that_silver_may_not_have_read_and_no_others(warehouse: Warehouse) -> None:
    history = History()
    history.sign_up("u-1", "ada@example.com", "Ada L.")
    history.create_task("t-1")
    history.complete_task("t-1")
    history.create_task("t-2")
    put(warehouse, "dt=2026-11-24/hour=22", [b"not one of these lines is read"] * 1000)
    put(warehouse, "dt=2026-11-24/hour=23", history.lines[:2])
    put(warehouse, "dt=2026-11-25/hour=00", history.lines[2:])
    warehouse.environment["DBT_BRONZE_UNREAD_SINCE"] = "2026-11-24 23"

    built = warehouse.dbt("run", "--select", "+live_kpis")
    assert built.returncode == 0, built.stdout

    states = "select task_id, status from live_tasks order by task_id"
    before = warehouse.statements()
    assert warehouse.ask(states, warehouse.gold) == [["t-1", "completed"], ["t-2", "pending"]]
    (execution,) = set(warehouse.statements()) - set(before)
    # the tasks and the users each read the lines once; silver is empty
    s3 = warehouse.account.session.client("s3")
    tail = s3.list_objects_v2(Bucket=warehouse.name, Prefix="bronze/", StartAfter="bronze/dt=2026-11-24/hour=23")
    assert 0 < warehouse.scanned([execution]) <= 2 * sum(one["Size"] for one in tail["Contents"])
    # an object is in the figures as soon as it is there: no crawl, no build
    history.create_task("t-3")
    put(warehouse, "dt=2026-11-25/hour=01", history.lines[4:])
    assert ["t-3", "pending"] in warehouse.ask(states, warehouse.gold)
    figures = {row["metric"]: row["value"] for row in warehouse.rows("live_kpis")}
    assert (figures["total_tasks"], figures["completed_tasks"], figures["total_users"]) == (3, 1, 1)


def put(warehouse: Warehouse, folder: str, lines: list[bytes]) -> None:
    body = gzip.compress(b"".join(line.rstrip(b"\n") + b"\n" for line in lines))
    key = f"bronze/{folder}/{len(lines)}-lines.gz"
    warehouse.account.session.client("s3").put_object(Bucket=warehouse.name, Key=key, Body=body)
