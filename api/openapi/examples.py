"""One example of each document that goes over the wire."""

from typing import Any

from api.models.task import Task

_MOMENT = "2026-11-24T10:15:00.123456Z"
_LATER = "2026-11-24T16:40:12.000381Z"
TASK_ID = "01KAT9V1ZC8R4W2M5N7P9QSTVX"
_OTHER_ID = "01KAT9V1ZD0A2B3C4D5E6F7G8H"

TASK: dict[str, Any] = {
    **dict.fromkeys(Task.model_fields),
    "id": TASK_ID,
    "title": "Water the plants",
    "description": "The fern needs more than the cactus.",
    "status": "pending",
    "priority": "high",
    "category": "home",
    "labels": ["watering", "indoors"],
    "parent_id": None,
    "recurrence": "FREQ=WEEKLY;BYDAY=TU,FR",
    "due_at": "2026-12-01T08:00:00.000000Z",
    "due_date": "2026-12-01",
    "created_at": _MOMENT,
    "updated_at": _MOMENT,
    "version": 1,
}
_DONE = {
    **TASK,
    "status": "completed",
    "updated_at": _LATER,
    "completed_at": _LATER,
    "next_id": "01KATYD2M4X7Z9B1C3D5F7H9K0",
    "version": 2,
}
_PROFILE = {"email": "ann@example.com", "name": "Ann Example", "time_zone": "Europe/Berlin"}
_USER = {
    "id": "c0ffee00-1234-4abc-8def-0123456789ab",
    "user_id": "c0ffee00-1234-4abc-8def-0123456789ab",
    **_PROFILE,
    "created_at": _MOMENT,
    "updated_at": _MOMENT,
    "version": 1,
}
_GIVEN = ("title", "description", "priority", "category", "labels", "recurrence")
_NEW = {name: TASK[name] for name in _GIVEN} | {"due_at": "2026-12-01T09:00:00+01:00"}
_COMPLETE = {"status": "completed"}

_WEBHOOK = {
    "id": "01KAT9V1ZF3K4M5N6P7Q8R9S0T",
    "url": "https://hooks.example.com/todo?token=abc",
    "event_types": ["task.completed", "task.deleted"],
    "enabled": True,
    "disabled_reason": None,
    "created_at": _MOMENT,
    "updated_at": _MOMENT,
    "version": 1,
}
_SECRET = "whsec_kCkT0w8rhDXxeZbGJXqAlB0ySHBGjY1qEhbJQkLwb9k="  # noqa: S105 - opens nothing
_DELIVERY = {
    "id": "evt_7b1f0d6a4c2e4c1f9d52a8f0b3c6e971",
    "event_type": "task.completed",
    "task_id": TASK_ID,
    "status": "pending",
    "attempts": 2,
    "created_at": _LATER,
    "last_attempt_at": _LATER,
    "next_attempt_at": "2026-11-24T16:40:27.000381Z",
    "response_status": 503,
    "error": "the receiver answered 503",
}
_TEST_DELIVERY = {
    **_DELIVERY,
    "id": "evt_01KAT9V1ZG1A2B3C4D5E6F7G8H",
    "event_type": "webhook.test",
    **dict.fromkeys(("task_id", "last_attempt_at", "next_attempt_at", "response_status", "error")),
    "attempts": 0,
}

# by operation id
REQUESTS: dict[str, Any] = {
    "createTask": _NEW,
    "updateTask": _COMPLETE,
    "patchTask": {**_COMPLETE, "due_date": None},
    "batchTasks": {
        "operations": [
            {"op": "create", "task": {"title": "Buy a fern"}},
            {"op": "update", "id": TASK_ID, "if_match": '"1"', "task": _COMPLETE},
            {"op": "delete", "id": _OTHER_ID},
        ]
    },
    "createUser": _PROFILE,
    "updateUser": {"name": "Ann", "time_zone": "Europe/Berlin"},
    "patchUser": {"name": None},
    "createWebhook": {name: _WEBHOOK[name] for name in ("url", "event_types")},
    "patchWebhook": {"enabled": True},
    "importData": {"lines": [{"type": "task", "task": TASK}]},
}
LINES = '{"type":"profile","profile":{"email":"ann@example.com","name":"Ann Example"}}\n'
ANSWERS: dict[str, Any] = {
    "exportData": LINES,
    "importData": {"imported": 1, "unchanged": 0, "skipped": []},
    "createWebhook": {**_WEBHOOK, "secret": _SECRET},
    "listWebhooks": [_WEBHOOK],
    "getWebhook": {**_WEBHOOK, "enabled": False, "disabled_reason": "no delivery succeeded for 24 hours"},
    "patchWebhook": {**_WEBHOOK, "updated_at": _LATER, "version": 2},
    "rotateWebhookSecret": {**_WEBHOOK, "updated_at": _LATER, "version": 3, "secret": _SECRET},
    "testWebhook": _TEST_DELIVERY,
    "listDeliveries": [_DELIVERY],
    "getHealth": {"status": "ok", "version": "1.1.0", "environment": "prod"},
    "createTask": TASK,
    "listTasks": [TASK],
    "getTask": TASK,
    "updateTask": _DONE,
    "patchTask": {**_DONE, "due_at": None, "due_date": None},
    "restoreTask": {**TASK, "updated_at": _LATER, "version": 3},
    "batchTasks": {
        "results": [
            {"status": 201, "task": {**TASK, "id": "01KAT9V1ZE9J8H7G6F5E4D3C2B", "title": "Buy a fern"}},
            {"status": 200, "task": _DONE},
            {"status": 204, "task": None},
        ]
    },
    "listChanges": {
        "changes": [_DONE, {"id": _OTHER_ID, "deleted": True, "version": 4}],
        "next": "c2lnbmVkOjIwMjYtMTEtMjRUMTY6NDA6MTI",
        "has_more": False,
    },
    "countTasks": {
        "total": 12,
        "open": 6,
        "by_status": {"pending": 5, "in_progress": 1, "completed": 4, "cancelled": 2},
        "by_priority": [
            {"priority": "urgent", "total": 0, "open": 0},
            {"priority": "high", "total": 3, "open": 2},
            {"priority": "medium", "total": 9, "open": 4},
            {"priority": "low", "total": 0, "open": 0},
        ],
        "by_category": [
            {"category": "home", "total": 7, "open": 4},
            {"category": None, "total": 5, "open": 2},
        ],
        "other_categories": {"categories": 0, "total": 0, "open": 0},
    },
    "getUser": _USER,
    "createUser": _USER,
    "updateUser": {**_USER, "name": "Ann", "updated_at": _LATER, "version": 2},
    "patchUser": {**_USER, "name": None, "updated_at": _LATER, "version": 2},
    "getInsights": {
        "as_of": _LATER,
        "time_zone": "Europe/Berlin",
        "total_tasks": 12,
        "open_tasks": 5,
        "completed_tasks": 6,
        "overdue_tasks": 1,
        "completion_rate_pct": 50.0,
        "current_streak_days": 2,
        "longest_streak_days": 4,
        "cycle_time_hours": {"p50": 6.5, "p90": 30.25},
        "by_category": [
            {"category": "home", "total": 7, "completed": 4},
            {"category": None, "total": 5, "completed": 2},
        ],
        "other_categories": {"categories": 0, "total": 0, "completed": 0},
        "by_priority": [{"priority": "high", "total": 12, "completed": 6}],
        "weekly": [{"week": "2026-11-23", "created": 12, "completed": 6}],
    },
}
