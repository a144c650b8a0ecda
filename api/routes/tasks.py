"""/api/v1/tasks"""

from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Query, Response

from api.dependencies import (
    TOKEN_SCHEME,
    CreateIntent,
    CurrentUser,
    IfMatch,
    IfNoneMatch,
    RequestId,
    TaskIdInPath,
    TaskServiceDep,
    WriteIntent,
)
from api.models.answer import Answer
from api.models.task import NewTask, Task, TaskChanges
from api.models.task_query import TaskQuery
from api.routes.bodies import JsonRoute
from api.services.preconditions import entity_tag, is_known

router = APIRouter(prefix="/api/v1/tasks", tags=["tasks"], route_class=JsonRoute, dependencies=[TOKEN_SCHEME])


@router.post("", status_code=201, response_model=Task, operation_id="createTask")
async def create(new: NewTask, intent: CreateIntent, tasks: TaskServiceDep) -> Response:
    """Create a task."""
    return _written(tasks.create(intent, new))


@router.get("", response_model=list[Task], operation_id="listTasks")
async def page(
    query: Annotated[TaskQuery, Query()], caller: CurrentUser, request_id: RequestId, tasks: TaskServiceDep
) -> Response:
    """List tasks, newest first. When there may be more, `Link` has the next page's address, relative to this one's."""
    listed = tasks.page(caller, query, request_id)
    response = _json(listed.body)
    if listed.cursor:
        following = urlencode({**query.filters(), "limit": query.limit, "cursor": listed.cursor})
        response.headers["Link"] = f'<?{following}>; rel="next"'
    return response


@router.get("/{task_id}", response_model=Task, operation_id="getTask")
async def get(
    task_id: TaskIdInPath,
    caller: CurrentUser,
    request_id: RequestId,
    tasks: TaskServiceDep,
    if_none_match: IfNoneMatch = None,
) -> Response:
    """Read a task."""
    task = tasks.get(caller, task_id, request_id)
    headers = {"ETag": entity_tag(task.version)}
    if is_known(if_none_match, task.version):
        return Response(status_code=304, headers=headers)
    return _json(task.model_dump_json(), headers)


@router.put("/{task_id}", response_model=Task, operation_id="updateTask")
async def update(
    task_id: TaskIdInPath,
    changes: TaskChanges,
    intent: WriteIntent,
    tasks: TaskServiceDep,
    if_match: IfMatch = None,
) -> Response:
    """Change the fields that the body names; the others stay."""
    return _written(tasks.update(intent, task_id, changes, if_match))


@router.delete("/{task_id}", status_code=204, response_class=Response, operation_id="deleteTask")
async def delete(
    task_id: TaskIdInPath, intent: WriteIntent, tasks: TaskServiceDep, if_match: IfMatch = None
) -> Response:
    """Delete a task."""
    return _written(tasks.delete(intent, task_id, if_match))


def _json(body: bytes | str, headers: dict[str, str] | None = None) -> Response:
    return Response(body, media_type="application/json", headers=headers)


def _written(answer: Answer) -> Response:
    headers = dict(answer.headers)
    if answer.replayed:
        headers["Idempotency-Replayed"] = "true"
    media_type = "application/json" if answer.body else None
    return Response(answer.body, status_code=answer.status, headers=headers, media_type=media_type)
