"""Nothing remains of erased users, what they write afterwards stays, and deleted tasks leave gold with the next run."""

import boto3
import pytest

from infra.cli.residues import find_names, read_bucket
from tests.e2e.conftest import Platform
from tests.e2e.story.conftest import USER_TABLES, Erasure, SimultaneousStarts, Traffic, run_insights

pytestmark = [pytest.mark.account, pytest.mark.deployed, pytest.mark.slow, pytest.mark.timeout(1800)]

LAYERS = ("BronzeBucket", "SilverBucket", "GoldBucket")


def find_versions_with(platform: Platform, *words: str) -> dict[str, list[str]]:
    """By word, every version of every object of the lake that holds it; all objects are read once."""
    s3 = boto3.client("s3")
    found: dict[str, list[str]] = {word: [] for word in words}
    for bucket in (platform.outputs[layer] for layer in LAYERS):
        for place, body in read_bucket(s3, bucket):
            for word in find_names(place, body, [word.encode() for word in words]):
                found[word.decode()].append(place)
    return found


def test_erased_users_leave_no_trace_and_others_stay(built: Platform, traffic: Traffic, erasure: Erasure) -> None:
    # erasures of other tests' users may be due, too
    assert erasure.due >= {traffic.leaver.id, traffic.returner.id}
    report = erasure.report
    assert (report["erased"], report["pending"], report["gold"]) == (len(erasure.due), 0, "SUCCEEDED")
    assert report["counts"]["query_results"] > 0
    found = find_versions_with(built, traffic.secret, erasure.email, traffic.harmless)
    assert (found[traffic.secret], found[erasure.email]) == ([], [])
    assert found[traffic.harmless]
    for table in USER_TABLES:
        assert built.gold(f"select 1 from {table} where user_id in {traffic.erased_ids}") == [], table


def test_two_starts_at_once_are_one_run(after_deletes: SimultaneousStarts) -> None:
    assert after_deletes.statuses == ["SUCCEEDED", "SUCCEEDED"]
    assert after_deletes.silver_runs == 1


@pytest.mark.usefixtures("after_deletes")
def test_deleted_tasks_leave_gold(built: Platform, traffic: Traffic) -> None:
    metrics = f"select total_tasks from task_analytics_user_metrics where user_id = '{traffic.traveller.id}'"
    assert built.gold(metrics) == [{"total_tasks": "2"}]
    assert built.kpis()["total_tasks"] == built.table().total


@pytest.mark.usefixtures("after_deletes")
def test_an_erased_user_who_writes_again_has_only_the_new_task(
    built: Platform, traffic: Traffic, erasure: Erasure
) -> None:
    only = [{"task_id": erasure.new_task["id"]}]
    assert built.silver(f"select task_id from tasks where user_id in {traffic.erased_ids}") == only
    assert built.gold(f"select task_id from fct_task_events where user_id in {traffic.erased_ids}") == only
    assert find_versions_with(built, traffic.secret, erasure.email) == {traffic.secret: [], erasure.email: []}
    assert run_insights(built.account, "reconcile")["differences"] == 0
