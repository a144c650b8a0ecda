"""Silver tells of every item what the table holds, and nothing of a user who has been erased."""

import json
import random
import uuid

import boto3
import pytest

from tests.e2e.conftest import Platform, User
from tests.integration.transforms.remains import contents
from transforms.reconcile.check import check
from transforms.silver.erase_user import erase_user
from transforms.silver.erasures import Erasures

pytestmark = [pytest.mark.account, pytest.mark.deployed, pytest.mark.slow, pytest.mark.timeout(1200)]


def live(user: User, chance: random.Random, words: str) -> None:
    """Random traffic of one user."""
    tasks = [user.create(title=f"{words} {number}", description=f"About {words}") for number in range(6)]
    for _ in range(12):
        task = chance.choice(tasks)
        match chance.randrange(4):
            case 0:
                user.send("PUT", f"/tasks/{task['id']}", {"status": chance.choice(["completed", "in_progress"])})
            case 1:
                user.send("DELETE", f"/tasks/{task['id']}")
            case 2:
                user.send("POST", f"/tasks/{task['id']}/restore")
            case _:
                user.send("PATCH", f"/tasks/{task['id']}", {"category": chance.choice([None, "home", "work"])})


def test_silver_equals_the_table_and_an_erased_user_leaves_no_trace(
    platform: Platform, capsys: pytest.CaptureFixture[str]
) -> None:
    secret, kept = f"Xylophone {uuid.uuid4().hex[:8]}", f"Bassoon {uuid.uuid4().hex[:8]}"
    leaver, returner, other = platform.user(), platform.user(), platform.user()
    chance = random.Random(5)
    for user, words in ((leaver, secret), (returner, secret), (other, kept)):
        live(user, chance, words)
    email = leaver.send("GET", "/users").json()["email"]
    platform.wait_for_bronze()
    platform.build_gold()
    dynamodb = boto3.client("dynamodb")
    found = check(dynamodb, platform.outputs["TableName"])
    assert (found.differences, found.tasks.examples, found.users.examples) == (0, [], [])
    assert found.tasks.table >= 12

    layers = [platform.outputs[f"{layer}Bucket"] for layer in ("Bronze", "Silver", "Gold")]

    def holding(word: str) -> list[str]:
        s3 = boto3.client("s3")
        return [f"{bucket}/{name}" for bucket in layers for name, body in contents(s3, bucket) if word.encode() in body]

    def in_gold() -> dict[str, int]:
        """How many rows of each table of gold with users are those of the two."""
        return {
            table: len(platform.gold(f"select 1 from {table} where user_id in ('{leaver.id}', '{returner.id}')"))
            for table in ("dim_users", "fct_tasks", "fct_task_events", "fct_daily_activity", "user_insights")
        }

    assert all(in_gold().values())
    # a result of somebody's query holds the titles, too
    assert len(platform.silver(f"select title from tasks where user_id = '{leaver.id}'")) == 6
    for layer in layers:
        assert any(name.startswith(layer) for name in holding(secret)), layer
    for user in (leaver, returner):
        assert user.send("DELETE", "/users").status_code == 204
    again = returner.create(title="A new beginning")
    # users of other tests may be waiting, too
    due = {erasure.user_id for erasure in Erasures(dynamodb, platform.outputs["TableName"]).due()}
    assert due >= {leaver.id, returner.id}
    erase_user(leaver.id, yes=True, wait=180, as_json=True)
    told = json.loads(capsys.readouterr().out)
    assert (told["erased"], told["pending"], told["gold"]) == (len(due), 0, "SUCCEEDED")
    assert told["counts"]["query_results"] > 0
    assert [name for word in (secret, email) for name in holding(word)] == []
    assert holding(kept)
    assert set(in_gold().values()) == {0}

    platform.wait_for_bronze()
    platform.build_gold()
    ids = f"('{leaver.id}', '{returner.id}')"
    assert platform.silver(f"select task_id from tasks where user_id in {ids}") == [{"task_id": again["id"]}]
    assert platform.gold(f"select task_id from fct_task_events where user_id in {ids}") == [{"task_id": again["id"]}]
    assert [name for word in (secret, email) for name in holding(word)] == []
    assert check(dynamodb, platform.outputs["TableName"]).differences == 0
