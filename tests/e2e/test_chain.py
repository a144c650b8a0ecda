"""One REST write ends in a gold table: through the deployed stacks, with real tokens, jobs and builds."""

import pytest
import requests

from tests.e2e.conftest import Platform

pytestmark = [pytest.mark.account, pytest.mark.deployed, pytest.mark.slow]


def test_health_is_public_and_tasks_are_not(platform: Platform) -> None:
    endpoint = platform.outputs["ApiEndpoint"]
    assert requests.get(f"{endpoint}/health", timeout=30).status_code == 200
    for headers in ({}, {"Authorization": "Bearer nonsense"}):
        assert requests.get(f"{endpoint}/api/v1/tasks", headers=headers, timeout=30).status_code == 401


def test_a_task_lives_and_is_nobody_elses(platform: Platform) -> None:
    owner, stranger = platform.user(), platform.user()
    task = owner.create(title="Water the plants", priority="high", category="home", due_date="2026-12-01")
    path = f"/tasks/{task['id']}"
    assert owner.send("GET", path).json() == task
    assert owner.send("PUT", path, {"status": "completed"}).json()["version"] == 2
    for method, body in (("GET", None), ("PUT", {"title": "mine now"}), ("DELETE", None)):
        assert stranger.send(method, path, body).status_code == 404
    assert stranger.send("GET", "/tasks").json() == []
    assert owner.send("DELETE", path).status_code == 204
    assert owner.send("GET", path).status_code == 404


def test_a_retried_create_makes_one_task(platform: Platform) -> None:
    user = platform.user()
    first = user.send("POST", "/tasks", {"title": "Once"}, key="the-same-key")
    again = user.send("POST", "/tasks", {"title": "Once"}, key="the-same-key")
    assert (first.status_code, again.status_code) == (201, 201)
    assert again.json() == first.json()
    assert again.headers["Idempotency-Replayed"] == "true"
    assert len(user.send("GET", "/tasks").json()) == 1


def test_changes_reach_gold_over_a_restart_and_deletes_leave_it(platform: Platform) -> None:
    """The whole chain twice: first with the account stopped in the middle of traffic, then after a delete."""
    user = platform.user()
    kept = user.create(title="Kept", category="travel")
    done = user.create(title="Done", category="travel")
    user.send("PUT", f"/tasks/{done['id']}", {"status": "in_progress"})
    user.send("PUT", f"/tasks/{done['id']}", {"status": "completed"})
    last = user.create(title="Written just before the stop", category="travel")
    platform.account.stop()
    platform.account.start()
    user.create(title="Written after the start", category="travel")

    platform.wait_for_bronze()
    platform.build_gold()
    table, kpis = platform.table(), platform.kpis()
    assert (kpis["total_tasks"], kpis["completed_tasks"], kpis["total_users"]) == (
        table.total,
        table.completed,
        table.users,
    )
    mine = f"select * from task_analytics_user_metrics where user_id = '{user.id}'"
    assert platform.gold(mine)[0]["total_tasks"] == "4"
    titles = platform.silver(f"select title from tasks where user_id = '{user.id}' order by task_id")
    assert [row["title"] for row in titles] == [
        "Kept",
        "Done",
        "Written just before the stop",
        "Written after the start",
    ]
    events = platform.silver(f"select event_type from task_events where task_id = '{done['id']}' order by version")
    assert [row["event_type"] for row in events] == ["created", "updated", "completed"]
    profile = platform.gold(f"select email, name from user_analytics where user_id = '{user.id}'")[0]
    assert "@example.com" in str(profile["email"])
    assert "*" in str(profile["email"])
    assert profile["name"] != "Some One"

    assert user.send("DELETE", f"/tasks/{kept['id']}").status_code == 204
    assert user.send("DELETE", f"/tasks/{last['id']}").status_code == 204
    platform.wait_for_bronze()
    platform.build_gold()
    assert platform.gold(mine)[0]["total_tasks"] == "2"
    assert platform.kpis()["total_tasks"] == kpis["total_tasks"] - 2 == platform.table().total
