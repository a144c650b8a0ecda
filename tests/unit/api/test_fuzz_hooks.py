"""What the fuzzer checks of its own: it finds what breaks a rule, and takes nothing else for it."""

import json
from types import SimpleNamespace

import pytest

from tests.fuzz.hooks import DeletedUntilRestored, UndocumentedMethods

TASK = "https://api.example.com/prod/api/v1/tasks/01M88V1MFY3W7SMCVH8HEE5AFN"


BATCH = TASK.rpartition("/")[0] + "/batch"


def check_responses(*answers: tuple[str, str, int], restored: str = TASK) -> None:
    """Hold answers to requests against the check, one after the other; a batch restores one task."""
    check = DeletedUntilRestored()
    body = json.dumps({"operations": [{"op": "restore", "id": restored.rpartition("/")[2]}]})
    for method, url, status in answers:
        request = SimpleNamespace(method=method, url=url, body=body.encode())
        check.after_response(None, SimpleNamespace(request=request, status_code=status), None)


@pytest.mark.parametrize("method", ["GET", "PUT", "PATCH"])
def test_a_deleted_task_that_is_answered_for_is_found(method: str) -> None:
    with pytest.raises(AssertionError, match="is deleted"):
        check_responses(("DELETE", TASK, 204), (method, f"{TASK}?fields=all", 200))
    with pytest.raises(AssertionError, match="is deleted"):
        check_responses(("DELETE", TASK, 204), ("POST", f"{TASK}/restore", 409), (method, TASK, 200))
    with pytest.raises(AssertionError, match="is deleted"):
        check_responses(("DELETE", TASK, 204), ("POST", BATCH, 409), (method, TASK, 200))
    with pytest.raises(AssertionError, match="is deleted"):
        check_responses(("DELETE", TASK, 204), ("POST", BATCH, 200), (method, TASK, 200), restored="another")


@pytest.mark.parametrize(
    "answers",
    [
        [("DELETE", TASK, 204), ("GET", TASK, 404)],
        [("DELETE", TASK, 204), ("DELETE", TASK, 204)],
        [("DELETE", TASK, 412), ("GET", TASK, 200)],
        [("DELETE", TASK, 204), ("POST", f"{TASK}/restore", 200), ("GET", TASK, 200)],
        [("DELETE", TASK, 204), ("POST", BATCH, 200), ("GET", TASK, 200)],
        [("DELETE", TASK, 204), ("GET", TASK.replace("01M8", "01M9"), 200)],
        [("DELETE", TASK, 204), ("GET", TASK.rpartition("/")[0], 200)],
    ],
)
def test_what_is_right_is_let_be(answers: list[tuple[str, str, int]]) -> None:
    check_responses(*answers)


def check_method(method: str, path: str, status: int, body: dict[str, str]) -> None:
    """Hold one answer to a method against the check."""
    response = SimpleNamespace(request=SimpleNamespace(method=method), status_code=status, json=lambda: body)
    UndocumentedMethods().after_response(None, response, SimpleNamespace(operation=SimpleNamespace(path=path)))


GATEWAYS, OURS = {"message": "Not Found"}, {"title": "Not Found"}


@pytest.mark.parametrize(
    ("method", "path", "status", "body"),
    [
        ("PUT", "/api/v1/insights", 200, {}),
        ("PUT", "/api/v1/insights", 404, GATEWAYS),
        ("TRACE", "/api/v1/insights", 404, OURS),
        ("POST", "/health", 200, {}),
    ],
)
def test_an_undocumented_method_that_is_answered_otherwise_is_found(
    method: str, path: str, status: int, body: dict[str, str]
) -> None:
    with pytest.raises(AssertionError, match="is not documented"):
        check_method(method, path, status, body)


@pytest.mark.parametrize(
    ("method", "path", "status", "body"),
    [
        ("PUT", "/api/v1/insights", 405, {}),
        ("PUT", "/api/v1/insights", 401, {}),
        ("TRACE", "/api/v1/insights", 404, GATEWAYS),
        ("POST", "/health", 404, GATEWAYS),
        ("GET", "/api/v1/insights", 404, OURS),
        ("HEAD", "/api/v1/insights", 200, {}),
    ],
)
def test_a_method_that_is_refused_or_documented_is_let_be(
    method: str, path: str, status: int, body: dict[str, str]
) -> None:
    check_method(method, path, status, body)
