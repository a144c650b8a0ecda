"""/api/v1/tasks"""

from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Query, Response

from api.dependencies import (
    TOKEN_SCHEME,
    CreateRequest,
    CurrentUser,
    PreconditionsDep,
    RequestId,
    TaskIdInPath,
    TaskListServiceDep,
    TaskServiceDep,
    UntaggedPreconditionsDep,
    UpdateRequest,
)
from api.models.task import NewTask, Task, TaskChanges, TaskUpdate
from api.models.task_query import TaskQuery
from api.routes.json_route import MERGE_PATCH, JsonRoute
from api.routes.responses import json_response, write_response
from api.services.preconditions import task_tag

router = APIRouter(prefix="/api/v1/tasks", tags=["tasks"], route_class=JsonRoute, dependencies=[TOKEN_SCHEME])

_MERGE_PATCH_BODY = {
    "requestBody": {"content": {MERGE_PATCH: {"schema": {"$ref": "#/components/schemas/TaskChanges"}}}}
}


@router.post("", status_code=201, response_model=Task, operation_id="createTask")
async def create(
    new: NewTask, request: CreateRequest, tasks: TaskServiceDep, preconditions: UntaggedPreconditionsDep
) -> Response:
    """Create a task."""
    return write_response(tasks.create(request, new, preconditions))


@router.get("", response_model=list[Task], operation_id="listTasks")
async def page(
    query: Annotated[TaskQuery, Query()],
    caller: CurrentUser,
    request_id: RequestId,
    lists: TaskListServiceDep,
    preconditions: UntaggedPreconditionsDep,
) -> Response:
    """List tasks, newest first unless `sort` says otherwise. When there may be more, `Link` has the next page's
    address, relative to this one's."""
    listed = lists.page(caller, query, request_id)
    headers = {}
    if listed.cursor:
        next_query = urlencode({**query.given_parameters(), "limit": query.limit, "cursor": listed.cursor})
        headers["Link"] = f'<?{next_query}>; rel="next"'
    return json_response(listed.body, preconditions, headers=headers)


@router.get("/{task_id}", response_model=Task, operation_id="getTask")
async def get(
    task_id: TaskIdInPath,
    caller: CurrentUser,
    request_id: RequestId,
    tasks: TaskServiceDep,
    preconditions: PreconditionsDep,
) -> Response:
    """Read a task."""
    task = tasks.get(caller, task_id, request_id)
    return json_response(task.model_dump_json(), preconditions, tag=task_tag(task.version))


@router.put("/{task_id}", response_model=Task, operation_id="updateTask")
async def update(
    task_id: TaskIdInPath,
    changes: TaskUpdate,
    request: UpdateRequest,
    tasks: TaskServiceDep,
    preconditions: PreconditionsDep,
) -> Response:
    """Change the fields that the body gives; the others, and those that are null, stay."""
    return write_response(tasks.update(request, task_id, changes, preconditions))


@router.patch("/{task_id}", response_model=Task, operation_id="patchTask", openapi_extra=_MERGE_PATCH_BODY)
async def patch(
    task_id: TaskIdInPath,
    changes: TaskChanges,
    request: UpdateRequest,
    tasks: TaskServiceDep,
    preconditions: PreconditionsDep,
) -> Response:
    """Change the fields that the body gives (JSON Merge Patch, RFC 7396): null clears a field, the others stay."""
    return write_response(tasks.update(request, task_id, changes, preconditions))


@router.delete("/{task_id}", status_code=204, response_class=Response, operation_id="deleteTask")
async def delete(
    task_id: TaskIdInPath, request: UpdateRequest, tasks: TaskServiceDep, preconditions: PreconditionsDep
) -> Response:
    """Delete a task; for 30 days it can be restored."""
    return write_response(tasks.delete(request, task_id, preconditions))


@router.post("/{task_id}/restore", response_model=Task, operation_id="restoreTask")
async def restore(
    task_id: TaskIdInPath, request: CreateRequest, tasks: TaskServiceDep, preconditions: PreconditionsDep
) -> Response:
    """Undo the deletion of a task. One that is not deleted stays as it is."""
    return write_response(tasks.restore(request, task_id, preconditions))
