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
    "due_date": "2026-12-01",
    "created_at": _MOMENT,
    "updated_at": _MOMENT,
    "version": 1,
}
_DONE = {**TASK, "status": "completed", "updated_at": _LATER, "completed_at": _LATER, "version": 2}
_PROFILE = {"email": "ann@example.com", "name": "Ann Example"}
_USER = {
    "id": "c0ffee00-1234-4abc-8def-0123456789ab",
    "user_id": "c0ffee00-1234-4abc-8def-0123456789ab",
    **_PROFILE,
    "created_at": _MOMENT,
    "updated_at": _MOMENT,
    "version": 1,
}
_NEW = {name: TASK[name] for name in ("title", "description", "priority", "category", "due_date")}
_COMPLETE = {"status": "completed"}

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
    "updateUser": {"name": "Ann"},
    "patchUser": {"name": None},
}
ANSWERS: dict[str, Any] = {
    "getHealth": {"status": "ok", "version": "1.1.0", "environment": "prod"},
    "createTask": TASK,
    "listTasks": [TASK],
    "getTask": TASK,
    "updateTask": _DONE,
    "patchTask": {**_DONE, "due_date": None},
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
    "getUser": _USER,
    "createUser": _USER,
    "updateUser": {**_USER, "name": "Ann", "updated_at": _LATER, "version": 2},
    "patchUser": {**_USER, "name": None, "updated_at": _LATER, "version": 2},
    "getInsights": {
        "as_of": _LATER,
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
