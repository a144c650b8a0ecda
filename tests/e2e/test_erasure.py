"""Silver tells of every item what the table holds, and nothing of a user who has been erased."""

import random
import uuid
from typing import Any

import boto3
import pytest

from tests.conftest import until
from tests.e2e.conftest import Platform, User
from tests.integration.transforms.remains import contents
from transforms.reconcile.check import check
from transforms.silver.erase_user import erase_user

pytestmark = [pytest.mark.account, pytest.mark.deployed, pytest.mark.slow]


def build_silver() -> dict[str, Any]:
    """Run the silver job as the pipeline does; the run."""
    glue = boto3.client("glue")
    run_id = glue.start_job_run(JobName="todo-silver")["JobRunId"]

    def ended() -> Any:
        run = glue.get_job_run(JobName="todo-silver", RunId=run_id)["JobRun"]
        return run if run["JobRunState"] not in ("STARTING", "RUNNING", "STOPPING") else None

    run: dict[str, Any] = until("the silver job to end", ended, 240)
    assert run["JobRunState"] == "SUCCEEDED", run.get("ErrorMessage")
    return run


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
    leaver, other = platform.user(), platform.user()
    chance = random.Random(5)
    live(leaver, chance, secret)
    live(other, chance, kept)
    email = leaver.send("GET", "/users").json()["email"]
    platform.wait_for_bronze()
    build_silver()
    dynamodb = boto3.client("dynamodb")
    found = check(dynamodb, platform.outputs["TableName"])
    assert (found.differences, found.tasks.examples, found.users.examples) == (0, [], [])
    assert found.tasks.table >= 12

    layers = [platform.outputs[f"{layer}Bucket"] for layer in ("Bronze", "Silver", "Gold")]

    def holding(word: str) -> list[str]:
        s3 = boto3.client("s3")
        return [f"{bucket}/{name}" for bucket in layers for name, body in contents(s3, bucket) if word.encode() in body]

    for layer in layers[:2]:
        assert any(name.startswith(layer) for name in holding(secret)), layer
    assert leaver.send("DELETE", "/users").status_code == 204
    erase_user(leaver.id, yes=True, wait=180, as_json=True)
    assert '"pending": 0' in capsys.readouterr().out
    assert [name for word in (secret, email) for name in holding(word)] == []
    assert holding(kept)

    build_silver()
    assert platform.silver(f"select count(*) as n from tasks where user_id = '{leaver.id}'")[0]["n"] == "0"
    assert check(dynamodb, platform.outputs["TableName"]).differences == 0
